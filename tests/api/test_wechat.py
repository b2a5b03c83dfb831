"""WeChat's login and phone calls: our client against the simulator, over the wire format."""

import asyncio
import logging
import re
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest

from api import wechat
from api.simulator import simulator
from api.wechat import CodeRefused, Session, WeChat, WeChatBusy, WeChatError, WeChatMisconfigured

pytestmark = pytest.mark.either

APPID, SECRET = "wxdemo0000000001", "a-secret-nobody-may-read"
Answer = httpx2.Response | httpx2.TransportError


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Line:
    """A simulator, the developer's hands on its knobs, and our client."""

    app: Any  # an ASGI application, which the transport types more narrowly than Starlette does
    clock: Clock
    stack: AsyncExitStack
    developer: httpx2.AsyncClient = field(init=False)
    wechat: WeChat = field(init=False)

    def __post_init__(self) -> None:
        self.developer = httpx2.AsyncClient(transport=self.transport(), base_url="http://wechat")
        self.stack.push_async_callback(self.developer.aclose)
        self.wechat = self.client()

    def transport(self) -> httpx2.ASGITransport:
        return httpx2.ASGITransport(app=self.app)

    def client(self, appid: str = APPID, secret: str = SECRET) -> WeChat:
        client = WeChat("http://wechat", appid, secret, transport=self.transport(), tick=self.clock)
        self.stack.push_async_callback(client.aclose)
        return client

    async def code(self, name: str) -> str:
        answer = await self.developer.post("/__dev/login", params={"as": name})
        return str(answer.json()["code"])

    async def break_next(self, call: str, **fault: object) -> None:
        answer = await self.developer.post("/__dev/faults", json={call: fault})
        assert answer.status_code == 200, answer.text

    async def calls(self) -> list[tuple[str, int]]:
        """What was called and how it was answered, oldest first."""
        listed = (await self.developer.get("/__dev/calls")).json()["calls"]
        return [(call["call"], call["errcode"]) for call in reversed(listed)]


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wechat, "_PAUSES", (0.0, 0.0))


@pytest.fixture
async def line() -> Any:  # an async generator, which pytest resolves
    clock = Clock()
    async with AsyncExitStack() as stack:
        yield Line(simulator(APPID, SECRET, tick=clock), clock, stack)


