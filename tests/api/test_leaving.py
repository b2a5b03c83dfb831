"""Leaving: answers of one turn of the event loop go out together, in their order, and none is lost for it."""

import asyncio
import gc
from collections.abc import Callable
from typing import Any
from weakref import ref

import pytest

from api.answering import Answer, is_given
from api.connections import Protocol
from api.leaving import MOST, Leaving, of_loop
from tests.api.serving import ASKS, HEAD
from tests.api.test_connections import UPGRADES, Wire, answered, connected

pytestmark = pytest.mark.either

BROKEN = UPGRADES.replace(b"sec-websocket-version: 13", b"sec-websocket-version: 1")
TOLD: Answer = (200, [], b"{}")


def wires(count: int) -> list[Wire]:
    return [Wire() for _ in range(count)]


async def test_answers_of_one_turn_wait_for_its_end() -> None:
    leaving, several = Leaving(asyncio.get_running_loop()), wires(3)
    for number, wire in enumerate(several):
        leaving.write(wire, b"%d" % number)
    assert [wire.pieces for wire in several] == [[]] * 3
    await asyncio.sleep(0)
    assert [wire.pieces for wire in several] == [[b"0"], [b"1"], [b"2"]]


async def test_no_more_than_a_few_answers_wait_for_each_other() -> None:
    leaving, several = Leaving(asyncio.get_running_loop()), wires(2 * MOST + 1)
    for wire in several:
        leaving.write(wire, b"told")
    assert sum(len(wire.pieces) for wire in several) == 2 * MOST
    await asyncio.sleep(0)
    assert all(wire.pieces == [b"told"] for wire in several)


async def test_who_has_left_meanwhile_takes_nobody_elses_answer_along() -> None:
    leaving, (gone, stays) = Leaving(asyncio.get_running_loop()), wires(2)
    leaving.write(gone, b"for nobody")
    leaving.write(stays, b"told")
    gone.close()
    await asyncio.sleep(0)
    assert (gone.pieces, stays.pieces) == ([], [b"told"])


async def test_a_connection_that_cannot_be_written_to_keeps_nobody_elses_answer_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken(Wire):
        def write(self, data: Any) -> None:
            raise RuntimeError(f"{data!r} comes after write_eof()")

        def abort(self) -> None:
            self.close()

    leaving, broken, sound = Leaving(asyncio.get_running_loop()), Broken(), Wire()
    leaving.write(broken, b"for nobody")
    leaving.write(sound, b"told")
    await asyncio.sleep(0)
    assert broken.is_closed
    assert sound.pieces == [b"told"]
    assert [record.getMessage() for record in caplog.records] == ["an answer could not be written: RuntimeError"]
    assert "for nobody" not in caplog.text


async def test_what_leaves_in_one_loop_waits_in_one_place() -> None:
    assert of_loop(asyncio.get_running_loop()) is of_loop(asyncio.get_running_loop())


def test_a_loop_that_has_ended_is_kept_by_nobody() -> None:
    loop = asyncio.new_event_loop()
    of_loop(loop).write(Wire(), b"too late")
    loop.close()
    ended = ref(loop)
    del loop
    gc.collect()
    assert ended() is None


def ends(protocol: Protocol) -> None:
    """What a loop does of whom nothing comes any more."""
    protocol.eof_received()
    protocol.transport.close()


def answers_and(then: Callable[[Protocol], None], told: list[Protocol]) -> Any:
    """An application that answers as the endpoint does, after which something happens in the same turn."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert is_given(TOLD, "a-request", send)
        then(told[0])

    return app


@pytest.mark.parametrize(
    ("then", "end"),
    [
        pytest.param(lambda protocol: protocol.shutdown(), b"{}", id="the server ends"),
        pytest.param(ends, b"{}", id="the client sends no more"),
        pytest.param(lambda protocol: protocol.data_received(b"no request\r\n\r\n"), b"received.", id="nonsense"),
        pytest.param(lambda protocol: protocol.data_received(BROKEN), b"header: 1.\n", id="no socket"),
    ],
)
async def test_an_answer_is_written_before_whatever_ends_its_connection(
    then: Callable[[Protocol], None], end: bytes
) -> None:
    told: list[Protocol] = []
    protocol, wire = connected(answers_and(then, told))
    told.append(protocol)
    protocol.data_received(HEAD + ASKS)
    await answered(protocol)
    assert wire.pieces[0].startswith(b"HTTP/1.1 200 OK\r\n")
    assert wire.pieces[-1].endswith(end)
    protocol.connection_lost(None)


async def test_answers_on_many_connections_leave_when_the_last_is_made() -> None:
    order: list[str] = []

    class Telling(Wire):
        def write(self, data: Any) -> None:
            order.append("left")
            super().write(data)

    told: list[Protocol] = []
    for _ in range(3):
        protocol, _ = connected(answers_and(lambda _: order.append("made"), told))
        protocol.connection_made(Telling())
        told.append(protocol)
    for protocol in told:
        protocol.data_received(HEAD + ASKS)
    await asyncio.gather(*map(answered, told))
    assert order == ["made"] * 3 + ["left"] * 3
    for protocol in told:
        protocol.connection_lost(None)
