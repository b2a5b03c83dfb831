"""The second factor: codes that change every half minute, as RFC 6238 has them."""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from rules.refusals import Refusal
from rules.vault import unlocked

STEP_SECONDS = 30
DIGITS = 6
SECRET_BYTES = 20
"""As long as the hash: RFC 4226, section 4."""

DRIFT = 1
"""How many steps a phone's clock may be early or late."""

PURPOSE = "totp"
_CODE = re.compile(r"[0-9]{6}")


@dataclass(eq=False)
class TotpRequired(Refusal):
    """The code of your second factor is needed."""

    zh = "请输入双重验证码。"
    field = ("totp",)


@dataclass(eq=False)
class TotpWrong(Refusal):
    """This code is wrong, too old, or was used already: wait for the next one."""

    zh = "验证码错误、已过期或已使用，请等待下一个验证码。"
    field = ("totp",)


@dataclass(eq=False)
class TotpSetupRequired(Refusal):
    """This account must be given a second factor before anything else."""

    zh = "该账号须先设置双重验证。"


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """What a phone and the house share, in base 32 as people type it."""

    text: str

    def code(self, step: int) -> str:
        """The code of a step."""
        made = TOTP(base64.b32decode(self.text), DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303  all that phones know
        return made.generate(step * STEP_SECONDS).decode()

    def address(self, issuer: str, username: str) -> str:
        """The `otpauth` address that a phone reads from a QR code."""
        label = f"{quote(issuer, safe='')}:{quote(username, safe='')}"
        told = f"secret={self.text}&issuer={quote(issuer, safe='')}"
        return f"otpauth://totp/{label}?{told}&algorithm=SHA1&digits={DIGITS}&period={STEP_SECONDS}"


def secret_for(invitation: str, password: str) -> Secret:
    """The secret that goes with an invitation and the password chosen with it.

    It is derived, so nothing is stored before a code has confirmed it; and whoever only saw the invitation cannot
    derive it, since it hangs on the password as well.
    """
    made = hashlib.sha256(bytes.fromhex(unlocked().mark("totp secret", invitation, password))).digest()
    return Secret(base64.b32encode(made[:SECRET_BYTES]).decode())


def sealed(secret: Secret) -> bytes:
    """A secret as it is stored."""
    return unlocked().seal_house(PURPOSE, secret.text)


def opened(stored: bytes) -> Secret:
    """A secret as it was stored."""
    return Secret(unlocked().open_house(PURPOSE, stored))


def step_of(secret: Secret, code: str, now: datetime, *, after: int | None = None) -> int:
    """The step whose code this is, among those that are good at this moment and come after one that was used.

    Raises: TotpWrong.
    """
    typed = re.sub(r"[\s-]", "", code)
    current = int(now.timestamp()) // STEP_SECONDS
    found: int | None = None
    if _CODE.fullmatch(typed):
        for step in range(current - DRIFT, current + DRIFT + 1):
            if hmac.compare_digest(secret.code(step), typed) and (after is None or step > after):
                found = step
    if found is None:
        raise TotpWrong
    return found
