"""Cards: all that one member may see of another, and all that a reader needs to know who of the staff it was."""

import asyncio
from collections.abc import Sequence
from typing import cast
from uuid import UUID

import strawberry

from models.reading import Row, Rows
from models.sql import SQL
from rules import keyring, members
from rules.members import Profile
from schema import ids
from schema.context import Context, HasMember, each
from schema.permissions import SEES_MEMBER, STAFF, seen


@strawberry.type(description="All that one member may see of another: a name and a picture, never a balance.")
class MemberCard:
    display_name: str | None = seen(
        SEES_MEMBER, "What the member wishes to be called; null when they told nothing."
    )
    avatar_url: str | None = seen(SEES_MEMBER, "The member's picture.")


class Sealed(Row):
    """What a member says of themselves, sealed; null when they told nothing."""

    sealed: bytes | None


class SealedOf(Sealed):
    """What a member says of themselves, and who it is."""

    member_id: UUID


PROFILES = Rows(
    SealedOf,
    "SELECT id AS member_id, profile AS sealed FROM member WHERE id = ANY($1::uuid[])",
    fans_out="a page of members shows their names",
)
PROFILE = "profile"
"""What is kept of a member in an operation, so that card and profile are unsealed once."""


async def profiles(parents: Sequence[HasMember], context: Context) -> list[Profile]:
    """What each member says of themselves, unsealed."""
    async with _unsealing(context):
        await _unseal([parent for parent in parents if context.kept(PROFILE, parent) is None], context)
    return [context.kept(PROFILE, parent) for parent in parents]


def _unsealing(context: Context) -> asyncio.Lock:
    """Card and profile may be asked for side by side; the second then finds what the first unsealed."""
    lock: asyncio.Lock | None = context.kept(PROFILE, context)
    if lock is None:
        context.keep(PROFILE, context, lock := asyncio.Lock())
    return lock


async def _unseal(untold: Sequence[HasMember], context: Context) -> None:
    """Keep what each of these says of themselves."""
    if untold:
        sealed = [row.sealed for row in await each(Sealed, untold, PROFILES)]
        asked = {parent.member_id for parent, text in zip(untold, sealed, strict=True) if text is not None}
        keys = await keyring.wrapped_of(list(asked))
        for parent, text in zip(untold, sealed, strict=True):
            whose = parent.member_id
            context.keep(PROFILE, parent, members.open_profile(whose, keys.get(whose), text))


async def card_of(parents: Sequence[HasMember], context: Context) -> list[MemberCard]:
    """Each member's card: of what they say of themselves, the part that others see."""
    return cast("list[MemberCard]", await profiles(parents, context))


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
