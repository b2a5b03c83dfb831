"""Settlements as files, for those who lead: with what the commission is made of, which the partner is not told."""

from datetime import datetime
from pathlib import Path
from uuid import UUID

from api.export import aside
from rules import audit, partners, programme
from rules.partners import Line
from rules.refusals import NotFound
from schema import ids
from schema.ids import Tag
from schema.partners import SETTLEMENT, sheet


def meant(text: str) -> tuple[UUID, UUID] | None:
    """The partner and the settlement an id means, as the API writes it; None where it is none."""
    found = ids.decode(Tag.PARTNER_SETTLEMENT, text)
    return None if found is None else (found[0], found[1])


async def write(
    path: Path, partner_id: UUID, settlement_id: UUID, *, for_partner: bool, for_excel: bool, now: datetime
) -> int:
    """Write a settlement to a file, which appears whole or not at all, and take note of it; say how many lines.

    Raises: NotFound.
    """
    row = await SETTLEMENT.row(partner_id, settlement_id)
    if row is None:
        raise NotFound
    whole = Line(None, None, row["referees"], row["commissions"], row["earned_minor"])
    parts = None if for_partner else await partners.lines(partner_id, settlement_id, whole)
    text = sheet(row, await programme.terms(), parts)
    # the first line is the heading
    count = text.count("\r\n") - 1
    with aside(path, "utf-8-sig" if for_excel else "utf-8") as file:
        file.write(text)
        await audit.exported(
            "partner.export_settlement", count, now=now, partner=str(partner_id), settlement=str(settlement_id)
        )
    return count
