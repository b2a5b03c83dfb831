"""Two shoppers against their models: what one gives the other has, and no point is lost or made on the way."""

from collections import Counter
from datetime import datetime, timedelta
from itertools import groupby
from random import Random  # noqa: TID251  tests take a seed

import pytest

from models.invariants import violations
from models.units import Points, ReasonCode
from rules import points
from rules.points import Receiver
from tests.lengths import examples, is_long
from tests.people import CLERK, balance, fresh_key, member, merge, programme, refund, release
from tests.rules.purse import Coin, Purse
from tests.stories.test_model import GRACE_DAYS, LADDER, LEFT, MIDNIGHT, OVER, Life, told

DEEDS = {
    "buy": 6,
    "refund": 2,
    "redeem": 3,
    "give_back": 1,
    "hold": 2,
    "capture": 2,
    "let_go": 1,
    "freeze": 1,
    "thaw": 2,
    "sleep": 3,
    "owe": 1,
    "give": 6,
}
"""What they do, and how often."""

STEPS = 40


def hand(giver: Purse, taker: Purse, count: int) -> bool:
    """Coins of one are the other's, to be spent as their giver would have; False when there are not enough."""
    if count > giver.available():
        return False
    taken = sorted((coin for coin in giver.coins if not coin.pending), key=Coin.spent_before)[:count]
    giver._remove(taken)
    for _, parcel in groupby(taken, lambda coin: coin.came):
        taker.parcels += 1
        taker.coins += [Coin(taker.parcels, coin.expires) for coin in parcel]
    return True


class Two:
    """Two shoppers, in the house and in the model."""

    def __init__(self, one: Life, other: Life) -> None:
        self.lives = (one, other)
        self.given = 0
        """How often one gave to the other."""

    async def step(self, name: str, size: int, which: int) -> None:
        one, other = self.lives if which % 2 else self.lives[::-1]
        if name == "sleep":
            for life in self.lives:
                life.model.now += timedelta(days=which)
        elif name == "give":
            await self.give(one, other, size // 3 + 1)
        elif name == "owe":
            await self.owe(one, size, which)
        else:
            await one.step(name, size, which)

    async def owe(self, one: Life, size: int, which: int) -> None:
        """Somebody buys, loses all they have, and brings the things back."""
        await one.step("buy", size, which)
        if available := one.model.purse.available():
            await one.step("take", 2 * (available - 1), 0)
        order = one.model.orders[-1]
        for line in [line for line, left in order.lines.items() if left]:
            amount, order.lines[line] = order.lines[line], 0
            await refund(order.ref, {line: amount}, at=one.model.now)
            one.model.refunds(order, amount)

    async def give(self, one: Life, other: Life, size: int) -> None:
        """The desk moves points from one to the other."""
        now = one.model.now
        for life in self.lives:
            life.model.purse.pass_time(now)
        expected = "RECEIVER_NOT_ACTIVE" if other.model.frozen else None
        if expected is None and not hand(one.model.purse, other.model.purse, size):
            expected = "INSUFFICIENT_POINTS"
        if expected is None:
            other.model.purse._repay(now)
            self.given += 1
        reason = ReasonCode("FAMILY")
        to = Receiver(id=other.mei)
        done = points.transfer(one.mei, to, Points(size), reason=reason, key=fresh_key(), actor=CLERK, now=now)
        _, code = await told(done)
        assert code == expected


class Merged(Life):
    """One shopper, who was two."""

    def __init__(self, one: Life, other: Life) -> None:
        super().__init__(one.mei)
        self.former = other.mei
        self.model = one.model
        purse, came = self.model.purse, other.model.purse
        for _, parcel in groupby(sorted(came.coins, key=lambda coin: coin.came), lambda coin: coin.came):
            purse.parcels += 1
            for coin in parcel:
                coin.came = purse.parcels
                purse.coins.append(coin)
        purse.debt += came.debt
        purse.earned, purse.spent = purse.earned + came.earned, purse.spent + came.spent
        purse.expired += came.expired
        purse._repay(self.model.now)
        self.model.tier = max(self.model.tier, other.model.tier)
        self.model.orders += other.model.orders
        self.model.spendings += other.model.spendings
        self.model.grows(other.model.growth)

    async def compare(self) -> None:
        """One account has everything; what was ever earned and spent is told by both."""
        self.model.purse.pass_time(self.model.now)
        ours, former = await balance(self.mei), await balance(self.former)
        over = await OVER.value(self.mei, self.model.now)
        purse = self.model.purse
        assert (former["available"], former["pending"], former["held"], former["debt"]) == (0, 0, 0, 0)
        assert (ours["available"] - over, ours["pending"], ours["debt"]) == (
            purse.available(),
            purse.pending(),
            purse.debt,
        )
        assert ours["lifetime_earned"] + former["lifetime_earned"] == purse.earned
        assert ours["lifetime_spent"] + former["lifetime_spent"] == purse.spent
        assert ours["lifetime_expired"] + former["lifetime_expired"] + over == purse.expired
        assert (ours["growth"], ours["tier"]) == (self.model.growth, LADDER[self.model.tier].code)
        lots: Counter[tuple[datetime | None, bool]] = Counter()
        for row in await LEFT.rows(self.mei, self.model.now):
            lots[row["expires_at"], row["active"]] += row["points"]
        assert lots == Counter((coin.expires, not coin.pending) for coin in purse.coins)


async def merged(two: Two) -> Merged:
    """The second turns out to be the first, once nothing is held and nobody is frozen."""
    for life in two.lives:
        await life.step("thaw", 1, 0)
        for aside, hold_id, _ in life.model.holds:
            if aside in life.model.purse.asides:
                await release(life.mei, hold_id, at=life.model.now)
                life.model.purse.release(aside, life.model.now)
    one, other = two.lives
    await merge(other.mei, one.mei, at=one.model.now)
    return Merged(one, other)


@pytest.mark.parametrize("seed", range(examples(6)))
async def test_whatever_two_shoppers_do_each_has_what_the_models_say(seed: int) -> None:
    await programme(ladder=LADDER, expire_months=1, restore_grace_days=GRACE_DAYS)
    two, chance = Two(Life(await member("Mei", at=MIDNIGHT)), Life(await member("Lan", at=MIDNIGHT))), Random(seed)
    for name in chance.choices(list(DEEDS), list(DEEDS.values()), k=STEPS):
        await two.step(name, chance.randint(1, 199), chance.randint(0, 9))
        for life in two.lives:
            await life.compare()
    assert two.given or is_long(), "of few seeds each has somebody give something"
    assert await violations() == []


@pytest.mark.parametrize("seed", range(examples(6)))
async def test_two_shoppers_who_turn_out_to_be_one_have_what_both_models_have(seed: int) -> None:
    await programme(ladder=LADDER, expire_months=1, restore_grace_days=GRACE_DAYS)
    two, chance = Two(Life(await member("Mei", at=MIDNIGHT)), Life(await member("Lan", at=MIDNIGHT))), Random(seed)
    for name in chance.choices(list(DEEDS), list(DEEDS.values()), k=STEPS // 2):
        await two.step(name, chance.randint(1, 199), chance.randint(0, 9))
    one = await merged(two)
    await one.compare()
    for name in chance.choices(["buy", "refund", "refund", "redeem", "put", "take", "sleep"], k=STEPS // 2):
        await one.step(name, chance.randint(1, 199), chance.randint(0, 9))
        await one.compare()
    assert await violations() == []
