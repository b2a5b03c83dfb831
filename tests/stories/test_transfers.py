"""Transfers: points given by one member to another, with the life they had, once, within the policy."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from models.invariants import violations
from models.members import IdentityKind
from models.sql import SQL
from models.units import Points, ReasonCode
from rules import codes, finance, lifecycle, members, points
from rules.actors import Actor, ActorKind
from rules.idempotency import IdempotencyKeyReused, Key
from rules.points import (
    ApprovalRequired,
    Given,
    InsufficientPoints,
    Receiver,
    ReceiverNotActive,
    TransferDisabled,
    TransferLimit,
    TransferSelf,
)
from rules.policy import Transfer
from rules.proofs import ProofRequired
from rules.refusals import MemberFrozen, NotFound
from tests.people import (
    CLERK,
    DAY,
    NOON,
    adjust,
    balance,
    buy,
    freeze,
    fresh_key,
    hand,
    lots,
    member,
    movements,
    programme,
    proven,
    publish,
    redeem,
    refund,
    set_aside,
)
from tests.stories.test_races import outcomes

LATER = NOON + 40 * DAY
GIFT = ReasonCode("GIFT")
"""Everybody has been a member for more than thirty days then."""


def self_of(who: UUID) -> Actor:
    return Actor(ActorKind.MEMBER, str(who))


async def shown(who: UUID, at: Any = LATER) -> str:
    return (await codes.show(who, now=at)).code


async def give(
    one: UUID, other: UUID, amount: int, *, at: Any = LATER, key: Key | None = None, code: str | None = None
) -> Given:
    """A member gives points to another, whose code they scan."""
    to = Receiver(code=code or await shown(other, at))
    return await points.transfer(
        one, to, Points(amount), reason=GIFT, key=key or fresh_key(), actor=self_of(one), now=at
    )


async def two(**wanted: Any) -> tuple[UUID, UUID]:
    """Two members of a programme in which points expire after a year and may be given away."""
    await programme(expire_months=12)
    await allow(**wanted)
    return await member("Mei"), await member("Lan")


async def allow(**wanted: Any) -> None:
    usual: dict[str, Any] = {"enabled": True, "per_day_count": 1_000, "per_day_points": Points(1_000_000)}
    await publish(transfer=Transfer(**{**usual, **wanted}))


async def test_points_go_over_with_the_life_they_had() -> None:
    mei, lan = await two()
    await buy(mei, 50_00)
    await buy(mei, 100_00, at=NOON + 35 * DAY)
    given = await give(mei, lan, 120)
    assert (given.to_id, given.posted.available) == (lan, 30)
    assert [(lot["granted"], lot["remaining"], lot["active"], lot["purchase_id"]) for lot in await lots(lan)] == [
        (50, 50, True, None),
        (70, 70, True, None),
    ]
    assert [lot["expires_at"] for lot in await lots(lan)] == [lot["expires_at"] for lot in await lots(mei)]
    assert await movements(mei) == [("EARN", 50), ("EARN", 100), ("TRANSFER_OUT", -120)]
    assert await movements(lan) == [("TRANSFER_IN", 120)]
    after = await balance(lan)
    assert (after["available"], after["lifetime_earned"], after["lifetime_spent"]) == (120, 0, 0)
    assert await violations() == []


async def test_giving_points_to_and_fro_makes_none_live_longer() -> None:
    mei, lan = await two()
    await buy(mei, 100_00)
    before = (await lots(mei))[0]["expires_at"]
    for one, other in ((mei, lan), (lan, mei)) * 2:
        await give(one, other, 100)
    assert {lot["expires_at"] for lot in [*await lots(mei), *await lots(lan)]} == {before}
    assert (await balance(mei))["available"] == 100
    await redeem(mei, 1, at=NOON + 60 * DAY)
    assert (await give(mei, lan, 99, at=NOON + 60 * DAY)).posted.available == 0
    late = NOON + 400 * DAY
    with pytest.raises(InsufficientPoints):
        await give(lan, mei, 1, at=late)
    assert await violations() == []


async def test_what_was_given_counts_in_the_month_in_which_it_was_earned() -> None:
    mei, lan = await two()
    await buy(mei, 100_00)
    await give(mei, lan, 60)
    await redeem(lan, 10, at=LATER)
    await give(lan, mei, 20)
    at = NOON + 80 * DAY
    await finance.bring_up_to_date(at)
    told = await finance.report(date(2026, 3, 1), date(2026, 5, 1), cost=None, rate=None)
    [march] = [each for each in told.cohorts if each.granted]
    assert (str(march.month), march.granted, march.remaining, march.other, march.redeemed) == (
        "2026-03-01",
        100,
        90,
        0,
        -10,
    )
    assert [each.closing for each in told.months][-1] == 90
    assert await violations() == []


async def test_what_the_other_owes_is_repaid_first() -> None:
    mei, lan = await two()
    await buy(mei, 100_00)
    await buy(lan, 200_00, ref="tea")
    await redeem(lan, 180)
    await refund("tea", {"A": 200_00})
    assert (await balance(lan))["debt"] == 180
    await give(mei, lan, 100)
    after = await balance(lan)
    assert (after["available"], after["debt"]) == (0, 80)
    assert await violations() == []


async def test_what_waits_and_what_is_set_aside_cannot_be_given() -> None:
    mei, lan = await two()
    await adjust(mei, 100)
    await set_aside(mei, 60, at=LATER)
    with pytest.raises(InsufficientPoints) as refused:
        await give(mei, lan, 41)
    assert (refused.value.wanted, refused.value.available) == (41, 40)
    await give(mei, lan, 40)
    assert await violations() == []


async def test_transfers_are_off_until_they_are_allowed() -> None:
    await programme()
    mei, lan = await member("Mei"), await member("Lan")
    await adjust(mei, 100)
    with pytest.raises(TransferDisabled):
        await give(mei, lan, 10)


async def test_a_new_member_waits_and_then_gives() -> None:
    mei, lan = await two()
    await adjust(mei, 100)
    almost = NOON + 30 * DAY - timedelta(microseconds=1)
    with pytest.raises(TransferLimit) as refused:
        await give(mei, lan, 10, at=almost)
    assert (refused.value.rule, refused.value.wanted, refused.value.limit) == ("MEMBER_DAYS", 29, 30)
    await give(mei, lan, 10, at=NOON + 30 * DAY)


async def test_a_day_has_so_many_transfers_and_so_many_points_and_ends_at_the_programmes_midnight() -> None:
    mei, lan = await two(per_day_count=2, per_day_points=Points(50))
    await adjust(mei, 500)
    with pytest.raises(TransferLimit) as refused:
        await give(mei, lan, 51)
    assert (refused.value.rule, refused.value.wanted, refused.value.limit) == ("DAY_POINTS", 51, 50)
    await give(mei, lan, 30)
    with pytest.raises(TransferLimit):
        await give(mei, lan, 21)
    await give(mei, lan, 20)
    midnight = LATER.replace(hour=16)
    for at in (LATER + timedelta(hours=1), midnight - timedelta(microseconds=1)):
        with pytest.raises(TransferLimit) as refused:
            await give(mei, lan, 1, at=at)
        assert (refused.value.rule, refused.value.wanted, refused.value.limit) == ("DAY_COUNT", 3, 2)
    await give(mei, lan, 50, at=midnight)
    await hand(mei, lan, 100, at=midnight)


async def test_points_are_not_given_to_oneself() -> None:
    mei, _ = await two()
    await adjust(mei, 100)
    with pytest.raises(TransferSelf):
        await give(mei, mei, 10)
    with pytest.raises(TransferSelf):
        await hand(mei, mei, 10, at=LATER)


async def test_to_a_member_whoever_cannot_receive_is_not_there() -> None:
    """Frozen, pending, unknown, of a code that ended: the answer is the same, so that nobody probes for members."""
    mei, lan = await two()
    await adjust(mei, 100)
    frozen = await shown(lan)
    await freeze(lan, at=LATER)
    new, _ = await lifecycle.enter(
        [members.identity(IdentityKind.WECHAT_OPENID, "app", "o-1", verified=True)], actor=CLERK, now=NOON
    )
    ended = (await codes.show(await member("Wang"), now=LATER - timedelta(seconds=60))).code
    anothers = await shown(await member("Zhao"))
    await codes.read(anothers, actor=CLERK, now=LATER)
    for code in (frozen, ended, anothers, codes.checked("77" + "0" * 15), "not a code", ""):
        with pytest.raises(NotFound):
            await give(mei, lan, 10, code=code)
    for to in (Receiver(id=lan), Receiver(id=new), Receiver(id=UUID(int=5))):
        with pytest.raises(NotFound):
            await points.transfer(mei, to, Points(1), reason=GIFT, key=fresh_key(), actor=self_of(mei), now=LATER)
    assert (await balance(mei))["available"] == 100


async def test_staff_are_told_why_somebody_cannot_receive() -> None:
    mei, lan = await two()
    await adjust(mei, 100)
    await freeze(lan, at=LATER)
    with pytest.raises(ReceiverNotActive) as refused:
        await hand(mei, lan, 10, at=LATER)
    assert refused.value.state == "FROZEN"
    with pytest.raises(NotFound):
        await hand(mei, UUID(int=5), 10, at=LATER)
    with pytest.raises(NotFound):
        await hand(UUID(int=5), mei, 10, at=LATER)
    await hand_back_from_a_frozen_member(mei, lan)


async def hand_back_from_a_frozen_member(mei: UUID, lan: UUID) -> None:
    await adjust(lan, 30)
    await hand(lan, mei, 30, at=LATER)
    assert (await balance(mei))["available"] == 130


async def test_a_frozen_member_gives_nothing() -> None:
    mei, lan = await two()
    await adjust(mei, 100)
    await freeze(mei, at=LATER)
    with pytest.raises(MemberFrozen):
        await give(mei, lan, 10)


async def test_staff_are_bound_as_in_adjusting_and_both_count_together() -> None:
    await programme(adjust_proof_above=Points(50), adjust_approval_above=Points(100))
    mei, lan = await member("Mei"), await member("Lan")
    await buy(mei, 500_00)
    with pytest.raises(ProofRequired):
        await hand(mei, lan, 51, at=LATER)
    with pytest.raises(ApprovalRequired):
        await hand(mei, lan, 101, actor=proven(CLERK, at=LATER), at=LATER)
    await hand(mei, lan, 50, at=LATER)
    with pytest.raises(ProofRequired):
        await hand(mei, lan, 1, at=LATER)
    with pytest.raises(ProofRequired):
        await adjust(mei, 1, at=LATER)
    await hand(mei, lan, 50, actor=proven(CLERK, at=LATER), at=LATER)
    with pytest.raises(ApprovalRequired):
        await hand(mei, lan, 1, actor=proven(CLERK, at=LATER), at=LATER)


async def test_a_retry_gets_the_first_answer_also_when_the_code_has_ended() -> None:
    mei, lan = await two()
    await adjust(mei, 100)
    key, code = fresh_key(), await shown(lan)
    first = await give(mei, lan, 40, key=key, code=code)
    for at in (LATER, LATER + timedelta(days=3)):
        again = await give(mei, lan, 40, key=key, code=code, at=at)
        assert again == Given(lan, replace(first.posted, replayed=True))
    for amount, other in ((41, code), (40, await shown(lan, LATER + DAY))):
        with pytest.raises(IdempotencyKeyReused):
            await give(mei, lan, amount, key=key, at=LATER + DAY, code=other)
    assert (await balance(lan))["available"] == 40


async def test_20_callers_who_give_all_there_is_give_it_once() -> None:
    """One sender, the whole balance, twenty at once: what fuint#71 credited twenty times."""
    mei, lan = await two()
    await adjust(mei, 100)
    code = await shown(lan)
    won, refused = await outcomes(give(mei, lan, 100, code=code) for _ in range(20))
    assert (len(won), sum(refused.values())) == (1, 19)
    assert set(refused) == {InsufficientPoints.code()}
    assert ((await balance(mei))["available"], (await balance(lan))["available"]) == (0, 100)
    assert await violations() == []


