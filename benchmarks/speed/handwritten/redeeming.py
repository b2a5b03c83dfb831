"""Redeeming: points taken from the lots that expire soonest, and all that the house writes beside.

One statement reads and another writes. On PostgreSQL the second takes hold of the member's row and does nothing
when anything has happened to the member since the first; then both are done again. On SQLite nobody else writes
meanwhile.
"""

import hashlib
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from uuid_utils.compat import uuid7

from benchmarks.speed.databases import Database, Postgres, Row, Sqlite
from models.outbox import BUCKETS
from models.sql import SQL
from schema import ids

TRIES = 50

READ = SQL(
    "SELECT m.state, m.event_seq, a.available, a.pending, a.held, a.debt, a.seq, t.redeem_limit_points, i.response,"
    " l.id AS lot, l.remaining, l.expires_at <= $4 AS gone FROM member m"
    " JOIN points_account a ON a.member_id = m.id JOIN growth_account g ON g.member_id = m.id"
    " JOIN tier t ON t.id = g.tier_id"
    " LEFT JOIN idempotency_key i ON i.owner_id = m.id AND i.principal = $2 AND i.key = $3"
    " LEFT JOIN points_lot l ON l.member_id = m.id AND l.active AND l.remaining > 0 WHERE m.id = $1"
    " ORDER BY l.expires_at NULLS LAST, l.id"
)

HELD = (
    "UPDATE member SET event_seq = event_seq + 1 WHERE id = $1 AND event_seq = $2 AND state = 'ACTIVE'"
    " RETURNING event_seq"
)
MOVED = (
    "INSERT INTO points_transaction (id, member_id, kind, points, cause, actor_kind, actor_id, reason,"
    " effective_at, created_at) SELECT $3::uuid, $1::uuid, 'REDEEM', -$4::bigint, $5::text, 'MEMBER', $6::text,"
    " $7::text, $8::timestamptz, $8::timestamptz"
)
ENTRY = (
    "INSERT INTO points_entry (id, transaction_id, member_id, seq, bucket, delta, balance_after, counter)"
    " SELECT $9::uuid, $3::uuid, $1::uuid, $10::bigint, 'AVAILABLE', -$4::bigint, $11::bigint, 'REDEMPTION'"
)
ACCOUNT = (
    "UPDATE points_account SET available = $11, seq = $10, lifetime_spent = lifetime_spent + $4"
    " WHERE member_id = $1"
)
TOLD = (
    "INSERT INTO outbox_event (id, member_id, seq, transaction_id, bucket, type, body, created_at)"
    " SELECT $12::uuid, $1::uuid, $2 + 1, $3::uuid, $13::smallint, 'points.moved', $14::jsonb, $8::timestamptz"
)
KEPT = (
    "INSERT INTO idempotency_key (id, owner_id, principal, key, operation, fingerprint, response, created_at)"
    " SELECT $15::uuid, $1::uuid, $16::text, $17::text, 'points.redeem', $18::text, $19::jsonb, $8::timestamptz"
)
TAKEN = "UPDATE points_lot SET remaining = remaining - $3 WHERE member_id = $1 AND id = $2"
LOT_MOVE = (
    "INSERT INTO points_lot_move (id, member_id, lot_id, transaction_id, d_remaining, d_held)"
    " VALUES ($1, $2, $3, $4, -$5, 0)"
)

