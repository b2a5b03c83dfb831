"""The mini-program client follows what happens to a member: by one socket, else by polling, each event once."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from rules import credentials
from tests.api.socket import sockets_of
from tests.clients.phone import URL, Phone, storm
from tests.people import buy, freeze

pytestmark = pytest.mark.either

FOLLOW = (
    "var told = [], starts = [], errors = [];"
    "var stop = client.events({ onStart: (cursor) => starts.push(cursor), onEvent: (event) => told.push(event),"
    " onError: (error) => errors.push({ code: error.code, kind: error.kind }) });"
)
TYPES = ["PURCHASE_PAID", "GROWTH_MOVED", "POINTS_MOVED"]
"""What a purchase is told as."""


async def following(phone: Phone) -> None:
    """A page follows, over a socket that is open."""
    phone.engine.eval("Math.random = () => 0.5")
    phone.engine.eval(FOLLOW)
    await subscribed(phone)


async def subscribed(phone: Phone, times: int = 1) -> None:
    """So many subscriptions were begun."""
    for _ in range(100):
        await phone.until("true")
        if types(phone).count("subscribe") >= times:
            await phone.air.stirs()  # the server begins, too
            return
        await phone.air.stirs()
    raise AssertionError(f"nobody subscribed: {types(phone)}, {phone.asked()}")


def types(phone: Phone) -> list[str]:
    """What the phone said over its sockets."""
    return [each["type"] for each in phone.air.sent]


def told(phone: Phone) -> list[str]:
    """The events the page was told."""
    return [each["type"] for each in phone.js("told")]


async def hears(phone: Phone, count: int) -> None:
    """The page has heard of so many events, and no more come."""
    await phone.until(f"told.length >= {count}")
    await phone.air.stirs()
    assert phone.js("told.length") == count
    cursors = [each["cursor"] for each in phone.js("told")]
    assert len(set(cursors)) == count


async def test_an_event_is_heard_over_the_socket(phone: Phone, mei: UUID) -> None:
    await following(phone)
    assert phone.air.opened == [{"url": "wss://shop.example.com/graphql", "protocols": ["graphql-transport-ws"]}]
    assert types(phone) == ["connection_init", "subscribe"]
    assert len(phone.js("starts")) == 1, "the page loads what was before"

    await buy(mei, 50_00)

    await hears(phone, 3)
    assert sorted(told(phone)) == sorted(TYPES)
    event = next(each for each in phone.js("told") if each["entries"])
    assert event["entries"] == [{"kind": "EARN", "points": 50, "balanceAfter": 150}]
    assert event["points"] == {"available": 150, "pending": 0, "debt": 0}
    assert event["member"] == {"state": "ACTIVE"}
    assert event["tier"]["code"] == "BASIC"
    assert "token" not in str(phone.air.opened), "who it is stands in the first message, never in the address"


async def test_all_pages_share_one_socket(phone: Phone, mei: UUID) -> None:
    await following(phone)
    phone.engine.eval("var more = []; var stopMore = client.events({ onEvent: (event) => more.push(event.type) });")
    await subscribed(phone, 2)
    await buy(mei, 50_00)
    await hears(phone, 3)
    await phone.until("more.length === 3")
    phone.engine.eval("stop()")
    await phone.until("true")
    await freeze(mei)
    await phone.until("more.length === 4")
    assert phone.js("told.length") == 3, "who stopped hears nothing"
    assert len(phone.air.opened) == 1
    phone.engine.eval("stopMore()")
    await phone.until("true")
    assert not phone.air.clients, "the last one closes the socket"


async def test_a_page_goes_on_from_its_cursor(phone: Phone, mei: UUID) -> None:
    await following(phone)
    await buy(mei, 50_00)
    await hears(phone, 3)
    phone.engine.eval(f"stop(); var after = told[0].cursor; {FOLLOW.replace('onStart:', 'after, onStart:')}")
    await hears(phone, 2)
    assert phone.js("starts") == [], "it knows what was before"


@pytest.mark.parametrize("code", [1006, 1001, 1012, 1013])
async def test_after_a_cut_it_goes_on_without_gap_or_double(phone: Phone, mei: UUID, code: int) -> None:
    await following(phone)
    await buy(mei, 50_00)
    await hears(phone, 3)
    began = phone.now
    phone.air.cut(code)
    await buy(mei, 50_00)
    await phone.passes(seconds=2)
    await hears(phone, 6)
    assert phone.now - began <= timedelta(seconds=2)
    assert (len(phone.air.opened), len(phone.js("starts"))) == (2, 1)


async def test_a_server_that_restarts_is_found_again(phone: Phone, mei: UUID) -> None:
    await following(phone)
    house = sockets_of(phone.app)
    await house.aclose()
    await phone.passes(seconds=2)
    house.is_closing = False
    await buy(mei, 50_00)
    await phone.passes(seconds=30)
    await hears(phone, 3)


async def test_an_event_that_is_told_twice_is_taken_once(phone: Phone, mei: UUID) -> None:
    await following(phone)
    phone.air.times = 2
    await buy(mei, 50_00)
    await hears(phone, 3)
    await buy(mei, 50_00)
    await hears(phone, 6)


async def test_pings_are_answered_and_silence_is_a_cut(phone: Phone, mei: UUID) -> None:
    await following(phone)
    phone.air.reach(0, "message", {"data": '{"type":"ping"}'})
    await phone.until("true")
    assert types(phone)[-1] == "pong"
    await phone.passes(seconds=80)
    assert types(phone).count("ping") == 3
    assert len(phone.air.opened) == 1, "the server answers"

    phone.air.is_silent = True
    await phone.passes(seconds=70)
    phone.air.is_silent = False
    await phone.passes(seconds=30)
    assert len(phone.air.opened) == 2
    await buy(mei, 50_00)
    await hears(phone, 3)


async def test_it_closes_in_the_background_and_catches_up(phone: Phone, mei: UUID) -> None:
    await following(phone)
    phone.engine.eval("world.hidden.forEach((listener) => listener())")
    await phone.until("true")
    assert not phone.air.clients
    await buy(mei, 50_00)
    await phone.passes(minutes=10)
    assert (len(phone.air.opened), told(phone)) == (1, [])
    began = phone.now
    phone.engine.eval("world.shown.forEach((listener) => listener())")
    await hears(phone, 3)
    assert phone.now == began, "at once"


async def test_tokens_that_expired_are_renewed_for_the_socket(phone: Phone, mei: UUID) -> None:
    await following(phone)
    phone.server_ahead = timedelta(hours=1)
    await buy(mei, 50_00)  # the credential is looked at before each event
    await phone.passes(seconds=3)
    await hears(phone, 3)
    assert phone.asked() == ["Login", "LoyaltyEventsLatest", "Refresh"]
    assert len(phone.air.opened) == 2


async def test_a_login_that_ended_elsewhere_begins_anew(phone: Phone, mei: UUID) -> None:
    await following(phone)
    await credentials.end_others(mei, but=None, now=phone.now)
    await buy(mei, 50_00)
    await phone.passes(seconds=3)
    await hears(phone, 3)
    assert phone.asked()[2:] == ["Refresh", "Login"]


async def test_where_there_is_no_socket_it_asks_again_and_again(phone: Phone, mei: UUID) -> None:
    phone.set("noSockets", "connectSocket:fail")
    phone.engine.eval("Math.random = () => 0.5")
    phone.engine.eval(FOLLOW)
    await phone.passes(seconds=6)
    assert "LoyaltyEventsPoll" in phone.asked(), "after three that did not open"
    await buy(mei, 50_00)
    await phone.passes(seconds=16)
    await hears(phone, 3)
    asked = len(phone.sent)
    await phone.passes(minutes=1)
    assert len(phone.sent) - asked == 4

    phone.set("noSockets", None)
    await phone.passes(minutes=5)
    await subscribed(phone)
    await buy(mei, 50_00)
    await hears(phone, 6)
    assert len(phone.js("starts")) == 1


async def test_many_events_are_polled_at_once(phone: Phone, mei: UUID) -> None:
    for _ in range(8):
        await buy(mei, 1_00)
    phone.set("noSockets", "connectSocket:fail exceed max task count")
    first = "query First { memberEvents(first: 1) { events { cursor } } }"
    cursor = await phone.run(f"return (await client.request('{first}')).memberEvents.events[0].cursor")
    phone.engine.eval(f"var after = '{cursor}';" + FOLLOW.replace("onStart:", "after, onStart:"))
    began = phone.now
    await phone.until("told.length > 20")
    assert phone.asked().count("LoyaltyEventsPoll") == 2
    assert phone.now == began, "too many sockets: it does not even try again"


async def test_polling_survives_what_passes(phone: Phone, mei: UUID) -> None:
    phone.set("noSockets", "connectSocket:fail url not in domain list")
    phone.weather = storm("LoyaltyEventsPoll", {"fail": "request:fail"}, loses="request", times=2)
    phone.engine.eval(FOLLOW)
    await phone.passes(seconds=20)
    await buy(mei, 50_00)
    await phone.passes(seconds=31)
    await hears(phone, 3)
    assert phone.js("errors") == []


async def test_a_cursor_from_before_a_loss_begins_anew(phone: Phone, mei: UUID) -> None:
    for sockets in (None, "connectSocket:fail exceed max task count"):
        phone.set("noSockets", sockets)
        lost = FOLLOW.replace("onStart:", "after: 'from-before', onStart:")
        phone.engine.eval(lost)
        await phone.passes(seconds=16)
        await buy(mei, 50_00)
        await phone.passes(seconds=16)
        await hears(phone, 3)
        assert (len(phone.js("starts")), phone.js("errors")) == (1, [])
        phone.engine.eval("stop()")


async def test_a_login_that_is_refused_ends_the_following(phone: Phone, mei: UUID) -> None:
    phone.set("code", "demo:blocked")
    phone.engine.eval(FOLLOW)
    await phone.until("errors.length")
    assert phone.js("errors") == [{"code": "LOGIN_REFUSED", "kind": "user"}]
    asked = len(phone.sent)
    await phone.passes(minutes=10)
    assert len(phone.sent) == asked


async def test_without_a_network_it_waits(phone: Phone, mei: UUID) -> None:
    async def offline(request: Any, carry: Any) -> Any:
        return {"fail": "request:fail"}

    phone.weather = offline
    phone.engine.eval(FOLLOW)
    await phone.passes(minutes=2)
    phone.weather = storm("", {})
    await phone.passes(minutes=6)
    await subscribed(phone)
    await buy(mei, 50_00)
    await hears(phone, 3)
    assert phone.js("errors") == []


async def test_a_logout_ends_the_following(phone: Phone, mei: UUID) -> None:
    await following(phone)
    assert await phone.run("return await client.logOut()") is True
    await phone.passes(minutes=10)
    assert phone.asked().count("Login") == 1
    assert not phone.air.clients


async def test_a_page_that_breaks_stops_nothing(phone: Phone, mei: UUID) -> None:
    await following(phone)
    phone.engine.eval("client.events({ onEvent: () => { throw new Error('mine'); } })")
    await subscribed(phone, 2)
    await buy(mei, 50_00)
    await hears(phone, 3)
    with pytest.raises(Exception, match="mine"):
        await phone.passes(seconds=1)


@pytest.mark.parametrize("host", ["taro(Taro)", "uniApp(uni)"])
async def test_events_are_heard_on_every_host(phone: Phone, mei: UUID, host: str) -> None:
    phone.engine.eval(f"client = createClient(Object.assign({{ url: '{URL}' }}, {host}))")
    await following(phone)
    await buy(mei, 50_00)
    await hears(phone, 3)
    assert len(phone.air.opened) == 1
