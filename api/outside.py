"""The outside: what the schema asks of the world beyond the house, answered for this deployment."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from api.clock import now
from api.reach import Reach
from api.wechat import CodeRefused, WeChat, WeChatError, WeChatMisconfigured
from models.members import IdentityKind
from rules import attempts
from rules.credentials import LoginRefused, WechatUnavailable
from rules.members import Identity, identity
from rules.passwords import PasswordsBusy, normalised
from rules.phones import PhoneCodeRefused, PhoneLookupsSpent

Done = TypeVar("Done")

HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""OWASP's floor for Argon2id: 19 MiB, two passes, one lane."""

AT_ONCE = 4
"""How many passwords are checked at once, so that logins cannot exhaust memory."""

PHONES_SECONDS, PHONES_MAX = 300.0, 1_000
"""How long and how many looked-up phones are kept in memory: as long as WeChat's codes live."""
WAITING_MAX = 32
"""How many may wait for their turn: a second or so. More are told to come again."""

SLOWLY_SECONDS = 1.0
"""How much longer a password takes whose account is under attack."""

_log = logging.getLogger("loyalty.wechat")

NOBODY = HASHER.hash("nobody has this password")
"""What is compared with when there is no account, so that the answer takes as long."""


@dataclass(slots=True)
class World:
    """WeChat, what it said lately of phones, and a bounded pool that checks passwords."""

    wechat: WeChat
    appid: str
    open_platform: str
    phone_daily: int = 0
    """How many phone numbers WeChat is asked for a day; 0 for as many as are wanted."""
    phones: "dict[str, tuple[asyncio.Task[Identity], float]]" = field(default_factory=dict)
    """The latest look-ups, and until when each is kept: WeChat charges for every answer."""
    totp_required: bool = False
    """Whether staff must have a second factor."""
    refresh_grace: timedelta = timedelta(0)
    """How long a refresh token may be sent again when the answer was lost."""
    reach: Reach = field(default_factory=lambda: Reach(may_loop=False))
    """How addresses that people typed in are tried."""
    public_url: str = ""
    """Where people reach this deployment with a browser."""
    waiting: int = 0
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(AT_ONCE, "password"))

    async def wechat_identities(self, code: str) -> Sequence[Identity]:
        """Who a login code stands for: an openid of this app, and a unionid where there is one.

        Raises: LoginRefused, WechatUnavailable.
        """
        try:
            session = await self.wechat.code_to_session(code)
        except CodeRefused as refused:
            raise LoginRefused from refused
        except WeChatError as error:
            raise _unavailable(error) from error
        known = [identity(IdentityKind.WECHAT_OPENID, self.appid, session.openid, verified=True)]
        if session.unionid:
            union = identity(IdentityKind.WECHAT_UNIONID, self.open_platform, session.unionid, verified=True)
            known.append(union)
        return known

    async def wechat_phone(self, code: str, whose: str) -> Identity:
        """The verified phone behind a code of WeChat's button; the same person's same code is asked for once.

        A caller who leaves loses nothing: the answer is kept in memory for some minutes, for the next try.

        Raises: PhoneCodeRefused, PhoneLookupsSpent, WechatUnavailable.
        """
        loop = asyncio.get_running_loop()
        key = sha256(f"{whose}\x1f{code}".encode()).hexdigest()
        self.phones = {each: kept for each, kept in self.phones.items() if kept[1] > loop.time()}
        if key not in self.phones:
            while len(self.phones) >= PHONES_MAX:
                del self.phones[next(iter(self.phones))]
            self.phones[key] = (asyncio.create_task(self._ask_phone(code)), loop.time() + PHONES_SECONDS)
        asked, _ = self.phones[key]
        asked.add_done_callback(lambda done: self._let_go(key, done))
        return await asyncio.shield(asked)

    async def _ask_phone(self, code: str) -> Identity:
        moment = now()
        if self.phone_daily and not await attempts.ration(
            "wechat phone", moment.date(), self.phone_daily, now=moment
        ):
            _log.warning("LOYALTY_WECHAT_PHONE_DAILY is used up for today")
            raise PhoneLookupsSpent
        try:
            number = await self.wechat.phone_number(code)
        except CodeRefused as refused:
            raise PhoneCodeRefused from refused
        except WeChatError as error:
            raise _unavailable(error) from error
        return identity(IdentityKind.PHONE, "", number, verified=True)

    def _let_go(self, key: str, done: "asyncio.Task[Identity]") -> None:
        """Forget a look-up that failed: it may be made again."""
        if done.cancelled() or done.exception():
            self.phones.pop(key, None)

    async def is_password(self, stored_hash: str | None, password: str, *, slowly: bool = False) -> bool:
        """Whether a password is the one; takes as long when there is none to compare with.

        Raises: PasswordsBusy.
        """
        if slowly:
            await asyncio.sleep(SLOWLY_SECONDS)
        right = await self._in_turn(_matches, stored_hash or NOBODY, normalised(password))
        return right and bool(stored_hash)

    async def hashed(self, password: str) -> str:
        """The hash under which a password is kept.

        Raises: PasswordsBusy.
        """
        return await self._in_turn(HASHER.hash, normalised(password))

    def is_dated(self, stored_hash: str) -> bool:
        """Whether a hash was made with other parameters than today's."""
        return HASHER.check_needs_rehash(stored_hash)

    async def _in_turn(self, work: Callable[..., Done], *given: str) -> Done:
        """Do the work in the pool, unless too many wait for it."""
        if self.waiting >= AT_ONCE + WAITING_MAX:
            raise PasswordsBusy
        self.waiting += 1
        done = asyncio.get_running_loop().run_in_executor(self.pool, work, *given)
        # counted until the thread is done with it, also when the caller has left
        done.add_done_callback(self._leave)
        return await done

    def _leave(self, _: object) -> None:
        self.waiting -= 1

    async def check_webhook(self, url: str) -> None:
        """See that webhooks may be sent there now.

        Raises: WebhookUrlRefused.
        """
        await self.reach.check(url)

    async def aclose(self) -> None:
        """Let go of connections and threads."""
        await self.wechat.aclose()
        await self.reach.aclose()
        self.pool.shutdown(wait=False)


def _unavailable(error: WeChatError) -> WechatUnavailable:
    """What a member is told: to try later. An operator's mistake is told apart in the log."""
    level = logging.ERROR if isinstance(error, WeChatMisconfigured) else logging.WARNING
    _log.log(level, "%s", error)
    return WechatUnavailable()


def _matches(stored_hash: str, password: str) -> bool:
    try:
        return HASHER.verify(stored_hash, password)
    except (VerificationError, InvalidHashError):
        return False
