"""A preview: what a purchase would change, decided as a real one is and then thrown away."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from uuid import UUID

from models.purchases import PurchaseEventKind
from models.writing import rehearsal
from rules import earning, members, points
from rules.actors import Actor
from rules.earning import Award
from rules.idempotency import Key, Slip
from rules.points import Lot, Purse
from rules.programme import Rung
from rules.purchases._effects import happen
from rules.purchases._facts import Happening, Order, check_moment, check_order
from rules.purchases._orders import PURSE_AND_ORDER, placed
from rules.purchases._sitting import sit_with
from rules.refusals import Refusal

NO_KEY = Key("")
"""A key that no request has, so that nothing was ever answered under it."""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a purchase would come to, or what stands against it."""

    objections: list[Refusal]
    before: Rung
    after: Rung
    """The tier; the same where the purchase lifts nobody."""
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
            return Foreseen(found, held.tier, held.tier)
        means = await earning.means(member_id, held.row, paid_at)
        means = means and replace(means, rehearses=True)
        sitting = await sit_with(placed(member_id, order), held, actor, means=means, lines=order.lines, is_new=True)
        try:
            await happen(sitting, Happening(PurchaseEventKind.PAID, "paid", paid_at))
        except Refusal as refusal:
            return Foreseen([refusal], held.tier, held.tier)
    lots = tuple(sitting.book.new_lots)
    later = sum(lot.growth or 0 for lot in lots)
    return Foreseen([], held.tier, sitting.standing.tier, sitting.growth, later, tuple(sitting.awards), lots)


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