class Wire(httpx2.AsyncBaseTransport):
    """A wire that gives the listed answers, and counts how often it was asked."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self.answers = list(answers)
        self.asked: list[httpx2.Request] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, httpx2.TransportError):
            answer.request = request
            raise answer
        return answer


def client_on(wire: Wire) -> WeChat:
    return WeChat("http://wechat", APPID, SECRET, transport=wire)


async def test_a_name_is_always_the_same_person(line: Line) -> None:
    alice = await line.wechat.code_to_session("demo:alice")
    assert len(alice.openid) == 28
    assert alice.openid.startswith("o")
    assert await line.wechat.code_to_session("demo:alice") == alice
    assert await line.wechat.code_to_session(await line.code("alice")) == alice
    assert (await line.wechat.code_to_session("demo:bob")).openid != alice.openid


async def test_the_unionid_joins_the_apps_of_one_merchant(line: Line) -> None:
    alice = await line.wechat.code_to_session("demo:alice")
    assert alice.unionid is not None
    assert alice.unionid != alice.openid


async def test_without_an_open_platform_account_there_is_no_unionid() -> None:
    async with AsyncExitStack() as stack:
        line = Line(simulator(APPID, SECRET, open_platform=False), Clock(), stack)
        assert (await line.wechat.code_to_session("demo:alice")).unionid is None


async def test_a_code_is_good_once(line: Line) -> None:
    code = await line.code("alice")
    await line.wechat.code_to_session(code)
    with pytest.raises(CodeRefused) as refused:
        await line.wechat.code_to_session(code)
    assert refused.value.errcode == 40163
    assert refused.value.rid is not None
    assert len(refused.value.rid) == 26


async def test_a_code_is_good_for_five_minutes(line: Line) -> None:
    code = await line.code("alice")
    line.clock.seconds += 300
    with pytest.raises(CodeRefused) as refused:
        await line.wechat.code_to_session(code)
    assert refused.value.errcode == 40029


@pytest.mark.parametrize(("code", "errcode"), [("nonsense", 40029), ("demo:blocked", 40226), ("", 41008)])
async def test_a_wrong_code_is_refused(line: Line, code: str, errcode: int) -> None:
    with pytest.raises(CodeRefused) as refused:
        await line.wechat.code_to_session(code)
    assert refused.value.errcode == errcode


async def test_a_phone_code_is_no_login_code(line: Line) -> None:
    made = await line.developer.post("/__dev/phone", params={"number": "13800138000"})
    with pytest.raises(CodeRefused):
        await line.wechat.code_to_session(made.json()["code"])


async def test_a_busy_wechat_is_asked_three_times_and_no_more(line: Line) -> None:
    await line.break_next("jscode2session", errcode=-1, times=2)
    assert (await line.wechat.code_to_session(await line.code("alice"))).openid
    await line.break_next("jscode2session", errcode=-1, times=5)
    with pytest.raises(WeChatBusy):
        await line.wechat.code_to_session("demo:alice")
    assert [errcode for _, errcode in await line.calls()] == [-1, -1, 0, -1, -1, -1]


async def test_a_quota_is_not_asked_again(line: Line) -> None:
    await line.break_next("jscode2session", errcode=45011, times=2)
    with pytest.raises(WeChatBusy) as busy:
        await line.wechat.code_to_session("demo:alice")
    assert busy.value.errcode == 45011
    assert await line.calls() == [("jscode2session", 45011)]


async def test_a_code_whose_answer_was_lost_is_not_sent_again() -> None:
    lost: list[Callable[[], Answer]] = [
        lambda: httpx2.ReadTimeout("late"),
        lambda: httpx2.ReadError("cut"),
        lambda: httpx2.Response(502, text="bad gateway"),
        lambda: httpx2.Response(200, text="<html>maintenance</html>"),
        lambda: httpx2.Response(200, text="[]"),
    ]
    for answer in lost:
        wire = Wire([answer()])
        with pytest.raises(WeChatBusy):
            await client_on(wire).code_to_session("a-code")
        assert len(wire.asked) == 1


async def test_a_code_that_was_never_sent_is_sent_again() -> None:
    person = httpx2.Response(200, json={"openid": "o1", "session_key": "k"})
    wire = Wire([httpx2.ConnectError("refused"), httpx2.ConnectTimeout("late"), person])
    assert await client_on(wire).code_to_session("a-code") == Session(openid="o1", unionid=None)


async def test_an_access_token_whose_answer_was_lost_is_asked_for_again() -> None:
    token = httpx2.Response(200, json={"access_token": "t", "expires_in": 7200})
    phone = {"countryCode": "86", "purePhoneNumber": "13800138000"}
    wire = Wire([httpx2.ReadTimeout("late"), token, httpx2.Response(200, json={"phone_info": phone})])
    assert await client_on(wire).phone_number("a-code") == "+8613800138000"


async def test_a_wrong_secret_is_ours_to_mend(line: Line) -> None:
    for client, errcode in [(line.client(secret="wrong"), 40125), (line.client(appid="wxother"), 40013)]:
        with pytest.raises(WeChatMisconfigured) as misconfigured:
            await client.code_to_session("demo:alice")
        assert misconfigured.value.errcode == errcode


async def test_an_unknown_code_of_wechats_is_passed_on(line: Line) -> None:
    await line.break_next("jscode2session", errcode=99999)
    with pytest.raises(WeChatError) as unknown:
        await line.wechat.code_to_session("demo:alice")
    assert type(unknown.value) is WeChatError
    assert unknown.value.errcode == 99999


@pytest.mark.parametrize(
    ("code", "number"),
    [("phone:13800138000", "+8613800138000"), ("phone:+85251234567", "+85251234567")],
)
async def test_a_phone_number_comes_with_its_country(line: Line, code: str, number: str) -> None:
    assert await line.wechat.phone_number(code) == number


async def test_a_number_that_is_none_is_refused(line: Line) -> None:
    with pytest.raises(CodeRefused):
        await line.wechat.phone_number("phone:12")


async def test_one_access_token_serves_until_five_minutes_before_its_end(line: Line) -> None:
    await asyncio.gather(*(line.wechat.phone_number("phone:13800138000") for _ in range(3)))
    line.clock.seconds += 7200 - 301
    await line.wechat.phone_number("phone:13800138000")
    assert (await line.calls()).count(("stable_token", 0)) == 1
    line.clock.seconds += 2
    await line.wechat.phone_number("phone:13800138000")
    assert (await line.calls()).count(("stable_token", 0)) == 2


async def test_a_token_that_another_process_replaced_is_refreshed_once(line: Line) -> None:
    await line.wechat.phone_number("phone:13800138000")
    forced = {"grant_type": "client_credential", "appid": APPID, "secret": SECRET, "force_refresh": True}
    await line.developer.post("/cgi-bin/stable_token", json=forced)
    assert await line.wechat.phone_number("phone:13800138000") == "+8613800138000"
    assert (await line.calls())[-3:] == [
        ("getuserphonenumber", 40001),
        ("stable_token", 0),
        ("getuserphonenumber", 0),
    ]


async def test_a_token_refused_twice_is_ours_to_mend(line: Line) -> None:
    await line.break_next("getuserphonenumber", errcode=40014, times=9)
    with pytest.raises(WeChatMisconfigured):
        await line.wechat.phone_number("phone:13800138000")
    assert [call for call, _ in await line.calls()] == ["stable_token", "getuserphonenumber"] * 2


async def test_the_secret_the_code_and_the_session_key_are_told_to_nobody(
    line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    code = await line.code("alice")
    session = await line.wechat.code_to_session(code)
    await line.wechat.phone_number("phone:13800138000")
    with pytest.raises(WeChatError) as used:
        await line.wechat.code_to_session(code)
    wire = Wire([httpx2.ReadTimeout("late")])
    with pytest.raises(WeChatBusy) as lost:
        await client_on(wire).code_to_session(code)
    recorded = (await line.developer.get("/__dev/calls")).text
    told = [repr(line.wechat), repr(session), recorded, str(used.value), repr(used.value), repr(lost.value)]
    for text in [*told, caplog.text]:
        for hidden in (SECRET, code, "session_key", "access_token="):
            assert hidden not in text
    assert "/sns/jscode2session" in caplog.text, "the call itself is logged"
    assert lost.value.__cause__ is None
    assert lost.value.__context__ is None, "the library's error holds the address"


async def test_errors_look_like_wechats(line: Line) -> None:
    posted = await line.developer.post("/sns/jscode2session", params={"appid": APPID})
    assert posted.headers["content-type"].startswith("text/plain")
    assert posted.json()["errcode"] == 41002
    assert posted.json()["errmsg"].startswith("appid missing, rid: ")
    form = await line.developer.post("/cgi-bin/stable_token", data={"appid": APPID})
    assert form.json()["errcode"] == 47001


async def test_a_forced_token_is_rationed(line: Line) -> None:
    forced = {"grant_type": "client_credential", "appid": APPID, "secret": SECRET, "force_refresh": True}

    async def force() -> Any:
        return (await line.developer.post("/cgi-bin/stable_token", json=forced)).json()

    first = await force()
    assert (await force())["access_token"] == first["access_token"], "within 30 s nothing is refreshed"
    for _ in range(19):
        line.clock.seconds += 31
        assert (await force())["access_token"] != first["access_token"]
    line.clock.seconds += 31
    assert (await force())["errcode"] == 45009


async def test_the_calls_are_bounded(line: Line) -> None:
    for _ in range(510):
        await line.developer.get("/sns/jscode2session")
    assert len(await line.calls()) == 500


@pytest.mark.parametrize(
    "wish",
    [
        {"no_such_call": {"errcode": -1}},
        {"jscode2session": {"errcode": "-1"}},
        {"jscode2session": {"times": 0}},
        {"jscode2session": {"status": 200}},
        {"jscode2session": {"delay_seconds": 3600}},
        {"jscode2session": {"eror": 1}},
        {"jscode2session": 1},
    ],
)
async def test_a_fault_that_makes_no_sense_is_explained(line: Line, wish: object) -> None:
    answer = await line.developer.post("/__dev/faults", json=wish)
    assert answer.status_code == 400
    assert answer.json()["message"]
    assert (await line.developer.get("/__dev/faults")).json() == {}


async def test_faults_can_be_cleared(line: Line) -> None:
    await line.break_next("jscode2session", status=502, times=2)
    assert (await line.developer.get("/sns/jscode2session")).status_code == 502
    await line.developer.delete("/__dev/faults")
    assert (await line.developer.get("/sns/jscode2session")).status_code == 200


async def test_the_simulators_page_needs_no_other_server(line: Line) -> None:
    answer = await line.developer.get("/")
    assert "WeChat simulator" in answer.text
    assert "微信模拟器" in answer.text
    assert not re.search(r"https?:|[\"'(]//", answer.text)
    policy = answer.headers["content-security-policy"]
    nonce = policy.split("'nonce-")[1].split("'")[0]
    assert answer.text.count(f'nonce="{nonce}"') == 2