async def test_two_who_give_to_each_other_at_once_do_not_wait_for_ever() -> None:
    mei, lan = await two()
    for who in (mei, lan):
        await adjust(who, 100)
    codes_of = {mei: await shown(mei), lan: await shown(lan)}
    # a code is one reader's: each of the two reads the other's
    pairs: Sequence[tuple[UUID, UUID]] = [(mei, lan), (lan, mei)] * 16
    won, refused = await asyncio.wait_for(
        outcomes(give(one, other, 5, code=codes_of[other]) for one, other in pairs), 60
    )
    assert (len(won), refused) == (32, {})
    assert [(await balance(who))["available"] for who in (mei, lan)] == [100, 100]
    assert await violations() == []


async def test_a_ring_of_members_passes_points_on_and_none_are_lost() -> None:
    await two()
    ring = [await member(f"Member {number}") for number in range(5)]
    for who in ring:
        await adjust(who, 50)
    codes_of = {who: await shown(who) for who in ring}
    calls = [
        give(ring[place], ring[(place + 1) % 5], 10 + turn, code=codes_of[ring[(place + 1) % 5]])
        for turn in range(8)
        for place in range(5)
    ]
    won, _ = await asyncio.wait_for(outcomes(calls), 60)
    assert len(won) >= 20
    assert sum([(await balance(who))["available"] for who in ring]) == 250
    assert await violations() == []


