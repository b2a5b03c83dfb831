"""Points that slide: each activity of the member has them live longer, and what comes back of them, too."""

from uuid import UUID

from models.invariants import violations
from rules.policy import Expiry, ExpiryMode, Span
from tests.people import DAY, NOON, balance, buy, give_back, lots, member, programme, publish, redeem


async def sliding() -> UUID:
    """A member whose points of the tenth of March have slid to the thirtieth of April by a second purchase."""
    await programme()
    await publish(expiry=Expiry(ExpiryMode.SLIDING, 1, Span.MONTH))
    mei = await member("Mei")
    await buy(mei, 100_00)
    await buy(mei, 1_00, at=NOON + 20 * DAY)
    return mei


async def test_what_comes_back_to_points_that_have_slid_lives_as_they_do() -> None:
    mei = await sliding()
    spent = await redeem(mei, 50, at=NOON + 40 * DAY)
    await give_back(mei, spent.transaction_id, at=NOON + 41 * DAY)
    assert [row["remaining"] for row in await lots(mei)] == [100, 1]
    assert await violations() == []


async def test_so_it_is_where_all_of_them_was_spent() -> None:
    mei = await sliding()
    spent = await redeem(mei, 101, at=NOON + 40 * DAY)
    await give_back(mei, spent.transaction_id, 20, at=NOON + 41 * DAY)
    await give_back(mei, spent.transaction_id, at=NOON + 41 * DAY)
    assert [row["remaining"] for row in await lots(mei)] == [100, 1]
    assert await violations() == []


async def test_what_comes_back_to_points_that_were_written_off_has_its_grace_only() -> None:
    mei = await sliding()
    spent = await redeem(mei, 50, at=NOON + 40 * DAY)
    later = NOON + 140 * DAY
    await buy(mei, 7_00, at=later)
    assert (await balance(mei))["available"] == 7
    await give_back(mei, spent.transaction_id, at=later + DAY)
    assert [row["remaining"] for row in await lots(mei)] == [0, 0, 7, 50]
    assert (await redeem(mei, 57, at=later + 8 * DAY)).available == 0
    assert await violations() == []
