"""A member's progress: where they stand, the way up, what keeps them there, and what is to come."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeAlias, TypeVar, cast
from uuid import UUID

import strawberry

from models.reading import Row, Rows
from models.tiers import TierSource
from models.units import WHOLE
from rules import outlook, standings
from rules.outlook import Outlook, RiskKind
from rules.programme import Rung
from schema.context import Answers, Context, HasMember, are, each
from schema.enums import describe
from schema.pages import Connection
from schema.permissions import SEES_MEMBER, related, seen
from schema.scalars import BasisPointsValue, Long, Moment, show_moment
from schema.tiers._history import TierStep, history_of
from schema.tiers._ladder import Ladder, Step, Tier, ladder

describe(
    RiskKind,
    "How a tier may be lost.",
    {
        RiskKind.DOWNGRADE: "It will not be retained if nothing more is earned.",
        RiskKind.EXPIRE: "What was paid for, or given, is over then.",
    },
    name="TierRiskKind",
)


@strawberry.type(description="The next tier, and how far it is.")
class NextTier:
    tier: Tier = seen(SEES_MEMBER, "The tier above the one held.")
    need: Long = seen(SEES_MEMBER, "What is still missing: growth, or whatever the scheme counts.")
    percent: BasisPointsValue = seen(
        SEES_MEMBER, "How much of the way from the held tier's threshold is done, rounded down."
    )


@strawberry.type(description="What keeps the earned tier at its next review.")
class TierRetention:
    need: Long = seen(SEES_MEMBER, "What is still missing by then, as things are; 0 when it is enough.")
    deadline: Moment = seen(SEES_MEMBER, "Until when: the review, or the end of the grace.")


@strawberry.type(description="A tier from some moment on.")
class TierToCome:
    tier: Tier = seen(SEES_MEMBER, "The tier.")
    at: Moment = seen(SEES_MEMBER, "From when on.")


@strawberry.type(description="A tier that will be lost if nothing happens.")
class TierRisk:
    kind: RiskKind = seen(SEES_MEMBER, "How.")
    at: Moment = seen(SEES_MEMBER, "When.")
    to: Tier = seen(SEES_MEMBER, "The tier that is held then.")


def source_of(parents: Sequence["Progress"], context: Context) -> Answers[TierSource]:
    """By what each one's tier is held."""
    return _told(parents, context, TierSource.EARNED, lambda _, whole: whole.standing.source)


def ends_of(parents: Sequence["Progress"], context: Context) -> Answers[Moment | None]:
    """When each one's tier is reviewed, or over."""
    return _told(parents, context, None, lambda _, whole: whole.ends_at)


def grace_of(parents: Sequence["Progress"], context: Context) -> Answers[Moment | None]:
    """Until when each one's grace lasts."""
    return _told(parents, context, None, lambda _, whole: cast("Moment | None", whole.standing.grace_until))


def retain_of(parents: Sequence["Progress"], context: Context) -> Answers[TierRetention | None]:
    """What keeps each one's earned tier."""
    return _told(parents, context, None, lambda _, whole: whole.retain)


def projected_of(parents: Sequence["Progress"], context: Context) -> Answers[TierToCome | None]:
    """What each one holds after the next review."""
    return _told(parents, context, None, _projected)


def deferred_of(parents: Sequence["Progress"], context: Context) -> Answers[TierToCome | None]:
    """What each one has reached that begins with the next period."""
    return _told(parents, context, None, _deferred)


def risks_of(parents: Sequence["Progress"], context: Context) -> Answers[list[TierRisk]]:
    """What each one will lose."""
    return _told(parents, context, [], _risks)


