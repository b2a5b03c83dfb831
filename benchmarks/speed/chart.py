"""The chart: ratios as bars, in SVG written by hand. Green met its target, red did not, grey had none."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, LEFT, RIGHT = 760, 170, 110
ROW, BAR, HEAD, GROUP = 22, 14, 46, 30
MET, MISSED, FREE, INK, FAINT = "#2e8b57", "#c0392b", "#8a94a6", "#1f2933", "#c9d0da"


@dataclass(frozen=True, slots=True)
class Bar:
    """One ratio, and the most it may be, if anybody said."""

    name: str
    value: float
    target: float | None = None

    @property
    def colour(self) -> str:
        """Whether it is as it should be."""
        if self.target is None:
            return FREE
        return MET if self.value <= self.target else MISSED


def chart(title: str, groups: Sequence[tuple[str, Sequence[Bar]]], *, most: float = 1.5) -> str:
    """Bars in groups, on a scale from 0 to `most`; longer bars are cut, and say how long they would be."""
    height = HEAD + sum(GROUP + ROW * len(bars) for _, bars in groups) + 12
    scale = (WIDTH - LEFT - RIGHT) / most
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
        f' font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="{escape(title)}">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="12" y="24" font-size="15" font-weight="600" fill="{INK}">{escape(title)}</text>',
        _line(LEFT + scale, HEAD - 8, height - 12, INK),
        f'<text x="{LEFT + scale:.0f}" y="{HEAD - 12}" text-anchor="middle" fill="{INK}">1.0</text>',
        f'<text x="{WIDTH - 12}" y="24" text-anchor="end" fill="{INK}">❙ the target</text>',
    ]
    top = float(HEAD)
    for name, bars in groups:
        parts.append(f'<text x="12" y="{top + 16:.0f}" font-weight="600" fill="{INK}">{escape(name)}</text>')
        top += GROUP - 6
        for bar in bars:
            parts += _bar(bar, top, scale, most)
            top += ROW
        top += 6
    return "\n".join([*parts, "</svg>", ""])


def _bar(bar: Bar, top: float, scale: float, most: float) -> list[str]:
    width, middle = min(bar.value, most) * scale, top + BAR - 3
    cut = " …" if bar.value > most else ""
    parts = [
        f'<text x="{LEFT - 8}" y="{middle:.0f}" text-anchor="end" fill="{INK}">{escape(bar.name)}</text>',
        f'<rect x="{LEFT}" y="{top:.0f}" width="{max(width, 1):.1f}" height="{BAR}" rx="2" fill="{bar.colour}"/>',
    ]
    right = LEFT + width
    if bar.target is not None and bar.target <= most:
        parts.append(_line(LEFT + bar.target * scale, top - 2, top + BAR + 2, INK, dashed=False))
        right = max(right, LEFT + bar.target * scale)
    parts.append(f'<text x="{right + 6:.0f}" y="{middle:.0f}" fill="{INK}">{bar.value:.3g}{cut}</text>')
    return parts


def _line(at: float, top: float, bottom: float, colour: str, *, dashed: bool = True) -> str:
    dash = ' stroke-dasharray="3 4"' if dashed else ' stroke-width="2"'
    return f'<line x1="{at:.1f}" y1="{top:.0f}" x2="{at:.1f}" y2="{bottom:.0f}" stroke="{colour}"{dash}/>'
