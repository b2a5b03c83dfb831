"""Tiers as a client sees them: the ladder, a member's place on it, and what it gives them."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import pairwise
from typing import Any, TypeAlias, TypeVar, cast
from uuid import UUID

import strawberry

from models.reading import Row, Rows
from models.units import WHOLE
from rules import standings
from rules.programme import Rung, Terms
from rules.schemes import BenefitKind, all_of
from schema import ids
from schema.context import Answers, Context, HasMember, are, each
from schema.enums import describe
from schema.permissions import PUBLIC, SEES_MEMBER, seen
from schema.scalars import BasisPointsValue, Long, Moment, show_moment


@strawberry.interface(description="Anything with an id of its own, to be asked for by `node`.")
class Node:
    id: strawberry.ID = seen(PUBLIC, "Opaque. Store it, send it back, read nothing into it.")


describe(
    BenefitKind,
    "What a tier gives its members.",
    {
        BenefitKind.EARN_MULTIPLIER: "Purchases earn more: `value` is the multiplier in basis points.",
        BenefitKind.REDEEM_LIMIT: "One redemption may take at most `value` points.",
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


def benefits_of(rung: Rung) -> list[Benefit]:
    """All that a tier gives, ready to list."""
    return [
        Benefit(kind=each.kind, value=Long(each.value or 1), code=each.code, per_month=each.per_month)
        for each in all_of(rung)
    ]


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


@strawberry.type(description="The next tier, and how far it is.")
class NextTier:
    tier: Tier = seen(SEES_MEMBER, "The tier above the one held.")
    need: Long = seen(SEES_MEMBER, "The growth value still missing.")
    percent: BasisPointsValue = seen(
        SEES_MEMBER, "How much of the way from the held tier's threshold is done, rounded down."
    )


@strawberry.type(description="Where a member stands on the ladder.")
class TierProgress:
    tier: Tier = seen(SEES_MEMBER, "The tier held.")
    since: Moment = seen(SEES_MEMBER, "Since when it has been held.")
    growth: Long = seen(SEES_MEMBER, "The growth value (成长值). It is never spent; refunds take it back.")
    next: NextTier | None = seen(SEES_MEMBER, "The way to the next tier; null on the highest.")


class Standing(Row):
    """Where a member stands, as stored."""

    growth: int
    tier_id: str
    tier_since: str
    changes_at: datetime | None


STANDING = "g.growth, g.tier_id::text AS tier_id, ISO(g.tier_since) AS tier_since, g.changes_at"


class StandingOf(Standing):
    """A standing, and whose it is."""

    member_id: UUID


STANDINGS = Rows(
    StandingOf,
    f"SELECT g.member_id, {STANDING} FROM growth_account g WHERE g.member_id = ANY($1::uuid[])",  # noqa: S608
    fans_out="a page of members shows each one's tier",
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


class Progress:
    """A member's progress, computed as far as it is asked for."""

    __slots__ = ("_standing", "_step")

    def __init__(self, standing: "Standing | Reckoned", step: Step) -> None:
        self._standing = standing
        self._step = step

    @property
    def tier(self) -> Tier:
        """The tier held."""
        return self._step.tier

    @property
    def since(self) -> str:
        """Since when."""
        return self._standing.tier_since

    @property
    def growth(self) -> int:
        """The growth value."""
        return self._standing.growth

    @property
    def next(self) -> NextTier | None:
        """The way to the next tier."""
        above = self._step.above
        return None if above is None else _next(self._step.rung, above, self._standing.growth)


T = TypeVar("T")
Steps: TypeAlias = "list[tuple[Standing | Reckoned, Step]]"


def progress_of(parents: Sequence[HasMember], context: Context) -> Answers[TierProgress]:
    """Where each member stands."""
    return _of_steps(_progress, parents, context)


def tier_of(parents: Sequence[HasMember], context: Context) -> Answers[Tier]:
    """The tier each member holds."""
    return _of_steps(_tiers, parents, context)


def _progress(steps: Steps) -> list[TierProgress]:
    return cast("list[TierProgress]", [Progress(*each) for each in steps])


def _tiers(steps: Steps) -> list[Tier]:
    return [step.tier for _, step in steps]


def _of_steps(make: Callable[[Steps], list[T]], parents: Sequence[HasMember], context: Context) -> Answers[T]:
    """What is made of members' standings and steps: at once, where both are at hand."""
    known = context.reference.at_hand(Ladder)
    if known is not None and are(Standing, parents):
        found, steps = cast("Sequence[Standing]", parents), known.steps
        if not _overdue(found, context.now):
            with suppress(KeyError):
                return make([(row, steps[row.tier_id]) for row in found])
    return _of_steps_read(make, parents, context)


def _overdue(found: Sequence[Any], now: datetime) -> list[Any]:
    """Those whose tier may be another by now than was written down."""
    return [each for each in found if each.changes_at is not None and each.changes_at <= now]


async def _of_steps_read(
    make: Callable[[Steps], list[T]], parents: Sequence[HasMember], context: Context
) -> list[T]:
    found = await each(Standing, parents, STANDINGS)
    late: dict[UUID, Reckoned] = {}
    for row in _overdue(found, context.now):
        terms = await context.reference.terms()
        late[row.member_id] = Reckoned(await standings.reckoned(row.member_id, terms, context.now))
    now = [late.get(row.member_id, row) for row in found]
    steps = (await ladder(context, [row.tier_id for row in now])).steps
    return make([(row, steps[row.tier_id]) for row in now])


class Reckoned:
    """A standing as it is now, of somebody of whom that is not written down yet."""

    __slots__ = ("changes_at", "growth", "tier_id", "tier_since")

    def __init__(self, found: standings.Standing) -> None:
        self.growth = found.growth
        self.tier_id = str(found.tier.id)
        self.tier_since = show_moment(found.tier_since)
        self.changes_at = found.changes_at


def _next(held: Rung, above: Step, growth: int) -> NextTier:
    """How far the next tier is. A refund may have taken growth below the held tier's own threshold."""
    threshold = above.rung.threshold
    done = max(0, growth - held.threshold) * WHOLE // (threshold - held.threshold)
    return NextTier(
        tier=above.tier,
        need=Long(max(0, threshold - growth)),
        percent=BasisPointsValue(min(done, WHOLE)),
    )
