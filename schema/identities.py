"""Identities as a client sees them, masked, and as it says them."""

from collections.abc import Sequence
from uuid import UUID

import strawberry

from models.members import IdentityKind
from models.sql import SQL
from rules import members
from rules.members import Identity
from schema.context import Context, HasMember
from schema.enums import describe
from schema.errors import bad_input
from schema.permissions import SEES_MEMBER, seen

IDENTITIES_MAX = 10

describe(
    IdentityKind,
    "What kind of name a member is known by outside the programme.",
    {
        IdentityKind.WECHAT_OPENID: "A user of one WeChat app; the namespace is its app id.",
        IdentityKind.WECHAT_UNIONID: "A user across one operator's WeChat apps.",
        IdentityKind.PHONE: "A phone number; kept in E.164, without a namespace.",
        IdentityKind.CARD: "A member card's number.",
        IdentityKind.EXTERNAL: "An id in another system; the namespace names the system.",
    },
)


@strawberry.type(description="A name a member is known by outside the programme. Its value is never shown whole.")
class MemberIdentity:
    kind: IdentityKind = seen(SEES_MEMBER, "What kind of name.")
    namespace: str = seen(SEES_MEMBER, "Where it is unique; empty for a phone.")
    masked: str = seen(SEES_MEMBER, "What may be shown of it: `138****1234`.")
    verified: bool = seen(SEES_MEMBER, "Whether the member proved it to be theirs.")


IDENTITIES = SQL(
    "SELECT member_id, kind, namespace, mask, verified FROM member_identity"
    " WHERE member_id = ANY($1::uuid[]) ORDER BY id",
    fans_out="a page of members shows how each is known",
)


async def identities_of(parents: Sequence[HasMember], context: Context) -> list[list[MemberIdentity]]:
    """How each member is known, oldest first."""
    del context
    found: dict[UUID, list[MemberIdentity]] = {parent.member_id: [] for parent in parents}
    for row in await IDENTITIES.rows(list(found)):
        known = MemberIdentity(
            kind=IdentityKind[row["kind"]],
            namespace=row["namespace"],
            masked=row["mask"],
            verified=row["verified"],
        )
        found[row["member_id"]].append(known)
    return [found[parent.member_id] for parent in parents]


@strawberry.type(description="A member's phone, masked.")
class MemberPhone:
    masked: str = seen(SEES_MEMBER, "What may be shown of it: `138****1234`.")
    verified: bool = seen(SEES_MEMBER, "Whether it is proven to be theirs: then never ask for it again.")


PHONES = SQL(
    "SELECT member_id, mask, verified FROM member_identity"
    " WHERE member_id = ANY($1::uuid[]) AND kind = 'PHONE' ORDER BY verified, id",
    fans_out="a page of members shows their phones",
)


async def phones_of(parents: Sequence[HasMember], context: Context) -> list[MemberPhone | None]:
    """Each member's phone: a verified one before others, the latest of them."""
    del context
    rows = await PHONES.rows([parent.member_id for parent in parents])
    found = {row["member_id"]: MemberPhone(masked=row["mask"], verified=row["verified"]) for row in rows}
    return [found.get(parent.member_id) for parent in parents]


PHONE = SQL(
    "SELECT mask, verified FROM member_identity WHERE member_id = $1 AND kind = 'PHONE' ORDER BY verified, id"
)


async def phone_of(member_id: UUID) -> MemberPhone | None:
    """One member's phone, as `phones_of` chooses it."""
    rows = await PHONE.rows(member_id)
    return MemberPhone(masked=rows[-1]["mask"], verified=rows[-1]["verified"]) if rows else None


@strawberry.input(description="An identity, as the outside world writes it.")
class IdentityInput:
    kind: IdentityKind = strawberry.field(description="What kind of name.")
    namespace: str = strawberry.field(
        default="", description="Where it is unique: the app id, the card scheme, the other system."
    )
    value: str = strawberry.field(description="The name itself.")
    verified: bool = strawberry.field(
        default=False, description="Whether you proved it to be theirs. Only a service's word counts."
    )


def identity(given: IdentityInput, *, trusted: bool) -> Identity:
    """The identity a client means.

    Raises: IdentityInvalid.
    """
    return members.identity(given.kind, given.namespace, given.value, verified=given.verified and trusted)


def identities(context: Context, given: Sequence[IdentityInput]) -> list[Identity]:
    """The identities a client means, of whose word a service's makes them verified.

    Raises: IdentityInvalid.
    """
    if not 0 < len(given) <= IDENTITIES_MAX:
        raise bad_input(f"Send 1 to {IDENTITIES_MAX} identities.")
    trusted = context.principal is not None and context.principal.source is not None
    return [identity(each, trusted=trusted) for each in given]


async def known(given: IdentityInput | None) -> UUID | None:
    """Whom an identity means; None for nobody, and for what cannot be one."""
    if not isinstance(given, IdentityInput):
        return None
    try:
        return await members.find(identity(given, trusted=False))
    except members.IdentityInvalid:
        return None