FOLDED = SQL(
    f"WITH held AS ({HELD}), moved AS ({MOVED} FROM held), entry AS ({ENTRY} FROM held),"
    f" account AS ({ACCOUNT} AND EXISTS (SELECT 1 FROM held)), told AS ({TOLD} FROM held),"
    f" kept AS ({KEPT} FROM held),"
    " paid AS (SELECT p.* FROM unnest($20::uuid[], $21::uuid[], $22::bigint[]) AS p (move, lot, share), held),"
    " taken AS (UPDATE points_lot l SET remaining = l.remaining - p.share FROM paid p"
    " WHERE l.member_id = $1 AND l.id = p.lot), lot_moves AS (INSERT INTO points_lot_move (id, member_id, lot_id,"
    " transaction_id, d_remaining, d_held) SELECT p.move, $1, p.lot, $3, -p.share, 0 FROM paid p)"
    " SELECT event_seq FROM held"
)
ONE_BY_ONE = [
    # SQLite wants as many values as a statement names
    (text, max(int(number) for number in re.findall(r"\?(\d+)", text)))
    for text in (SQL(each).sqlite for each in (HELD, MOVED, ENTRY, ACCOUNT, TOLD, KEPT))
]
LOT_BY_LOT = [SQL(text) for text in (TAKEN, LOT_MOVE)]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One redemption."""

    member: UUID
    points: int
    reason: str
    key: str
    now: datetime

    @property
    def principal(self) -> str:
        """Who asks."""
        return f"MEMBER:{self.member}"

    @property
    def asked(self) -> tuple[Any, ...]:
        """What `READ` is told."""
        return (self.member, self.principal, self.key, self.now)


@dataclass(frozen=True, slots=True)
class Decided:
    """What is to be written, and what to answer."""

    moved: UUID
    entry: UUID
    balance: int
    available: int
    values: tuple[Any, ...]
    """What `FOLDED` is told, lots excepted."""
    paid: list[tuple[UUID, Any, int]]
    """Each lot that pays, how much, and the id of its move."""


class Refused(Exception):  # noqa: N818  an outcome
    """Not so."""


def decide(wanted: Wanted, rows: Sequence[Row]) -> Decided | None:
    """A redemption by what was read; None when it was done before. Lots that have expired are left to the house.

    Raises: Refused.
    """
    first = rows[0]
    if first["response"] is not None:
        return None
    lots = [row for row in rows if row["lot"] is not None]
    gone = sum(row["remaining"] for row in lots if row["gone"])
    left, limit = first["available"] - gone - wanted.points, first["redeem_limit_points"]
    if first["state"] != "ACTIVE" or left < 0 or (limit is not None and wanted.points > limit):
        raise Refused
    moved, entry, after = uuid7(), uuid7(), first["available"] - wanted.points
    told = orjson.dumps({"kind": "REDEEM", "points": -wanted.points, "available": after}).decode()
    account = {"available": after, **{name: first[name] for name in ("pending", "held", "debt")}}
    response = orjson.dumps({**account, "transaction_id": str(moved)}).decode()
    fingerprint = hashlib.sha256(orjson.dumps([wanted.points, wanted.reason, None, None])).hexdigest()
    cause = f"points.redeem:{wanted.principal}:{wanted.key}"
    values = (
        *(wanted.member, first["event_seq"], moved, wanted.points, cause, str(wanted.member), wanted.reason),
        *(wanted.now, entry, first["seq"] + 1, after, uuid7(), wanted.member.int % BUCKETS, told),
        *(uuid7(), wanted.principal, wanted.key, fingerprint, response),
    )
    return Decided(moved, entry, after, left, values, _paid(wanted.points, lots))


def _paid(points: int, lots: list[Row]) -> list[tuple[UUID, Any, int]]:
    paid = []
    for lot in lots:
        share = 0 if lot["gone"] else min(points, lot["remaining"])
        if share:
            paid.append((uuid7(), lot["lot"], share))
            points -= share
    return paid


class Redeemer:
    """Answers `redeem`."""

    def __init__(self, main: Database) -> None:
        self.main = main

    async def redeem(self, member: UUID, variables: dict[str, Any]) -> dict[str, Any]:
        """Redeem, whole or not at all."""
        said = variables["input"]
        now = datetime.now(UTC)  # noqa: TID251  a server of its own
        wanted = Wanted(member, said["points"], said["reason"], said["idempotencyKey"], now)
        try:
            done = await self._whole(wanted)
        except Refused:
            return {"pointsRedeem": {"entry": None, "userErrors": [{"code": "REFUSED", "message": "No."}]}}
        if done is None:
            return {"pointsRedeem": {"entry": None, "replayed": True, "userErrors": []}}
        entry = ids.encode(ids.Tag.POINTS_ENTRY, member, done.entry)
        told = {"id": entry, "points": -wanted.points, "balanceAfter": done.balance}
        account = {"available": done.available}
        return {"pointsRedeem": {"entry": told, "account": account, "replayed": False, "userErrors": []}}

    async def _whole(self, wanted: Wanted) -> Decided | None:
        if isinstance(self.main, Sqlite):
            done: Decided | None = await self.main.hop(_in_one_hop, wanted)
            return done
        assert isinstance(self.main, Postgres)
        for _ in range(TRIES):
            done = decide(wanted, await self.main.rows(READ, *wanted.asked))
            if done is None:
                return None
            lots = [list(each) for each in zip(*done.paid, strict=True)]
            if await self.main.rows(FOLDED, *done.values, *lots):
                return done
        raise Refused


def _in_one_hop(connection: sqlite3.Connection, wanted: Wanted) -> Decided | None:
    """All of it on the database's own thread."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        done = decide(wanted, connection.execute(READ.sqlite, wanted.asked).fetchall())
        if done is not None:
            for text, count in ONE_BY_ONE:
                connection.execute(text, done.values[:count]).fetchall()
            for move, lot, share in done.paid:
                taken, moved = LOT_BY_LOT
                connection.execute(taken.sqlite, (wanted.member, lot, share))
                connection.execute(moved.sqlite, (move, wanted.member, lot, done.moved, share))
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    return done
