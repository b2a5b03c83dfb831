"""Housekeeping: what has served its time is swept away, and the ledger is proven every hour."""

from datetime import datetime, timedelta
from typing import Any

from models.invariants import violations
from models.sql import SQL
from models.units import ReasonCode
from rules import keyring, lifecycle, referrals
from rules.actors import SYSTEM
from rules.credentials import REFRESH_FOR
from rules.jobs import job
from rules.transactions import transaction

KEYS_FOR = timedelta(days=90)
"""How long a stored answer is kept. The cause it left in the ledger is kept for ever."""

TOKENS_FOR = timedelta(days=30)
"""How long a dead token is kept, so that its second use is still recognised."""

LOGINS_FOR = REFRESH_FOR + TOKENS_FOR
"""How long a login is kept after its last tokens were issued: as long as they are."""

ATTEMPTS_FOR = timedelta(days=1)
"""How long a counter of tries is kept after the last one."""

CODES_FOR = timedelta(days=1)
"""How long a member code is kept, so that a reader who comes late is told from one who guesses."""

RESTORED = ReasonCode("RESTORED")
"""Why somebody is erased who was erased before."""

JOBS_FOR = timedelta(days=30)

WARNINGS_FOR = timedelta(days=30)
"""How long it is kept that somebody was warned, after what they were warned of."""

BUCKETS_FOR = timedelta(hours=1)
"""How long a settled allowance is kept. It is whole again long before."""

BATCH = 1_000
BATCHES_MAX = 100
"""How much one run sweeps at most; the next run goes on."""

SWEEPS = {
    "idempotency_key": (
        SQL(
            "DELETE FROM idempotency_key WHERE id IN"
            " (SELECT id FROM idempotency_key WHERE created_at <= $1 LIMIT $2)",
            fans_out="old answers are swept for all members",
        ),
        KEYS_FOR,
    ),
    "token": (
        SQL(
            "DELETE FROM token WHERE digest IN (SELECT digest FROM token WHERE expires_at <= $1 LIMIT $2)",
            fans_out="dead tokens are swept for everybody",
        ),
        TOKENS_FOR,
    ),
    "attempt": (
        SQL(
            "DELETE FROM attempt WHERE subject IN (SELECT subject FROM attempt WHERE last_at <= $1 LIMIT $2)",
            fans_out="old tries are swept for everybody",
        ),
        ATTEMPTS_FOR,
    ),
    "login": (
        SQL(
            "DELETE FROM login WHERE id IN (SELECT id FROM login WHERE seen_at <= $1 LIMIT $2)",
            fans_out="logins are swept when all their tokens were",
        ),
        LOGINS_FOR,
    ),
    "member_code": (
        SQL(
            "DELETE FROM member_code WHERE digest IN"
            " (SELECT digest FROM member_code WHERE expires_at <= $1 LIMIT $2)",
            fans_out="old codes are swept for everybody",
        ),
        CODES_FOR,
    ),
    "job": (
        SQL(
            "DELETE FROM job WHERE id IN (SELECT id FROM job WHERE state = 'DONE' AND finished_at <= $1 LIMIT $2)",
            fans_out="done jobs are swept",
        ),
        JOBS_FOR,
    ),
    "points_warning": (
        SQL(
            "DELETE FROM points_warning WHERE id IN"
            " (SELECT id FROM points_warning WHERE expires_at <= $1 LIMIT $2)",
            fans_out="warnings of what is long over are swept for all members",
        ),
        WARNINGS_FOR,
    ),
    "referral_touch": (
        SQL(
            "DELETE FROM referral_touch WHERE id IN (SELECT id FROM referral_touch WHERE at <= $1"
            " AND (partner_id IS NULL OR id <= (SELECT touch_id FROM partner_books WHERE one = 1))"
            " ORDER BY at LIMIT $2)",
            fans_out="old touches are swept for everybody, a partner's once they are counted",
        ),
        referrals.KEPT_FOR,
    ),
    "rate_bucket": (
        SQL(
            "DELETE FROM rate_bucket WHERE principal IN"
            " (SELECT principal FROM rate_bucket WHERE at <= $1 LIMIT $2)",
            fans_out="allowances nobody used lately are swept",
        ),
        BUCKETS_FOR,
    ),
}


class Violated(Exception):  # noqa: N818  a fault
    """The ledger does not prove. Run `loyalty verify` and see docs/operations.md."""


@job("house.sweep", every=timedelta(hours=1), lease=timedelta(minutes=10))
async def sweep(_: dict[str, Any], now: datetime) -> None:
    """Delete what has served its time: answers, tokens, logins, codes, tries, jobs, allowances; bit by bit."""
    for statement, kept_for in SWEEPS.values():
        for _batch in range(BATCHES_MAX):
            if await _sweep(statement, now - kept_for) < BATCH:
                break


@transaction
async def _sweep(statement: SQL, before: datetime) -> int:
    return await statement.run(before, BATCH)


@job("house.settle", every=timedelta(hours=1), lease=timedelta(minutes=10))
async def settle(_: dict[str, Any], now: datetime) -> None:
    """Sweep the keys that were reserved for nobody in the end, and forget again whom a restore brought back."""
    await keyring.settle()
    for member_id in await keyring.risen():
        await lifecycle.erase(member_id, reason=RESTORED, actor=SYSTEM, now=now)


@job("house.verify", attempts=1, every=timedelta(hours=1), lease=timedelta(minutes=30))
async def verify(_: dict[str, Any], __: datetime) -> None:
    """Prove every point. What does not prove ends as a dead job, which `loyalty doctor` shows.

    Raises: Violated.
    """
    if found := await violations():
        raise Violated(", ".join(sorted({each.name for each in found})))
