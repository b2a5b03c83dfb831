"""Holds: points set aside for a checkout are nobody else's until it ends, and then each is accounted for."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from models.invariants import violations
from models.purchases import PurchaseEventKind
from models.sql import SQL
from rules import points
from rules.points import (
    HoldExpired,
    HoldNotOpen,
    InsufficientPoints,
)
from rules.refusals import NotFound
from tests.people import (
    DAY,
    NOON,
    SHOP,
    adjust,
    balance,
    buy,
    capture,
    give_back,
    happens,
    lots,
    member,
    movements,
    programme,
    redeem,
    refund,
    release,
    set_aside,
)

QUARTER = timedelta(minutes=15)
INSTANT = timedelta(milliseconds=1)
HOLDS = SQL("SELECT state, amount, captured, released, closed_at FROM points_hold WHERE member_id = $1 ORDER BY id")
EVENTS = SQL("SELECT type, body FROM outbox_event WHERE member_id = $1 AND type LIKE 'points.%' ORDER BY seq")


async def shopper(amount: int = 100) -> UUID:
    """A member with points."""
    mei = await member("Mei")
    await buy(mei, amount * 100)
    return mei


async def figures(who: UUID) -> tuple[int, int, int]:
    """What may be spent, what is set aside, what is owed."""
    now = await balance(who)
    return now["available"], now["held"], now["debt"]


async def states(who: UUID) -> list[tuple[str, int, int, int]]:
    """What became of a member's holds: state, amount, captured, released."""
    return [(row["state"], row["amount"], row["captured"], row["released"]) for row in await HOLDS.rows(who)]


async def test_what_is_set_aside_cannot_be_spent_elsewhere() -> None:
    await programme()
    mei = await shopper()
    kept = await set_aside(mei, 70)
    assert await figures(mei) == (30, 70, 0)
    with pytest.raises(InsufficientPoints) as refused:
        await redeem(mei, 31)
    assert refused.value.available == 30
    taken = await capture(mei, kept.hold_id)
    assert await figures(mei) == (30, 0, 0)
    assert await states(mei) == [("CAPTURED", 70, 70, 0)]
    assert await movements(mei) == [("EARN", 100), ("HOLD", 0), ("REDEEM", -70)]
    assert (await balance(mei))["lifetime_spent"] == 70
    await give_back(mei, taken.posted.transaction_id)
    assert await figures(mei) == (100, 0, 0)


async def test_what_is_not_taken_is_available_again() -> None:
    await programme()
    mei = await shopper()
    kept = await set_aside(mei, 70)
    await capture(mei, kept.hold_id, 20)
    assert await figures(mei) == (80, 0, 0)
    assert await states(mei) == [("PARTIALLY_CAPTURED", 70, 20, 50)]
    again = await set_aside(mei, 80)
    await release(mei, again.hold_id)
    assert await figures(mei) == (80, 0, 0)
    assert (await states(mei))[1] == ("RELEASED", 80, 0, 80)


async def test_each_step_of_a_hold_is_told() -> None:
    await programme()
    mei = await shopper()
    kept = await set_aside(mei, 70)
    await capture(mei, kept.hold_id, 20)
    told = [(row["type"], row["body"].get("hold"), row["body"].get("held")) for row in await EVENTS.rows(mei)]
    hold = str(kept.hold_id)
    assert told[1:] == [
        ("points.held", hold, 70),
        ("points.captured", hold, -20),
        ("points.released", hold, -50),
    ]


async def test_until_its_last_moment_a_hold_can_be_captured_and_then_no_more() -> None:
    await programme()
    mei = await shopper()
    late, in_time = await set_aside(mei, 30), await set_aside(mei, 30)
    await capture(mei, in_time.hold_id, at=NOON + QUARTER - INSTANT)
    with pytest.raises(HoldExpired):
        await capture(mei, late.hold_id, at=NOON + QUARTER)
    with pytest.raises(HoldExpired):
        await release(mei, late.hold_id, at=NOON + QUARTER)
    assert await figures(mei) == (40, 30, 0)
    await redeem(mei, 70, at=NOON + QUARTER)
    assert await figures(mei) == (0, 0, 0)
    assert (await states(mei))[0] == ("EXPIRED", 30, 0, 30)
    with pytest.raises(HoldExpired):
        await capture(mei, late.hold_id, at=NOON + QUARTER)


