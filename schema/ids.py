"""Ids: opaque to clients, and read in this one place with the type that is expected.

An id of something a member owns carries the member, so that it is found by its owner. Unknown, malformed and
not-yours all look the same.
"""

import base64
import binascii
from collections.abc import Iterable
from enum import IntEnum
from itertools import chain, repeat
from operator import attrgetter
from uuid import UUID

from models.units import id_of

UUID_BYTES = 16
BYTES = attrgetter("bytes")


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
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
"""What `base64.urlsafe_b64encode` does, in half of its time: a page of a ledger has a hundred ids."""


def encode(tag: Tag, *parts: UUID) -> str:
    """The id of a row: of a member-owned one, the member's id goes first."""
    raw = b"".join([_TAGS[tag], *[part.bytes for part in parts]])
    return binascii.b2a_base64(raw, newline=False).translate(_URL_SAFE).rstrip(b"=").decode()


def encode_all(tag: Tag, *parts: Iterable[UUID]) -> list[str]:
    """The ids of many rows, whose parts stand in as many lists of one length."""
    # each begins at a whole character of base64, so that all are written as one
    zeros = b"\0" * (-(1 + UUID_BYTES * len(parts)) % 3)
    bodies = zip(repeat(_TAGS[tag]), *(map(BYTES, each) for each in parts), repeat(zeros), strict=False)
    raw = b"".join(chain.from_iterable(bodies))
    text = binascii.b2a_base64(raw, newline=False).translate(_URL_SAFE).decode()
    length = 1 + UUID_BYTES * len(parts) + len(zeros)
    whole, shown = length // 3 * 4, length // 3 * 4 - len(zeros)
    return [text[at : at + shown] for at in range(0, len(text), whole)]


def read(text: str) -> tuple[Tag, tuple[UUID, ...]] | None:
    """What an id says; None when it is none of ours, down to the last bit."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        tag = Tag(raw[0])
    except (ValueError, IndexError, binascii.Error):
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
