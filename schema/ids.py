"""Ids: opaque to clients, and read in this one place with the type that is expected.

An id of something a member owns carries the member, so that it is found by its owner. Unknown, malformed and
not-yours all look the same.
"""

import binascii
from collections.abc import Callable, Sequence
from enum import IntEnum
from functools import lru_cache
from operator import itemgetter
from uuid import UUID

from models.units import id_of

UUID_BYTES = 16
LENGTHS = 128
"""For how many lengths of pages it is remembered how their ids are cut."""


class Tag(IntEnum):
    """The type an id belongs to, as its first byte. Never reused."""

    MEMBER = 1
    TIER = 2
    POINTS_ENTRY = 3
    PURCHASE = 4
    STAFF = 5
    STORE = 6
    LOGIN = 7
    APPROVAL = 8
    POINTS_HOLD = 9
    POINTS_LOT = 10
    MEMBERSHIP = 11
    PARTNER = 20
    AUDIT_LINE = 21
    WEBHOOK_ENDPOINT = 22
    WEBHOOK_DELIVERY = 23
    PARTNER_SETTLEMENT = 24


OWNED = {
    Tag.MEMBERSHIP,
    Tag.POINTS_ENTRY,
    Tag.POINTS_HOLD,
    Tag.POINTS_LOT,
    Tag.PURCHASE,
    Tag.APPROVAL,
    Tag.WEBHOOK_DELIVERY,
    Tag.PARTNER_SETTLEMENT,
}
"""The types whose ids carry their owner: their member; a delivery's endpoint; a settlement's partner."""


_TAGS = [bytes([tag]) for tag in range(max(Tag) + 1)]


def told(raw: bytes) -> str:
    """Bytes as text for a URL, in base64 without its padding.

    As `base64` has it, at half of the cost: that asks for the kind of what it is given, and looks at each character
    by itself.
    """
    return binascii.b2a_base64(raw, newline=False).rstrip(b"=").replace(b"+", b"-").replace(b"/", b"_").decode()


def meant(text: str) -> bytes:
    """The bytes that a text stands for, which comes from outside and may be anything. Raises: ValueError."""
    padding = "=" * (-len(text) % 4)
    return binascii.a2b_base64(text.replace("-", "+").replace("_", "/") + padding)


def encode(tag: Tag, *parts: UUID) -> str:
    """The id of a row: of a member-owned one, the member's id goes first."""
    return told(b"".join([_TAGS[tag], *[part.bytes for part in parts]]))


def encode_all(tag: Tag, each: Sequence[bytes]) -> Sequence[str]:
    """The ids of many rows, by their 16 bytes; of what a member owns, behind the 16 of its owner."""
    if not each:
        return []
    before = _TAGS[tag]
    length = len(before) + len(each[0])
    # each begins at a whole character of base64, so that all are written as one
    after = b"\0" * (-length % 3)
    text = told(b"".join((before, (after + before).join(each), after)))
    whole = (length + len(after)) // 3 * 4
    return _cut(len(text) // whole, whole, whole - len(after))(text)


@lru_cache(LENGTHS)
def _cut(count: int, whole: int, shown: int) -> Callable[[str], Sequence[str]]:
    """What cuts a text into so many pieces, and shows the beginning of each."""
    places = [slice(at, at + shown) for at in range(0, count * whole, whole)]
    if len(places) > 1:
        # a third of the time that each by itself would take
        return itemgetter(*places)
    return lambda text: [text[each] for each in places]


def read(text: str) -> tuple[Tag, tuple[UUID, ...]] | None:
    """What an id says; None when it is none of ours, down to the last bit."""
    try:
        raw = meant(text)
        tag = Tag(raw[0])
    except (ValueError, IndexError):
        return None
    body = raw[1:]
    if len(body) != UUID_BYTES * (2 if tag in OWNED else 1):
        return None
    parts = tuple(id_of(body[at : at + UUID_BYTES]) for at in range(0, len(body), UUID_BYTES))
    return (tag, parts) if encode(tag, *parts) == text else None


def decode(tag: Tag, text: str) -> tuple[UUID, ...] | None:
    """The parts of an id of that type; None for anything else."""
    said = read(text)
    return said[1] if said and said[0] is tag else None


def decode_one(tag: Tag, text: str) -> UUID | None:
    """The one part of an id of a type that nobody owns."""
    parts = decode(tag, text)
    return parts[0] if parts else None
