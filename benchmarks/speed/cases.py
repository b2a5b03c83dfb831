"""Cases: whom a request is about and where in a list it begins, the same for every server of a run."""

from dataclasses import dataclass
from uuid import UUID

KEY = "@@@@@ a fresh key each time @@@@"
"""Stands in a body for the idempotency key of the request; the client puts one of 32 characters in its place."""


NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Case:
    """One request: the member it is about, and places in the lists."""

    token: str
    """Who sends it: the member, one of the staff, or the partner."""
    member: UUID
    entry_place: int
    """The number of the line in the member's ledger behind which a page begins, newest first."""
    member_place: tuple[str, str]
    """The moment and the id of the member behind whom a page of the staff's list begins, newest first."""
    key: str = KEY
    partner: UUID = NOBODY
    """The partner it is about."""
    days: tuple[str, str] = ("2026-01-01", "2026-01-30")
    """The first and the last day of a month of statistics."""
