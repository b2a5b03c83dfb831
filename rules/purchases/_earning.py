"""Earning by a purchase: what its payment is given for, credited award by award."""

from datetime import datetime
from uuid import UUID

from models.members import MemberState
from models.sql import SQL
from models.units import Growth, Minor
from rules import earning
from rules.earning import Award, Bought, Goods
from rules.points import Movement
from rules.purchases._sitting import Sitting

LINES = SQL(
    "SELECT id, line_ref, quantity, paid_minor, refunded_minor, sku, categories FROM purchase_line"
    " WHERE member_id = $1 AND purchase_id = $2 ORDER BY id"
)


async def earn(sitting: Sitting, eligible: Minor, growth: Growth, at: datetime) -> None:
    """Credit what a purchase earns, each award by a movement of its own; by rules only where there are any.

    Its growth goes with the first of them, where they wait for something.
    """
    purchase, means = sitting.purchase, sitting.means
    if means is None:
        sitting.awards = earning.usual(eligible, sitting.terms, sitting.tier)
    else:
        goods = await _goods(sitting) if means.asks_goods else (Goods(eligible),)
        bought = Bought(purchase.member_id, at, goods, purchase.channel, purchase.store_id)
        facts = earning.facts_of(bought, sitting.terms, sitting.tier)
        sitting.awards = await earning.awards(means, bought, facts, sitting.terms)
    given = [(award, _credit(sitting, award, growth, at) if award.points else None) for award in sitting.awards]
    if means is not None:
        earning.keep(purchase.member_id, purchase.id, given, means)


async def _goods(sitting: Sitting) -> tuple[Goods, ...]:
    """The lines of the purchase as rules look at them."""
    purchase, lines = sitting.purchase, sitting.lines
    if lines is None:
        rows = await LINES.rows(purchase.member_id, purchase.id)
        told = [(row["paid_minor"], row["sku"], tuple(row["categories"] or ())) for row in rows]
    else:
        told = [(line.paid_minor, line.sku, line.categories) for line in lines]
    shares = earning.eligible([paid for paid, _, _ in told], purchase.by_points_minor)
    return tuple(Goods(share, sku, kinds) for share, (_, sku, kinds) in zip(shares, told, strict=True))


def _credit(sitting: Sitting, award: Award, growth: Growth, at: datetime) -> UUID:
    """Credit an award, and name the movement."""
    purchase_id = sitting.purchase.id
    movement = Movement(award.moves, award.cause(purchase_id), at, purchase_id=purchase_id)
    life = sitting.terms.life(at, waits=True, frozen=sitting.state is MemberState.FROZEN)
    # the base comes first, unless a cap has left nothing of it
    goes_along = life.waits_for is not None and not sitting.growth_waits
    sitting.book.earn(movement, award.points, life=life, growth=growth if goes_along and growth else None)
    sitting.growth_waits = sitting.growth_waits or (goes_along and growth > 0)
    return movement.id
