"""Points and tiers: what may be spent, returned and adjusted, and how a purchase lifts its member."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from models.sql import SQL
from models.units import MOVE_MAX, BasisPoints, Growth, Points
from rules import members, points, vault
from rules import programme as programmes
from rules.points import AboveTierLimit, BalanceChanged, InsufficientPoints, PointsLimit, RefundExceedsOriginal
from rules.programme import NoProgramme, ProgrammeExists, ProgrammeTermsInvalid, Rung, TierSchemeInvalid
from rules.refusals import NotFound, Refusal
from tests.people import (
    LADDER,
    NOON,
    adjust,
    balance,
    buy,
    freeze,
    give_back,
    lots,
    member,
    movements,
    programme,
    redeem,
    refund,
)

NOTE = SQL("SELECT sealed FROM points_note WHERE member_id = $1 AND transaction_id = $2")
STEPS = SQL(
    "SELECT c.cause, t.code FROM tier_change c JOIN tier t ON t.id = c.to_tier_id WHERE c.member_id = $1"
    " ORDER BY c.id"
)
LIMITED = (Rung("BASIC", "Basic", Growth(0), redeem_limit_points=Points(50)), *LADDER[1:])


async def test_the_last_point_can_be_spent_and_not_one_more() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 80_00)
    for wanted, available in [(81, 80), (10**9, 80)]:
        with pytest.raises(InsufficientPoints) as refused:
            await redeem(mei, wanted)
        assert (refused.value.wanted, refused.value.available) == (wanted, available)
    posted = await redeem(mei, 80)
    assert (posted.available, posted.replayed) == (0, False)
    with pytest.raises(InsufficientPoints):
        await redeem(mei, 1)


async def test_a_tier_may_limit_one_redemption() -> None:
    await programme(ladder=LIMITED)
    mei = await member("Mei")
    await buy(mei, 200_00)
    with pytest.raises(AboveTierLimit) as refused:
        await redeem(mei, 51)
    assert (refused.value.wanted, refused.value.limit) == (51, 50)
    await redeem(mei, 50)
    await redeem(mei, 50)
    await buy(mei, 800_00)
    assert (await balance(mei))["tier"] == "SILVER"
    await redeem(mei, 900)


async def test_a_preview_tells_everything_that_stands_against_a_redemption_and_writes_nothing() -> None:
    await programme(ladder=LIMITED)
    mei = await member("Mei")
    await buy(mei, 60_00)
    await freeze(mei)
    before = await balance(mei)
    chance = await points.preview(mei, Points(61), now=NOON)
    said = [type(each) for each in chance.objections]
    assert [each.code() for each in said] == ["MEMBER_FROZEN", "ABOVE_TIER_LIMIT", "INSUFFICIENT_POINTS"]
    assert (chance.available, chance.limit) == (60, 50)
    assert await balance(mei) == before
    with pytest.raises(said[0]):
        await redeem(mei, 61)
    with pytest.raises(NotFound):
        await points.preview(uuid4(), Points(1), now=NOON)


async def test_a_preview_of_what_is_allowed_has_no_objections() -> None:
    await programme(expire_months=1)
    mei = await member("Mei")
    await buy(mei, 60_00)
    assert (await points.preview(mei, Points(60), now=NOON)).objections == []
    later = NOON + timedelta(days=60)
    chance = await points.preview(mei, Points(60), now=later)
    assert ([each.code() for each in chance.objections], chance.available) == (["INSUFFICIENT_POINTS"], 0)
    assert (await balance(mei))["available"] == 60, "a preview writes nothing off either"


async def test_expired_points_are_written_off_by_whatever_comes_next() -> None:
    await programme(expire_months=1)
    mei = await member("Mei")
    await buy(mei, 60_00)
    later = NOON + timedelta(days=60)
    with pytest.raises(InsufficientPoints):
        await redeem(mei, 1, at=later)
    assert await movements(mei) == [("EARN", 60)], "a refusal leaves nothing behind"
    await adjust(mei, 5, at=later)
    assert await movements(mei) == [("EARN", 60), ("EXPIRE", -60), ("ADJUST_IN", 5)]
    assert (await balance(mei))["lifetime_expired"] == 60


async def test_a_return_asked_for_before_midnight_that_comes_after_it_expires_with_its_lot() -> None:
    await programme(expire_months=1)
    mei = await member("Mei")
    await buy(mei, 60_00)
    spent = await redeem(mei, 20)
    [lot] = await lots(mei)
    midnight = lot["expires_at"]
    await adjust(mei, 5, at=midnight)
    await give_back(mei, spent.transaction_id, 8, at=midnight - timedelta(milliseconds=1))
    await give_back(mei, spent.transaction_id, 9, at=midnight - timedelta(milliseconds=1))
    assert (await balance(mei))["available"] == 22
    await adjust(mei, 1, at=midnight)
    assert [points for kind, points in await movements(mei) if kind == "EXPIRE"] == [-40, -17]
    assert ((await balance(mei))["available"], (await balance(mei))["lifetime_expired"]) == (6, 57)


async def test_staff_adjust_by_an_amount_and_only_from_the_balance_they_saw() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 60_00)
    with pytest.raises(BalanceChanged) as refused:
        await adjust(mei, 10, expected=59)
    assert refused.value.available == 60
    await adjust(mei, 10, expected=60)
    await adjust(mei, -70)
    with pytest.raises(InsufficientPoints):
        await adjust(mei, -1)
    with pytest.raises(PointsLimit):
        await adjust(mei, MOVE_MAX + 1)
    with pytest.raises(PointsLimit):
        await adjust(mei, -MOVE_MAX - 1)
    now = await balance(mei)
    assert (now["available"], now["lifetime_earned"], now["lifetime_spent"]) == (0, 60, 0)


async def test_adjusted_points_expire_like_others_and_count_for_no_tier() -> None:
    await programme(expire_months=12)
    mei = await member("Mei")
    await adjust(mei, 5_000)
    terms = await programmes.terms()
    assert [lot["expires_at"] for lot in await lots(mei)] == [terms.expiry(NOON)]
    now = await balance(mei)
    assert (now["available"], now["growth"], now["tier"]) == (5_000, 0, "BASIC")


async def test_a_redemption_is_given_back_once_and_only_a_redemption() -> None:
    await programme()
    mei, wang = await member("Mei"), await member("Wang")
    await buy(mei, 60_00)
    spent = await redeem(mei, 50)
    await give_back(mei, spent.transaction_id, 20)
    with pytest.raises(RefundExceedsOriginal) as refused:
        await give_back(mei, spent.transaction_id, 31)
    assert (refused.value.wanted, refused.value.left) == (31, 30)
    returned = await give_back(mei, spent.transaction_id)
    assert returned.available == 60
    with pytest.raises(RefundExceedsOriginal):
        await give_back(mei, spent.transaction_id)
    for whose, what in [(mei, returned.transaction_id), (wang, spent.transaction_id), (mei, uuid4())]:
        with pytest.raises(NotFound):
            await give_back(whose, what, 1)


async def test_a_note_is_kept_sealed_beside_the_ledger() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 60_00)
    posted = await redeem(mei, 5, note="a cup for Auntie")
    row = await NOTE.row(mei, posted.transaction_id)
    assert row is not None
    assert b"Auntie" not in row["sealed"]
    wrapped = await members.wrapped_key(mei)
    column = f"note:{posted.transaction_id}"
    assert vault.unlocked().open(wrapped, mei, column, row["sealed"]) == "a cup for Auntie"


async def test_one_purchase_earns_no_more_than_one_movement_may_carry() -> None:
    await programme(earn_points=1, earn_minor=1)
    mei = await member("Mei")
    with pytest.raises(PointsLimit) as refused:
        await buy(mei, MOVE_MAX + 1)
    assert refused.value.limit == MOVE_MAX
    await buy(mei, MOVE_MAX)
    assert (await balance(mei))["available"] == MOVE_MAX


async def test_a_purchase_lifts_its_member_at_once_and_earns_by_the_tier_held_before() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 999_99)
    assert ((await balance(mei))["tier"], (await balance(mei))["available"]) == ("BASIC", 999)
    lifted = await buy(mei, 1_00)
    assert (lifted.tier, lifted.growth) == ("SILVER", 1)
    assert (await balance(mei))["available"] == 1_000
    again = await buy(mei, 99_00)
    assert again.tier is None
    now = await balance(mei)
    assert (now["available"], now["growth"]) == (1_000 + 99 + 9, 1_099)
    assert (await movements(mei))[-2:] == [("EARN", 99), ("BONUS", 9)]


async def test_a_big_purchase_may_skip_a_tier() -> None:
    await programme()
    mei = await member("Mei")
    assert (await buy(mei, 5_000_00)).tier == "GOLD"
    assert [(row["cause"], row["code"]) for row in await STEPS.rows(mei)] == [
        ("JOINED", "BASIC"),
        ("UPGRADED", "GOLD"),
    ]


async def test_a_refund_takes_growth_back_and_lowers_no_tier() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 5_000_00, ref="sofa")
    await refund("sofa", {"A": 5_000_00})
    now = await balance(mei)
    assert (now["growth"], now["tier"], now["available"]) == (0, "GOLD", 0)
    assert (await buy(mei, 100_00)).tier is None
    assert (await movements(mei))[-2:] == [("EARN", 100), ("BONUS", 25)]


async def test_small_purchases_that_earn_nothing_leave_no_movement() -> None:
    await programme()
    mei = await member("Mei")
    told = await buy(mei, 99)
    assert (told.transaction_ids, told.growth) == ((), 0)
    assert await movements(mei) == []
    await buy(mei, 5_000_00)
    await buy(mei, 3_00)
    assert (await movements(mei))[-1] == ("EARN", 3), "a bonus of less than a point is none"


async def test_a_programme_is_set_up_once() -> None:
    with pytest.raises(NoProgramme):
        await member("Mei")
    await programme()
    before = await programmes.terms()
    assert await programme(earn_points=2, earn_minor=200) == before, "the same rate in other words"
    for other in ({"currency": "GBP"}, {"earn_points": 2}, {"expire_months": 12}, {"ladder": LADDER[:2]}):
        with pytest.raises(ProgrammeExists):
            await programme(**other)
    assert await programmes.terms() == before


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"timezone": "Mars/Olympus"}, ProgrammeTermsInvalid),
        ({"expire_months": 0}, ProgrammeTermsInvalid),
        ({"ladder": (Rung("TOP", "Top", Growth(5), BasisPoints(9)),)}, TierSchemeInvalid),
    ],
)
async def test_terms_that_cannot_be_kept_set_nothing_up(wrong: dict[str, object], refusal: type[Refusal]) -> None:
    with pytest.raises(refusal):
        await programme(**wrong)
    with pytest.raises(NoProgramme):
        await programmes.terms()


async def test_the_same_cause_never_moves_points_twice_even_when_its_key_is_forgotten() -> None:
    await programme()
    mei = await member("Mei")
    bought = await buy(mei, 80_00, ref="tea")
    await SQL("DELETE FROM idempotency_key WHERE owner_id = $1").run(mei)
    again = await buy(mei, 80_00, ref="tea")
    assert again.purchase_id == bought.purchase_id
    assert isinstance(bought.purchase_id, UUID)
    assert await movements(mei) == [("EARN", 80)]
