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
from datetime import datetime

from api.clock import now
from rules import rates
from rules.actors import Principal
from rules.rates import Rate, Taken, Wait

BUCKETS = 50_000
"""How many callers are remembered. The longest unused is forgotten first; it is whole again after half a minute."""

AT_ONCE = 1_000
"""How many buckets are settled in one transaction."""

EVERY, AWAY = 1.0, 5.0
"""Seconds between settlings, and after one that failed."""

_log = logging.getLogger("loyalty.allowance")


class Bucket:
    """One caller's allowance: how full their bucket is, and what of that the other processes have not been told."""

    __slots__ = ("at", "key", "level", "rate", "unsettled", "whole")

    def __init__(self, whole: "Allowance", key: str, rate: Rate) -> None:
        self.whole = whole
        self.key = key
        self.rate = rate
        self.at = whole.clock()
        self.level = 0.0
        """Points not yet leaked away at `at`."""
        self.unsettled = 0

    @property
    def maximum(self) -> int:
        """The most there may ever be of it."""
        return self.rate.maximum

    @property
    def available(self) -> int:
        """Points that may be taken now."""
        return max(0, int(self.rate.maximum - self.level))

    def take(self, points: int) -> Taken | Wait:
        """Take points before something runs, or say how long to wait; nothing is taken then."""
        self._leak()
        rate, level = self.rate, self.level + points
        left = rate.maximum - level
        if left < 0:
            return Wait(max(1, math.ceil(-left / rate.restore)), self.available, rate)
        self.level = level
        self.unsettled += points
        self.whole.due[self.key] = self
        return Taken(points, int(left), rate)

    def give_back(self, points: int) -> int:
        """Give back what was taken and not needed, and say what is available now."""
        self._leak()
        self.level = max(0.0, self.level - points)
        self.unsettled -= points
        return self.available

    def _leak(self) -> None:
        """Let go of what time has given back."""
        moment = self.whole.clock()
        level = self.level - (moment - self.at) * self.rate.restore
        self.at = moment
        if level > 0:
            self.level = level
            return
        self.level = 0.0
        self.unsettled = max(0, self.unsettled)


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

    def of(self, principal: Principal | None, network: str | None) -> Bucket:
        """The allowance of one caller; of nobody, that of their network. It holds for what they ask now."""
        key, buckets = key_of(principal, network), self.buckets
        bucket = buckets.get(key)
        if bucket is not None:
            buckets.move_to_end(key)
            return bucket
        bucket = buckets[key] = Bucket(self, key, self.table["NOBODY" if principal is None else principal.kind])
        if len(buckets) > BUCKETS:
            forgotten, _ = buckets.popitem(last=False)
            self.due.pop(forgotten, None)
        return bucket

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
