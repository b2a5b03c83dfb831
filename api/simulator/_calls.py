"""The calls of WeChat's API on the wire: a login, an access token, a phone number, and what goes wrong."""

import asyncio
import base64
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import orjson
from starlette.requests import Request
from starlette.responses import Response

from api.simulator._world import (
    FORCED_A_DAY,
    NAME_MAX,
    Answer,
    Given,
    RefusalError,
    World,
    number_of,
    person,
    redeem,
    trim,
)

TOKEN_SECONDS = 7200
TOKEN_OVERLAP_SECONDS = 300  # the old token and the new one are both good for the last five minutes
FORCE_PAUSE_SECONDS = 30
DAY_SECONDS = 86_400
BODY_BYTES_MAX = 16_384
WORDS = {
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
JSON = "application/json; encoding=utf-8"
CHINA = 86


@dataclass(frozen=True)
class _Call:
    """One call of WeChat's API: where it is, how it is made, and how it answers."""

    name: str
    path: str
    method: str
    wrong_method: int
    media_type: str
    answer: Callable[[World, Given], Answer]


def _jscode2session(world: World, given: Given) -> Answer:
    _check_app(world, given)
    if given.get("grant_type") != "authorization_code":
        raise RefusalError(40002)
    name = redeem(world, given.get("js_code"), prefix="demo:")
    if name == "blocked":
        raise RefusalError(40226)
    answer: Answer = {
        "session_key": base64.b64encode(secrets.token_bytes(16)).decode(),
        "openid": person(world.appid, name),
    }
    if world.open_platform:
        answer["unionid"] = person("union", world.appid, name)
    return answer


def _stable_token(world: World, given: Given) -> Answer:
    if given.get("grant_type") != "client_credential":
        raise RefusalError(40002)
    _check_app(world, given)
    now = world.tick()
    left = world.tokens.get(world.latest_token, 0.0) - now
    if given.get("force_refresh") is True and _may_force(world, now):
        world.tokens.pop(world.latest_token, None)  # a forced refresh kills the old token at once
        left = 0.0
    if left <= TOKEN_OVERLAP_SECONDS:
        world.latest_token = "99_" + secrets.token_urlsafe(100)
        world.tokens[world.latest_token] = now + TOKEN_SECONDS
        trim(world.tokens)
        left = float(TOKEN_SECONDS)
    return {"access_token": world.latest_token, "expires_in": int(left)}


def _getuserphonenumber(world: World, given: Given) -> Answer:
    token = given.get("access_token")
    if not token:
        raise RefusalError(41001)
    if not isinstance(token, str) or token not in world.tokens:
        raise RefusalError(40001)
    if world.tokens[token] <= world.tick():
        raise RefusalError(42001)
    number = number_of(redeem(world, given.get("code"), prefix="phone:"))
    if number is None:
        raise RefusalError(40029)
    pure, country = str(number.national_number), str(number.country_code)
    shown = pure if number.country_code == CHINA else f"+{country}{pure}"
    watermark = {"timestamp": int(world.wall()), "appid": world.appid}
    phone = {"phoneNumber": shown, "purePhoneNumber": pure, "countryCode": country, "watermark": watermark}
    return {"errcode": 0, "errmsg": "ok", "phone_info": phone}


def _check_app(world: World, given: Given) -> None:
    if not given.get("appid"):
        raise RefusalError(41002)
    if given["appid"] != world.appid:
        raise RefusalError(40013)
    if not given.get("secret"):
        raise RefusalError(41004)
    if given["secret"] != world.secret:
        raise RefusalError(40125)


def _may_force(world: World, now: float) -> bool:
    """Whether a forced refresh is one: within 30 s of the last it changes nothing, and 20 a day are all."""
    if world.forced_at and now - world.forced_at[-1] < FORCE_PAUSE_SECONDS:
        return False
    if len(world.forced_at) == FORCED_A_DAY and now - world.forced_at[0] < DAY_SECONDS:
        raise RefusalError(45009)
    world.forced_at.append(now)
    return True


CALLS = (
    # WeChat labels the JSON of a login text/plain, and reads a POST as having no query.
    _Call("jscode2session", "/sns/jscode2session", "GET", 41002, "text/plain", _jscode2session),
    _Call("stable_token", "/cgi-bin/stable_token", "POST", 43002, JSON, _stable_token),
    _Call("getuserphonenumber", "/wxa/business/getuserphonenumber", "POST", 43002, JSON, _getuserphonenumber),
)


def endpoint_of(world: World, call: _Call) -> Callable[[Request], Awaitable[Response]]:
    """Where a call is answered, recorded, and made to fail when that was asked for."""

    async def endpoint(request: Request) -> Response:
        given: Given = {}
        try:
            given = await _given(request, call)
            broken = await _misbehave(world, call.name)
            if broken is not None:
                _record(world, call, given, {"status": broken})
                return Response("<html>bad gateway</html>", broken, media_type="text/html")
            answer = call.answer(world, given)
        except RefusalError as no:
            answer = {"errcode": no.errcode, "errmsg": f"{WORDS.get(no.errcode, 'error')}, rid: {_rid()}"}
        _record(world, call, given, answer)
        return Response(orjson.dumps(answer), media_type=call.media_type)

    return endpoint


async def _given(request: Request, call: _Call) -> Given:
    """All that the caller sent: the query, and the JSON body of a POST."""
    if request.method != call.method:
        raise RefusalError(call.wrong_method)
    given: dict[str, object] = dict(request.query_params)
    if call.method == "POST":
        given.update(await json_object(request))
    return given


async def json_object(request: Request) -> dict[str, object]:
    """The object that a body is. Raises: RefusalError."""
    body = await request.body()
    try:
        sent = orjson.loads(body) if len(body) <= BODY_BYTES_MAX else None
    except orjson.JSONDecodeError:
        sent = None
    if not isinstance(sent, dict):
        raise RefusalError(47001)
    return sent


async def _misbehave(world: World, call: str) -> int | None:
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
        raise RefusalError(fault.errcode)
    return fault.status


def _record(world: World, call: _Call, given: Given, answer: Answer) -> None:
    """Remember a call for the page, without secret, token, session key or a whole single-use code."""
    code = given.get("js_code") or given.get("code") or ""
    told = str(code)[: NAME_MAX + 6]
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
