"""Drawings: texts as QR codes."""

from io import BytesIO

QUIET_ZONE = 4
"""The white margin a QR code needs around it, in modules."""


def qr(text: str) -> str:
    """A QR code as SVG text: one path, without a size of its own."""
    import segno  # it takes long to load, and few servers draw at all

    drawn = BytesIO()
    plain = {"xmldecl": False, "svgclass": None, "lineclass": None, "nl": False}
    segno.make_qr(text, error="m").save(drawn, kind="svg", border=QUIET_ZONE, light="#fff", omitsize=True, **plain)
    return drawn.getvalue().decode()
