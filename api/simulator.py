"""The WeChat simulator: WeChat's login and phone calls on the wire, with no account and no network.

Mounted at `/_wechat` in development only. The code `demo:alice` logs Alice in, always as the same person;
`demo:blocked` is turned away; `phone:13800138000` is that phone number. `POST /__dev/login?as=alice` makes a
code like WeChat's own: good once, for five minutes. Pay has its place here and comes with its own issue.
"""

import asyncio
import base64
import hashlib
import secrets
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import orjson
import phonenumbers
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

_CODE_SECONDS = 300
_TOKEN_SECONDS = 7200
_TOKEN_OVERLAP_SECONDS = 300  # the old token and the new one are both good for the last five minutes
_FORCE_PAUSE_SECONDS = 30
_FORCED_A_DAY = 20
_DAY_SECONDS = 86_400
_MAX_KEPT = 1_000  # codes and tokens
_MAX_CALLS = 500
_MAX_TIMES = 100  # of a fault
_MAX_DELAY_SECONDS = 60
_MAX_NAME = 64
_MAX_BODY_BYTES = 16_384
_LOWEST_FAULT_STATUS, _HIGHEST_FAULT_STATUS = 400, 599

_WORDS = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40013: "invalid appid",
    40014: "invalid access_token",
    40029: "invalid code",
    40125: "invalid appsecret",
    40163: "code been used",
    40164: "invalid ip, not in whitelist",
    40226: "code blocked",
    41001: "access_token missing",
    41002: "appid missing",
    41004: "appsecret missing",
    41008: "missing code",
    42001: "access_token expired",
    43002: "require POST method",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    47001: "data format error",
}

_Given = Mapping[str, object]
_Answer = dict[str, object]


class _RefusalError(Exception):
    """WeChat says no, with one of its codes."""

    def __init__(self, errcode: int) -> None:
        super().__init__(errcode)
        self.errcode = errcode


@dataclass
class _Code:
    """A single-use code: what it stands for, and until when."""

    stands_for: str
    dies_at: float
    used: bool = False


@dataclass
class _Fault:
    """What goes wrong with the next calls, and how often."""

    times: int
    errcode: int | None = None
    status: int | None = None
    delay_seconds: float = 0.0

    def shown(self) -> _Answer:
        """The fault as the page shows it."""
        return {
            "times": self.times,
            "errcode": self.errcode,
            "status": self.status,
            "delay_seconds": self.delay_seconds,
        }


@dataclass
class _World:
    """All that this WeChat remembers."""

    appid: str
    secret: str = field(repr=False)
    open_platform: bool
    tick: Callable[[], float]
    wall: Callable[[], float]
    codes: dict[str, _Code] = field(default_factory=dict)
    tokens: dict[str, float] = field(default_factory=dict)  # until when each is good
    latest_token: str = ""
    forced_at: deque[float] = field(default_factory=lambda: deque(maxlen=_FORCED_A_DAY))
    faults: dict[str, _Fault] = field(default_factory=dict)
    calls: deque[_Answer] = field(default_factory=lambda: deque(maxlen=_MAX_CALLS))


@dataclass(frozen=True)
class _Call:
    """One call of WeChat's API: where it is, how it is made, and how it answers."""

    name: str
    path: str
    method: str
    wrong_method: int
    media_type: str
    answer: Callable[[_World, _Given], _Answer]


def simulator(
    appid: str,
    secret: str,
    *,
    open_platform: bool = True,
    tick: Callable[[], float] = time.monotonic,
    wall: Callable[[], float] = time.time,  # noqa: TID251  WeChat's own clock, which is not ours
) -> Starlette:
    """A WeChat with one mini-program. Without an Open Platform account it gives no unionids."""
    world = _World(appid=appid, secret=secret, open_platform=open_platform, tick=tick, wall=wall)
    wire = [Route(call.path, _endpoint(world, call), methods=["GET", "POST"]) for call in _CALLS]
    knobs = [
        Route("/", _page),
        Route("/__dev/login", _knob(world, _login), methods=["POST"]),
        Route("/__dev/phone", _knob(world, _phone), methods=["POST"]),
        Route("/__dev/faults", _knob(world, _faults), methods=["GET", "POST", "DELETE"]),
        Route("/__dev/calls", _knob(world, _recorded)),
    ]
    return Starlette(routes=[*wire, *knobs])


