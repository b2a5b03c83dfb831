"""Watching: each operation leaves a line and numbers, neither of which says whom it was about."""

import logging
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette

from api import log, watching
from api.settings import SettingError, settings
from api.watching import ANONYMOUS, NAMES, OTHER, STRANGERS, Names
from api.worker import Worker
from models.credentials import PrincipalKind
from rules import credentials, jobs
from rules.actors import SYSTEM
from rules.transactions import transaction
from tests.api.house import PRODUCTION, Caller, built, calling, endpoint_of
from tests.people import NOON, member, programme

PHONE = "13800001234"


async def as_mei() -> str:
    await programme()
    mei = await member("Mei")
    return (await credentials.log_in(PrincipalKind.MEMBER, mei, actor=SYSTEM, now=NOON)).access


async def numbers(caller: Caller, **headers: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    reply = await caller.send("GET", "/metrics", headers=headers)
    assert reply.status == 200, reply.text
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(reply.text)
        for sample in family.samples
    }


def key(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset(labels.items())


def lines(caplog: pytest.LogCaptureFixture) -> list[Mapping[str, Any]]:
    return [record.__dict__ for record in caplog.records if record.name == "loyalty.operations"]


async def test_each_operation_has_a_line_about_how_it_went_and_not_about_whom(
    caller: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    token = await as_mei()
    caplog.set_level(logging.INFO)
    await caller.ask("query Home { me { profile { displayName } } }", token=token)
    await caller.ask(
        """mutation Spend($k: String!) {
        pointsRedeem(input: {points: 7, reason: "TEA", idempotencyKey: $k}) { userErrors { code } } }""",
        {"k": f"key-{PHONE}"},
        token=token,
    )
    await caller.ask("query Members { members { nodes { id } } }", token=token)
    await caller.ask("query Wrong { nothing }")
    home, spend, others, wrong = lines(caplog)
    told = {name: home[name] for name in ("operation", "type", "outcome", "cost", "principal")}
    assert told == {"operation": "Home", "type": "query", "outcome": "ok", "cost": 2, "principal": "MEMBER"}
    assert home["ms"] > 0
    assert home["request_id"]
    assert (spend["outcome"], spend["refusals"], spend["cost"]) == ("refused", ["INSUFFICIENT_POINTS"], 11)
    assert (others["operation"], others["outcome"]) == ("none", "FORBIDDEN")
    assert (wrong["operation"], wrong["outcome"], wrong["principal"]) == (
        "none",
        "GRAPHQL_VALIDATION_FAILED",
        "NOBODY",
    )
    everything = " ".join(str(line) for line in lines(caplog))
    for secret in (PHONE, "Mei", token, "displayName"):
        assert secret not in everything


@pytest.mark.parametrize(("switch", "count"), [(1.0, 2), (0.0, 1), (None, 0)])
async def test_the_lines_can_be_switched(
    caller: Caller,
    in_development: Starlette,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    switch: float | None,
    count: int,
) -> None:
    monkeypatch.setattr(endpoint_of(in_development), "lines", watching.Lines(switch))
    caplog.set_level(logging.INFO)
    await caller.ask("{ __typename }")
    await caller.ask("{ nothing }")
    assert len(lines(caplog)) == count


def test_of_what_went_well_a_share_has_lines_and_of_all_else_everything() -> None:
    lines = watching.Lines(0.25)
    assert [lines.has("ok", 0.01) for _ in range(8)] == [False, False, False, True] * 2
    assert all(lines.has(ended, 0.01) for ended in ("refused", "FORBIDDEN", "TIMEOUT"))
    assert lines.has("ok", watching.SLOW_SECONDS)
    assert not any(watching.Lines(None).has(ended, 9.0) for ended in ("ok", "refused", "TIMEOUT"))


@pytest.mark.once
async def test_how_operations_were_run_is_counted(caller: Caller) -> None:
    await programme()
    compiled, generic = (key("loyalty_operations_run_total", how=how) for how in ("compiled", "generic"))
    before = await numbers(caller)
    for _ in range(3):
        await caller.ask("query OnceTwiceThrice { tiers { code } }")
    await caller.ask("query { __schema { queryType { name } } }")
    after = await numbers(caller)
    assert after[compiled] - before.get(compiled, 0) == 2
    assert after[generic] - before.get(generic, 0) == 2


def test_what_a_line_tells_is_written_down() -> None:
    assert {"operation", "type", "outcome", "refusals", "ms", "cost", "principal"} == set(log.OPERATION)


@pytest.mark.once
@pytest.mark.parametrize("seconds", [0.0, 0.005, 0.0051, 0.3, 15.0, 16.0])
def test_times_are_told_as_prometheus_would_tell_them_one_by_one(seconds: float) -> None:
    def told(registry: CollectorRegistry) -> list[str]:
        return [line for line in generate_latest(registry).decode().splitlines() if not line.startswith("#")]

    ours, theirs = CollectorRegistry(), CollectorRegistry()
    counted = watching.Ended()
    here, there = (Histogram("times", "Times.", buckets=watching.BUCKETS, registry=each) for each in (ours, theirs))
    for each in (0.001, seconds, 0.02):
        counted.add(each, 1)
        there.observe(each)
    watching._put_down(here, counted)
    assert told(ours) == told(theirs)


async def test_operations_are_counted_by_name_and_by_how_they_ended(caller: Caller) -> None:
    token = await as_mei()
    counted = "loyalty_operations_total"
    home = key(counted, operation="CountMe", type="query", outcome="ok")
    wrong = key(counted, operation="none", type="none", outcome="GRAPHQL_PARSE_FAILED")
    body = key("loyalty_requests_refused_total", code="BAD_REQUEST", status="400")
    before = await numbers(caller)
    await caller.ask("query CountMe { me { id } }", token=token)
    await caller.ask("{")
    await caller.send(content=b"[]", headers={"content-type": "application/json"})
    after = await numbers(caller)
    for each in (home, wrong, body):
        assert after[each] - before.get(each, 0) == 1
    assert after[key("loyalty_operation_seconds_count", operation="CountMe", type="query")] >= 1
    assert after[key("loyalty_operations_in_flight")] == 0
    assert after[key("loyalty_database_up")] == 1


def test_names_are_bounded_and_strangers_have_the_smaller_part() -> None:
    names = Names()
    assert names.of(None, is_stranger=False) == ANONYMOUS
    assert names.of("x" * 65, is_stranger=False) == OTHER
    for number in range(2 * STRANGERS):
        names.of(f"Stranger{number}", is_stranger=True)
    for number in range(2 * NAMES):
        names.of(f"Known{number}", is_stranger=False)
    assert len(names.known) == NAMES
    assert names.of("Known0", is_stranger=True) == "Known0"
    assert names.of("Stranger99", is_stranger=True) == OTHER
    assert names.of(f"Known{NAMES}", is_stranger=False) == OTHER


async def test_an_invalid_operation_cannot_name_itself(caller: Caller) -> None:
    known = set(watching.NAMED.known)
    await caller.ask("query Phone13800001234 { nothing }")
    await caller.ask("query Phone13800001234 { members { nodes { id } } }")
    assert watching.NAMED.known == known


async def test_what_was_too_much_is_counted(
    caller: Caller, in_development: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited = key("loyalty_rate_limited_total", principal="NOBODY")
    before = (await numbers(caller)).get(limited, 0)
    allowance = endpoint_of(in_development).allowance
    assert allowance is not None
    allowance.of(None, "127.0.0.0/24").take(100_000)
    assert (await caller.ask("{ __typename }")).status == 429
    assert (await numbers(caller))[limited] == before + 1


@jobs.job("test.counted", attempts=2)
async def counted(facts: dict[str, Any], _: object) -> None:
    if facts["fails"]:
        raise ValueError


async def test_jobs_are_counted_and_what_waits_is_told(caller: Caller) -> None:
    def of(outcome: str) -> tuple[str, frozenset[tuple[str, str]]]:
        return key("loyalty_jobs_total", job="test.counted", outcome=outcome)

    before = await numbers(caller)

    @transaction
    async def promise() -> None:
        await jobs.enqueue("test.counted", "good", {"fails": False}, now=NOON)
        await jobs.enqueue("test.counted", "bad", {"fails": True}, now=NOON)

    await promise()
    at = NOON + timedelta(minutes=10)
    for minutes in (10, 10, 20):
        worker = Worker(lambda minutes=minutes: NOON + timedelta(minutes=minutes))  # type: ignore[misc]
        if lease := await jobs.claim("test.counted", now=NOON + timedelta(minutes=minutes)):
            await worker.do(lease)
    after = await numbers(caller)
    assert {each: after[of(each)] - before.get(of(each), 0) for each in ("done", "failed", "dead")} == {
        "done": 1,
        "failed": 1,
        "dead": 1,
    }
    assert after[key("loyalty_jobs_dead")] == 1
    found = await jobs.backlog(at)
    assert (found.due, found.oldest, found.dead) == (0, None, 1)


async def test_what_is_due_has_a_lag(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    @transaction
    async def promise() -> None:
        await jobs.enqueue("test.counted", "late", {"fails": False}, now=NOON)

    await promise()
    monkeypatch.setattr("api.metrics.now", lambda: NOON + timedelta(seconds=90))
    told = await numbers(caller)
    assert told[key("loyalty_jobs_due")] == 1
    assert told[key("loyalty_jobs_lag_seconds")] == 90


async def test_a_scrape_is_answered_without_the_database(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    async def cut(_: object) -> None:
        raise ConnectionResetError

    monkeypatch.setattr(jobs, "backlog", cut)
    told = await numbers(caller)
    assert told[key("loyalty_database_up")] == 0
    assert key("loyalty_jobs_due") not in told


async def test_production_shows_its_numbers_to_whoever_has_the_token(
    customer: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await customer.send("GET", "/metrics")).status == 404
    given = settings({**PRODUCTION, "LOYALTY_METRICS_TOKEN": "a-long-secret"})
    assert given.metrics_token == "a-long-secret"
    async with (
        built({**PRODUCTION, "LOYALTY_METRICS_TOKEN": "a-long-secret"}) as app,
        calling(app, monkeypatch) as scraper,
    ):
        for wrong in ({}, {"authorization": "Bearer a-long"}, {"authorization": "Bearer 秘密".encode()}):
            reply = await scraper.send("GET", "/metrics", headers=wrong)
            assert (reply.status, reply.headers["www-authenticate"]) == (401, "Bearer")
        assert await numbers(scraper, authorization="Bearer a-long-secret")


def test_the_switch_of_the_lines_is_a_setting() -> None:
    assert settings({}).log_operations == 1.0
    assert settings(PRODUCTION).log_operations == 0.01
    for said, share in (("all", 1.0), ("2.5%", 0.025), ("failed", 0.0), ("off", None)):
        assert settings({"LOYALTY_LOG_OPERATIONS": said}).log_operations == share
    with pytest.raises(SettingError, match="LOYALTY_LOG_OPERATIONS"):
        settings({"LOYALTY_LOG_OPERATIONS": "some"})
    for wrong in ("0%", "100%", "1", "-1%", "1,5%"):
        with pytest.raises(SettingError, match="LOYALTY_LOG_OPERATIONS"):
            settings({"LOYALTY_LOG_OPERATIONS": wrong})


def test_what_a_line_is_given_by_name_is_shown() -> None:
    api = Path(log.__file__).parent
    given = {name for each in api.rglob("*.py") for name in re.findall(r'extra=\{"(\w+)"', each.read_text("utf-8"))}
    assert {"job", "delivery"} <= given <= set(log.SHOWN)
