"""Metrics: `/metrics` for Prometheus, and who may read it."""

import asyncio
import hmac
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api import watching
from api.clock import now
from rules import jobs, webhooks
from rules.jobs import Backlog

PATIENCE = 2.0
"""Seconds the database has to answer a scrape."""


def route(*, token: str, is_open: bool, folder: str) -> Route:
    """`/metrics`: with the token, where there is one; else for everybody or, in production, not at all.

    `folder` is where the server's processes put their numbers together; empty where there is one process.
    """

    async def metrics(request: Request) -> Response:
        if not token and not is_open:
            return Response(status_code=404)
        if token and not _knows(request, token):
            return Response("Send `Authorization: Bearer <token>`.", 401, {"www-authenticate": "Bearer"})
        moment = now()
        watching.COUNTED.put_down()
        text = generate_latest(_registry(folder)) + generate_latest(_snapshot(await _backlogs(moment), moment))
        return Response(text, headers={"content-type": CONTENT_TYPE_LATEST, "cache-control": "no-store"})

    return Route("/metrics", metrics)


def _knows(request: Request, token: str) -> bool:
    given = request.headers.get("authorization", "")
    return hmac.compare_digest(given.encode(), f"Bearer {token}".encode())


def _registry(folder: str) -> CollectorRegistry:
    if not folder:
        return REGISTRY
    together = CollectorRegistry()
    MultiProcessCollector(together, path=folder)  # type: ignore[no-untyped-call]
    return together


async def _backlogs(moment: datetime) -> tuple[Backlog, webhooks.Backlog] | None:
    """The jobs and webhooks that wait; None when the database does not answer."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await jobs.backlog(moment), await webhooks.backlog(moment)
    except Exception:
        # that it does not is what the scrape tells
        return None


class _Snapshot(Collector):
    """What the database says at the moment of a scrape."""

    def __init__(self, found: tuple[Backlog, webhooks.Backlog] | None, moment: datetime) -> None:
        self.found = found
        self.moment = moment

    def collect(self) -> Iterable[Metric]:
        """The numbers, without those of the jobs where the database is away."""
        yield GaugeMetricFamily(
            "loyalty_database_up", "Whether the database answers.", value=float(self.found is not None)
        )
        if self.found is None:
            return
        waiting, told = self.found
        lag = self._since(waiting.oldest)
        yield GaugeMetricFamily("loyalty_jobs_due", "Jobs that are due and wait.", value=waiting.due)
        yield GaugeMetricFamily("loyalty_jobs_lag_seconds", "How long the first of them has waited.", value=lag)
        yield GaugeMetricFamily("loyalty_jobs_dead", "Jobs that need an operator.", value=waiting.dead)
        lag = self._since(told.oldest)
        yield GaugeMetricFamily("loyalty_webhooks_due", "Deliveries that are due and wait.", value=told.due)
        yield GaugeMetricFamily("loyalty_webhooks_lag_seconds", "How long the first of them has waited.", value=lag)
        yield GaugeMetricFamily("loyalty_webhooks_dead", "Deliveries that were given up.", value=told.dead)
        yield GaugeMetricFamily("loyalty_webhooks_disabled", "Endpoints that were given up.", value=told.disabled)

    def _since(self, oldest: datetime | None) -> float:
        return max(0.0, (self.moment - oldest).total_seconds()) if oldest else 0.0


def _snapshot(found: tuple[Backlog, webhooks.Backlog] | None, moment: datetime) -> CollectorRegistry:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Snapshot(found, moment))
    return registry


@contextmanager
def counted(folder: str) -> Iterator[None]:
    """This process's numbers count as those of a living one until the end."""
    yield
    if folder:
        mark_process_dead(os.getpid(), folder)  # type: ignore[no-untyped-call]
