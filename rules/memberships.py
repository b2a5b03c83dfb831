"""Memberships: a tier that is paid for, renewed from its end, and over at once when the payment is refunded."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from models.memberships import Membership, MembershipKey, MembershipPlan
from models.sql import SQL, insert
from models.tiers import TierCause, TierSource
from models.units import Minor, ReasonCode
from models.writing import add, change
from rules import audit, heirs, members, programme, standings, tiers
from rules.actors import Actor, ActorKind
from rules.calendar import last_day
from rules.idempotency import Key, Slip
from rules.outbox import tell
from rules.programme import Terms
from rules.refusals import NotFound, Refusal
from rules.standings import Overlay, Paid, Standing
from rules.transactions import transaction

STAFF = "staff"
"""The source of payments that staff report."""

LIVE_MAX = 24
"""How many payments ahead a member may have."""

OWNERLESS = UUID(int=0)


@dataclass(eq=False)
class MembershipPlanInvalid(Refusal):
    """No plan can be like this."""

    zh = "会员套餐无效。"
    why: str


@dataclass(eq=False)
class MembershipNotOnSale(Refusal):
    """This plan is not on sale."""

    zh = "该会员套餐未在售。"
    field = ("planCode",)


@dataclass(eq=False)
class MembershipPriceMismatch(Refusal):
    """What was paid is not the price of this plan."""

    zh = "支付金额与会员套餐价格不符。"
    field = ("paidMinor",)
    expected: int


@dataclass(eq=False)
class MembershipRuns(Refusal):
    """A membership of another tier is still running: it must end, or be refunded, first."""

    zh = "该会员仍有其他等级的付费会员在有效期内。"
    tier: str


@dataclass(eq=False)
class MembershipPaymentKnown(Refusal):
    """This payment was reported before for somebody else, or for another plan."""

    zh = "该支付单号已用于其他会员或套餐。"
    field = ("paymentRef",)


@dataclass(eq=False)
class MembershipRefunded(Refusal):
    """This payment was refunded before."""

    zh = "该会员付款已退款。"


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan, as it is to be published."""

    code: str
    name: str
    price_minor: Minor
    duration_days: int
    tier_code: str
    on_sale: bool = True


@dataclass(frozen=True, slots=True)
class Bought:
    """The payment a command was about, and whether the same had been done before."""

    membership_id: UUID
    replayed: bool = False


HOLD = SQL("SELECT one FROM programme WHERE one = 1 FOR UPDATE")
VERSION = SQL("SELECT COALESCE(MAX(version), 0) AS version FROM membership_plan WHERE code = $1")
DAYS_MAX = 3_660
PRICE_MAX = 10**12


@transaction
async def publish_plan(plan: Plan, *, key: Key, actor: Actor, now: datetime) -> UUID:
    """Publish a plan, as the next version of its code. What was sold keeps what it was sold for.

    Raises: IdempotencyKeyReused, MembershipPlanInvalid.
    """
    await HOLD.row()
    owner = UUID(actor.id) if actor.id and actor.kind is ActorKind.STAFF else OWNERLESS
    slip = Slip(owner, actor, key, "membership.publish", (plan,))
    if earlier := await slip.recall():
        return UUID(earlier["plan"])
    rung = next((each for each in (await programme.terms()).ladder if each.code == plan.tier_code), None)
    if rung is None or rung.rank == 0:
        raise MembershipPlanInvalid("A plan gives a tier of the ladder, but not the lowest.")
    if not 1 <= plan.duration_days <= DAYS_MAX or not 0 <= plan.price_minor <= PRICE_MAX:
        raise MembershipPlanInvalid(f"A plan lasts 1 to {DAYS_MAX} days, for a price of 0 or more.")
    plan_id = uuid7()
    row = {
        "id": plan_id,
        "code": plan.code,
        "version": await VERSION.value(plan.code) + 1,
        "name": plan.name,
        "price_minor": plan.price_minor,
        "duration_days": plan.duration_days,
        "tier_id": rung.id,
        "on_sale": plan.on_sale,
        "published_at": now,
    }
    await insert(MembershipPlan, [row])
    await audit.note(actor, "membership.publish", facts={"plan": plan.code, "version": row["version"]}, now=now)
    await slip.keep({"plan": str(plan_id)}, now)
    return plan_id


