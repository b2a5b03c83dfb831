"""The ladder as a client sees it: the tiers, and what each gives its members."""

from collections.abc import Iterable
from itertools import pairwise

import strawberry

from rules import schemes
from rules.programme import Rung, Terms
from rules.schemes import BenefitKind, all_of
from schema import ids
from schema.compiler import unchanging
from schema.context import Context
from schema.enums import describe
from schema.permissions import PUBLIC, seen
from schema.scalars import BasisPointsValue, Long


@strawberry.interface(description="Anything with an id of its own, to be asked for by `node`.")
class Node:
    id: strawberry.ID = seen(PUBLIC, "Opaque. Store it, send it back, read nothing into it.")


describe(
    BenefitKind,
    "What a tier gives its members.",
    {
        BenefitKind.EARN_MULTIPLIER: "Purchases earn more: `value` is the multiplier in basis points.",
        BenefitKind.REDEEM_LIMIT: "One redemption may take at most `value` points.",
        BenefitKind.CAP_OVERRIDE: "The caps of earn rules are wider: `value` is a multiplier in basis points.",
        BenefitKind.REDEEM_DISCOUNT: "What points pay takes fewer of them: `value` is off, in basis points.",
        BenefitKind.MEMBER_PRICE: "Goods cost less: `value` is off, in basis points.",
        BenefitKind.PERIODIC_COUPON: "Every month there are `value` coupons of the template `code`.",
        BenefitKind.EXCLUSIVE_ACCESS: "What goes by `code` is open to them.",
        BenefitKind.COMMUNITY_ACCESS: "Communities of the kind `code` are open to them.",
        BenefitKind.UPGRADE_GIFT: "Whoever earns the tier, or rises past it, gets `value` points, once in a cycle.",
        BenefitKind.BIRTHDAY_GIFT: "In the month of their birthday they get `value` points, once a year.",
    },
)


@strawberry.type(description="One thing a tier gives its members. The rules enforce it.")
class Benefit:
    kind: BenefitKind = seen(PUBLIC, "What sort of benefit.")
    value: Long = seen(PUBLIC, "How much of it, in the unit its kind names; 1 where its code says it all.")
    code: str | None = seen(PUBLIC, "What it opens or gives; null where its kind has no code.", default=None)
    per_month: int | None = seen(
        PUBLIC, "How often it may be used in a month of the programme; null as often as they like.", default=None
    )


def benefit_of(given: schemes.Benefit) -> Benefit:
    """A benefit as it is shown."""
    return Benefit(kind=given.kind, value=Long(given.value or 1), code=given.code, per_month=given.per_month)


def benefits_of(rung: Rung) -> list[Benefit]:
    """All that a tier gives, ready to list."""
    return [benefit_of(each) for each in all_of(rung)]


@unchanging
@strawberry.type(description="One rung of the ladder (会员等级).")
class Tier(Node):
    code: str = seen(PUBLIC, "The tier's short name, which does not change.")
    name: str = seen(PUBLIC, "The tier's name for people.")
    rank: int = seen(PUBLIC, "0 for the lowest tier, one more for each above.")
    threshold: Long = seen(PUBLIC, "The growth value from which the tier is held.")
    earn_multiplier: BasisPointsValue = seen(PUBLIC, "What purchases earn, against the base: 12000 is 1.2 times.")
    redeem_limit: Long | None = seen(PUBLIC, "The most points of one redemption; null means no limit.")
    benefits: list[Benefit] = seen(PUBLIC, "All that the tier gives, ready to list.")

    @classmethod
    def of(cls, rung: Rung) -> "Tier":
        """The tier as a client sees it."""
        if rung.id is None:
            raise AssertionError("A rung that was not read from the database.")
        return cls(
            id=strawberry.ID(ids.encode(ids.Tag.TIER, rung.id)),
            code=rung.code,
            name=rung.name,
            rank=rung.rank,
            threshold=Long(rung.threshold),
            earn_multiplier=BasisPointsValue(rung.earn_multiplier_bps),
            redeem_limit=None if rung.redeem_limit_points is None else Long(rung.redeem_limit_points),
            benefits=benefits_of(rung),
        )


class Step:
    """A rung of the ladder as it is shown, and the one above it."""

    __slots__ = ("above", "rung", "tier")

    def __init__(self, rung: Rung) -> None:
        self.rung = rung
        self.tier = Tier.of(rung)
        self.above: Step | None = None


class Ladder:
    """The tiers as they are shown, lowest first."""

    def __init__(self, terms: Terms) -> None:
        steps = [Step(rung) for rung in terms.ladder]
        for lower, upper in pairwise(steps):
            lower.above = upper
        self.scheme = terms.scheme
        self.tiers = [step.tier for step in steps]
        self.steps = {str(step.rung.id): step for step in steps}


async def ladder(context: Context, wanted: Iterable[str] = ()) -> Ladder:
    """The ladder as it is shown, with the tiers of these ids: of one it does not know it is read again."""
    found = await context.reference.made(Ladder)
    if not found.steps.keys() >= set(wanted):
        context.reference.forget()
        found = await context.reference.made(Ladder)
    return found


async def tier_of_code(context: Context, code: str) -> Tier | None:
    """The tier of that code, as it is shown."""
    for _ in range(2):
        found = [tier for tier in (await ladder(context)).tiers if tier.code == code]
        if found:
            return found[0]
        # it may be newer than what was read
        context.reference.forget()
    return None
