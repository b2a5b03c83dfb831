"""Passwords: long enough, not what everybody thinks of first, and compared as people type them."""

import re
import unicodedata
from dataclasses import dataclass

from rules.passwords._common import CHINESE, ENGLISH, ROWS
from rules.refusals import Refusal

LENGTHS = range(12, 129)
NOVELTY_MIN = 7
"""How much a password must have that is its own, as `novelty` counts it."""

PIECE = 2
"""What a well-known piece counts for: as much as so many letters that nobody foresees."""

NAME_MIN = 3
"""A shorter name is found in too many passwords to be looked for."""


@dataclass(eq=False)
class PasswordLength(Refusal):
    """A password has 12 to 128 characters."""

    zh = "密码长度须为 12 至 128 个字符。"
    field = ("password",)


@dataclass(eq=False)
class PasswordTooCommon(Refusal):
    """This password would be among the first to be guessed."""

    zh = "该密码过于常见，容易被猜中。"
    field = ("password",)


@dataclass(eq=False)
class PasswordsBusy(Refusal):
    """Too many people are logging in just now."""

    zh = "当前登录人数过多，请稍后重试。"
    retryable = True


def normalised(password: str) -> str:
    """A password as it is hashed and compared: in NFKC, so that every keyboard and input method types the same."""
    return unicodedata.normalize("NFKC", password)


def check_password(password: str, username: str) -> None:
    """Whether somebody may choose a password, which is given as `normalised`.

    Raises: PasswordLength, PasswordTooCommon.
    """
    if len(password) not in LENGTHS:
        raise PasswordLength
    name = normalised(username).casefold()
    if len(name) >= NAME_MIN and name in password.casefold():
        raise PasswordTooCommon
    if novelty(password) < NOVELTY_MIN:
        raise PasswordTooCommon


def novelty(password: str) -> int:
    """How many different characters a password has, when each well-known piece counts as two and repeats as none.

    Pieces are words everybody thinks of, rows of the keyboard, repetitions and years, also where letters are
    disguised as digits. Four such words make a password; one with a year behind it makes none.

    >>> novelty("Dragon@@@@2024"), novelty("passwordpassword"), novelty("four cups of oolong")
    (6, 2, 11)
    """
    text = password.casefold()
    return min(_counted(text), _counted(text.translate(_UNDISGUISED)))


_UNDISGUISED = str.maketrans("0134578@$!", "oieastbasi")
_WORDS = frozenset(f"{ENGLISH} {CHINESE}".split())
_LONGEST = max(map(len, (*_WORDS, *ROWS)))
_WALKS = tuple(walk for row in ROWS for walk in (row, row[::-1]))
_SHORTEST = 3
_REPEATED = re.compile(r"(.)\1{2,}")
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")


def _counted(text: str) -> int:
    pieces: set[str] = set()
    own: set[str] = set()
    at = 0
    while at < len(text):
        length = _piece(text, at)
        (pieces if length else own).add(text[at : at + (length or 1)])
        at += length or 1
    return PIECE * len(pieces) + len(own)


def _piece(text: str, at: int) -> int:
    """The length of the longest well-known piece that begins there; 0 for none."""
    found = [match.end() - at for each in (_REPEATED, _YEAR) if (match := each.match(text, at))]
    for end in range(min(len(text), at + _LONGEST), at + _SHORTEST - 1, -1):
        part = text[at:end]
        if part in _WORDS or any(part in walk for walk in _WALKS):
            return max(end - at, *found, 0)
    return max(found, default=0)