NEWEST = SQL(
    "SELECT id, code, price_minor, duration_days, tier_id, on_sale FROM membership_plan WHERE code = $1"
    " ORDER BY version DESC LIMIT 1"
)
WHOSE = SQL("SELECT member_id, membership_id FROM membership_key WHERE source = $1 AND payment_ref = $2")
PLAN_OF = SQL(
    "SELECT p.code FROM membership m JOIN membership_plan p ON p.id = m.plan_id"
    " WHERE m.member_id = $1 AND m.id = $2"
)
AHEAD = SQL("SELECT COUNT(*) AS n FROM membership WHERE member_id = $1 AND refunded_at IS NULL AND ends_at > $2")


@transaction
async def purchase(
    member_id: UUID,
    plan_code: str,
    payment_ref: str,
    paid: Minor,
    *,
    key: Key,
    actor: Actor,
    now: datetime,
) -> Bought:
    """A member has paid for a plan: they hold its tier from now on, or from the end of what runs.

    A payment that was reported before is answered by what it bought, whatever the key.

    Raises: NotFound, IdempotencyKeyReused, MemberNotActive, MemberMerged, MembershipNotOnSale,
    MembershipPriceMismatch, MembershipRuns, MembershipPaymentKnown.
    """
    held = await members.hold(member_id)
    slip = Slip(member_id, actor, key, "membership.purchase", (plan_code, payment_ref, paid))
    if earlier := await slip.recall():
        return Bought(UUID(earlier["membership"]), replayed=True)
    if refused := members.inactivity(held.state, frozen_may=True):
        raise refused
    source = actor.source or STAFF
    if known := await WHOSE.row(source, payment_ref):
        return await _known(member_id, plan_code, known)
    plan = await _sold(plan_code, paid)
    terms = await programme.terms()
    standing = await tiers.standing(member_id, terms, now)
    runs = standing.overlays.get(TierSource.PAID)
    starts, ends = _follow(runs, await AHEAD.value(member_id, now), plan, terms, now)
    bought = uuid7()
    row = {"id": bought, "member_id": member_id, "source": source, "payment_ref": payment_ref}
    _write(row, {"starts_at": starts, "ends_at": ends, "paid_at": now, "plan_id": plan["id"], "paid_minor": paid})
    overlay = Overlay(terms.rung(plan["tier_id"]), runs.since if runs else now, ends)
    cause = TierCause.PAID_RENEWED if runs else TierCause.PAID_STARTED
    _cover(standing, cause, overlay, now)
    return await _conclude(standing, slip, bought, now, reason=None)


async def _sold(plan_code: str, paid: Minor) -> dict[str, Any]:
    """The plan that is sold for so much. Raises: MembershipNotOnSale, MembershipPriceMismatch."""
    plan = await NEWEST.row(plan_code)
    if plan is None or not plan["on_sale"]:
        raise MembershipNotOnSale
    if plan["price_minor"] != paid:
        raise MembershipPriceMismatch(plan["price_minor"])
    return plan


def _write(payment: dict[str, Any], bought: dict[str, Any]) -> None:
    """Have a payment written with what it bought, and the key it is found by."""
    add(MembershipKey, [{**payment, "id": uuid7(), "membership_id": payment["id"]}])
    add(Membership, [{**payment, **bought}])


async def _known(member_id: UUID, plan_code: str, known: dict[str, Any]) -> Bought:
    """What a payment bought that was reported before. Raises: MembershipPaymentKnown."""
    if known["member_id"] != member_id or await PLAN_OF.value(member_id, known["membership_id"]) != plan_code:
        raise MembershipPaymentKnown
    return Bought(known["membership_id"], replayed=True)


def _follow(
    runs: Overlay | None, ahead: int, plan: dict[str, Any], terms: Terms, now: datetime
) -> tuple[datetime, datetime]:
    """When what is bought now begins, and ends. Raises: MembershipRuns."""
    if runs is None:
        return now, terms.midnight_after(terms.local_day(now) + timedelta(days=plan["duration_days"]))
    if runs.tier.id != plan["tier_id"] or ahead >= LIVE_MAX:
        raise MembershipRuns(runs.tier.code)
    return runs.until, _after(runs.until, plan["duration_days"], terms)


