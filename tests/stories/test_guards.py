"""Guards: who cheats with referrals is refused or waits for somebody to look, and nobody is paid for silence."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from models.purchases import PurchaseEventKind
from models.sql import SQL
from models.units import Points, ReasonCode
from rules import lint, purchases, referrals
from rules.idempotency import Key
from rules.policy import plain
from rules.referrals import (
    Caps,
    Decision,
    Guards,
    Milestone,
    QualifyingAct,
    ReferralCampaignUnlawful,
    ReferralNotInReview,
    ReferralNotPossible,
    Reviewed,
)
from rules.referrals._rewarding import expire
from rules.refusals import NotFound
from tests.people import CLERK, DAY, NOON, buy, fresh_key, happens, member, merge, programme, refund
from tests.referring import bound, campaign, code, friend, given, state, steps, told, work

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
ROW = SQL("SELECT score, evidence, cleared, cause, review_until FROM referral WHERE referee_id = $1")


async def decide(
    referee_id: UUID, decision: Decision = Decision.APPROVE, *, key: Key | None = None, at: datetime = NOON
) -> Reviewed:
    """Somebody looks at a referral."""
    why = ReasonCode("SAME_HOUSEHOLD")
    return await referrals.review(
        referee_id,
        decision,
        reason=why,
        key=key or fresh_key(),
        actor=CLERK,
        now=at,
    )


async def evidence(referee_id: UUID) -> tuple[int, dict[str, int]]:
    """What speaks against a referral."""
    row = await ROW.row(referee_id)
    assert row
    return row["score"], row["evidence"] or {}


async def test_a_second_friend_with_the_same_phone_is_looked_at_and_a_fourth_is_refused() -> None:
    await programme()
    await campaign()
    said = await code(await member("Mei"))
    friends = [await friend(said, device="one phone", at=NOON + n * MINUTE) for n in range(5)]
    assert [await state(each) for each in friends] == ["BOUND", "REVIEW", "REVIEW", "REJECTED", "REJECTED"]
    assert await evidence(friends[1]) == (60, {"SAME_DEVICE": 1})
    assert await steps(friends[1]) == ["BOUND", "REVIEW"]
    assert await evidence(friends[4]) == (180, {"SAME_DEVICE": 4})
    # the first was alone when it began, and is not any more when it would qualify
    await buy(friends[0], 50_00, at=NOON + HOUR)
    assert (await state(friends[0]), await evidence(friends[0])) == ("REJECTED", (180, {"SAME_DEVICE": 4}))


async def test_of_two_friends_who_register_at_once_with_one_phone_one_is_looked_at() -> None:
    await programme()
    await campaign()
    said = await code(await member("Mei"))
    pair = await asyncio.gather(friend(said, device="one phone"), friend(said, device="one phone"))
    assert sorted([str(await state(each)) for each in pair]) == ["BOUND", "REVIEW"]


async def test_nobody_is_rewarded_for_whose_order_another_friend_has_paid() -> None:
    await programme()
    await campaign()
    mei = await member("Mei")
    said = await code(mei)
    lan, wang = await friend(said), await friend(said)
    openid = purchases.traced("payer", "openid-of-Mei")
    await buy(mei, 10_00, payer_hash=openid)
    await buy(lan, 50_00, payer_hash=openid)
    assert (await state(lan), await evidence(lan)) == ("REVIEW", (60, {"SAME_PAYER": 1}))
    await buy(wang, 50_00, payer_hash=purchases.traced("payer", "openid-of-Wang"))
    assert await state(wang) == "QUALIFIED"
    await work()
    assert await given(mei) == [("REFERRER", "GRANTED", 100)]


async def test_an_address_alone_is_no_reason_to_wait_and_with_a_phone_it_is() -> None:
    await programme()
    await campaign(guards=Guards(review_score=80))
    said = await code(await member("Mei"))
    lan, wang = await friend(said, device="one phone"), await friend(said, device="one phone")
    await buy(lan, 50_00, address_hash=purchases.traced("address", "上海市南京西路1号"))
    await buy(wang, 50_00, address_hash=purchases.traced("address", "上海市 南京西路 1 号"))
    assert await evidence(wang) == (90, {"SAME_DEVICE": 1, "SAME_ADDRESS": 1})
    assert (await state(lan), await state(wang)) == ("QUALIFIED", "REVIEW")


async def test_who_brings_many_in_an_hour_waits_also_for_the_first_of_them() -> None:
    await programme()
    await campaign(guards=Guards(per_hour=3))
    said = await code(await member("Mei"))
    friends = [await friend(said, at=NOON + n * MINUTE) for n in range(5)]
    assert [await state(each) for each in friends] == ["BOUND", "BOUND", "BOUND", "REVIEW", "REVIEW"]
    assert await evidence(friends[3]) == (50, {"VELOCITY": 4})
    late = await friend(said, at=NOON + 3 * HOUR)
    await buy(friends[0], 50_00, at=NOON + HOUR)
    await buy(late, 50_00, at=NOON + 3 * HOUR)
    assert (await state(friends[0]), await state(late)) == ("REVIEW", "QUALIFIED")


async def test_a_hold_that_ends_is_looked_at_once_more() -> None:
    await programme()
    await campaign(hold_days=7, guards=Guards(per_hour=3))
    said = await code(await member("Mei"))
    first = await friend(said)
    await buy(first, 50_00)
    assert await state(first) == "QUALIFYING"
    for n in range(4):
        await friend(said, at=NOON + n * MINUTE)
    await work(NOON + 7 * DAY)
    assert await state(first) == "REVIEW"
    await decide(first, at=NOON + 8 * DAY)
    assert await state(first) == "QUALIFIED"


@pytest.mark.parametrize("kind", ["payer", "address"])
async def test_the_first_of_a_ring_is_found_out_when_the_hold_ends(kind: str) -> None:
    await programme()
    await campaign(hold_days=7, guards=Guards(same_address=60))
    said = await code(await member("Mei"))
    ring, alone = [await friend(said) for _ in range(4)], await friend(said)
    hidden = purchases.traced(kind, "one and the same")
    for day, each in enumerate(ring):
        await pays(each, kind, hidden, at=NOON + day * DAY)
    await pays(alone, kind, purchases.traced(kind, "another"), at=NOON)
    assert [await state(each) for each in ring] == ["QUALIFYING", "REVIEW", "REVIEW", "REJECTED"]
    await work(NOON + 7 * DAY)
    assert [await state(each) for each in (ring[0], alone)] == ["REJECTED", "REWARDED"]


async def pays(who: UUID, kind: str, hidden: str, *, at: datetime) -> None:
    """They pay an order by that account, or have it sent to that address."""
    if kind == "payer":
        await buy(who, 50_00, payer_hash=hidden, at=at)
    else:
        await buy(who, 50_00, address_hash=hidden, at=at)


async def test_what_was_approved_goes_on_from_where_it_stood() -> None:
    await programme()
    await campaign(hold_days=7)
    mei = await member("Mei")
    said = await code(mei)
    await friend(said, device="one phone")
    idle, early, late = [
        await friend(said, device=device, at=NOON + n * DAY)
        for n, device in enumerate(("one phone", "another", "another"))
    ]
    del early
    await buy(late, 50_00, ref="late", at=NOON + 2 * DAY)
    assert [await state(each) for each in (idle, late)] == ["REVIEW", "REVIEW"]
    key = fresh_key()
    assert not (await decide(idle, key=key, at=NOON + 3 * DAY)).replayed
    assert (await decide(idle, key=key, at=NOON + 4 * DAY)).replayed
    assert await state(idle) == "BOUND", "it has still to do what qualifies"
    await decide(late, at=NOON + 3 * DAY)
    assert await state(late) == "QUALIFYING", "its hold goes on"
    await work(NOON + 9 * DAY)
    assert (await state(late), await given(mei)) == ("REWARDED", [("REFERRER", "GRANTED", 100)])
    # what somebody has looked at is not asked about again while no more speaks against it
    await buy(idle, 50_00, at=NOON + 10 * DAY)
    assert await state(idle) == "QUALIFYING"
    with pytest.raises(ReferralNotInReview) as refused:
        await decide(idle, at=NOON + 10 * DAY)
    assert refused.value.state == "QUALIFYING"


async def test_a_review_after_the_hold_is_over_rewards_at_once() -> None:
    await programme()
    await campaign(hold_days=7)
    mei = await member("Mei")
    said = await code(mei)
    await friend(said, device="one phone")
    lan = await friend(said, device="one phone")
    await buy(lan, 50_00)
    await work(NOON + 8 * DAY)
    assert await state(lan) == "REVIEW"
    await decide(lan, at=NOON + 9 * DAY)
    await work(NOON + 9 * DAY)
    assert (await state(lan), await given(mei)) == ("REWARDED", [("REFERRER", "GRANTED", 100)])


async def test_what_was_rejected_never_pays_and_counts_for_nothing() -> None:
    await programme()
    await campaign()
    mei = await member("Mei")
    said = await code(mei)
    await friend(said, device="one phone")
    lan = await friend(said, device="one phone")
    await buy(lan, 50_00, ref="first")
    await decide(lan, Decision.REJECT)
    await happens(PurchaseEventKind.COMPLETED, "first", at=NOON + DAY)
    await buy(lan, 80_00, at=NOON + DAY)
    await refund("first", {"A": 50_00}, at=NOON + 2 * DAY)
    assert await work(NOON + 90 * DAY) == 0
    row = await ROW.row(lan)
    assert row
    assert (await state(lan), row["cause"], await given(mei)) == ("REJECTED", "SAME_HOUSEHOLD", [])


async def test_a_review_nobody_makes_ends_in_a_refusal() -> None:
    await programme()
    await campaign(guards=Guards(review_days=10))
    said = await code(await member("Mei"))
    await friend(said, device="one phone")
    lan = await friend(said, device="one phone")
    await expire({}, NOON + 10 * DAY - MINUTE)
    assert await state(lan) == "REVIEW"
    await expire({}, NOON + 10 * DAY)
    row = await ROW.row(lan)
    assert row
    assert (await state(lan), row["cause"], row["review_until"]) == ("REJECTED", "UNREVIEWED", None)
    with pytest.raises(ReferralNotInReview):
        await decide(lan, at=NOON + 11 * DAY)


async def test_a_refund_during_a_review_leaves_nothing_to_approve() -> None:
    await programme()
    await campaign()
    said = await code(await member("Mei"))
    await friend(said, device="one phone")
    lan = await friend(said, device="one phone")
    await buy(lan, 50_00, ref="first")
    await refund("first", {"A": 50_00}, at=NOON + DAY)
    await decide(lan, at=NOON + 2 * DAY)
    assert await state(lan) == "BOUND"


async def test_nobody_reviews_who_was_never_brought() -> None:
    await programme()
    with pytest.raises(NotFound):
        await decide(await member("Mei"))


async def test_one_who_registers_as_themselves_again_is_refused_and_so_is_a_circle() -> None:
    await programme()
    await campaign(act=QualifyingAct.REGISTERED)
    mei = await member("Mei")
    lan = await friend(await code(mei))
    wang = await friend(await code(lan))
    for who, whose in ((mei, mei), (mei, lan), (mei, wang)):
        with pytest.raises(ReferralNotPossible) as refused:
            await bound(who, await code(whose))
        assert refused.value.reason == ("SELF" if who == whose else "CYCLE")
    again = await member("Mei again")
    await merge(again, mei)
    with pytest.raises(ReferralNotPossible) as refused:
        await bound(mei, await code(lan))
    assert refused.value.reason == "CYCLE"


async def test_what_the_law_forbids_is_not_published() -> None:
    await programme()
    with pytest.raises(ReferralCampaignUnlawful) as refused:
        await campaign(act=QualifyingAct.REGISTERED, milestones=(Milestone(5, Points(100)),))
    assert refused.value.findings == "LAW_HEAD_COUNT"
    with pytest.raises(ReferralCampaignUnlawful):
        await campaign(act=QualifyingAct.REGISTERED, caps=Caps(None, None, None))
    await campaign(act=QualifyingAct.REGISTERED)


def test_a_lint_knows_every_field_of_a_campaign() -> None:
    assert plain(told()).keys() == lint.FIELDS
    assert lint.findings(plain(told(budget=Points(1), hold_days=7))) == []
