"""People and a programme for the tests, made by calling the real commands.

First `await programme()`, then `mei = await member("Mei")`, `await buy(mei, 100_00, 50_00, ref="tea-1")`,
`await refund("tea-1", {"B": 50_00})`, `await redeem(mei, 30)`, and `(await balance(mei))["available"]` is 70.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from string import ascii_uppercase
from typing import Any
from uuid import UUID

from models.earning import EarnRuleKind
from models.members import IdentityKind, MemberState
from models.purchases import PurchaseEventKind
from models.sql import SQL
from models.staff import StaffRole
from models.units import BasisPoints, Growth, Minor, Note, Points, ReasonCode
from rules import earning, lifecycle, members, points, purchases, vault
from rules import policy as policies
from rules import programme as programmes
from rules.actors import CLI, Actor, ActorKind
from rules.earning import Caps, Published, Rule
from rules.idempotency import Key
from rules.lifecycle import Merged
from rules.members import Identity, Profile
from rules.points import Checkout, Given, Kept, Posted, Receiver
from rules.policy import PointsPolicy
from rules.programme import Rung, Terms
from rules.purchases import Applied, Happening, Order, OrderLine

MASTER_KEY = bytes(range(32))
NOON = datetime(2026, 3, 10, 4, tzinfo=UTC)
"""Noon of a Tuesday in Shanghai."""

DAY = timedelta(days=1)

SHOP = Actor(ActorKind.SERVICE, "shopkey", source="shop")
CASHIER = Actor(ActorKind.STAFF, "00000000-0000-4000-8000-00000000000c", role=StaffRole.CASHIER)
CLERK = Actor(ActorKind.STAFF, "00000000-0000-4000-8000-00000000000d", role=StaffRole.CS)

LADDER = (
    Rung("BASIC", "Basic", Growth(0)),
    Rung("SILVER", "Silver", Growth(1_000), BasisPoints(11_000)),
    Rung("GOLD", "Gold", Growth(5_000), BasisPoints(12_500)),
)

_numbers = count(1)
vault.unlock(MASTER_KEY)


async def programme(**terms: Any) -> Terms:
    """A set-up programme: one point per yuan, points that never expire, three tiers. Returns its terms."""
    unlocked = vault.unlock(MASTER_KEY)
    usual: dict[str, Any] = {
        "name": "Tea House",
        "currency": "CNY",
        "timezone": "Asia/Shanghai",
        "earn_points": 1,
        "earn_minor": 100,
        "expire_months": None,
        "restore_grace_days": 7,
        "ladder": LADDER,
    }
    await programmes.set_up(Terms(**{**usual, **terms}), key_check=unlocked.check, now=NOON)
    return await programmes.terms()


async def publish(*, at: datetime = NOON, actor: Actor = CLERK, **parts: Any) -> PointsPolicy:
    """A points policy put into force: as it is, but for these parts."""
    in_force = (await programmes.terms()).policy
    return await policies.publish(
        replace(in_force, **parts), expected_version=in_force.version, key=fresh_key(), actor=actor, now=at
    )


GIVES: dict[EarnRuleKind, dict[str, Any]] = {
    EarnRuleKind.BONUS_MULTIPLIER: {"multiplier_bps": BasisPoints(20_000)},
    EarnRuleKind.BONUS_POINTS: {"points": Points(10)},
    EarnRuleKind.BASE_RATE: {"points": Points(2), "minor": Minor(100)},
    EarnRuleKind.CAPS: {},
}


def earn_rule(code: str = "DOUBLE", kind: EarnRuleKind = EarnRuleKind.BONUS_MULTIPLIER, **more: Any) -> Rule:
    """A rule: double points, ten more, or two points per yuan, unless something else is said."""
    return Rule(**{"code": code, "kind": kind, "name": code, **GIVES[kind], **more})


async def rule(
    code: str = "DOUBLE",
    kind: EarnRuleKind = EarnRuleKind.BONUS_MULTIPLIER,
    *,
    at: datetime = NOON,
    expected: int | None = None,
    **more: Any,
) -> Published:
    """A rule in force."""
    told = earn_rule(code, kind, **more)
    return await earning.publish(told, expected_version=expected, key=fresh_key(), actor=CLI, now=at)


def caps(**most: int | None) -> Caps:
    """Caps: `caps(day=15)`."""
    return Caps(**{name: None if cap is None else Points(cap) for name, cap in most.items()})


def proven(actor: Actor, *, at: datetime = NOON) -> Actor:
    """The same staff, who proved themselves anew a moment ago."""
    return actor._replace(proven_until=at + timedelta(minutes=5))


def fresh_key() -> Key:
    """An idempotency key nobody has used."""
    return Key(f"key-{next(_numbers):08}")


def phone(number: str | None = None, *, verified: bool = True) -> Identity:
    """A phone as an identity; a new Chinese mobile number unless one is given."""
    return members.identity(IdentityKind.PHONE, "", number or f"+86138{next(_numbers):08}", verified=verified)


async def member(
    name: str = "Mei", phone_number: str | None = None, *, at: datetime = NOON, birthday: date | None = None
) -> UUID:
    """An enrolled member."""
    told = Profile(display_name=name, birthday=birthday)
    who, _ = await lifecycle.enroll(None, [phone(phone_number)], told, actor=SHOP, now=at)
    return who


async def freeze(member_id: UUID, *, at: datetime = NOON) -> MemberState:
    """Staff freeze a member."""
    return await lifecycle.freeze(member_id, reason=ReasonCode("RISK"), actor=CLERK, now=at)


async def unfreeze(member_id: UUID, *, at: datetime = NOON) -> MemberState:
    """Staff let a member act again."""
    return await lifecycle.unfreeze(member_id, reason=ReasonCode("CLEARED"), actor=CLERK, now=at)


async def merge(
    member_id: UUID, into_id: UUID, *, key: Key | None = None, actor: Actor = CLERK, at: datetime = NOON
) -> Merged:
    """Staff find out that two members are one."""
    return await lifecycle.merge(
        member_id,
        into_id,
        reason=ReasonCode("SAME_PERSON"),
        key=key or fresh_key(),
        actor=proven(actor, at=at),
        now=at,
    )


async def leave(member_id: UUID, *, at: datetime = NOON, actor: Actor = CLERK) -> MemberState:
    """A member leaves the programme."""
    return await lifecycle.opt_out(member_id, reason=ReasonCode("MEMBER_ASKED"), actor=actor, now=at)


def order(*lines_minor: int, ref: str = "order-1", at: datetime = NOON, **more: Any) -> Order:
    """An order of the shop; its lines are called A, B, C, … in turn."""
    lines = tuple(OrderLine(ascii_uppercase[place], 1, Minor(paid)) for place, paid in enumerate(lines_minor))
    return Order(
        **{"source": "shop", "order_ref": ref, "currency": "CNY", "ordered_at": at, "lines": lines, **more}
    )


async def buy(
    member_id: UUID,
    *lines_minor: int,
    ref: str | None = None,
    at: datetime = NOON,
    paid: bool = True,
    key: Key | None = None,
    actor: Actor = SHOP,
    now: datetime | None = None,
    **more: Any,
) -> Applied:
    """The shop records an order of these lines (A, B, C, …), and its payment unless `paid` is False.

    `ref` names the order in what happens to it later. Two orders without one are two orders.
    """
    named = ref or f"order-{next(_numbers)}"
    payment = Happening(PurchaseEventKind.PAID, f"{named}-paid", at) if paid else None
    told = order(*lines_minor, ref=named, at=at, **more)
    return await purchases.record(member_id, told, paid=payment, key=key or fresh_key(), actor=actor, now=now or at)


async def happens(
    kind: PurchaseEventKind,
    ref: str,
    *,
    event_ref: str | None = None,
    refunds: dict[str, int] | None = None,
    at: datetime = NOON,
    key: Key | None = None,
    actor: Actor = SHOP,
    now: datetime | None = None,
) -> Applied:
    """The shop reports that an order was paid, completed, refunded or cancelled."""
    amounts = tuple((line, Minor(amount)) for line, amount in (refunds or {}).items())
    happening = Happening(kind, event_ref or f"event-{next(_numbers)}", at, amounts)
    return await purchases.report("shop", ref, happening, key=key or fresh_key(), actor=actor, now=now or at)


async def refund(
    ref: str,
    amounts: dict[str, int],
    event_ref: str | None = None,
    *,
    at: datetime = NOON,
    key: Key | None = None,
    actor: Actor = SHOP,
    now: datetime | None = None,
) -> Applied:
    """The shop refunds lines of an order: minor units by line."""
    kind = PurchaseEventKind.REFUNDED
    return await happens(kind, ref, event_ref=event_ref, refunds=amounts, at=at, key=key, actor=actor, now=now)


async def redeem(
    member_id: UUID,
    amount: int,
    *,
    key: Key | None = None,
    at: datetime = NOON,
    purchase_id: UUID | None = None,
    note: str | None = None,
    actor: Actor = CASHIER,
) -> Posted:
    """Staff take points for a reward, or towards a purchase."""
    return await points.redeem(
        member_id,
        Points(amount),
        reason=ReasonCode("REWARD_TEA"),
        note=None if note is None else Note(note),
        purchase_id=purchase_id,
        key=key or fresh_key(),
        actor=actor,
        now=at,
    )


async def adjust(
    member_id: UUID,
    delta: int,
    *,
    key: Key | None = None,
    at: datetime = NOON,
    expected: int | None = None,
    actor: Actor = CLERK,
) -> Posted:
    """Staff put points in, or take points out."""
    return await points.adjust(
        member_id,
        delta,
        reason=ReasonCode("GOODWILL"),
        expected_available=None if expected is None else Points(expected),
        key=key or fresh_key(),
        actor=actor,
        now=at,
    )


async def give_back(
    member_id: UUID,
    transaction_id: UUID,
    amount: int | None = None,
    *,
    key: Key | None = None,
    at: datetime = NOON,
    actor: Actor = CLERK,
) -> Posted:
    """Staff return the points of a redemption, all that is left of it unless an amount is given."""
    return await points.give_back(
        member_id,
        transaction_id,
        None if amount is None else Points(amount),
        reason=ReasonCode("RETURNED"),
        key=key or fresh_key(),
        actor=actor,
        now=at,
    )


async def set_aside(
    member_id: UUID,
    amount: int,
    *,
    lasting: timedelta = points.HOLD_FOR,
    key: Key | None = None,
    at: datetime = NOON,
    purchase_id: UUID | None = None,
    order_ref: str | None = None,
    actor: Actor = CASHIER,
) -> Kept:
    """Staff set points aside for a checkout: for a quarter of an hour, unless something else is said."""
    checkout = Checkout(ReasonCode("CHECKOUT"), lasting, purchase_id, order_ref)
    return await points.set_aside(member_id, Points(amount), checkout, key=key or fresh_key(), actor=actor, now=at)


async def capture(
    member_id: UUID,
    hold_id: UUID,
    amount: int | None = None,
    *,
    key: Key | None = None,
    at: datetime = NOON,
    purchase_id: UUID | None = None,
    actor: Actor = CASHIER,
) -> Kept:
    """Staff take points that were set aside, all of them unless an amount is given."""
    wanted = None if amount is None else Points(amount)
    return await points.capture(
        member_id, hold_id, wanted, purchase_id=purchase_id, key=key or fresh_key(), actor=actor, now=at
    )


async def release(
    member_id: UUID,
    hold_id: UUID,
    *,
    key: Key | None = None,
    at: datetime = NOON,
    actor: Actor = CASHIER,
) -> Kept:
    """Staff give points back that were set aside."""
    return await points.release(member_id, hold_id, key=key or fresh_key(), actor=actor, now=at)


async def hand(
    member_id: UUID, to_id: UUID, amount: int, *, key: Key | None = None, at: datetime = NOON, actor: Actor = CLERK
) -> Given:
    """Staff move points of one member to another."""
    to, reason = Receiver(id=to_id), ReasonCode("GIFT")
    return await points.transfer(
        member_id, to, Points(amount), reason=reason, key=key or fresh_key(), actor=actor, now=at
    )


BALANCE = SQL(
    "SELECT a.available, a.pending, a.held, a.debt, a.seq, a.lifetime_earned, a.lifetime_spent,"
    " a.lifetime_expired, g.growth, t.code AS tier FROM points_account a"
    " JOIN growth_account g ON g.member_id = a.member_id JOIN tier t ON t.id = g.tier_id WHERE a.member_id = $1"
)


async def balance(member_id: UUID) -> dict[str, Any]:
    """A member's stored figures: available, pending, held, debt, seq, lifetime_…, growth, and the tier's code."""
    row = await BALANCE.row(member_id)
    if row is None:
        raise AssertionError("There is no such member.")
    return row


LOTS = SQL(
    "SELECT granted, remaining, held, active, expires_at, purchase_id FROM points_lot"
    " WHERE member_id = $1 ORDER BY id"
)
KINDS = SQL("SELECT kind, points FROM points_transaction WHERE member_id = $1 ORDER BY id")


async def lots(member_id: UUID) -> list[dict[str, Any]]:
    """A member's lots as they came: granted, remaining, held, active, expires_at, purchase_id."""
    return await LOTS.rows(member_id)


async def movements(member_id: UUID) -> list[tuple[str, int]]:
    """What moved a member's points so far: kind and points, in order."""
    return [(row["kind"], row["points"]) for row in await KINDS.rows(member_id)]