def _after(ends_at: datetime, days: int, terms: Terms) -> datetime:
    """The end of so many days more."""
    return terms.midnight_after(last_day(ends_at, terms.timezone) + timedelta(days=days))


def _cover(standing: Standing, cause: TierCause, overlay: Overlay | None, now: datetime, **more: Any) -> None:
    """Have the paid tier be this one, or none."""
    overlays = dict(standing.overlays)
    overlays.pop(TierSource.PAID, None)
    if overlay is not None:
        overlays[TierSource.PAID] = overlay
    standing.step(cause, now, source=TierSource.PAID, overlays=overlays, **more)


PAYMENT = SQL("SELECT source, starts_at, ends_at, refunded_at FROM membership WHERE member_id = $1 AND id = $2")


@transaction
async def refund(
    member_id: UUID, membership_id: UUID, *, reason: ReasonCode, key: Key, actor: Actor, now: datetime
) -> Bought:
    """A payment for a plan is refunded: its time is over at once, and what was bought after it moves up.

    Whoever paid and was merged since has it refunded as who they are now.

    Raises: NotFound, IdempotencyKeyReused, MembershipRefunded.
    """
    _, heir = await heirs.hold(member_id)
    slip = Slip(member_id, actor, key, "membership.refund", (membership_id, reason))
    if earlier := await slip.recall():
        return Bought(UUID(earlier["membership"]), replayed=True)
    found = await PAYMENT.row(member_id, membership_id)
    if found is None or (actor.kind is ActorKind.SERVICE and found["source"] != actor.source):
        raise NotFound
    if found["refunded_at"] is not None:
        raise MembershipRefunded
    terms = await programme.terms()
    standing = await tiers.standing(heir.id, terms, now)
    paid = (await standings.paid_for([heir.id], now))[heir.id]
    over = min(found["ends_at"], max(now, found["starts_at"]))
    change(Membership, {"member_id": member_id, "id": membership_id}, {"ends_at": over, "refunded_at": now})
    left = _close_up((each for each in paid if each.id != membership_id), terms, now)
    held = standing.overlays.get(TierSource.PAID)
    if held is not None and (overlay := standings.best(left, terms, now, held)) != held:
        _cover(standing, TierCause.PAID_REFUNDED, overlay, now, reason=reason)
    return await _conclude(standing, slip, membership_id, now, reason=reason)


async def part(one: UUID, other: UUID, terms: Terms, now: datetime) -> tuple[list[Paid], list[Paid]]:
    """What each of two held members has paid for, who were one: it runs on without what the other has paid for."""
    paid = await standings.paid_for([one, other], now)
    return _close_up(paid[one], terms, now), _close_up(paid[other], terms, now)


def _close_up(paid: Iterable[Paid], terms: Terms, now: datetime) -> list[Paid]:
    """Have payments for the same tier follow one another from now on without a gap; how they run then."""
    left, free = list[Paid](), dict[UUID, datetime]()
    for each in paid:
        runs, begins = each, free.get(each.tier_id, now)
        if each.starts_at > begins:
            runs = replace(each, starts_at=begins, ends_at=_after(begins, each.duration_days, terms))
            where = {"member_id": each.member_id, "id": each.id}
            change(Membership, where, {"starts_at": runs.starts_at, "ends_at": runs.ends_at})
        left.append(runs)
        free[each.tier_id] = max(begins, runs.ends_at)
    return left


async def _conclude(
    standing: Standing, slip: Slip, membership_id: UUID, now: datetime, *, reason: ReasonCode | None
) -> Bought:
    """The last beat: the standing, the events, the audit, the answer."""
    await tell(standing.member_id, tiers.keep(standing, now), now)
    facts = {"membership": str(membership_id)}
    await audit.note(slip.actor, slip.operation, member_id=slip.owner_id, reason=reason, facts=facts, now=now)
    await slip.keep(facts, now)
    return Bought(membership_id)
