"""A preview: what a purchase would change, decided as a real one is and then thrown away."""

from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from uuid import UUID

from models.purchases import PurchaseEventKind
from models.units import Growth
from models.writing import aside, rehearsal
from rules import earning, members, outlook, points, standings
from rules.actors import Actor
from rules.earning import Award
from rules.idempotency import Key, Slip
from rules.outlook import Prospect
from rules.points import Lot, Purse
from rules.purchases._effects import happen
from rules.purchases._facts import Happening, Order, check_moment, check_order
from rules.purchases._orders import PURSE_AND_ORDER, placed
from rules.purchases._sitting import Brought, Sitting, sit_with
from rules.refusals import Refusal
from rules.schemes import Basis
from rules.standings import Asked

NO_KEY = Key("")
"""A key that no request has, so that nothing was ever answered under it."""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a purchase would come to, or what stands against it."""

    objections: list[Refusal]
    prospect: Prospect
    """Where the member would stand; as now, where the purchase is refused."""
    growth: int = 0
    growth_later: int = 0
    """What lands once points that wait are available."""
    awards: tuple[Award, ...] = ()
    lots: tuple[Lot, ...] = ()
    """What would be credited: how many, from when on they may be spent, and until when."""


async def preview(member_id: UUID, order: Order, *, paid_at: datetime, actor: Actor, now: datetime) -> Foreseen:
    """What an order would change if it were recorded now, and was paid then. Nothing is held, and nothing written.

    Raises: NotFound.
    """
    slip = Slip(member_id, actor, NO_KEY, "purchase.preview", (order, paid_at))
    days = earning.around(paid_at)
    with rehearsal():
        held = await points.hold(slip, now, order.source, order.order_ref, *days, read=PURSE_AND_ORDER)
        if found := _objections(held, order, paid_at, actor):
            return await _refused(found, held, now)
        means = await earning.means(member_id, held.row, paid_at)
        means = means and replace(means, rehearses=True)
        sitting = await sit_with(placed(member_id, order), held, actor, means=means, lines=order.lines, is_new=True)
        # what an order does for whoever brought its member changes nothing of what is foreseen here
        sitting.brought = Brought()
        before = copy(sitting.standing)
        sitting.standing.count = partial(_foretold, sitting, before.growth)
        try:
            await happen(sitting, Happening(PurchaseEventKind.PAID, "paid", paid_at))
        except Refusal as refusal:
            return await _refused([refusal], held, now)
        prospect = await outlook.prospect(before, sitting.standing, held.terms, now)
    lots = tuple(sitting.book.new_lots)
    later = sum(lot.growth or 0 for lot in lots)
    return Foreseen([], prospect, sitting.growth, later, tuple(sitting.awards), lots)


async def _foretold(sitting: Sitting, growth: Growth, basis: Basis, asked: Asked) -> int:
    """What counts for a member's tier, with what the order brings that was tried."""
    with aside():
        there = await standings.alone(basis, asked)
    order = sitting.purchase
    if order.paid_at is None or not asked.since <= order.paid_at < asked.before:
        return there
    brings = {
        Basis.GROWTH: sitting.standing.growth - growth,
        Basis.SPEND: order.goods_minor - order.by_points_minor,
        Basis.ORDERS: 1,
    }
    return there + brings[basis]


async def _refused(found: list[Refusal], held: Purse, now: datetime) -> Foreseen:
    """What stands against an order, and where its member stands without it."""
    with aside():
        standing = await standings.reckoned(held.id, held.terms, now)
        return Foreseen(found, await outlook.prospect(standing, standing, held.terms, now))


def _objections(held: Purse, order: Order, paid_at: datetime, actor: Actor) -> list[Refusal]:
    """Everything that stands against an order, not only the first."""
    inactive = members.inactivity(held.state, frozen_may=True)
    found = [inactive] if inactive else []
    for check in (
        partial(check_order, order, held.terms),
        partial(check_moment, paid_at, actor=actor, now=held.book.now),
    ):
        try:
            check()
        except Refusal as refusal:
            found.append(refusal)
    return found
