"""Benefits as a client sees them: what a member's tier gives, and each use of it."""

from collections.abc import Sequence
from typing import cast

import strawberry

from models.units import is_plain
from rules import benefits, gifts
from rules.refusals import NotFound
from rules.schemes import BenefitKind, all_of
from schema import ids
from schema.context import Context, HasMember, Info
from schema.errors import UserError, bad_input, command, key_of
from schema.permissions import COUNTER, SEES_MEMBER, WRITES_PURCHASES, seen
from schema.scalars import KEY_SAYS, Long, Moment
from schema.tiers import rungs_of

USES = COUNTER | WRITES_PURCHASES
CODE_MAX = 32


@strawberry.type(description="Something a member's tier gives them now.")
class MemberBenefit:
    kind: BenefitKind = seen(SEES_MEMBER, "What sort of benefit.")
    value: Long = seen(SEES_MEMBER, "How much of it, in the unit its kind names; 1 where its code says it all.")
    code: str | None = seen(SEES_MEMBER, "What it opens or gives; null where its kind has no code.")
    limit: int | None = seen(SEES_MEMBER, "How often a month it may be used; null as often as they like.")
    used_this_month: int = seen(SEES_MEMBER, "How often it was used this month of the programme.")
    given_at: Moment | None = seen(
        SEES_MEMBER,
        "When they last got it: this tier's upgrade gift, or any tier's birthday gift. Null before the first, and "
        "where it is none.",
    )


async def benefits_given(parents: Sequence[HasMember], context: Context) -> list[list[MemberBenefit]]:
    """What each member's tier gives them now."""
    rungs = await rungs_of(parents, context)
    told = [(parent.member_id, rung, all_of(rung)) for parent, rung in zip(parents, rungs, strict=True)]
    terms = await context.reference.terms()
    counted, gifted = [
        [who for who, _, given in told if any(each.kind in kinds for each in given)]
        for kinds in (benefits.USABLE, gifts.GIFTS)
    ]
    used = await benefits.used(counted, terms, context.now) if counted else {}
    had = await gifts.given_to(gifted) if gifted else {}
    return [
        [
            MemberBenefit(
                kind=each.kind,
                value=Long(each.value or 1),
                code=each.code,
                limit=benefits.limit_of(each) if each.kind in benefits.USABLE else None,
                used_this_month=used.get((who, each.kind.value, each.code or ""), 0),
                given_at=cast("Moment | None", had.get((who, each.kind, gifts.giver(each.kind, rung.id)))),
            )
            for each in given
        ]
        for who, rung, given in told
    ]


@strawberry.type(description="What a use of a benefit came to.")
class BenefitUsePayload:
    number: int | None = seen(USES, "Which use of the month it was, from 1; null when refused.", default=None)
    left: int | None = seen(
        USES, "How often it may still be used this month; null means as often as they like.", default=None
    )
    replayed: bool = seen(USES, "Whether the same request had been done before.", default=False)
    user_errors: list[UserError] = seen(USES, "Why it was refused; empty on success.", default_factory=list)


@strawberry.input(description="A benefit to be used.")
class BenefitUseInput:
    member_id: strawberry.ID = strawberry.field(description="Whose.")
    kind: BenefitKind = strawberry.field(
        description="`PERIODIC_COUPON`, `EXCLUSIVE_ACCESS` or `COMMUNITY_ACCESS`: the others need no use."
    )
    code: str = strawberry.field(description="Its code.")
    idempotency_key: str = strawberry.field(description=KEY_SAYS)


@strawberry.type
class BenefitsMutation:
    """What may be done with benefits."""

    @command(
        USES,
        "Use a benefit of the tier the member holds at this moment: open what its code stands for, once. Each is "
        "counted in the programme's month.",
        BenefitUsePayload,
        benefits.use,
    )
    async def benefit_use(self, info: Info, input: BenefitUseInput) -> BenefitUsePayload | None:
        """Use a benefit.

        Raises: NotFound.
        """
        context, code = info.context, input.code
        if not 0 < len(code) <= CODE_MAX or not is_plain(code):
            raise bad_input(f"`code` has 1 to {CODE_MAX} printable characters.")
        who = ids.decode_one(ids.Tag.MEMBER, input.member_id)
        if who is None:
            raise NotFound
        key = key_of(input.idempotency_key)
        done = await benefits.use(who, input.kind, code, key=key, actor=context.actor, now=context.now)
        return BenefitUsePayload(number=done.number, left=done.left, replayed=done.replayed)