def _jscode2session(world: _World, given: _Given) -> _Answer:
    _check_app(world, given)
    if given.get("grant_type") != "authorization_code":
        raise _RefusalError(40002)
    name = _redeem(world, given.get("js_code"), prefix="demo:")
    if name == "blocked":
        raise _RefusalError(40226)
    answer: _Answer = {
        "session_key": base64.b64encode(secrets.token_bytes(16)).decode(),
        "openid": person(world.appid, name),
    }
    if world.open_platform:
        answer["unionid"] = person("union", world.appid, name)
    return answer


def _stable_token(world: _World, given: _Given) -> _Answer:
    if given.get("grant_type") != "client_credential":
        raise _RefusalError(40002)
    _check_app(world, given)
    now = world.tick()
    left = world.tokens.get(world.latest_token, 0.0) - now
    if given.get("force_refresh") is True and _may_force(world, now):
        world.tokens.pop(world.latest_token, None)  # a forced refresh kills the old token at once
        left = 0.0
    if left <= _TOKEN_OVERLAP_SECONDS:
        world.latest_token = "99_" + secrets.token_urlsafe(100)
        world.tokens[world.latest_token] = now + _TOKEN_SECONDS
        _trim(world.tokens)
        left = float(_TOKEN_SECONDS)
    return {"access_token": world.latest_token, "expires_in": int(left)}


def _getuserphonenumber(world: _World, given: _Given) -> _Answer:
    token = given.get("access_token")
    if not token:
        raise _RefusalError(41001)
    if not isinstance(token, str) or token not in world.tokens:
        raise _RefusalError(40001)
    if world.tokens[token] <= world.tick():
        raise _RefusalError(42001)
    number = _number(_redeem(world, given.get("code"), prefix="phone:"))
    if number is None:
        raise _RefusalError(40029)
    pure, country = str(number.national_number), str(number.country_code)
    shown = pure if number.country_code == _CHINA else f"+{country}{pure}"
    watermark = {"timestamp": int(world.wall()), "appid": world.appid}
    phone = {"phoneNumber": shown, "purePhoneNumber": pure, "countryCode": country, "watermark": watermark}
    return {"errcode": 0, "errmsg": "ok", "phone_info": phone}


_JSON = "application/json; encoding=utf-8"
_CHINA = 86
_CALLS = (
    # WeChat labels the JSON of a login text/plain, and reads a POST as having no query.
    _Call("jscode2session", "/sns/jscode2session", "GET", 41002, "text/plain", _jscode2session),
    _Call("stable_token", "/cgi-bin/stable_token", "POST", 43002, _JSON, _stable_token),
    _Call("getuserphonenumber", "/wxa/business/getuserphonenumber", "POST", 43002, _JSON, _getuserphonenumber),
)


def _check_app(world: _World, given: _Given) -> None:
    if not given.get("appid"):
        raise _RefusalError(41002)
    if given["appid"] != world.appid:
        raise _RefusalError(40013)
    if not given.get("secret"):
        raise _RefusalError(41004)
    if given["secret"] != world.secret:
        raise _RefusalError(40125)


