"""Scalars: the house's units as GraphQL words. A bad shape never reaches the rules."""

import re
import unicodedata
from datetime import UTC, date, datetime
from typing import NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

from models.units import NOTE_MAX, REASON_MAX, Note, ReasonCode, is_plain

Long = NewType("Long", int)
BasisPointsValue = NewType("BasisPointsValue", int)
CurrencyCode = NewType("CurrencyCode", str)
Moment = NewType("Moment", datetime)
Day = NewType("Day", date)

KEY_SAYS = (
    "Chosen by you for this one request (a UUID will do): 8 to 128 printable ASCII characters. The same key with "
    "the same input is done once and always answered alike, so a retry is harmless."
)
LONG_MAX = 2**53 - 1
YEARS = range(1970, 9999)
RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")


def parse_long(value: object) -> Long:
    """Read a whole number sent by a client."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LONG_MAX:
        return Long(value)
    raise ValueError("A Long is a whole number between -(2^53 - 1) and 2^53 - 1.")


def parse_moment(value: object) -> Moment:
    """Read a moment with its offset; it goes on in UTC."""
    if isinstance(value, str) and RFC3339.fullmatch(value):
        try:
            moment = datetime.fromisoformat(value.upper().replace(" ", "T")).astimezone(UTC)
        except (ValueError, OverflowError):
            raise ValueError("A DateTime is a moment that exists.") from None
        if moment.year in YEARS:
            return Moment(moment)
    raise ValueError("A DateTime is written by RFC 3339 with its offset: 2026-03-01T12:00:00+08:00.")


def show_moment(value: datetime | str) -> str:
    """A moment in UTC, as text. Text from a hot path passes as it is."""
    if isinstance(value, str):
        return value
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def show_day(value: date | str) -> str:
    """A day as it is told; one that the database told is a text already."""
    return value if isinstance(value, str) else value.isoformat()


def parse_day(value: object) -> Day:
    """Read a day of the calendar."""
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        try:
            return Day(date.fromisoformat(value))
        except ValueError:
            raise ValueError("A Date is a day that exists.") from None
    raise ValueError("A Date is written YYYY-MM-DD.")


def parse_note(value: object) -> Note:
    """Read a note sent by a client, in NFC and without the spaces around it."""
    if isinstance(value, str):
        note = unicodedata.normalize("NFC", value).strip()
        if 0 < len(note) <= NOTE_MAX and is_plain(note):
            return Note(note)
    raise ValueError(f"A note has 1 to {NOTE_MAX} characters and no control characters.")


REASON = re.compile(rf"[A-Z][A-Z0-9_]{{1,{REASON_MAX - 1}}}", re.ASCII)


def parse_reason(value: object) -> ReasonCode:
    """Read a reason code; `reward tea` is read as `REWARD_TEA`."""
    if isinstance(value, str):
        if REASON.fullmatch(value):
            return ReasonCode(value)
        code = re.sub(r"[\s\-.:]+", "_", value.strip()).upper()
        if REASON.fullmatch(code):
            return ReasonCode(code)
    raise ValueError(f"A reason code is 2 to {REASON_MAX} letters, digits or underscores: REWARD_TEA.")


def parse_currency(value: object) -> CurrencyCode:
    """Read a currency code."""
    if isinstance(value, str) and re.fullmatch(r"[A-Z]{3}", value):
        return CurrencyCode(value)
    raise ValueError("A currency is an ISO 4217 code: CNY.")


SCALARS: dict[object, ScalarDefinition] = {
    Long: strawberry.scalar(
        name="Long",
        description="A whole number between -(2^53 - 1) and 2^53 - 1, written as a JSON number. Points, growth, "
        "counts and money in minor units are of this type.",
        parse_value=parse_long,
    ),
    BasisPointsValue: strawberry.scalar(
        name="BasisPoints",
        description="Hundredths of a per cent as a whole number: 10000 is 100 %, or a multiplier of one.",
        parse_value=parse_long,
    ),
    CurrencyCode: strawberry.scalar(
        name="CurrencyCode",
        description="An ISO 4217 currency code, such as `CNY`.",
        specified_by_url="https://www.iso.org/iso-4217-currency-codes.html",
        parse_value=parse_currency,
    ),
    Moment: strawberry.scalar(
        name="DateTime",
        description="A moment. Sent with an offset (`2026-03-01T12:00:00+08:00`), answered in UTC (`…Z`).",
        specified_by_url="https://datatracker.ietf.org/doc/html/rfc3339",
        parse_value=parse_moment,
        serialize=show_moment,
    ),
    Day: strawberry.scalar(
        name="Date",
        description="A day of the calendar, `YYYY-MM-DD`.",
        specified_by_url="https://datatracker.ietf.org/doc/html/rfc3339",
        parse_value=parse_day,
        serialize=show_day,
    ),
    Note: strawberry.scalar(
        name="Note",
        description=f"A line for people to read: 1 to {NOTE_MAX} characters, without control characters.",
        parse_value=parse_note,
    ),
    ReasonCode: strawberry.scalar(
        name="ReasonCode",
        description="Why a person did it, in one word the ledger keeps: 2 to 40 of `A-Z`, `0-9` and `_`. "
        "Small letters and spaces are read as capitals and underscores.",
        parse_value=parse_reason,
    ),
}
