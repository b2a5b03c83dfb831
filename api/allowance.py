"""Allowances: how much each caller may still ask for, counted in this process and settled with the others.

Nothing here knows of a protocol: whoever runs something for a caller takes its cost first, with `of` and `take`,
and gives back what it did not cost.
"""

import asyncio
import logging
import math
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from api.clock import now
from rules import rates
from rules.actors import Principal
from rules.rates import Rate, Taken, Wait, kind_of

BUCKETS = 50_000
"""How many callers are remembered. The longest unused is forgotten first; it is whole again after half a minute."""

AT_ONCE = 1_000
"""How many buckets are settled in one transaction."""

EVERY, AWAY = 1.0, 5.0
"""Seconds between settlings, and after one that failed."""

_log = logging.getLogger("loyalty.allowance")


@dataclass(slots=True)
class Bucket:
    """How full a caller's bucket is, and what of that the other processes have not been told."""

    rate: Rate
    at: float
    level: float = 0.0
    """Points not yet leaked away at `at`."""
    unsettled: int = 0

    def leak(self, moment: float) -> None:
        """Let go of what time has given back."""
        level = self.level - (moment - self.at) * self.rate.restore
        self.at = moment
        if level > 0:
            self.level = level
            return
        self.level = 0.0
        self.unsettled = max(0, self.unsettled)

    @property
    def available(self) -> int:
        """Points that may be taken now."""
        return max(0, int(self.rate.maximum - self.level))


class Allowance:
    """The allowances of all callers, as this process knows them."""

    def __init__(
        self, table: Mapping[str, Rate] = rates.RATES, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.table = table
        self.clock = clock
        self.buckets: OrderedDict[str, Bucket] = OrderedDict()
        self.due: dict[str, Bucket] = {}
        """The buckets of which the other processes may not have been told all."""

    def of(self, principal: Principal | None, network: str | None) -> "Share":
        """The allowance of one caller; of nobody, that of their network."""
        rate = self.table["NOBODY" if principal is None else principal.kind]
        return Share(self, key_of(principal, network), rate)

    def forget(self) -> None:
        """Let everybody begin anew."""
        self.buckets.clear()
        self.due.clear()

    async def settle(self, moment: datetime) -> None:
        """Tell the other processes what was spent here, and learn what was spent there."""
        due = list(self.due.items())
        for start in range(0, len(due), AT_ONCE):
            found = dict(due[start : start + AT_ONCE])
            spent = {key: bucket.unsettled for key, bucket in found.items() if bucket.unsettled > 0}
            levels = await rates.settle(spent, self.table, now=moment) if spent else {}
            for key, level in levels.items():
                bucket = found[key]
                bucket.unsettled -= spent[key]
                bucket.level, bucket.at = max(0.0, level + bucket.unsettled), self.clock()
            for key, bucket in found.items():
                if bucket.unsettled <= 0 and self.due.get(key) is bucket:
                    del self.due[key]

    def bucket(self, key: str) -> Bucket:
        """A caller's bucket as it is now."""
        buckets = self.buckets
        bucket = buckets.get(key)
        if bucket is not None:
            buckets.move_to_end(key)
            bucket.leak(self.clock())
            return bucket
        bucket = buckets[key] = Bucket(self.table[kind_of(key)], self.clock())
        if len(buckets) > BUCKETS:
            forgotten, _ = buckets.popitem(last=False)
            self.due.pop(forgotten, None)
        return bucket


class Share:
    """One caller's allowance."""

    __slots__ = ("key", "rate", "whole")

    def __init__(self, whole: Allowance, key: str, rate: Rate) -> None:
        self.whole = whole
        self.key = key
        self.rate = rate

    @property
    def maximum(self) -> int:
        """The most there may ever be of it."""
        return self.rate.maximum

    def take(self, points: int) -> Taken | Wait:
        """Take points before something runs, or say how long to wait; nothing is taken then."""
        bucket, rate = self.whole.bucket(self.key), self.rate
        level = bucket.level + points
        left = rate.maximum - level
        if left < 0:
            return Wait(max(1, math.ceil(-left / rate.restore)), bucket.available, rate)
        bucket.level = level
        bucket.unsettled += points
        self.whole.due[self.key] = bucket
        return Taken(points, int(left), rate)

    def give_back(self, points: int) -> int:
        """Give back what was taken and not needed, and say what is available now."""
        bucket = self.whole.bucket(self.key)
        bucket.level = max(0.0, bucket.level - points)
        bucket.unsettled -= points
        return bucket.available


def key_of(principal: Principal | None, network: str | None) -> str:
    """Whose allowance it is: a member's, one of the staff's, a partner's, a shop's, or a network's."""
    if principal is None:
        return f"NOBODY:{network or ''}"
    # a kind is a text; put together like this, it takes a third of the time
    return principal.kind + ":" + (principal.source or principal.id)


@asynccontextmanager
async def settling(allowance: Allowance) -> AsyncIterator[None]:
    """The allowance settled with the other processes' about once a second, beside whatever else this one does."""
    task = asyncio.create_task(_settle(allowance))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def _settle(allowance: Allowance) -> None:
    while True:
        try:
            await allowance.settle(now())
        except Exception as error:
            # without the database each process goes on by its own count, and tells it later
            _log.warning("allowances could not be settled: %s", type(error).__name__)
            await asyncio.sleep(AWAY)
        await asyncio.sleep(EVERY)
