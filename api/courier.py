"""The courier: puts events on their way to webhook endpoints, and carries them there.

Any number may run. Of one endpoint's deliveries a courier has a few in hand, so that a slow endpoint holds up none
but itself; of all together, a bounded number.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from uuid import UUID

from api.clock import now
from api.reach import AT_ONCE, Reach
from api.watching import WEBHOOKS
from models.database import is_away
from models.webhooks import DeliveryState
from rules import webhooks
from rules.webhooks import Outcome, Parcel
from schema.webhooks import envelope

IDLE = 0.5
"""Seconds between looks when nothing is due."""

AWAY = 5.0
"""Seconds to wait when the database does not answer."""

PER_ENDPOINT = 4
"""How many deliveries to one endpoint are under way at once."""

FOR_PARTNERS = AT_ONCE // 2
"""How many deliveries to endpoints of partners are under way at once, one to each: however slow those are, there is
room for the programme's."""

LEAVE_SECONDS = 5.0
"""How long what is under way has at the end."""

SPREADS = 20
"""How often events are put on their way in a row before deliveries have their turn."""

_log = logging.getLogger("loyalty.webhooks")


class Courier:
    """Carries events until it is stopped."""

    def __init__(self, clock: Callable[[], datetime], reach: Reach, to_partners: Reach) -> None:
        self.clock = clock
        self.reach = reach
        self.to_partners = to_partners
        """Its own: a look-up that is given up keeps its thread for as long as the resolver waits for somebody's
        name server, and partners choose whose."""
        self.stopping = asyncio.Event()
        self._stir = asyncio.Event()
        self._under_way: dict[UUID, set[asyncio.Task[None]]] = {}
        self._to_partners: set[UUID] = set()

    async def run(self) -> None:
        """Work until `stop` is called; what is under way is finished first, if that is soon."""
        while not self.stopping.is_set():
            self._stir.clear()
            try:
                pause = 0.0 if await self.once() else IDLE
            except Exception as error:
                # the database may be away for a while; the courier outlives that
                away = is_away(error)
                said = "the courier could not look for events: %s"
                _log.error(said, type(error).__name__, exc_info=None if away else error)
                pause = AWAY
            if pause:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stir.wait(), pause)
        await self.settle(LEAVE_SECONDS)

    def stop(self) -> None:
        """Ask the courier to end."""
        self.stopping.set()
        self._stir.set()

    async def once(self) -> int:
        """Put what is new on its way, set out with what is due, and say how much of both there was."""
        did = 0
        for _ in range(SPREADS):
            spread = await webhooks.spread(self.clock())
            did += spread
            if not spread:
                break
        for endpoint_id, is_partners in (await webhooks.due(self.clock())).items():
            did += await self._set_out(endpoint_id, is_partners=is_partners)
        return did

    def _room(self, endpoint_id: UUID, *, is_partners: bool) -> int:
        """How many more deliveries to an endpoint may be under way."""
        mine, all_of_them = len(self._under_way.get(endpoint_id, ())), sum(map(len, self._under_way.values()))
        if is_partners:
            return min(1 - mine, FOR_PARTNERS - len(self._to_partners), AT_ONCE - all_of_them)
        return min(PER_ENDPOINT - mine, AT_ONCE - all_of_them)

    async def _set_out(self, endpoint_id: UUID, *, is_partners: bool) -> int:
        """Set out to an endpoint with as much as there is room for."""
        room = self._room(endpoint_id, is_partners=is_partners)
        if room <= 0:
            return 0
        parcels = await webhooks.claim(endpoint_id, room, now=self.clock())
        events = await webhooks.contents(parcels)
        for parcel in parcels:
            if is_partners:
                self._to_partners.add(endpoint_id)
            task = asyncio.create_task(self._carry(parcel, events.get(parcel.event_id)))
            self._under_way.setdefault(endpoint_id, set()).add(task)
            task.add_done_callback(lambda done: self._back(endpoint_id, done))
        return len(parcels)

    def _back(self, endpoint_id: UUID, task: "asyncio.Task[None]") -> None:
        found = self._under_way[endpoint_id]
        found.discard(task)
        if not found:
            del self._under_way[endpoint_id]
            self._to_partners.discard(endpoint_id)
        self._stir.set()

    async def _carry(self, parcel: Parcel, event: dict[str, object] | None) -> None:
        """Carry one delivery there, and write down how it went."""
        try:
            if event is None and parcel.type != webhooks.TEST:
                # it waited, at a disabled endpoint, until its event was swept or its settlement rejected
                if await webhooks.give_up(parcel, now=self.clock()):
                    _log.warning("a delivery outlived its event", extra={"delivery": str(parcel.id)})
                    WEBHOOKS.labels("dead").inc()
                return
            body = await envelope(parcel, event)
            marks = webhooks.headers(parcel.name, body, parcel.secrets, self.clock())
            sent = {**marks, "content-type": "application/json", "user-agent": "loyalty-webhooks"}
            reach = self.reach if parcel.partner_id is None else self.to_partners
            outcome = await reach.post(parcel.url, body, sent)
            state = await webhooks.report(parcel, outcome, now=self.clock())
            _count(state, outcome)
        except Exception:
            # the lease runs out, and it is carried again
            _log.exception("a delivery could not be carried", extra={"delivery": str(parcel.id)})

    async def settle(self, seconds: float) -> None:
        """Wait for what is under way, and give up what takes longer: it falls to whoever works afterwards."""
        tasks = {task for each in self._under_way.values() for task in each}
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)
        left = {task for task in tasks if not task.done()}
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left)


def _count(state: DeliveryState | None, outcome: Outcome) -> None:
    if state is None:
        WEBHOOKS.labels("late").inc()
    elif state is DeliveryState.PENDING:
        WEBHOOKS.labels("failed").inc()
    else:
        WEBHOOKS.labels("delivered" if outcome.is_success else "dead").inc()


@asynccontextmanager
async def carrying(*, may_loop: bool) -> AsyncIterator[Courier]:
    """A courier beside whatever else this process does."""
    reach, to_partners = Reach(may_loop=may_loop), Reach(may_loop=may_loop)
    courier = Courier(now, reach, to_partners)
    task = asyncio.create_task(courier.run())
    try:
        yield courier
    finally:
        courier.stop()
        await asyncio.wait({task})
        await reach.aclose()
        await to_partners.aclose()
