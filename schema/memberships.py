"""Memberships as a client sees them: the plans on sale, and what a member has paid for."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any
from uuid import UUID

import strawberry

from models.sql import SQL
from models.tiers import TierSource
from models.units import Minor, ReasonCode, is_plain
from rules import benefits, heirs, memberships, standings
from rules.memberships import Plan
from rules.refusals import NotFound
from rules.schemes import BenefitKind
from rules.standings import Overlay
from schema import ids
from schema.context import Context, HasMember, Info
from schema.errors import UserError, bad_input, command, key_of
from schema.permissions import DESK, LEADS, PUBLIC, SEES_MEMBER, WRITES_PURCHASES, asked, seen
from schema.scalars import KEY_SAYS, Long, Moment
from schema.tiers import Ladder, Tier, ladder

SELLS = DESK | WRITES_PURCHASES
PLANS_MAX = 100
PAYMENTS_MAX = 100
CODE_MAX, NAME_MAX, REF_MAX = 32, 80, 100


@strawberry.type(description="A plan: a tier for a price and a time (付费会员).")
class MembershipPlan:
    code: str = seen(PUBLIC, "Its short name.")
    version: int = seen(PUBLIC, "Which version of it this is.")
    name: str = seen(PUBLIC, "Its name for people.")
    price_minor: Long = seen(PUBLIC, "What it costs, in minor units of the programme's currency.")
    duration_days: int = seen(PUBLIC, "For how many days it is held, after the day it was paid.")
    tier: Tier = seen(PUBLIC, "The tier it gives.")
    on_sale: bool = seen(PUBLIC, "Whether it can be bought.")


@strawberry.type(description="One payment for a plan, and the time it bought.")
class MembershipPayment:
    id: strawberry.ID = seen(SEES_MEMBER, "Opaque: `membershipRefund` takes it.")
    plan: MembershipPlan = seen(SEES_MEMBER, "The plan, as it was bought.")
    starts_at: Moment = seen(SEES_MEMBER, "From when on.")
    ends_at: Moment = seen(SEES_MEMBER, "Until when: the first moment that was not paid for.")
    paid_at: Moment = seen(SEES_MEMBER, "When it was reported.")
    refunded_at: Moment | None = seen(SEES_MEMBER, "When it was refunded; null when it was not.")


@strawberry.type(description="A membership that runs.")
class Membership:
    tier: Tier = seen(SEES_MEMBER, "The tier it gives. What was earned may be higher.")
    since: Moment = seen(SEES_MEMBER, "Since when it has run without a gap.")
    until: Moment = seen(SEES_MEMBER, "Until when it is paid: the first moment it is over.")
    plan: MembershipPlan = seen(SEES_MEMBER, "The plan that was paid last.")


PLAN = "p.code, p.version, p.name, p.price_minor, p.duration_days, p.tier_id, p.on_sale"
PLANS = SQL(
    f"SELECT {PLAN} FROM membership_plan p WHERE p.version = (SELECT MAX(o.version) FROM membership_plan o"  # noqa: S608
    " WHERE o.code = p.code) ORDER BY p.price_minor, p.code LIMIT $1"
)
ONE_PLAN = SQL(f"SELECT {PLAN} FROM membership_plan p WHERE p.id = $1")  # noqa: S608  a constant
PAYMENTS = SQL(
    f"SELECT m.member_id, m.id, m.starts_at, m.ends_at, m.paid_at, m.refunded_at, {PLAN} FROM membership m"  # noqa: S608
    " JOIN membership_plan p ON p.id = m.plan_id WHERE m.member_id = ANY($1::uuid[])"
    " ORDER BY m.member_id, m.starts_at DESC, m.id DESC",
    fans_out="a page of members shows what each one has paid for",
)


def _plan(row: dict[str, Any], known: Ladder) -> MembershipPlan:
    return MembershipPlan(
        code=row["code"],
        version=row["version"],
        name=row["name"],
        price_minor=Long(row["price_minor"]),
        duration_days=row["duration_days"],
        tier=known.steps[str(row["tier_id"])].tier,
        on_sale=bool(row["on_sale"]),
    )


def _payment(row: dict[str, Any], known: Ladder) -> MembershipPayment:
    refunded = row["refunded_at"]
    return MembershipPayment(
        id=strawberry.ID(ids.encode(ids.Tag.MEMBERSHIP, row["member_id"], row["id"])),
        plan=_plan(row, known),
        starts_at=Moment(row["starts_at"]),
        ends_at=Moment(row["ends_at"]),
        paid_at=Moment(row["paid_at"]),
        refunded_at=None if refunded is None else Moment(refunded),
    )


async def payments_of(parents: Sequence[HasMember], context: Context) -> list[list[MembershipPayment]]:
    """What each member has paid for, newest first."""
    found, known = await _rows([parent.member_id for parent in parents], context)
    return [[_payment(row, known) for row in found[each.member_id][:PAYMENTS_MAX]] for each in parents]


async def _rows(
    members: Sequence[UUID], context: Context
) -> tuple[defaultdict[UUID, list[dict[str, Any]]], Ladder]:
    """What each member has paid for, newest first, and the ladder that names its tiers."""
    found = defaultdict[UUID, list[dict[str, Any]]](list)
    for row in await PAYMENTS.rows(members):
        found[row["member_id"]].append(row)
    return found, await ladder(context, {str(row["tier_id"]) for rows in found.values() for row in rows})


async def membership_of(parents: Sequence[HasMember], context: Context) -> list[Membership | None]:
    """The membership of each member that runs at this moment, whoever of those they were has paid for it."""
    terms = await context.reference.terms()
    stand = await standings.reckoned_all([each.member_id for each in parents], terms, context.now)
    paid = {who: each.overlays[TierSource.PAID] for who, each in stand.items() if TierSource.PAID in each.overlays}
    if not paid:
        return [None for _ in parents]
    persons = await heirs.persons(list(paid))
    found, known = await _rows([each for those in persons.values() for each in those], context)
    running = {
        who: _running(overlay, [row for each in persons[who] for row in found[each]], known, context.now)
        for who, overlay in paid.items()
    }
    return [running.get(each.member_id) for each in parents]


def _running(overlay: Overlay, rows: list[dict[str, Any]], known: Ladder, now: datetime) -> Membership | None:
    """A membership, with the last of those payments that it runs by."""
    live = [row for row in rows if row["refunded_at"] is None and row["ends_at"] > now]
    last = max(
        (row for row in live if row["tier_id"] == overlay.tier.id), key=itemgetter("starts_at", "id"), default=None
    )
    if last is None:
        return None
    plan = _plan(last, known)
    return Membership(tier=plan.tier, since=Moment(overlay.since), until=Moment(overlay.until), plan=plan)


@strawberry.type
class MembershipsQuery:
    """What may be asked of memberships."""

    @asked(PUBLIC, f"The plans of the programme, the cheapest first, {PLANS_MAX} at most; also those not on sale.")
    async def membership_plans(self, info: Info) -> list[MembershipPlan] | None:
        """The plans."""
        rows = await PLANS.rows(PLANS_MAX)
        known = await ladder(info.context, {str(row["tier_id"]) for row in rows})
        return [_plan(row, known) for row in rows]


@strawberry.type(description="The plan after it.")
class MembershipPlanPayload:
    plan: MembershipPlan | None = seen(LEADS, "The plan that was published; null when refused.", default=None)
    user_errors: list[UserError] = seen(LEADS, "Why it was refused; empty on success.", default_factory=list)


@strawberry.type(description="A benefit that was used.")
class BenefitUsed:
    kind: BenefitKind = seen(SELLS, "What sort of benefit.")
    code: str = seen(SELLS, "Its code.")
    used_at: Moment = seen(SELLS, "When.")


@strawberry.type(description="The payment after it.")
class MembershipPayload:
    payment: MembershipPayment | None = seen(SELLS, "The payment; null when refused.", default=None)
    replayed: bool = seen(SELLS, "Whether the same had been done before.", default=False)
    benefits_used: list[BenefitUsed] = seen(
        SELLS,
        "Of a refund: what was used of the tier's benefits since it was paid, 100 at most.",
        default_factory=list,
    )
    user_errors: list[UserError] = seen(SELLS, "Why it was refused; empty on success.", default_factory=list)


@strawberry.input(description="A plan to publish, as the next version of its code.")
class MembershipPlanPublishInput:
    code: str = strawberry.field(description="Its short name: 1 to 32 characters.")
    name: str = strawberry.field(description="Its name for people: 1 to 80 characters.")
    price_minor: Long = strawberry.field(description="What it costs, in minor units.")
    duration_days: int = strawberry.field(description="For how many days it is held: 1 to 3660.")
    tier_code: str = strawberry.field(description="The tier it gives, by its code.")
    on_sale: bool = strawberry.field(default=True, description="Whether it can be bought.")
    idempotency_key: str = strawberry.field(description=KEY_SAYS)


@strawberry.input(description="A payment for a plan.")
class MembershipPurchaseInput:
    member_id: strawberry.ID = strawberry.field(description="Who paid.")
    plan_code: str = strawberry.field(description="For which plan.")
    payment_ref: str = strawberry.field(description="Your reference of the payment: 1 to 100 characters.")
    paid_minor: Long = strawberry.field(description="What was paid: the price of the plan.")
    idempotency_key: str = strawberry.field(description=KEY_SAYS)


@strawberry.input(description="A payment for a plan that was refunded.")
class MembershipRefundInput:
    payment_id: strawberry.ID = strawberry.field(description="Which payment.")
    reason: ReasonCode = strawberry.field(description="Why, in one word: `WITHDRAWN`.")
    idempotency_key: str = strawberry.field(description=KEY_SAYS)


def _text(name: str, value: str, longest: int) -> str:
    """A text that may be stored."""
    said = value.strip()
    if not 0 < len(said) <= longest or not is_plain(said):
        raise bad_input(f"`{name}` has 1 to {longest} printable characters.")
    return said


async def _payment_of(info: Info, member_id: UUID, payment_id: UUID) -> MembershipPayment:
    rows = await PAYMENTS.rows([member_id])
    known = await ladder(info.context, {str(row["tier_id"]) for row in rows})
    return next(_payment(row, known) for row in rows if row["id"] == payment_id)


async def _used(member_id: UUID, payment_id: UUID) -> list[BenefitUsed]:
    """What was used of the tier's benefits since a payment's time began."""
    row = next(row for row in await PAYMENTS.rows([member_id]) if row["id"] == payment_id)
    used = await benefits.used_since(member_id, row["tier_id"], row["starts_at"])
    return [BenefitUsed(kind=kind, code=code, used_at=Moment(at)) for kind, code, at in used]


@strawberry.type
class MembershipsMutation:
    """What may be done with memberships."""

    @command(
        LEADS,
        "Publish a plan: a tier for a price and a time. The newest version of a code is the one that is sold; what "
        "was sold keeps what it was sold for.",
        MembershipPlanPayload,
        memberships.publish_plan,
    )
    async def membership_plan_publish(
        self, info: Info, input: MembershipPlanPublishInput
    ) -> MembershipPlanPayload | None:
        """Publish a plan."""
        context = info.context
        plan = Plan(
            _text("code", input.code, CODE_MAX),
            _text("name", input.name, NAME_MAX),
            Minor(input.price_minor),
            input.duration_days,
            _text("tierCode", input.tier_code, CODE_MAX),
            input.on_sale,
        )
        key = key_of(input.idempotency_key)
        made = await memberships.publish_plan(plan, key=key, actor=context.actor, now=context.now)
        row = await ONE_PLAN.row(made)
        known = await ladder(context, {str(row["tier_id"])} if row else ())
        return MembershipPlanPayload(plan=_plan(row, known) if row else None)

    @command(
        SELLS,
        "Report that a member has paid for a plan. They hold its tier at once, or go on holding it: what is bought "
        "while it runs counts from its end. The same payment is done once, whatever the key.",
        MembershipPayload,
        memberships.purchase,
    )
    async def membership_purchase(self, info: Info, input: MembershipPurchaseInput) -> MembershipPayload | None:
        """Buy a membership.

        Raises: NotFound.
        """
        context = info.context
        who = ids.decode_one(ids.Tag.MEMBER, input.member_id)
        if who is None:
            raise NotFound
        bought = await memberships.purchase(
            who,
            _text("planCode", input.plan_code, CODE_MAX),
            _text("paymentRef", input.payment_ref, REF_MAX),
            Minor(input.paid_minor),
            key=key_of(input.idempotency_key),
            actor=context.actor,
            now=context.now,
        )
        return MembershipPayload(
            payment=await _payment_of(info, who, bought.membership_id), replayed=bought.replayed
        )

    @command(
        SELLS,
        "Report that a payment for a plan was refunded: its time is over at once, and what was bought after it "
        "moves up. A service refunds what it reported itself.",
        MembershipPayload,
        memberships.refund,
    )
    async def membership_refund(self, info: Info, input: MembershipRefundInput) -> MembershipPayload | None:
        """Refund a membership.

        Raises: NotFound.
        """
        context = info.context
        said = ids.decode(ids.Tag.MEMBERSHIP, input.payment_id)
        if said is None:
            raise NotFound
        key = key_of(input.idempotency_key)
        done = await memberships.refund(*said, reason=input.reason, key=key, actor=context.actor, now=context.now)
        payment = await _payment_of(info, said[0], done.membership_id)
        return MembershipPayload(payment=payment, replayed=done.replayed, benefits_used=await _used(*said))
