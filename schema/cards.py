"""Cards: all that one member may see of another, and all that a reader needs to know who of the staff it was."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import strawberry

from models.sql import SQL
from rules import keyring, members
from rules.members import Profile
from schema import ids
from schema.context import Context, HasMember
from schema.permissions import SEES_MEMBER, STAFF, seen


@strawberry.type(description="All that one member may see of another: a name and a picture, never a balance.")
class MemberCard:
    display_name: str | None = seen(
        SEES_MEMBER, "What the member wishes to be called; null when they told nothing."
    )
    avatar_url: str | None = seen(SEES_MEMBER, "The member's picture.")


PROFILES = SQL(
    "SELECT id AS member_id, profile FROM member WHERE id = ANY($1::uuid[]) AND profile IS NOT NULL",
    fans_out="a page of members shows their names",
)


async def profiles(parents: Sequence[HasMember]) -> list[Profile]:
    """What each member says of themselves, unsealed."""
    rows = await PROFILES.rows([parent.member_id for parent in parents])
    keys = await keyring.wrapped_of([row["member_id"] for row in rows])
    by_member: dict[Any, Profile] = {
        row["member_id"]: members.open_profile(row["member_id"], keys.get(row["member_id"]), row["profile"])
        for row in rows
    }
    return [by_member.get(parent.member_id, Profile()) for parent in parents]


async def card_of(parents: Sequence[HasMember], context: Context) -> list[MemberCard]:
    """Each member's card."""
    del context
    return [
        MemberCard(display_name=told.display_name, avatar_url=told.avatar_url) for told in await profiles(parents)
    ]


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