def _redeem(world: _World, code: object, *, prefix: str) -> str:
    """What a code stands for. Codes with the prefix can be used again, so that an example always works."""
    if not code:
        raise _RefusalError(41008)
    if not isinstance(code, str):
        raise _RefusalError(40029)
    if code.startswith(prefix) and len(prefix) < len(code) <= len(prefix) + _MAX_NAME:
        return code.removeprefix(prefix)
    minted = world.codes.get(code)
    if minted is None or not minted.stands_for.startswith(prefix) or minted.dies_at <= world.tick():
        raise _RefusalError(40029)
    if minted.used:
        raise _RefusalError(40163)
    minted.used = True
    return minted.stands_for.removeprefix(prefix)


def _may_force(world: _World, now: float) -> bool:
    """Whether a forced refresh is one: within 30 s of the last it changes nothing, and 20 a day are all."""
    if world.forced_at and now - world.forced_at[-1] < _FORCE_PAUSE_SECONDS:
        return False
    if len(world.forced_at) == _FORCED_A_DAY and now - world.forced_at[0] < _DAY_SECONDS:
        raise _RefusalError(45009)
    world.forced_at.append(now)
    return True


def person(*parts: str) -> str:
    """An id of WeChat's shape, 28 characters, the same for the same parts."""
    digest = hashlib.sha256("\0".join(parts).encode()).digest()
    return "o" + base64.urlsafe_b64encode(digest)[:27].decode()


def _number(text: str) -> phonenumbers.PhoneNumber | None:
    try:
        number = phonenumbers.parse(text, "CN")
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_possible_number(number) else None


def _endpoint(world: _World, call: _Call) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        given: _Given = {}
        try:
            given = await _given(request, call)
            broken = await _misbehave(world, call.name)
            if broken is not None:
                _record(world, call, given, {"status": broken})
                return Response("<html>bad gateway</html>", broken, media_type="text/html")
            answer = call.answer(world, given)
        except _RefusalError as no:
            answer = {"errcode": no.errcode, "errmsg": f"{_WORDS.get(no.errcode, 'error')}, rid: {_rid()}"}
        _record(world, call, given, answer)
        return Response(orjson.dumps(answer), media_type=call.media_type)

    return endpoint


async def _given(request: Request, call: _Call) -> _Given:
    """All that the caller sent: the query, and the JSON body of a POST."""
    if request.method != call.method:
        raise _RefusalError(call.wrong_method)
    given: dict[str, object] = dict(request.query_params)
    if call.method == "POST":
        given.update(await _json_object(request))
    return given


async def _json_object(request: Request) -> dict[str, object]:
    body = await request.body()
    try:
        sent = orjson.loads(body) if len(body) <= _MAX_BODY_BYTES else None
    except orjson.JSONDecodeError:
        sent = None
    if not isinstance(sent, dict):
        raise _RefusalError(47001)
    return sent


async def _misbehave(world: _World, call: str) -> int | None:
    """Let the waiting fault of a call happen: a delay, a refusal, or the HTTP status to break with."""
    fault = world.faults.get(call)
    if fault is None:
        return None
    fault.times -= 1
    if fault.times <= 0:
        del world.faults[call]
    if fault.delay_seconds:
        await asyncio.sleep(fault.delay_seconds)
    if fault.errcode is not None:
        raise _RefusalError(fault.errcode)
    return fault.status


def _record(world: _World, call: _Call, given: _Given, answer: _Answer) -> None:
    """Remember a call for the page, without secret, token, session key or a whole single-use code."""
    code = given.get("js_code") or given.get("code") or ""
    told = str(code)[: _MAX_NAME + 6]
    world.calls.append(
        {
            "at": int(world.wall()),
            "call": call.name,
            "code": told if told.startswith(("demo:", "phone:")) else f"{told[:4]}…" if told else "",
            "openid": answer.get("openid"),
            "errcode": answer.get("errcode", 0),
            "errmsg": answer.get("errmsg", "ok"),
            "status": answer.get("status", 200),
        }
    )


def _rid() -> str:
    return "-".join(secrets.token_hex(4) for _ in range(3))


