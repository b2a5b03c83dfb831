"""The checks of a debit: what stands against points being taken, or set aside."""

from dataclasses import dataclass
from uuid import UUID

from models.members import MemberState
from models.sql import SQL
from models.staff import StaffRole
from models.units import Points
from rules import members
from rules.actors import Actor, ActorKind
from rules.points._book import InsufficientPoints
from rules.programme import Rung
from rules.refusals import NotFound, Refusal


@dataclass(eq=False)
class AboveTierLimit(Refusal):
    """The member's tier does not allow so many points in one redemption."""

    zh = "超出该会员等级的单次兑换上限。"
    field = ("points",)
    wanted: Points
    limit: Points


def objections(wanted: Points, *, available: Points, state: MemberState, tier: Rung) -> list[Refusal]:
    """Everything that stands against a redemption, the first to be told first; empty when it may go ahead."""
    found: list[Refusal] = []
    if refused := members.inactivity(state):
        found.append(refused)
    if tier.redeem_limit_points is not None and wanted > tier.redeem_limit_points:
        found.append(AboveTierLimit(wanted, tier.redeem_limit_points))
    if wanted > available:
        found.append(InsufficientPoints(wanted, available))
    return found


def check_redemption(wanted: Points, *, available: Points, state: MemberState, tier: Rung) -> None:
    """Refuse a redemption for the first objection there is.

    Raises: MemberFrozen, MemberNotActive, MemberMerged, AboveTierLimit, InsufficientPoints.
    """
    for refusal in objections(wanted, available=available, state=state, tier=tier):
        raise refusal


PURCHASE = SQL(
    "SELECT store_id, source FROM purchase WHERE member_id = $1 AND id = $2 AND state <> 'CANCELLED'"
    " AND refunded_minor = 0"
)


async def check_purchase(member_id: UUID, purchase_id: UUID, actor: Actor) -> None:
    """Points pay only towards the member's own unrefunded purchase, and not on the member's own word.

    A refund of the purchase gives the points back: whoever binds them must have seen that they paid for it.

    Raises: NotFound.
    """
    row = await PURCHASE.row(member_id, purchase_id)
    if row is None or actor.kind is ActorKind.MEMBER or not is_in_reach(actor, row["store_id"]):
        raise NotFound
    if actor.kind is ActorKind.SERVICE and row["source"] != actor.source:
        raise NotFound


def is_in_reach(actor: Actor, store_id: UUID | None) -> bool:
    """Whether a store is one the actor may act for: a cashier's own, and any for everybody else."""
    return actor.role is not StaffRole.CASHIER or store_id == actor.store_id
