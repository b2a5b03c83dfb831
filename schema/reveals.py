"""Reveals as the staff ask for them: an identity whole, for a reason, and never unseen."""

import strawberry

from models.members import IdentityKind
from models.units import ReasonCode
from rules import reveals
from rules.refusals import NotFound
from schema import ids
from schema.context import Info
from schema.errors import UserError, command
from schema.permissions import LEADS, Audience, seen

REVEALS = LEADS | {Audience.CS}


@strawberry.type(description="An identity with its value whole. Show it, and keep it nowhere.")
class RevealedIdentity:
    kind: IdentityKind = seen(REVEALS, "What kind of name.")
    namespace: str = seen(REVEALS, "Where it is unique; empty for a phone.")
    value: str = seen(REVEALS, "The name itself: a phone in E.164.")
    verified: bool = seen(REVEALS, "Whether the member proved it to be theirs.")


@strawberry.type(description="What was revealed.")
class MemberRevealPayload:
    identities: list[RevealedIdentity] = seen(
        REVEALS, "The member's identities of that kind, oldest first; empty when refused.", default_factory=list
    )
    user_errors: list[UserError] = seen(REVEALS, "Why it was refused; empty on success.", default_factory=list)


@strawberry.input(description="Personal data to read, and why.")
class MemberRevealInput:
    member_id: strawberry.ID = strawberry.field(description="Whose.")
    kind: IdentityKind = strawberry.field(description="What kind of identity.")
    reason: ReasonCode = strawberry.field(description="Why, in one word: `CALL_BACK`. Kept in the audit log.")


@strawberry.type
class RevealsMutation:
    """What may be revealed."""

    @command(
        REVEALS,
        f"Read a member's identities of a kind whole. Each time leaves a line in the audit log, asks for a fresh "
        f"proof of who you are, and counts: {reveals.MOST} in an hour at most.",
        MemberRevealPayload,
        reveals.reveal,
    )
    async def member_reveal(self, info: Info, input: MemberRevealInput) -> MemberRevealPayload | None:
        """Reveal an identity."""
        context = info.context
        member_id = ids.decode_one(ids.Tag.MEMBER, input.member_id)
        if member_id is None:
            raise NotFound
        found = await reveals.reveal(
            member_id, input.kind, reason=input.reason, actor=context.actor, now=context.now
        )
        return MemberRevealPayload(
            identities=[
                RevealedIdentity(
                    kind=input.kind, namespace=each.namespace, value=each.value, verified=each.verified
                )
                for each in found
            ]
        )
