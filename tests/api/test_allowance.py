"""Allowances: what a caller has asked for is counted in each process, and together in all of them."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from api import allowance
from api.allowance import Allowance, key_of, settling
from models.credentials import PrincipalKind
from rules import rates
from rules.actors import Principal
from rules.rates import RATES, Rate, Taken, Wait
from tests.people import NOON

MEI = Principal(PrincipalKind.MEMBER, str(uuid4()))
TABLE = {**RATES, "MEMBER": Rate(100, 10)}


class Ticking:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def fresh() -> tuple[Allowance, Ticking]:
    clock = Ticking()
    return Allowance(TABLE, clock), clock


def test_what_is_taken_comes_back_with_time() -> None:
    whole, clock = fresh()
    mei = whole.of(MEI, None)
    assert mei.take(60) == Taken(60, 40, TABLE["MEMBER"])
    assert mei.take(60) == Wait(2, 40, TABLE["MEMBER"])
    clock.now += 1.9
    assert isinstance(mei.take(60), Wait)
    clock.now += 0.1
    assert mei.take(60) == Taken(60, 0, TABLE["MEMBER"])
    clock.now += 3_600
    assert mei.take(1) == Taken(1, 99, TABLE["MEMBER"])


def test_what_was_not_needed_is_given_back_at_once() -> None:
    whole, _ = fresh()
    mei = whole.of(MEI, None)
    mei.take(90)
    assert mei.give_back(80) == 90
    assert isinstance(mei.take(90), Taken)


def test_each_caller_has_an_allowance_of_their_own_and_strangers_share_their_networks() -> None:
    shop = Principal(PrincipalKind.SERVICE, "key-one", source="shop")
    rotated = Principal(PrincipalKind.SERVICE, "key-two", source="shop")
    assert key_of(shop, "203.0.113.0/24") == key_of(rotated, "198.51.100.0/24") == "SERVICE:shop"
    assert key_of(MEI, "203.0.113.0/24") == f"MEMBER:{MEI.id}"
    assert key_of(None, "203.0.113.0/24") != key_of(None, "198.51.100.0/24")
    assert key_of(None, None) == "NOBODY:"


def test_callers_are_remembered_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowance, "BUCKETS", 3)
    whole, _ = fresh()
    for number in range(5):
        whole.of(None, f"10.0.{number}.0/24").take(1)
    assert list(whole.buckets) == [f"NOBODY:10.0.{number}.0/24" for number in (2, 3, 4)]


async def test_only_who_spent_something_is_settled_and_who_was_forgotten_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(allowance, "BUCKETS", 3)
    whole, _ = fresh()
    for number in range(5):
        whole.of(None, f"10.0.{number}.0/24").take(1)
    whole.of(None, "10.0.4.0/24").give_back(1)
    assert list(whole.due) == [f"NOBODY:10.0.{number}.0/24" for number in (2, 3, 4)]
    assert whole.due.keys() == whole.buckets.keys()
    told: list[dict[str, int]] = []

    async def settle(spent: dict[str, int], *_: object, **__: object) -> dict[str, float]:
        told.append(spent)
        return dict.fromkeys(spent, 1.0)

    monkeypatch.setattr(rates, "settle", settle)
    for _ in range(2):
        await whole.settle(NOON)
    assert told == [{"NOBODY:10.0.2.0/24": 1, "NOBODY:10.0.3.0/24": 1}]
    assert whole.due == {}


async def test_two_processes_hold_one_allowance_together_within_one_settling() -> None:
    (here, _), (there, _) = fresh(), fresh()
    assert isinstance(here.of(MEI, None).take(80), Taken)
    assert isinstance(there.of(MEI, None).take(80), Taken)
    for each in (here, there, here):
        await each.settle(NOON)
    # the third settling has nothing to tell, and so hears nothing either
    assert isinstance(there.of(MEI, None).take(30), Wait)
    here.of(MEI, None).take(10)
    await here.settle(NOON)
    assert here.of(MEI, None).take(1) == Wait(8, 0, TABLE["MEMBER"])


async def test_what_is_spent_while_settling_is_told_by_the_next() -> None:
    whole, _ = fresh()
    mei = whole.of(MEI, None)
    mei.take(10)
    under_way = asyncio.create_task(whole.settle(NOON))
    await asyncio.sleep(0)
    mei.take(5)
    await under_way
    assert whole.buckets[key_of(MEI, None)].unsettled == 5
    await whole.settle(NOON)
    levels = await rates.settle({key_of(MEI, None): 1}, TABLE, now=NOON)
    assert levels == {key_of(MEI, None): 16}


async def test_what_is_given_back_after_a_settling_is_spent_first_and_told_to_nobody() -> None:
    whole, clock = fresh()
    mei = whole.of(MEI, None)
    mei.take(50)
    await whole.settle(NOON)
    assert mei.give_back(20) == 70
    await whole.settle(NOON)
    mei.take(30)
    await whole.settle(NOON)
    assert await rates.settle({key_of(MEI, None): 0}, TABLE, now=NOON) == {key_of(MEI, None): 60}
    clock.now += 60
    mei.give_back(5)
    mei.take(1)
    assert whole.buckets[key_of(MEI, None)].unsettled == 1, "what has leaked away is no credit"


async def test_without_the_database_each_process_counts_on_and_tells_it_later(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    whole, _ = fresh()
    mei = whole.of(MEI, None)
    mei.take(70)
    cut = asyncio.Event()

    async def away(*_: object, **__: object) -> dict[str, float]:
        cut.set()
        raise ConnectionError("203.0.113.7 is gone")

    monkeypatch.setattr(allowance, "now", lambda: NOON)
    monkeypatch.setattr(allowance, "AWAY", 0.0)
    monkeypatch.setattr(allowance, "EVERY", 0.01)
    settle, told = rates.settle, asyncio.Event()

    async def back(*given: Any, **more: Any) -> dict[str, float]:
        found = await settle(*given, **more)
        asyncio.get_running_loop().call_soon(told.set)
        return found

    monkeypatch.setattr(rates, "settle", away)
    async with settling(whole):
        await asyncio.wait_for(cut.wait(), 5)
        assert isinstance(mei.take(40), Wait)
        monkeypatch.setattr(rates, "settle", back)
        await asyncio.wait_for(told.wait(), 5)
    assert "could not be settled: ConnectionError" in caplog.text
    assert "203.0.113.7" not in caplog.text
    assert await settle({key_of(MEI, None): 1}, TABLE, now=NOON) == {key_of(MEI, None): 71}
