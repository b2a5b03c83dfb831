"""The outside: what the schema asks of the world beyond the house, answered for this deployment."""

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from api.wechat import CodeRefused, WeChat, WeChatError, WeChatMisconfigured
from models.members import IdentityKind
from rules.credentials import LoginRefused, WechatUnavailable
from rules.members import Identity, identity

HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""OWASP's floor for Argon2id: 19 MiB, two passes, one lane."""

AT_ONCE = 4
"""How many passwords are checked at once, so that logins cannot exhaust memory."""

_log = logging.getLogger("loyalty.wechat")

NOBODY = HASHER.hash("nobody has this password")
"""What is compared with when there is no account, so that the answer takes as long."""


@dataclass(slots=True)
class World:
    """WeChat, and a bounded pool that checks passwords."""

    wechat: WeChat
    appid: str
    open_platform: str
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
            # an operator's mistake is told apart here; to the member both mean to try later
            level = logging.ERROR if isinstance(error, WeChatMisconfigured) else logging.WARNING
            _log.log(level, "%s", error)
            raise WechatUnavailable from error
        known = [identity(IdentityKind.WECHAT_OPENID, self.appid, session.openid, verified=True)]
        if session.unionid:
            union = identity(IdentityKind.WECHAT_UNIONID, self.open_platform, session.unionid, verified=True)
            known.append(union)
        return known

    async def is_password(self, stored_hash: str | None, password: str) -> bool:
        """Whether a password is the one; takes as long when there is none to compare with."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.pool, _matches, stored_hash or NOBODY, password) and bool(
            stored_hash
        )

    async def aclose(self) -> None:
        """Let go of connections and threads."""
        await self.wechat.aclose()
        self.pool.shutdown(wait=False)


def _matches(stored_hash: str, password: str) -> bool:
    try:
        return HASHER.verify(stored_hash, password)
    except (VerificationError, InvalidHashError):
        return False
