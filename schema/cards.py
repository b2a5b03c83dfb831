"""Cards: all that one member may see of another, and all that a reader needs to know who of the staff it was."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

import strawberry

from models.reading import Row, Rows
from models.sql import SQL
from rules import members
from rules.members import Profile
from schema import ids
from schema.context import Answers, Context, HasMember, are, each
from schema.permissions import SEES_MEMBER, STAFF, seen


@strawberry.type(description="All that one member may see of another: a name and a picture, never a balance.")
class MemberCard:
    display_name: str | None = seen(
        SEES_MEMBER, "What the member wishes to be called; null when they told nothing."
    )
    avatar_url: str | None = seen(SEES_MEMBER, "The member's picture.")

    @classmethod
    def of(cls, profile: Profile) -> "MemberCard":
        """What others see of a profile."""
        return cls(display_name=profile.display_name, avatar_url=profile.avatar_url)


class Sealed(Row):
    """What a member says of themselves, sealed, and who it is; null when they told nothing."""

    member_id: UUID
    sealed: bytes | None


Told: TypeAlias = list[tuple[UUID, bytes | None]]
"""Whose it is, and what they say, sealed."""

PROFILES = Rows(
    Sealed,
    "SELECT id AS member_id, profile AS sealed FROM member WHERE id = ANY($1::uuid[])",
    fans_out="a page of members shows their names",
)


def profiles(parents: Sequence[HasMember], context: Context) -> Answers[Profile]:
    """What each member says of themselves, unsealed: of it a card shows the part that others see."""
    if not are(Sealed, parents):
        return _read(parents, context)
    rows: Sequence[Any] = parents
    told = _told(rows)
    who = _who_told(told)
    keys = context.reference.keys.at_hand(who)
    return _unlocked(told, who, context) if keys is None else _opened(told, keys)


async def _read(parents: Sequence[HasMember], context: Context) -> list[Profile]:
    told = _told(await each(Sealed, parents, PROFILES))
    return await _unlocked(told, _who_told(told), context)


async def _unlocked(told: Told, who: list[UUID], context: Context) -> list[Profile]:
    return _opened(told, await context.reference.keys.wrapped_for(who))


def _told(rows: Sequence[Sealed]) -> Told:
    return [(row.member_id, row.sealed) for row in rows]


def _who_told(told: Told) -> list[UUID]:
    """Those who say anything of themselves."""
    return [whose for whose, sealed in told if sealed is not None]


def _opened(told: Told, keys: Sequence[bytes | None]) -> list[Profile]:
    """What each says, with the keys of those who say anything."""
    left = iter(keys)
    return members.open_profiles(
        [(whose, None if sealed is None else next(left), sealed) for whose, sealed in told]
    )


@dataclass(frozen=True, slots=True)
class _Whose:
    member_id: UUID


async def cards(people: Sequence[UUID | None], context: Context) -> list[MemberCard | None]:
    """The card of each of these members; None for nobody."""
    wanted = list(dict.fromkeys(each for each in people if each is not None))
    told = await _read([_Whose(each) for each in wanted], context) if wanted else []
    found = {each: MemberCard.of(profile) for each, profile in zip(wanted, told, strict=True)}
    return [found.get(each) if each else None for each in people]


@strawberry.type(description="Who of the staff it was.")
class StaffCard:
    id: strawberry.ID = seen(STAFF, "Opaque.")
    username: str = seen(STAFF, "The name they log in with.")


STAFF_NAMES = SQL("SELECT id, username FROM staff WHERE id = ANY($1::uuid[])")


async def staff_cards(people: Sequence[UUID | None]) -> list[StaffCard | None]:
    """The card of each of these; None for nobody, and where there is no such account."""
    wanted = list({each for each in people if each is not None})
    rows = await STAFF_NAMES.rows(wanted) if wanted else []
    cards = {
        row["id"]: StaffCard(id=strawberry.ID(ids.encode(ids.Tag.STAFF, row["id"])), username=row["username"])
        for row in rows
    }
    return [cards.get(each) if each else None for each in people]
