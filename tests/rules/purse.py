"""A purse: the points of one member as loose coins, written from the design's words and not from the code.

Each point is a coin of its own, so spending is sorting and taking, giving back is handing back the coins that were
taken last, and nothing is ever reckoned with intervals or running balances. Slow, and plain enough to believe.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime

FOREVER = datetime.max.replace(tzinfo=UTC)


@dataclass(eq=False)
class Coin:
    """One point."""

    came: int
    expires: datetime | None
    order: object = None
    """The order it was earned by, if it was earned by one."""
    pending: bool = False
    begins: datetime | None = None
    """When it can be spent by itself, if it waits for a moment."""
    slides: bool = False

    def is_over(self, now: datetime) -> bool:
        """Valid until the last millisecond before its expiry, and expired at it."""
        return self.expires is not None and now >= self.expires

    def spent_before(self) -> tuple[datetime, int]:
        """Soonest expiry first, never last, then as they came."""
        return self.expires or FOREVER, self.came


@dataclass
class Spending:
    """A redemption: the coins it took, in the order they were taken; those given back are gone from the list."""

    coins: list[Coin]
    original: int = 0
    order: object = None


@dataclass(eq=False)
class Aside:
    """Coins put aside until a moment, in the order in which they would be spent."""

    coins: list[Coin]
    until: datetime


@dataclass
class Purse:
    """One member's coins, and what they owe."""

    coins: list[Coin] = field(default_factory=list)
    asides: list[Aside] = field(default_factory=list)
    debt: int = 0
    earned: int = 0
    spent: int = 0
    expired: int = 0
    parcels: int = 0
    gone: dict[object, int] = field(default_factory=dict)
    """How many coins of an order have expired that no claw-back has come for."""
    sliding: list[Coin] = field(default_factory=list)
    """Every coin there ever was that an activity has live longer."""

    def available(self) -> int:
        """What can be spent."""
        return sum(not coin.pending for coin in self.coins)

    def pending(self) -> int:
        """What waits."""
        return sum(coin.pending for coin in self.coins)

    def held(self) -> int:
        """What is put aside."""
        return sum(len(aside.coins) for aside in self.asides)

    def pass_time(self, now: datetime) -> None:
        """What is put aside comes back when its time is over, and what has expired is gone; each in its turn."""
        ends = [(aside.until, 1, 0, aside) for aside in self.asides if now >= aside.until]
        begun = {(coin.begins, coin.came) for coin in self.coins if coin.pending and coin.begins}
        starts = [(begins, 0, came, None) for begins, came in begun if now >= begins]
        for at, _, came, aside in sorted([*ends, *starts], key=lambda each: each[:3]):
            if aside:
                self.release(aside, at)
            else:
                self.begin(came, at)
        self.expire(now)

    def begin(self, came: int, at: datetime) -> None:
        """The coins of a parcel can be spent from a moment on."""
        for coin in self.coins:
            if coin.came == came:
                coin.pending = False
        self._repay(at)

    def slide(self, until: datetime) -> None:
        """The member did something: coins that slide live until a moment at least, unless they are gone."""
        for coin in self.sliding:
            coin.expires = max(coin.expires or until, until)

    def cancel(self, came: int) -> None:
        """The pending coins of a parcel never become spendable."""
        gone = [coin for coin in self.coins if coin.came == came and coin.pending]
        self._remove(gone)
        self.earned -= len(gone)

    def set_aside(self, count: int, until: datetime) -> Aside | None:
        """Coins put aside, which nothing else can spend and which do not expire; None when there are not enough."""
        if count > self.available():
            return None
        taken = sorted((coin for coin in self.coins if not coin.pending), key=Coin.spent_before)[:count]
        self._remove(taken)
        self.asides.append(Aside(taken, until))
        return self.asides[-1]

    def capture(self, aside: Aside, count: int, now: datetime, order: object = None) -> Spending:
        """The first coins put aside are spent, expired or not; the others come back."""
        taken, aside.coins = aside.coins[:count], aside.coins[count:]
        self.spent += count
        self.release(aside, now)
        return Spending(taken, count, order)

    def release(self, aside: Aside, now: datetime) -> None:
        """Coins put aside come back; what is owed is repaid first, and expired ones are gone."""
        self.asides.remove(aside)
        self.coins += aside.coins
        self._repay(now)

    def expire(self, now: datetime) -> None:
        """Expired coins are worth nothing; those that wait expire when they would become spendable."""
        gone = [coin for coin in self.coins if coin.is_over(now) and not coin.pending]
        self._remove(gone)
        self.expired += len(gone)
        for coin in gone:
            if coin.order is not None:
                self.gone[coin.order] = self.gone.get(coin.order, 0) + 1

    def put(
        self,
        count: int,
        now: datetime,
        *,
        expires: datetime | None,
        order: object,
        pending: bool,
        begins: datetime | None = None,
        slides: bool = False,
    ) -> int:
        """New coins, as a parcel with a number; what is owed is repaid from those that can be spent."""
        self.parcels += 1
        new = [Coin(self.parcels, expires, order, pending, begins, slides) for _ in range(count)]
        self.coins += new
        self.sliding += new if slides else []
        self._repay(now)
        return self.parcels

    def take(self, count: int, order: object = None) -> Spending | None:
        """Coins taken for a reward; None when there are not enough, and then nothing is taken."""
        if count > self.available():
            return None
        taken = sorted((coin for coin in self.coins if not coin.pending), key=Coin.spent_before)[:count]
        self._remove(taken)
        self.spent += count
        return Spending(taken, count, order)

    def hand_back(self, spending: Spending, count: int, now: datetime, *, grace: datetime) -> None:
        """The coins taken last come back first; an expired one is replaced by one that lives until `grace`."""
        back = [spending.coins.pop() for _ in range(count)]
        self.parcels += 1
        self.coins += [Coin(self.parcels, grace) if coin.is_over(now) else coin for coin in back]
        self.spent -= count
        self._repay(now)

    def claw_back(self, count: int, order: object) -> None:
        """Pending coins of the order, its spendable ones, then any soonest expiry first, then a debt.

        Coins of the order that have expired are nobody's any more: nothing else is taken for them.
        """
        coins = sorted(self.coins, key=Coin.spent_before)
        pending = [coin for coin in coins if coin.order == order and coin.pending]
        active = [coin for coin in coins if coin.order == order and not coin.pending]
        others = [coin for coin in coins if coin.order != order and not coin.pending]
        before = max(0, min(self.gone.get(order, 0), count - len(pending) - len(active)))
        if before:
            self.gone[order] -= before
        count -= before
        self.earned -= count
        taken = [*pending, *active, *others][:count]
        self._remove(taken)
        self.debt += count - len(taken)

    def activate(self, now: datetime) -> None:
        """What waited, and not for a moment, can be spent."""
        for coin in self.coins:
            coin.pending = coin.pending and coin.begins is not None
        self._repay(now)

    def _repay(self, now: datetime) -> None:
        self.expire(now)
        spendable = sorted((coin for coin in self.coins if not coin.pending), key=Coin.spent_before)
        repaid = spendable[: self.debt]
        self._remove(repaid)
        self.debt -= len(repaid)

    def _remove(self, coins: list[Coin]) -> None:
        gone = {id(coin) for coin in coins}
        self.coins = [coin for coin in self.coins if id(coin) not in gone]


def share(original: int, refunded: int, paid: int) -> int:
    """How much of an original is undone once so much of the paid sum is refunded: rounded down, in the end all."""
    return original if refunded == paid else original * refunded // paid
