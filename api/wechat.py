"""WeChat's server API, as far as we need it: who is logging in, and which phone number they share."""

import asyncio
import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NoReturn

import httpx2
import orjson
import phonenumbers

from api.trust import authorities

_CODE_REFUSED = {40029, 40163, 40226, 41008}
_BUSY = {-1, 45009, 45011}
_TOKEN_REFUSED = {40001, 40014, 42001}
_MISCONFIGURED = {40002, 40013, 40125, 40164, 41001, 41002, 41004, 48001}

_TRY_AGAIN = -1  # WeChat's own words for it: the system is busy, please try again
_PAUSES = (0.1, 0.4)  # seconds before the second and the third attempt; there is no fourth
_TIMEOUT = httpx2.Timeout(5.0, connect=2.0)
_TOKEN_MARGIN_SECONDS = 300  # in its last five minutes WeChat already hands out the next token
_SERVER_ERROR = 500
_NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
_RID = re.compile(r"rid: ?([0-9A-Za-z-]{1,64})\s*$")

_Answer = Mapping[str, object]


class WeChatError(Exception):
    """WeChat did not do what it was asked.

    The message names the call, WeChat's code and its request id, which its support asks for. It never quotes
    WeChat's words: some of them repeat what was sent.
    """

    def __init__(self, call: str, errcode: int | None = None, rid: str | None = None) -> None:
        super().__init__(call, errcode, rid)
        self.call = call
        self.errcode = errcode
        self.rid = rid

    def __str__(self) -> str:
        """The call, the code and the request id."""
        code = "no answer we can read" if self.errcode is None else f"errcode {self.errcode}"
        return f"{self.call}: {code}" + (f", rid {self.rid}" if self.rid else "")


class CodeRefused(WeChatError):  # noqa: N818  named by what WeChat says
    """The mini-program's code is unknown, expired or used, or its user is blocked: ask for a new one."""


class WeChatBusy(WeChatError):  # noqa: N818  named by what WeChat says
    """WeChat is busy or out of reach: the same request may succeed later, with a new code."""

    def __init__(
        self, call: str, errcode: int | None = None, rid: str | None = None, *, reached: bool = True
    ) -> None:
        super().__init__(call, errcode, rid)
        self.reached = reached


class WeChatMisconfigured(WeChatError):  # noqa: N818  named by what WeChat says
    """WeChat does not accept our appid, secret, address or rights: only the operator can mend it."""


class _TokenRefused(WeChatMisconfigured):
    """WeChat does not accept the access token we kept."""


@dataclass(frozen=True, slots=True)
class Session:
    """Who is logging in: the openid within this mini-program, the unionid across the merchant's apps."""

    openid: str
    unionid: str | None


