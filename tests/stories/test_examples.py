"""The worked examples of the programme's handbook, to the number."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from models.invariants import violations
from tests.ladder import YEARLY, history, scheme, standing
from tests.people import (
    balance,
    buy,
    capture,
    give_back,
    lots,
    member,
    movements,
    programme,
    redeem,
    refund,
    set_aside,
)

JULY = datetime(2026, 6, 30, 16, tzinfo=UTC)
"""Midnight after 30 June in Shanghai."""
NEW_YEAR = datetime(2026, 12, 31, 16, tzinfo=UTC)


async def test_example_1_an_order_of_9005_fen_earns_90_points_and_refunds_take_exactly_those() -> None:
    await programme()
    mei = await member("Mei")
    paths = {
        (("A", 53_91), ("B", 36_14)): [90, 37, 0],
        (("B", 36_14), ("A", 53_91)): [90, 54, 0],
        (("A", 1_00), ("B", 36_14), ("A", 52_91)): [90, 90, 53, 0],
    }
    for number, (refunds, left) in enumerate(paths.items()):
        ref = f"order-1-{number}"
        await buy(mei, 53_91, 36_14, ref=ref)
        seen = [(await balance(mei))["available"]]
        for line, amount in refunds:
            await refund(ref, {line: amount})
            seen.append((await balance(mei))["available"])
        assert seen == left
    assert (await balance(mei))["growth"] == 0


@pytest.mark.parametrize("order", list(permutations([("A", 17_77), ("B", 36_14), ("A", 36_14)])))
async def test_three_partial_refunds_in_any_order_take_back_points_bonus_and_growth_exactly(
    order: tuple[tuple[str, int], ...],
) -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 5_000_00, ref="sofa")
    before = await balance(mei)
    assert (before["growth"], before["tier"]) == (5_000, "GOLD")
    await buy(mei, 53_91, 36_14, ref="tea")
    earned = await balance(mei)
    assert (earned["available"], earned["growth"]) == (5_000 + 90 + 22, 5_090)
    refunded = 0
    for line, amount in order:
        await refund("tea", {line: amount})
        refunded += amount
        now = await balance(mei)
        back = [points * refunded // 90_05 for points in (90, 22)]
        assert now["available"] == earned["available"] - sum(back)
        assert now["growth"] == 5_090 - back[0]
    after = await balance(mei)
    assert {**after, "seq": 0} == {**before, "seq": 0}


async def test_example_2_points_come_back_to_the_lots_that_paid_for_them() -> None:
    await programme(expire_months=12)
    mei = await member("Mei")
    await buy(mei, 50_00, at=datetime(2025, 6, 30, 4, tzinfo=UTC))
    await buy(mei, 100_00, at=datetime(2025, 12, 31, 4, tzinfo=UTC))
    spring = datetime(2026, 4, 1, 4, tzinfo=UTC)
    posted = await redeem(mei, 80, at=spring)
    assert [(lot["remaining"], lot["expires_at"]) for lot in await lots(mei)] == [(0, JULY), (70, NEW_YEAR)]
    await give_back(mei, posted.transaction_id, 60, at=spring)
    assert [lot["remaining"] for lot in await lots(mei)] == [30, 100]


async def test_example_2_after_june_the_share_of_the_expired_lot_is_a_new_lot_of_seven_days() -> None:
    await programme(expire_months=12)
    mei = await member("Mei")
    await buy(mei, 50_00, at=datetime(2025, 6, 30, 4, tzinfo=UTC))
    await buy(mei, 100_00, at=datetime(2025, 12, 31, 4, tzinfo=UTC))
    posted = await redeem(mei, 80, at=datetime(2026, 4, 1, 4, tzinfo=UTC))
    again = await give_back(mei, posted.transaction_id, 60, at=JULY)
    assert again.available == 130
    # seven days, whole ones: 1 July and the seven after it
    assert [(lot["remaining"], lot["expires_at"]) for lot in await lots(mei)] == [
        (0, JULY),
        (100, NEW_YEAR),
        (30, datetime(2026, 7, 8, 16, tzinfo=UTC)),
    ]


async def test_example_2_a_hold_reserves_lots_and_a_capture_takes_from_them_soonest_first() -> None:
    await programme(expire_months=12)
    mei = await member("Mei")
    await buy(mei, 50_00, at=datetime(2025, 6, 30, 4, tzinfo=UTC))
    await buy(mei, 100_00, at=datetime(2025, 12, 31, 4, tzinfo=UTC))
    spring = datetime(2026, 4, 1, 4, tzinfo=UTC)
    kept = await set_aside(mei, 120, at=spring)
    assert (kept.posted.available, kept.posted.held) == (30, 120)
    assert [(lot["remaining"], lot["held"]) for lot in await lots(mei)] == [(0, 50), (30, 70)]
    taken = await capture(mei, kept.hold_id, 80, at=spring)
    assert (taken.posted.available, taken.posted.held) == (70, 0)
    assert [(lot["remaining"], lot["held"]) for lot in await lots(mei)] == [(0, 0), (70, 0)]
    await give_back(mei, taken.posted.transaction_id, 60, at=spring)
    assert [lot["remaining"] for lot in await lots(mei)] == [30, 100]
    after = await balance(mei)
    assert (after["available"], after["held"], after["lifetime_spent"]) == (130, 0, 20)


async def test_example_2_a_capture_that_is_refunded_after_june_comes_back_as_a_new_lot() -> None:
    await programme(expire_months=12)
    mei = await member("Mei")
    await buy(mei, 50_00, at=datetime(2025, 6, 30, 4, tzinfo=UTC))
    await buy(mei, 100_00, at=datetime(2025, 12, 31, 4, tzinfo=UTC))
    kept = await set_aside(mei, 120, at=datetime(2026, 4, 1, 4, tzinfo=UTC))
    taken = await capture(mei, kept.hold_id, 80, at=datetime(2026, 4, 1, 4, 10, tzinfo=UTC))
    again = await give_back(mei, taken.posted.transaction_id, 60, at=JULY)
    assert again.available == 130
    assert [(lot["remaining"], lot["expires_at"]) for lot in await lots(mei)] == [
        (0, JULY),
        (100, NEW_YEAR),
        (30, datetime(2026, 7, 8, 16, tzinfo=UTC)),
    ]


async def test_example_3_what_cannot_be_taken_back_is_a_debt_that_later_earnings_repay() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 200_00, ref="coat")
    await redeem(mei, 180)
    await refund("coat", {"A": 200_00})
    owing = await balance(mei)
    assert (owing["available"], owing["debt"], owing["lifetime_earned"]) == (0, 180, 0)
    await buy(mei, 250_00)
    paid = await balance(mei)
    assert (paid["available"], paid["debt"], paid["lifetime_earned"], paid["lifetime_spent"]) == (70, 0, 250, 180)
    assert await movements(mei) == [("EARN", 200), ("REDEEM", -180), ("CLAWBACK", -200), ("EARN", 250)]


async def test_buy_earn_refund_keep_points_is_not_a_bargain() -> None:
    await programme()
    mei = await member("Mei")
    for number in range(5):
        await buy(mei, 100_00, ref=f"coat-{number}")
        await redeem(mei, 100) if number == 0 else None
        await refund(f"coat-{number}", {"A": 100_00})
    assert (await balance(mei))["debt"] == 100
    assert (await balance(mei))["available"] == 0


def in_shanghai(text: str) -> datetime:
    """A moment by the clocks of Shanghai."""
    return datetime.fromisoformat(f"{text}+08:00").astimezone(UTC)


async def test_example_4_a_gold_tier_that_is_nearly_lost_is_kept_until_a_year_after_its_old_end() -> None:
    await programme()
    joined, reached = in_shanghai("2025-03-10T10:00"), in_shanghai("2025-03-10T12:00")
    mei = await member(at=joined)
    kept = {"validity": YEARLY, "grace_days": 30, "downgrade_mode": "REASSESS", "retain": {"GOLD": 4_000}}
    await scheme(at=joined, window={"kind": "ROLLING", "days": 365}, **kept)
    await buy(mei, 5_000_00, at=reached)
    assert (await standing(mei, reached)).expires_at == in_shanghai("2026-04-01T00:00")
    await buy(mei, 3_900_00, at=in_shanghai("2025-09-09T09:00"))
    ends = in_shanghai("2026-04-01T00:00")
    assert (await standing(mei, ends - timedelta(milliseconds=1))).grace_until is None
    found = await standing(mei, ends)
    assert (found.tier.code, found.grace_until) == ("GOLD", in_shanghai("2026-05-01T00:00"))
    recovered = in_shanghai("2026-04-20T12:00")
    await buy(mei, 150_00, at=recovered)
    found = await standing(mei, recovered)
    assert (found.tier.code, found.grace_until, found.expires_at) == ("GOLD", None, in_shanghai("2027-04-01T00:00"))
    assert [cause for cause, _ in await history(mei)][1:] == ["UPGRADED", "GRACE_ENTERED", "GRACE_RECOVERED"]
    assert await violations() == []
