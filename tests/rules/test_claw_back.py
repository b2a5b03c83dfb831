"""Claw-backs by policy, the grace of what a hold releases, and the order of time: in memory."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from models.points import PointsKind, WaitsFor
from models.units import Points
from rules.points import Balances, Book, Movement
from rules.policy import ClawBack, ClawBackPolicy, Life

NOW = datetime(2026, 3, 10, 4, tzinfo=UTC)
DAY = timedelta(days=1)
TEA, RICE = UUID(int=1), UUID(int=2)
DEBT, CLAMP, PENDING_ONLY = (ClawBack(each) for each in ClawBackPolicy)


def book() -> Book:
    return Book(UUID(int=9), Balances(), [], now=NOW)


def movement(kind: PointsKind, purchase: UUID | None = None) -> Movement:
    return Movement(kind, str(uuid4()), NOW, purchase_id=purchase)


def shopper(*, spends: int = 0, pending: int = 0) -> Book:
    """Somebody who has earned 100 by tea, 20 by rice, and spent some; and so many by tea that are pending."""
    mei = book()
    mei.earn(movement(PointsKind.EARN, TEA), Points(100))
    mei.earn(movement(PointsKind.EARN, RICE), Points(20))
    if pending:
        mei.earn(movement(PointsKind.EARN, TEA), Points(pending), active=False)
    if spends:
        mei.spend(movement(PointsKind.REDEEM), Points(spends))
    return mei


@pytest.mark.parametrize(
    ("policy", "spends", "pending", "left"),
    [
        # available, pending, debt, and what was lost, after 100 of tea were taken back
        (DEBT, 0, 0, (20, 0, 0, 0)),
        (DEBT, 110, 0, (0, 0, 90, 0)),
        (DEBT, 110, 30, (0, 0, 60, 0)),
        (ClawBack(max_debt=Points(50)), 110, 0, (0, 0, 50, 40)),
        (ClawBack(max_debt=Points(90)), 110, 0, (0, 0, 90, 0)),
        (ClawBack(max_debt=Points(0)), 120, 0, (0, 0, 0, 100)),
        (CLAMP, 110, 0, (0, 0, 0, 90)),
        (CLAMP, 0, 0, (20, 0, 0, 0)),
        (CLAMP, 120, 0, (0, 0, 0, 100)),
        (PENDING_ONLY, 0, 0, (120, 0, 0, 100)),
        (PENDING_ONLY, 0, 30, (120, 0, 0, 70)),
        (PENDING_ONLY, 110, 130, (10, 30, 0, 0)),
    ],
)
def test_what_is_not_there_any_more_is_owed_or_lost(
    policy: ClawBack, spends: int, pending: int, left: tuple[int, int, int, int]
) -> None:
    mei = shopper(spends=spends, pending=pending)
    before = mei.balances.available + mei.balances.pending
    taken = movement(PointsKind.CLAWBACK, TEA)
    mei.claw_back(taken, Points(100), policy)
    found = mei.balances
    assert (found.available, found.pending, found.debt, taken.lost) == left
    assert taken in mei.movements
    assert taken.points == found.available + found.pending - found.debt - before == taken.lost - 100


def test_a_second_claw_back_adds_to_a_debt_up_to_its_limit() -> None:
    mei, policy = shopper(spends=120), ClawBack(max_debt=Points(70))
    losses = []
    for _ in range(3):
        taken = movement(PointsKind.CLAWBACK, TEA)
        mei.claw_back(taken, Points(30), policy)
        losses.append(taken.lost)
    assert (mei.balances.debt, losses) == (70, [0, 0, 20])


def held(mei: Book, points: int, *, expires: datetime, grace: datetime | None) -> None:
    mei.earn(movement(PointsKind.EARN), Points(points), expires_at=expires)
    aside = movement(PointsKind.HOLD)
    aside.reason = "CHECKOUT"
    mei.hold(aside, Points(points), expires_at=NOW + 3 * DAY, grace_until=grace)


def later(mei: Book, now: datetime) -> Book:
    return Book(mei.member_id, mei.balances, mei.lots, holds=list(mei.holds.values()), now=now)


def test_what_expired_while_it_was_held_comes_back_for_the_grace() -> None:
    mei = book()
    held(mei, 10, expires=NOW + DAY, grace=NOW + 5 * DAY)
    mei = later(mei, NOW + 3 * DAY)
    assert (mei.balances.available, mei.balances.held) == (10, 0)
    assert [lot.expires_at for lot in mei.new_lots] == [NOW + 5 * DAY]
    assert later(mei, NOW + 5 * DAY).balances.available == 0


@pytest.mark.parametrize("grace", [None, NOW + 3 * DAY])
def test_without_a_grace_it_is_forfeit_at_once(grace: datetime | None) -> None:
    mei = book()
    held(mei, 10, expires=NOW + DAY, grace=grace)
    mei = later(mei, NOW + 3 * DAY)
    assert (mei.balances.available, mei.balances.held, mei.balances.lifetime_expired) == (0, 0, 10)


def test_what_has_not_expired_goes_back_where_it_came_from() -> None:
    mei = book()
    held(mei, 10, expires=NOW + 9 * DAY, grace=NOW + 5 * DAY)
    mei = later(mei, NOW + 3 * DAY)
    assert (mei.balances.available, mei.new_lots) == (10, [])


def test_what_time_has_done_is_done_in_the_order_of_time() -> None:
    mei = book()
    mei.earn(movement(PointsKind.EARN, TEA), Points(10))
    mei.spend(movement(PointsKind.REDEEM), Points(10))
    held(mei, 10, expires=NOW + 4 * DAY, grace=None)
    mei.claw_back(movement(PointsKind.CLAWBACK, TEA), Points(10))
    life = Life(active=False, activates_at=NOW + 5 * DAY, waits_for=WaitsFor.TIME)
    mei.earn(movement(PointsKind.EARN, RICE), Points(10), life=life)
    mei = later(mei, NOW + 6 * DAY)
    # the hold ended first, and repaid the debt before its points would have expired
    assert (mei.balances.available, mei.balances.debt, mei.balances.lifetime_expired) == (10, 0, 0)
    kinds = [each.kind for each in mei.movements]
    assert kinds == [PointsKind.RELEASE, PointsKind.ACTIVATE]


def test_at_one_moment_points_become_available_before_a_hold_ends() -> None:
    mei = book()
    held(mei, 10, expires=NOW + 3 * DAY, grace=None)
    life = Life(active=False, activates_at=NOW + 3 * DAY, waits_for=WaitsFor.TIME)
    mei.earn(movement(PointsKind.EARN, RICE), Points(10), life=life)
    mei = later(mei, NOW + 3 * DAY)
    assert [each.kind for each in mei.movements] == [
        PointsKind.ACTIVATE,
        PointsKind.RELEASE,
        PointsKind.EXPIRE,
    ]
