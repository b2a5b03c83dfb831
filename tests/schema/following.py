"""Following: a subscription as a client lives it, its answers in the order they come."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from api.feed import Feed
from rules.actors import Principal
from schema.context import Context
from schema.root import schema
from tests.people import NOON
from tests.schema.asking import REQUEST, Answer, Nowhere

SOON = 2.0
"""Seconds within which an event has to come."""


class Follower:
    """Somebody who follows a subscription."""

    def __init__(self, answers: Any, context: Context) -> None:
        self.answers = answers
        self.context = context

    async def next(self) -> Answer:
        """The next answer."""
        async with asyncio.timeout(SOON):
            done = await anext(self.answers)
        return Answer(done.data, [dict(error.formatted) for error in done.errors or ()])

    async def events(self, count: int) -> list[Any]:
        """The next events."""
        return [(await self.next())["memberEvents"] for _ in range(count)]

    async def is_over(self) -> bool:
        """Whether the subscription ends without another answer."""
        async with asyncio.timeout(SOON):
            return await anext(self.answers, None) is None


@asynccontextmanager
async def following(
    document: str,
    *,
    who: Principal | None,
    feed: Feed,
    variables: dict[str, Any] | None = None,
    at: datetime = NOON,
) -> AsyncIterator[Follower]:
    """A subscription that has begun; what happens from now on is heard."""
    context = Context(now=at, principal=who, request_id=REQUEST, outside=Nowhere(), feed=feed)
    answers: Any = await schema.stream(document, variables, context_value=context)
    try:
        yield Follower(answers, context)
    finally:
        await answers.aclose()
