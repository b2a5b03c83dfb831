"""Units: what a bare number or string means in this house."""

import unicodedata
from dataclasses import dataclass
from typing import Any, NewType, cast
from uuid import UUID

from asyncpg.pgproto import pgproto
from tortoise import fields
from uuid_utils import uuid7

Points = NewType("Points", int)
"""Whole loyalty points. Negative only as a movement on the ledger, never as a balance."""

Growth = NewType("Growth", int)
"""Whole growth value (成长值): what a member's tier is reckoned from. Never spent."""

BasisPoints = NewType("BasisPoints", int)
"""Hundredths of a per cent: 10,000 is the whole, or a multiplier of one."""

Minor = NewType("Minor", int)
"""Money in minor units (分, pence) of the programme's currency."""

Note = NewType("Note", str)
"""A short line for people to read: 1 to NOTE_MAX characters, no spaces around it."""

ReasonCode = NewType("ReasonCode", str)
"""Why a person moved points, in one word the ledger may keep: `GOODWILL`, `REWARD_TEA`."""

NOTE_MAX = 200
REASON_MAX = 40

MOVE_MAX = Points(10**9)
"""The most points one movement may carry."""

BALANCE_MAX = Points(10**12)
"""The most points or growth one member may hold."""

WHOLE = BasisPoints(10_000)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units and its ISO 4217 currency."""

    amount_minor: Minor
    currency: str


def id_of(said: str | bytes) -> UUID:
    """The id that a text or 16 bytes say, made and sent in a tenth of the time of Python's own kind.

    Raises: ValueError.
    """
    made: UUID = pgproto.UUID(said)
    return made


def new_id() -> UUID:
    """An id that comes after all that were made before it."""
    made: UUID = pgproto.UUID(uuid7().bytes)
    return made


def is_plain(text: str) -> bool:
    """Whether a text holds no control, format, surrogate or private characters."""
    return not any(unicodedata.category(letter).startswith("C") for letter in text)


FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would take for the start of a formula."""


def safe(text: str) -> str:
    """A text as a spreadsheet may show it: what would be a formula is quoted."""
    return f"'{text}" if text.startswith(FORMULA) else text


def points_field(**options: Any) -> Points:
    """A column of points: 64-bit, typed as what it holds."""
    return cast("Points", fields.BigIntField(**options))


def growth_field(**options: Any) -> Growth:
    """A column of growth value."""
    return cast("Growth", fields.BigIntField(**options))


def minor_field(**options: Any) -> Minor:
    """A column of money in minor units of the programme's currency."""
    return cast("Minor", fields.BigIntField(**options))