def _knob(
    world: _World, turn: Callable[[_World, Request], Awaitable[_Answer]]
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return _told(await turn(world, request))
        except (ValueError, _RefusalError) as wrong:
            words = "send a JSON object" if isinstance(wrong, _RefusalError) else str(wrong)
            return _told({"message": words}, 400)

    return endpoint


def _told(answer: _Answer, status: int = 200) -> Response:
    headers = {"cache-control": "no-store"}
    return Response(orjson.dumps(answer), status, headers, media_type="application/json")


async def _login(world: _World, request: Request) -> _Answer:
    name = request.query_params.get("as", "").strip()
    if not 0 < len(name) <= _MAX_NAME:
        raise ValueError(f"as: a name of 1 to {_MAX_NAME} characters")
    return _mint(world, f"demo:{name}")


async def _phone(world: _World, request: Request) -> _Answer:
    number = request.query_params.get("number", "").strip()
    if len(number) > _MAX_NAME or _number(number) is None:
        raise ValueError("number: a phone number, for example 13800138000 or +85251234567")
    return _mint(world, f"phone:{number}")


def _mint(world: _World, stands_for: str) -> _Answer:
    code = "0" + secrets.token_hex(16)[1:]
    world.codes[code] = _Code(stands_for, world.tick() + _CODE_SECONDS)
    _trim(world.codes)
    return {"code": code, "stands_for": stands_for, "expires_in": _CODE_SECONDS}


def _trim(kept: dict[str, _Code] | dict[str, float]) -> None:
    """Forget the oldest past the bound."""
    while len(kept) > _MAX_KEPT:
        del kept[next(iter(kept))]


async def _faults(world: _World, request: Request) -> _Answer:
    if request.method == "POST":
        wanted = {name: _fault(name, wish) for name, wish in (await _json_object(request)).items()}
        world.faults.update(wanted)
    if request.method == "DELETE":
        world.faults.clear()
    return {name: fault.shown() for name, fault in world.faults.items()}


def _fault(name: str, wish: object) -> _Fault:
    if name not in {call.name for call in _CALLS}:
        raise ValueError(f"{name}: no such call; there are {', '.join(call.name for call in _CALLS)}")
    if not isinstance(wish, dict) or wish.keys() - {"errcode", "status", "delay_seconds", "times"}:
        raise ValueError(f"{name}: an object of errcode, status, delay_seconds and times")
    times, errcode, status = wish.get("times", 1), wish.get("errcode"), wish.get("status")
    delay = wish.get("delay_seconds", 0)
    if not isinstance(times, int) or not 1 <= times <= _MAX_TIMES:
        raise ValueError(f"times: 1 to {_MAX_TIMES}")
    if errcode is not None and not isinstance(errcode, int):
        raise ValueError("errcode: one of WeChat's numbers")
    if status is not None and status not in range(_LOWEST_FAULT_STATUS, _HIGHEST_FAULT_STATUS + 1):
        raise ValueError(f"status: {_LOWEST_FAULT_STATUS} to {_HIGHEST_FAULT_STATUS}")
    if not isinstance(delay, (int, float)) or not 0 <= delay <= _MAX_DELAY_SECONDS:
        raise ValueError(f"delay_seconds: 0 to {_MAX_DELAY_SECONDS}")
    return _Fault(times=times, errcode=errcode, status=status, delay_seconds=float(delay))


async def _recorded(world: _World, request: Request) -> _Answer:  # noqa: ARG001  a knob has this shape
    return {"calls": list(reversed(world.calls))}


@cache
def _page_text() -> str:
    return (Path(__file__).parent / "static" / "simulator.html").read_text(encoding="utf-8")


def _page(request: Request) -> Response:  # noqa: ARG001  Starlette's shape
    nonce = secrets.token_urlsafe(16)
    policy = (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    headers = {"content-security-policy": policy, "cache-control": "no-store"}
    return HTMLResponse(_page_text().replace("{nonce}", nonce), headers=headers)