async def test_the_sweeper_ends_what_nobody_came_back_for() -> None:
    await programme()
    mei, wang = await shopper(), await shopper()
    await set_aside(mei, 30)
    await set_aside(mei, 20, lasting=DAY)
    await set_aside(wang, 10)
    await points.release_overdue({}, NOON + QUARTER - INSTANT)
    assert await figures(mei) == (50, 50, 0)
    await points.release_overdue({}, NOON + QUARTER)
    assert (await figures(mei), await figures(wang)) == ((80, 20, 0), (100, 0, 0))
    await points.release_overdue({}, NOON + QUARTER)
    assert [kind for kind, _ in await movements(wang)] == ["EARN", "HOLD", "RELEASE"]


async def test_a_lot_that_expires_while_it_is_held_pays_for_that_hold_and_for_nothing_else() -> None:
    await programme(expire_months=1)
    mei = await shopper()
    [lot] = await lots(mei)
    eve, day = lot["expires_at"] - timedelta(hours=1), lot["expires_at"]
    kept = await set_aside(mei, 60, lasting=DAY, at=eve)
    with pytest.raises(InsufficientPoints):
        await redeem(mei, 1, at=day)
    taken = await capture(mei, kept.hold_id, 50, at=day + timedelta(minutes=1))
    assert (taken.posted.available, taken.posted.held) == (0, 0)
    now = await balance(mei)
    assert (now["lifetime_spent"], now["lifetime_expired"]) == (50, 50)
    assert await movements(mei) == [
        ("EARN", 100),
        ("HOLD", 0),
        ("EXPIRE", -40),
        ("REDEEM", -50),
        ("RELEASE", 0),
        ("EXPIRE", -10),
    ]


async def test_a_released_lot_that_has_expired_is_written_off_at_once() -> None:
    await programme(expire_months=1)
    mei = await shopper()
    [lot] = await lots(mei)
    kept = await set_aside(mei, 60, lasting=DAY, at=lot["expires_at"] - INSTANT)
    back = await release(mei, kept.hold_id, at=lot["expires_at"])
    assert back.posted.available == 0
    assert (await balance(mei))["lifetime_expired"] == 100


async def test_what_is_released_repays_the_debt_before_anything_else() -> None:
    """Hold, claw back, release once left both points and a debt."""
    await programme()
    mei = await member("Mei")
    await buy(mei, 100_00, ref="coat")
    kept = await set_aside(mei, 80)
    await refund("coat", {"A": 100_00})
    assert await figures(mei) == (0, 80, 80)
    await release(mei, kept.hold_id)
    assert await figures(mei) == (0, 0, 0)
    await buy(mei, 10_00)
    assert await figures(mei) == (10, 0, 0)


async def test_a_late_sweeper_changes_nothing_of_what_a_hold_repays() -> None:
    """The points were alive when the hold ended, so they repaid the debt then, though nobody wrote it."""
    for sweeps in (True, False):
        await programme(expire_months=1) if sweeps else None
        mei = await member("Mei")
        ref = f"coat-{sweeps}"
        await buy(mei, 100_00, ref=ref)
        [lot] = await lots(mei)
        eve = lot["expires_at"] - timedelta(hours=1)
        await set_aside(mei, 80, at=eve)
        await refund(ref, {"A": 50_00}, at=eve)
        if sweeps:
            await points.release_overdue({}, eve + QUARTER)
        await adjust(mei, 5, at=lot["expires_at"] + DAY)
        assert await figures(mei) == (5, 0, 0)
        now = await balance(mei)
        assert now["lifetime_expired"] == 50
    assert await violations() == []


async def test_a_purchase_that_pays_while_a_hold_is_overdue_repays_the_debt_from_the_hold() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 100_00, ref="coat")
    await set_aside(mei, 80)
    await refund("coat", {"A": 100_00})
    await buy(mei, 30_00, at=NOON + DAY)
    assert await figures(mei) == (30, 0, 0)


