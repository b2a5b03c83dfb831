"""A courier for the tests: it goes when it is told to, by a clock that stands, to receivers on this machine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from uuid import UUID

from api.courier import Courier
from api.reach import Reach
from models.sql import SQL
from rules import webhooks
from rules.webhooks import Added, Wish
from tests.people import CLERK, NOON, buy, fresh_key, member, redeem
from tests.receiver import Receiver

EVENTS = SQL("SELECT id, seq, type FROM outbox_event WHERE type NOT LIKE 'approval.%'", fans_out="a test reads all")
DELIVERIES = SQL("SELECT * FROM webhook_delivery ORDER BY created_at, id", fans_out="a test reads all")
TRIES = SQL("SELECT * FROM webhook_attempt ORDER BY at, id", fans_out="a test reads all")
ENDPOINT = SQL("SELECT * FROM webhook_endpoint WHERE id = $1")
LINES = SQL("SELECT action, facts FROM audit_log WHERE action LIKE 'webhook.%' ORDER BY id", fans_out="a test")
MINUTE = timedelta(minutes=1)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


class Round:
    """A courier, its clock and how it goes round."""

    def __init__(self, reach: Reach, to_partners: Reach) -> None:
        self.clock = Clock()
        self.reach = reach
        self.courier = Courier(self.clock, reach, to_partners)

    async def once(self) -> int:
        """Everything that is due now, tried once."""
        did = 0
        while step := await self.courier.once():
            did += step
            await self.courier.settle(30)
        return did

    async def until_done(self, *, most: int = 40) -> None:
        """Go round, a wait after another, until nothing is on its way."""
        for _ in range(most):
            await self.once()
            waiting = [row["due_at"] for row in await DELIVERIES.rows() if row["state"] == "PENDING"]
            if not waiting:
                return
            self.clock.now = max(self.clock.now, *waiting)
        raise AssertionError("something is still on its way")


@asynccontextmanager
async def rounds() -> AsyncIterator[Round]:
    """A courier who may go to this machine."""
    out, to_partners = Reach(may_loop=True), Reach(may_loop=True)
    yield Round(out, to_partners)
    await out.aclose()
    await to_partners.aclose()


async def add(receiver: Receiver, *types: str, at: datetime = NOON) -> Added:
    """An endpoint at a receiver."""
    wish = Wish(receiver.url, "a shop", types or None)
    return await webhooks.add(wish, key=fresh_key(), actor=CLERK, now=at)


def secret_of(added: Added) -> str:
    assert added.secret
    return added.secret.text


async def events() -> set[str]:
    """The ids of all events there are, as endpoints are told them."""
    return {webhooks.name_of(row["id"]) for row in await EVENTS.rows()}


async def trade() -> UUID:
    """A member who bought and redeemed."""
    mei = await member("Mei")
    await buy(mei, 100_00)
    await redeem(mei, 30)
    return mei
