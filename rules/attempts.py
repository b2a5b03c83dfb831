"""Attempts: wrong tries at secrets are slowed down, from one network for one thing; nobody is ever locked out.

A try is counted before it is looked at, so that of many at once only those are looked at that were let through.
The counters are rows: they hold exactly, however many processes serve. A right try forgets its counter.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil

from models.sql import SQL
from rules.refusals import Refusal
from rules.transactions import transaction
from rules.vault import unlocked

FREE = 3
"""How many tries are looked at without a pause after them."""

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=1), timedelta(minutes=5)
FORGOTTEN_AFTER = timedelta(hours=24)
"""How long after the last try a counter starts anew."""

CEILING = 100
CEILING_FOR = timedelta(hours=1)
"""So many tries at one thing from all networks together, in such a time, mean that it is under attack."""


@dataclass(eq=False)
class TooManyAttempts(Refusal):
    """Too many tries lately. Wait a little, then try again."""

    zh = "尝试过于频繁，请稍后再试。"
    retryable = True
    retry_after_seconds: int


def pause(failures: int) -> timedelta:
    """How long nothing is looked at after so many tries in a row: one second, doubling to five minutes.

    >>> [pause(tries).seconds for tries in (1, 2, 3, 4, 5, 11, 12, 1_000)]
    [0, 0, 1, 2, 4, 256, 300, 300]
    """
    if failures < FREE:
        return timedelta(0)
    doublings = min(failures - FREE, 20)
    return min(FIRST_PAUSE * (1 << doublings), LONGEST_PAUSE)


COUNT = SQL(
    "INSERT INTO attempt (subject, failures, last_at, free_at) VALUES ($1, 1, $2, $2)"
    " ON CONFLICT (subject) DO UPDATE SET last_at = excluded.last_at,"
    " failures = CASE WHEN attempt.last_at <= $3::timestamptz THEN 1 ELSE attempt.failures + 1 END"
    " WHERE attempt.free_at <= excluded.last_at RETURNING failures"
)
CLOSE = SQL("UPDATE attempt SET free_at = $2 WHERE subject = $1")
FREE_AT = SQL("SELECT free_at FROM attempt WHERE subject = $1")
FORGET = SQL("DELETE FROM attempt WHERE subject = $1")


@transaction
async def reserve(what: str, whose: str, network: str | None, *, now: datetime) -> None:
    """Count a try at somebody's secret from a network. Called before the secret is looked at; then `forget`.

    `what` names the kind of secret ("staff login"), `whose` the one that is tried, known or not.

    Raises: TooManyAttempts.
    """
    subject = _subject(what, whose, network)
    failures = await COUNT.value(subject, now, now - FORGOTTEN_AFTER)
    if failures is None:
        free_at = await FREE_AT.value(subject)
        raise TooManyAttempts(max(1, ceil((free_at - now).total_seconds())))
    if wait := pause(failures):
        await CLOSE.run(subject, now + wait)


@transaction
async def forget(what: str, whose: str, network: str | None) -> None:
    """A try was right: the tries before it count no more."""
    await FORGET.run(_subject(what, whose, network))


TALLY = SQL(
    "INSERT INTO attempt (subject, failures, last_at, free_at) VALUES ($1, 1, $2, $3)"
    " ON CONFLICT (subject) DO UPDATE SET last_at = excluded.last_at,"
    " failures = CASE WHEN attempt.free_at <= excluded.last_at THEN 1 ELSE attempt.failures + 1 END,"
    " free_at = CASE WHEN attempt.free_at <= excluded.last_at THEN excluded.free_at ELSE attempt.free_at END"
    " RETURNING failures"
)


@transaction
async def tally(what: str, whose: str, *, now: datetime) -> bool:
    """Count a try from anywhere, by the hour. Says whether there were so many that somebody is attacking."""
    return await count(what, whose, now=now) > CEILING


async def count(what: str, whose: str, *, now: datetime) -> int:
    """Count a try from anywhere, and tell how many there were within an hour of the first."""
    counted: int = await TALLY.value(_subject(what, whose, "anywhere"), now, now + CEILING_FOR)
    return counted


RATION = SQL(
    "INSERT INTO attempt (subject, failures, last_at, free_at) VALUES ($1, 1, $2, $2)"
    " ON CONFLICT (subject) DO UPDATE SET failures = attempt.failures + 1, last_at = excluded.last_at"
    " WHERE attempt.failures < $3 RETURNING failures"
)


@transaction
async def ration(what: str, day: date, most: int, *, now: datetime) -> bool:
    """Take one of the times something may be done on a day. Says whether there was one left."""
    return await RATION.row(_subject(what, day.isoformat(), "a day"), now, most) is not None


TALLIED = SQL("SELECT failures, free_at FROM attempt WHERE subject = $1")


async def check_tally(what: str, whose: str, *, now: datetime) -> None:
    """Refuse whoever has used up the tries that `tally` counts, until their hour is over.

    Raises: TooManyAttempts.
    """
    row = await TALLIED.row(_subject(what, whose, "anywhere"))
    if row is not None and row["failures"] >= CEILING and row["free_at"] > now:
        raise TooManyAttempts(max(1, ceil((row["free_at"] - now).total_seconds())))


def _subject(what: str, whose: str, network: str | None) -> str:
    """What a counter is found by: a keyed hash, from which nobody is read."""
    return unlocked().mark("attempt", what, whose, network or "")
