"""The world of the simulator: the codes, tokens and faults that this WeChat remembers, and whom it knows."""

import base64
import hashlib
import secrets
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import phonenumbers

CODE_SECONDS = 300
FORCED_A_DAY = 20
KEPT_MAX = 1_000  # codes and tokens
CALLS_MAX = 500
NAME_MAX = 64

Given = Mapping[str, object]

Answer = dict[str, object]


class RefusalError(Exception):
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
class Fault:
    """What goes wrong with the next calls, and how often."""

    times: int
    errcode: int | None = None
    status: int | None = None
    delay_seconds: float = 0.0

    def shown(self) -> Answer:
        """The fault as the page shows it."""
        return {
            "times": self.times,
            "errcode": self.errcode,
            "status": self.status,
            "delay_seconds": self.delay_seconds,
        }


@dataclass
class World:
    """All that this WeChat remembers."""

    appid: str
    secret: str = field(repr=False)
    open_platform: bool
    tick: Callable[[], float]
    wall: Callable[[], float]
    codes: dict[str, _Code] = field(default_factory=dict)
    tokens: dict[str, float] = field(default_factory=dict)  # until when each is good
    latest_token: str = ""
    forced_at: deque[float] = field(default_factory=lambda: deque(maxlen=FORCED_A_DAY))
    faults: dict[str, Fault] = field(default_factory=dict)
    calls: deque[Answer] = field(default_factory=lambda: deque(maxlen=CALLS_MAX))


def person(*parts: str) -> str:
    """An id of WeChat's shape, 28 characters, the same for the same parts."""
    digest = hashlib.sha256("\0".join(parts).encode()).digest()
    return "o" + base64.urlsafe_b64encode(digest)[:27].decode()


def number_of(text: str) -> phonenumbers.PhoneNumber | None:
    """A phone number, read as one of China where it does not say; None where it is none."""
    try:
        number = phonenumbers.parse(text, "CN")
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_possible_number(number) else None


def redeem(world: World, code: object, *, prefix: str) -> str:
    """What a code stands for. Codes with the prefix can be used again, so that an example always works."""
    if not code:
        raise RefusalError(41008)
    if not isinstance(code, str):
        raise RefusalError(40029)
    if code.startswith(prefix) and len(prefix) < len(code) <= len(prefix) + NAME_MAX:
        return code.removeprefix(prefix)
    minted = world.codes.get(code)
    if minted is None or not minted.stands_for.startswith(prefix) or minted.dies_at <= world.tick():
        raise RefusalError(40029)
    if minted.used:
        raise RefusalError(40163)
    minted.used = True
    return minted.stands_for.removeprefix(prefix)


def mint(world: World, stands_for: str) -> Answer:
    """A code like WeChat's own."""
    code = "0" + secrets.token_hex(16)[1:]
    world.codes[code] = _Code(stands_for, world.tick() + CODE_SECONDS)
    trim(world.codes)
    return {"code": code, "stands_for": stands_for, "expires_in": CODE_SECONDS}


def trim(kept: dict[str, _Code] | dict[str, float]) -> None:
    """Forget the oldest past the bound."""
    while len(kept) > KEPT_MAX:
        del kept[next(iter(kept))]
