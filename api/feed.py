"""The feed: who waits for which member's events, and one look at the database for all of them."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from api import log
from rules import outbox

POLL_SECONDS = 0.5
"""Between looks at what other processes wrote. What this process writes is told at once."""

AWAY_SECONDS = 5.0
"""To wait when the database does not answer."""

AT_ONCE = 1_000
"""How many members one statement asks for."""

_log = logging.getLogger("loyalty.feed")


class Watch:
    """One wait for one member's events."""

    def __init__(self) -> None:
        self.known = -1
        self.is_open = True
        self._stir = asyncio.Event()

    def told(self, seq: int) -> None:
        """The member has events up to that number."""
        if seq > self.known:
            self.known = seq
            self._stir.set()

    def close(self) -> None:
        """Nothing more will be told."""
        self.is_open = False
        self._stir.set()

    async def beyond(self, seq: int) -> bool:
        """Wait until the member has an event beyond that number; False when the feed closes before."""
        while self.is_open and self.known <= seq:
            self._stir.clear()
            await self._stir.wait()
        return self.is_open


class Feed:
    """All the waits of this process. While there are none, nothing is asked of the database."""

    def __init__(self) -> None:
        self.watches: dict[UUID, set[Watch]] = {}
        self._looking: asyncio.Task[None] | None = None

    @contextmanager
    def watch(self, member_id: UUID) -> Iterator[Watch]:
        """Wait for a member's events, as long as the block lasts."""
        watch = Watch()
        self.watches.setdefault(member_id, set()).add(watch)
        outbox.listeners.add(self.told)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            yield watch
        finally:
            self._forget(member_id, watch)

    def _forget(self, member_id: UUID, watch: Watch) -> None:
        found = self.watches[member_id]
        found.discard(watch)
        if not found:
            del self.watches[member_id]
        if not self.watches:
            outbox.listeners.discard(self.told)

    def told(self, member_id: UUID, seq: int) -> None:
        """A member has events up to that number."""
        for watch in self.watches.get(member_id, ()):
            watch.told(seq)

    async def _look(self) -> None:
        """Look for news until nobody waits."""
        log.request_id.set("")
        while True:
            await asyncio.sleep(POLL_SECONDS)
            if not self.watches:
                return
            try:
                await self.look()
            except Exception:
                _log.exception("the database does not tell of events")
                await asyncio.sleep(AWAY_SECONDS)

    async def look(self) -> None:
        """Tell everybody who waits what the database has, with a statement for each thousand members."""
        members = list(self.watches)
        for start in range(0, len(members), AT_ONCE):
            for member_id, seq in (await outbox.latest(members[start : start + AT_ONCE])).items():
                self.told(member_id, seq)

    async def aclose(self) -> None:
        """Let everybody who waits know that nothing more will be told, and look no more."""
        for found in list(self.watches.values()):
            for watch in list(found):
                watch.close()
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait({self._looking})