class WeChat:
    """One mini-program's line to WeChat. Close it with `aclose`."""

    def __init__(
        self,
        base_url: str,
        appid: str,
        secret: str,
        *,
        transport: httpx2.AsyncBaseTransport | None = None,
        tick: Callable[[], float] = time.monotonic,
    ) -> None:
        _guard_log()
        self._appid = appid
        self._secret = secret
        self._tick = tick
        self._token = ""
        self._token_fresh_until = 0.0
        self._token_lock = asyncio.Lock()
        # The environment is read in the settings alone: no proxy and no netrc behind our back.
        self._http = httpx2.AsyncClient(
            base_url=base_url, timeout=_TIMEOUT, transport=transport, verify=authorities(), trust_env=False
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def code_to_session(self, code: str) -> Session:
        """The person behind a code from `wx.login`. A code is good for one answer.

        The session key of the answer is dropped here: nothing of ours needs it.

        Raises: CodeRefused, WeChatBusy, WeChatMisconfigured, WeChatError.
        """
        params = {
            "appid": self._appid,
            "secret": self._secret,
            "js_code": code,
            "grant_type": "authorization_code",
        }
        request = self._http.build_request("GET", "/sns/jscode2session", params=params)
        answer = await self._ask("jscode2session", request, repeatable=False)
        openid = answer.get("openid")
        if not isinstance(openid, str) or not openid:
            raise WeChatError("jscode2session")
        unionid = answer.get("unionid")
        return Session(openid=openid, unionid=unionid if isinstance(unionid, str) and unionid else None)

    async def phone_number(self, code: str) -> str:
        """The phone number, in E.164, behind a code from the phone button.

        WeChat charges for every answer: keep it, never ask twice.

        Raises: CodeRefused, WeChatBusy, WeChatMisconfigured, WeChatError.
        """
        token = await self._access_token()
        try:
            answer = await self._ask_phone(code, token)
        except _TokenRefused:
            answer = await self._ask_phone(code, await self._access_token(refused=token))
        return _e164(answer.get("phone_info"))

    async def _ask_phone(self, code: str, token: str) -> _Answer:
        request = self._http.build_request(
            "POST", "/wxa/business/getuserphonenumber", params={"access_token": token}, json={"code": code}
        )
        return await self._ask("getuserphonenumber", request, repeatable=False)

    async def _access_token(self, *, refused: str | None = None) -> str:
        """The kept token, or the latest from WeChat when ours is old or is the one just refused.

        We never force a new one: that kills the token of every other process, and is allowed 20 times a day.
        The plain request already answers with whatever token is the latest.
        """
        async with self._token_lock:
            if self._token and self._token != refused and self._tick() < self._token_fresh_until:
                return self._token
            body = {"grant_type": "client_credential", "appid": self._appid, "secret": self._secret}
            request = self._http.build_request("POST", "/cgi-bin/stable_token", json=body)
            answer = await self._ask("stable_token", request, repeatable=True)
            token, seconds = answer.get("access_token"), answer.get("expires_in")
            if not isinstance(token, str) or not token or not isinstance(seconds, int):
                raise WeChatError("stable_token")
            self._token = token
            self._token_fresh_until = self._tick() + seconds - _TOKEN_MARGIN_SECONDS
            return token

    async def _ask(self, call: str, request: httpx2.Request, *, repeatable: bool) -> _Answer:
        for pause in _PAUSES:
            try:
                return await self._ask_once(call, request)
            except WeChatBusy as busy:
                if not _worth_repeating(busy, repeatable=repeatable):
                    raise
            await asyncio.sleep(pause)
        return await self._ask_once(call, request)

    async def _ask_once(self, call: str, request: httpx2.Request) -> _Answer:
        response, reached = None, True
        try:
            response = await self._http.send(request)
        except httpx2.RequestError as lost:
            reached = not isinstance(lost, _NOT_SENT)
        # Raised out here, so that it does not carry the library's error, which holds the address and secret.
        if response is None or response.status_code >= _SERVER_ERROR:
            raise WeChatBusy(call, reached=reached)
        answer = _read(call, response.content)
        errcode = answer.get("errcode", 0)
        if errcode != 0:
            _refuse(call, errcode, answer.get("errmsg"))
        return answer


def _worth_repeating(busy: WeChatBusy, *, repeatable: bool) -> bool:
    """Whether to ask the same again at once.

    A code is single-use, and is spent when WeChat reads it, not when we read the answer. So a lost answer is
    not asked for again: the second attempt would be told "code been used", and a passing fault would look
    like the member's mistake; the mini-program gets a new code for nothing. Safe to repeat are a request that
    never left, and the answer -1, by which WeChat itself asks for it. A quota (45011) wants a minute.
    """
    if busy.errcode is not None:
        return busy.errcode == _TRY_AGAIN
    return repeatable or not busy.reached


def _read(call: str, content: bytes) -> _Answer:
    """The answer as an object. WeChat labels JSON as text/plain, so the label is not looked at."""
    try:
        answer = orjson.loads(content)
    except orjson.JSONDecodeError:
        answer = None
    if not isinstance(answer, dict):
        raise WeChatBusy(call)
    return answer


def _refuse(call: str, errcode: object, errmsg: object) -> NoReturn:
    if not isinstance(errcode, int):
        raise WeChatError(call)
    found = _RID.search(errmsg) if isinstance(errmsg, str) else None
    rid = found.group(1) if found else None
    if errcode in _CODE_REFUSED:
        raise CodeRefused(call, errcode, rid)
    if errcode in _BUSY:
        raise WeChatBusy(call, errcode, rid)
    if errcode in _TOKEN_REFUSED:
        raise _TokenRefused(call, errcode, rid)
    if errcode in _MISCONFIGURED:
        raise WeChatMisconfigured(call, errcode, rid)
    raise WeChatError(call, errcode, rid)


def _e164(phone_info: object) -> str:
    if isinstance(phone_info, dict):
        country, national = phone_info.get("countryCode"), phone_info.get("purePhoneNumber")
        try:
            number = phonenumbers.parse(f"+{country}{national}")
        except phonenumbers.NumberParseException:
            number = None
        if number is not None and phonenumbers.is_possible_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    raise WeChatError("getuserphonenumber")


class _WithoutQuery(logging.Filter):
    """Takes the query off every address the HTTP library logs: WeChat wants the secret there."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep the record, without the query of its address."""
        if isinstance(record.args, tuple):
            record.args = tuple(
                arg.copy_with(query=None) if isinstance(arg, httpx2.URL) else arg for arg in record.args
            )
        return True


_without_query = _WithoutQuery()


def _guard_log() -> None:
    """Guard the HTTP library's log, for every client in this process; a second call changes nothing."""
    logging.getLogger("httpx2").addFilter(_without_query)