@strawberry.type(description="Where a member stands on the ladder.")
class TierProgress:
    tier: Tier = seen(SEES_MEMBER, "The tier held.")
    since: Moment = seen(SEES_MEMBER, "Since when it has been held.")
    growth: Long = seen(SEES_MEMBER, "The growth value (成长值). It is never spent; refunds take it back.")
    growth_in_window: Long = seen(
        SEES_MEMBER, "What counts for tiers now: growth, minor units spent or orders, by the scheme and its window."
    )
    next: NextTier | None = seen(SEES_MEMBER, "The way to the next tier; null on the highest.")
    source: TierSource = related(SEES_MEMBER, "By what the tier is held.", source_of)
    expires_at: Moment | None = related(
        SEES_MEMBER, "When it is reviewed, or if it was paid for or given, over; null means never.", ends_of
    )
    grace_until: Moment | None = related(
        SEES_MEMBER, "Until when the earned tier is held that was not retained; null outside a grace.", grace_of
    )
    retain: TierRetention | None = related(
        SEES_MEMBER, "What keeps the earned tier (保级); null where it is never reviewed.", retain_of
    )
    projected: TierToCome | None = related(
        SEES_MEMBER, "What is held after the next review if nothing more happens.", projected_of
    )
    deferred: TierToCome | None = related(
        SEES_MEMBER, "A tier that was reached and begins with the next period.", deferred_of
    )
    risks: list[TierRisk] = related(SEES_MEMBER, "What will be lost if nothing happens, soonest first.", risks_of)
    history: Connection[TierStep] = related(SEES_MEMBER, "The steps that led here, newest first.", history_of)


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


class Progress:
    """A member's progress, computed as far as it is asked for."""

    __slots__ = ("_standing", "_step", "growth_in_window", "whole")

    def __init__(self, standing: "StandingOf | Reckoned", step: Step, reached: int | None = None) -> None:
        self._standing = standing
        self._step = step
        self.growth_in_window = standing.growth if reached is None else reached
        self.whole: Whole | None = None

    @property
    def member_id(self) -> UUID:
        """Whose it is."""
        return self._standing.member_id

    @property
    def may_change(self) -> bool:
        """Whether time alone may change the tier: of anybody else there is no more to tell."""
        return self._standing.changes_at is not None

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
        return None if above is None else _next(self._step.rung, above, self.growth_in_window)


T = TypeVar("T")
Standings: TypeAlias = Sequence["StandingOf | Reckoned"]


def progress_of(parents: Sequence[HasMember], context: Context) -> Answers[TierProgress]:
    """Where each member stands."""
    known = context.reference.at_hand(Ladder)
    if known is not None and known.scheme.counts_all_growth:
        steps = _steps(known, parents, context)
        if steps is not None:
            rows: Sequence[Any] = parents
            return _progress(rows, steps)
    return _progress_read(parents, context)


async def _progress_read(parents: Sequence[HasMember], context: Context) -> list[TierProgress]:
    """The same where something is to be read, or what counts to be added up."""
    rows, steps = await _steps_read(parents, context)
    terms = await context.reference.terms()
    if terms.scheme.counts_all_growth:
        return _progress(rows, steps)
    reached = await outlook.reached([row.member_id for row in rows], terms, context.now)
    found = zip(rows, steps, strict=True)
    return cast("list[TierProgress]", [Progress(row, step, reached[row.member_id]) for row, step in found])


def tier_of(parents: Sequence[HasMember], context: Context) -> Answers[Tier]:
    """The tier each member holds."""
    known = context.reference.at_hand(Ladder)
    steps = None if known is None else _steps(known, parents, context)
    return _tiers_read(parents, context) if steps is None else _tiers(steps)


async def _tiers_read(parents: Sequence[HasMember], context: Context) -> list[Tier]:
    _, steps = await _steps_read(parents, context)
    return _tiers(steps)


async def rungs_of(parents: Sequence[HasMember], context: Context) -> list[Rung]:
    """The tier each member holds, as the rules read it."""
    _, steps = await _steps_read(parents, context)
    return [step.rung for step in steps]


def _progress(rows: Standings, steps: list[Step]) -> list[Any]:
    """As the schema has it, `TierProgress`."""
    return list(map(Progress, rows, steps))


def _tiers(steps: list[Step]) -> list[Tier]:
    return [step.tier for step in steps]