async def test_whoever_reads_sees_what_is_over_as_over() -> None:
    await programme()
    mei, wang = await shopper(), await shopper()
    await set_aside(mei, 30)
    await set_aside(wang, 30, lasting=DAY)
    late = await points.lapsed([mei, wang], NOON + QUARTER)
    assert {who: (found.available, found.held) for who, found in late.items()} == {mei: (100, 0)}
    assert await points.lapsed([mei, wang], NOON + QUARTER - INSTANT) == {}
    assert await figures(mei) == (70, 30, 0)


async def test_a_refund_takes_back_points_paid_towards_a_purchase_by_a_hold() -> None:
    await programme()
    mei = await shopper(100)
    bought = await buy(mei, 40_00, ref="tea", paid=False)
    kept = await set_aside(mei, 60, purchase_id=bought.purchase_id, actor=SHOP)
    await capture(mei, kept.hold_id, 50, actor=SHOP)
    await happens(PurchaseEventKind.PAID, "tea")
    await refund("tea", {"A": 10_00})
    assert (await figures(mei))[0] == 50 + 40 + 12 - 10
    await refund("tea", {"A": 30_00})
    assert await figures(mei) == (100, 0, 0)


async def test_a_purchase_may_be_named_when_the_points_are_taken() -> None:
    await programme()
    mei = await shopper(100)
    kept = await set_aside(mei, 60, order_ref="tea", actor=SHOP)
    bought = await buy(mei, 40_00, ref="tea")
    taken = await capture(mei, kept.hold_id, purchase_id=bought.purchase_id, actor=SHOP)
    await refund("tea", {"A": 40_00})
    assert await figures(mei) == (100, 0, 0)
    assert (await movements(mei))[-2:] == [("RETURN", 60), ("CLAWBACK", -40)]
    assert not taken.posted.replayed


@pytest.mark.parametrize("how", ["cancelled", "refunded"])
async def test_a_hold_ends_with_the_purchase_it_is_for(how: str) -> None:
    await programme()
    mei = await shopper(100)
    bought = await buy(mei, 40_00, ref="tea", paid=how == "refunded")
    kept = await set_aside(mei, 60, purchase_id=bought.purchase_id)
    other = await set_aside(mei, 10)
    if how == "cancelled":
        await happens(PurchaseEventKind.CANCELLED, "tea")
    else:
        await refund("tea", {"A": 1_00})
    assert [each[0] for each in await states(mei)] == ["RELEASED", "HELD"]
    with pytest.raises(HoldNotOpen) as refused:
        await capture(mei, kept.hold_id)
    assert refused.value.state == "RELEASED"
    await capture(mei, other.hold_id)


async def test_points_do_not_pay_for_another_purchase_than_they_were_set_aside_for() -> None:
    await programme()
    mei = await shopper(100)
    tea, rice = await buy(mei, 40_00), await buy(mei, 50_00)
    wangs = await buy(await member("Wang"), 40_00)
    kept = await set_aside(mei, 60, purchase_id=tea.purchase_id)
    free = await set_aside(mei, 5)
    for purchase_id in (rice.purchase_id, uuid4()):
        with pytest.raises(NotFound):
            await capture(mei, kept.hold_id, purchase_id=purchase_id)
    with pytest.raises(NotFound):
        await capture(mei, free.hold_id, purchase_id=wangs.purchase_id)
    with pytest.raises(NotFound):
        await set_aside(mei, 5, purchase_id=wangs.purchase_id)
    with pytest.raises(NotFound):
        await set_aside(mei, 5, purchase_id=tea.purchase_id, actor=SHOP._replace(source="rival"))
    await capture(mei, kept.hold_id, purchase_id=tea.purchase_id)


async def test_who_only_reads_never_sees_halves_of_two_states(monkeypatch: pytest.MonkeyPatch) -> None:
    await programme()
    mei = await shopper(100)
    await set_aside(mei, 60)
    late = NOON + timedelta(hours=1)
    rows, written = SQL.rows, False

    async def overtaken(read: SQL, *values: Any) -> list[dict[str, Any]]:
        nonlocal written
        found = await rows(read, *values)
        if "FROM points_lot " in read.postgres and not written:
            written = True
            await adjust(mei, 500, at=late)
            await set_aside(mei, 550, at=late)
        return found

    monkeypatch.setattr(SQL, "rows", overtaken)
    figures_then = (await points.lapsed([mei], late))[mei]
    assert (figures_then.available, figures_then.held) == (50, 550)
