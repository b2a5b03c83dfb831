"""Races: many callers at once, exactly as many winners as there is to win."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterable
from datetime import timedelta
from typing import Any, TypeVar

import pytest

from models.members import IdentityKind
from models.sql import SQL
from rules import lifecycle, members, points
from rules.members import IdentityConflict, IdentityUnverified
from rules.points import BalanceChanged, HoldExpired, HoldNotOpen, InsufficientPoints, RefundExceedsOriginal
from rules.purchases import OrderExists
from rules.refusals import MemberFrozen, Refusal
from tests.people import (
    NOON,
    SHOP,
    adjust,
    balance,
    buy,
    capture,
    freeze,
    fresh_key,
    give_back,
    member,
    movements,
    phone,
    programme,
    redeem,
    refund,
    set_aside,
    unfreeze,
)

Answer = TypeVar("Answer")
MEMBERS = SQL("SELECT COUNT(*) AS n FROM member")


async def outcomes(calls: Iterable[Awaitable[Answer]]) -> tuple[list[Answer], Counter[str]]:
    """What callers at once were answered, and how often each refusal came; a fault is raised."""
    done = await asyncio.gather(*calls, return_exceptions=True)
    for each in done:
        if isinstance(each, BaseException) and not isinstance(each, Refusal):
            raise each
    refused = Counter(each.code() for each in done if isinstance(each, Refusal))
    return [each for each in done if not isinstance(each, BaseException)], refused


async def test_64_callers_for_the_last_points_win_exactly_what_there_is() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 70_00)
    won, refused = await outcomes(redeem(mei, 10) for _ in range(64))
    assert (len(won), refused) == (7, Counter({InsufficientPoints.code(): 57}))
    assert sorted(each.available for each in won) == [0, 10, 20, 30, 40, 50, 60]
    assert (await balance(mei))["available"] == 0


async def test_callers_for_several_members_do_not_take_from_each_other() -> None:
    await programme()
    family = [await member(name) for name in ("Mei", "Wang", "Li", "Zhao")]
    for who in family:
        await buy(who, 30_00)
    won, refused = await outcomes(redeem(family[number % 4], 10) for number in range(48))
    assert (len(won), refused) == (12, Counter({InsufficientPoints.code(): 36}))
    assert [(await balance(who))["available"] for who in family] == [0, 0, 0, 0]


async def test_32_captures_of_one_hold_at_once_take_it_once() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 70_00)
    kept = await set_aside(mei, 40)
    won, refused = await outcomes(capture(mei, kept.hold_id, 10 + number % 2) for number in range(32))
    assert (len(won), refused) == (1, Counter({HoldNotOpen.code(): 31}))
    after = await balance(mei)
    assert (after["held"], after["available"] + after["lifetime_spent"]) == (0, 70)


async def test_32_captures_with_one_key_at_once_are_one() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 70_00)
    kept = await set_aside(mei, 40)
    key = fresh_key()
    won, refused = await outcomes(capture(mei, kept.hold_id, 30, key=key) for _ in range(32))
    assert not refused
    assert Counter(each.posted.replayed for each in won) == {False: 1, True: 31}
    assert (await balance(mei))["available"] == 40


async def test_holds_against_redemptions_set_aside_and_spend_no_more_than_there_is() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 70_00)
    calls: list[Awaitable[Any]] = [set_aside(mei, 10) if number % 2 else redeem(mei, 10) for number in range(32)]
    won, refused = await outcomes(calls)
    assert (len(won), refused) == (7, Counter({InsufficientPoints.code(): 25}))
    after = await balance(mei)
    assert (after["available"], after["held"] + after["lifetime_spent"]) == (0, 70)


async def test_a_capture_against_its_expiry_has_one_winner() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 70_00)
    kept = await set_aside(mei, 40)
    over = kept.posted.written.at + points.HOLD_FOR if kept.posted.written else NOON
    calls: list[Awaitable[Any]] = [
        capture(mei, kept.hold_id, at=over - timedelta(milliseconds=1))
        if number % 2
        else points.release_overdue({}, over)
        for number in range(32)
    ]
    won, refused = await outcomes(calls)
    captured = 16 - refused[HoldExpired.code()] - refused[HoldNotOpen.code()]
    assert captured in (0, 1)
    assert len(won) == 16 + captured
    after = await balance(mei)
    assert (after["available"], after["held"]) == ((30, 0) if captured else (70, 0))


async def test_one_order_told_by_32_callers_at_once_is_one_purchase() -> None:
    await programme()
    mei = await member("Mei")
    won, refused = await outcomes(buy(mei, 80_00, ref="tea") for _ in range(32))
    assert not refused
    assert len({each.purchase_id for each in won}) == 1
    assert Counter(each.replayed for each in won) == {False: 1, True: 31}
    assert await movements(mei) == [("EARN", 80)]


async def test_one_order_told_of_two_members_at_once_is_one_members() -> None:
    await programme()
    mei, wang = await member("Mei"), await member("Wang")
    won, refused = await outcomes(buy((mei, wang)[number % 2], 80_00, ref="tea") for number in range(16))
    assert (len(won), refused) == (8, Counter({OrderExists.code(): 8}))
    assert len({each.member_id for each in won}) == 1
    assert sorted([(await balance(who))["available"] for who in (mei, wang)]) == [0, 80]


async def test_a_stranger_known_by_32_callers_at_once_is_one_member() -> None:
    await programme()
    till = members.identity(IdentityKind.EXTERNAL, "till", "17")
    found, refused = await outcomes(
        lifecycle.identify([till], allow_create=True, actor=SHOP, now=NOON) for _ in range(32)
    )
    assert not refused
    assert len({who for who, _ in found}) == 1
    assert sum(created for _, created in found) == 1
    assert await MEMBERS.value() == 1


async def test_a_phone_wanted_by_two_members_at_once_is_one_members() -> None:
    await programme()
    cards = [members.identity(IdentityKind.CARD, "", f"card-{number}") for number in range(8)]
    for card in cards:
        await lifecycle.identify([card], allow_create=True, actor=SHOP, now=NOON)
    wanted = phone("13800138000")
    won, refused = await outcomes(
        lifecycle.identify([card, wanted], allow_create=False, actor=SHOP, now=NOON) for card in cards
    )
    assert (len(won), refused) == (1, Counter({IdentityConflict.code(): 7}))


async def test_of_two_unverified_phones_at_once_one_is_attached() -> None:
    await programme()
    card = members.identity(IdentityKind.CARD, "", "card-1")
    await lifecycle.identify([card], allow_create=True, actor=SHOP, now=NOON)
    won, refused = await outcomes(
        lifecycle.identify([card, phone(verified=False)], allow_create=False, actor=SHOP, now=NOON)
        for _ in range(8)
    )
    assert (len(won), refused) == (1, Counter({IdentityUnverified.code(): 7}))


async def test_a_refund_and_redemptions_at_once_never_pay_the_same_points_twice() -> None:
    await programme()
    mei = await member("Mei")
    for number in range(4):
        await buy(mei, 100_00, ref=f"tea-{number}")
    calls: list[Awaitable[Any]] = [redeem(mei, 25) for _ in range(24)]
    for number in range(4):
        calls[number * 6 : number * 6] = [refund(f"tea-{number}", {"A": 100_00})]
    won, refused = await outcomes(calls)
    redeemed = 28 - sum(refused.values()) - 4
    assert set(refused) <= {InsufficientPoints.code()}
    now = await balance(mei)
    assert (now["available"], now["debt"], now["lifetime_earned"]) == (0, 25 * redeemed, 0)
    assert len(won) == 4 + redeemed


async def test_32_refunds_of_one_line_at_once_stop_at_what_was_paid() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 100_00, ref="tea")
    won, refused = await outcomes(refund("tea", {"A": 9_00}) for _ in range(32))
    assert (len(won), refused) == (11, Counter({RefundExceedsOriginal.code(): 21}))
    assert (await balance(mei))["available"] == 1


async def test_a_redemption_returned_by_16_callers_at_once_comes_back_once() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 100_00)
    spent = await redeem(mei, 60)
    won, refused = await outcomes(give_back(mei, spent.transaction_id) for _ in range(16))
    assert (len(won), refused) == (1, Counter({RefundExceedsOriginal.code(): 15}))
    assert (await balance(mei))["available"] == 100


async def test_of_16_adjustments_from_one_balance_one_finds_it_unchanged() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 100_00)
    won, refused = await outcomes(adjust(mei, 5, expected=100) for _ in range(16))
    assert (len(won), refused) == (1, Counter({BalanceChanged.code(): 15}))


async def test_freezing_amid_redemptions_stops_those_that_come_after() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 100_00)
    calls: list[Awaitable[Any]] = [redeem(mei, 1) for _ in range(30)]
    calls.insert(10, freeze(mei))
    calls.insert(20, unfreeze(mei))
    won, refused = await outcomes(calls)
    assert set(refused) <= {MemberFrozen.code()}
    assert (await balance(mei))["available"] == 100 - (len(won) - 2)


async def test_a_programme_set_up_by_8_callers_at_once_is_one() -> None:
    made = await asyncio.gather(*(programme() for _ in range(8)))
    assert all(terms == made[0] for terms in made)


@pytest.mark.parametrize("callers", [16])
async def test_sixteen_callers_on_six_accounts_end_without_a_fault(callers: int) -> None:
    await programme()
    family = [await member(f"Member {number}") for number in range(6)]
    for who in family:
        await buy(who, 50_00)

    async def shopping(caller: int) -> None:
        for turn in range(6):
            who = family[(caller * 5 + turn) % 6]
            ref = f"order-of-{caller}-{turn}"
            await buy(who, 10_00, ref=ref)
            await outcomes([redeem(who, 5), refund(ref, {"A": 5_00}), adjust(who, 1)])

    await asyncio.gather(*(shopping(caller) for caller in range(callers)))
    earned = sum([(await balance(who))["lifetime_earned"] for who in family])
    assert earned == 6 * 50 + callers * 6 * 5