def _steps(known: Ladder, parents: Sequence[HasMember], context: Context) -> list[Step] | None:
    """Members' steps; None where they or their standings are not all at hand, or may be others by now."""
    if not are(Standing, parents):
        return None
    rows: Sequence[Any] = parents
    for row in rows:
        changes_at = row.changes_at
        if changes_at is not None and changes_at <= context.now:
            return None
    try:
        return [known.steps[row.tier_id] for row in rows]
    except KeyError:
        return None


async def _steps_read(parents: Sequence[HasMember], context: Context) -> tuple[Standings, list[Step]]:
    """Members' standings as they are now, and their steps."""
    found = await each(Standing, parents, STANDINGS)
    late: dict[UUID, Reckoned] = {}
    if overdue := [row.member_id for row in found if row.changes_at and row.changes_at <= context.now]:
        whole = await standings.reckoned_all(overdue, await context.reference.terms(), context.now)
        late = {whose: Reckoned(standing) for whose, standing in whole.items()}
    now = [late.get(row.member_id, row) for row in found]
    steps = (await ladder(context, [row.tier_id for row in now])).steps
    return now, [steps[row.tier_id] for row in now]


class Reckoned:
    """A standing as it is now, of somebody of whom that is not written down yet."""

    __slots__ = ("changes_at", "growth", "member_id", "tier_id", "tier_since")

    def __init__(self, found: standings.Standing) -> None:
        self.member_id = found.member_id
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


class Whole:
    """All of a standing that time may change, and what is to come of it."""

    __slots__ = ("outlook", "standing", "steps")

    def __init__(self, standing: standings.Standing, outlook: Outlook, steps: dict[str, Step]) -> None:
        self.standing = standing
        self.outlook = outlook
        self.steps = steps

    def tier(self, rung: Rung) -> Tier:
        """A tier as it is shown."""
        return self.steps[str(rung.id)].tier

    @property
    def ends_at(self) -> Moment | None:
        """When the tier in effect is reviewed, or over."""
        return cast("Moment | None", self.standing.ends_at)

    @property
    def retain(self) -> TierRetention | None:
        """What keeps the earned tier."""
        need, deadline = self.outlook.need, self.outlook.deadline
        if need is None or deadline is None:
            return None
        return TierRetention(need=Long(need), deadline=Moment(deadline))


def _projected(_: Progress, whole: Whole) -> TierToCome | None:
    rung, at = whole.outlook.projected, whole.outlook.deadline
    return None if rung is None or at is None else TierToCome(tier=whole.tier(rung), at=Moment(at))


def _deferred(_: Progress, whole: Whole) -> TierToCome | None:
    rung, at = whole.standing.deferred, whole.standing.deferred_at
    return None if rung is None or at is None else TierToCome(tier=whole.tier(rung), at=Moment(at))


def _risks(_: Progress, whole: Whole) -> list[TierRisk]:
    return [TierRisk(kind=risk.kind, at=Moment(risk.at), to=whole.tier(risk.to)) for risk in whole.outlook.risks]


def _told(
    parents: Sequence[Progress], context: Context, plain: T, tell: Callable[[Progress, Whole], T]
) -> Answers[T]:
    """What is told of each one: the same of all whose tier no time can change, without reading anything."""
    if not any(each.may_change for each in parents):
        return [plain for _ in parents]
    return _told_read(parents, context, plain, tell)


async def _told_read(
    parents: Sequence[Progress], context: Context, plain: T, tell: Callable[[Progress, Whole], T]
) -> list[T]:
    missing = [each for each in parents if each.may_change and each.whole is None]
    if missing:
        terms = await context.reference.terms()
        found = await standings.reckoned_all([each.member_id for each in missing], terms, context.now)
        steps = (await ladder(context)).steps
        stand = [found[each.member_id] for each in missing]
        for each, standing, ahead in zip(missing, stand, await outlook.outlooks(stand, terms), strict=True):
            each.whole = Whole(standing, ahead, steps)
    return [tell(each, each.whole) if each.whole else plain for each in parents]