AUDITED = SQL(
    "SELECT member_id, action, facts FROM audit_log WHERE action = 'points.transfer' ORDER BY id",
    fans_out="a test looks",
)


async def test_what_staff_move_is_in_the_audit_log_of_both() -> None:
    mei, lan = await two()
    await adjust(mei, 100)
    await give(mei, lan, 1)
    assert await AUDITED.rows() == []
    await hand(mei, lan, 30, at=LATER)
    told = {row["member_id"]: row["facts"] for row in await AUDITED.rows()}
    assert told[mei]["points"] == -30
    assert told[mei]["to"] == str(lan)
    assert told[lan]["points"] == 30
    assert told[lan]["from"] == str(mei)
    assert told[mei]["group"] == told[lan]["group"]


async def test_a_preview_tells_all_that_stands_against_it_and_writes_nothing() -> None:
    mei, lan = await two(per_day_count=1, per_day_points=Points(50))
    await adjust(mei, 100)
    code = await shown(lan)
    told = await points.preview_transfer(mei, Receiver(code=code), Points(30), actor=self_of(mei), now=LATER)
    assert (told.objections, told.available, told.to_id, told.left_count, told.left_points) == ([], 100, lan, 1, 50)
    await give(mei, lan, 30, code=code)
    told = await points.preview_transfer(mei, Receiver(code="1"), Points(90), actor=self_of(mei), now=LATER)
    found = [(type(each).__name__, getattr(each, "rule", None)) for each in told.objections]
    assert found == [
        ("NotFound", None),
        ("TransferLimit", "DAY_COUNT"),
        ("TransferLimit", "DAY_POINTS"),
        ("InsufficientPoints", None),
    ]
    assert (told.to_id, told.left_count, told.left_points) == (None, 0, 20)


async def test_a_claw_back_of_what_was_given_away_becomes_a_debt_of_who_earned_it() -> None:
    mei, lan = await two()
    await buy(mei, 100_00, ref="tea")
    await give(mei, lan, 100)
    await refund("tea", {"A": 100_00}, at=LATER)
    assert ((await balance(mei))["debt"], (await balance(lan))["available"]) == (100, 100)
    assert await violations() == []
