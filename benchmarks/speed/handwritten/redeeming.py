"""Redeeming: points taken from the lots that expire soonest, and all that the house writes beside."""

import hashlib
import sqlite3
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

import orjson
from uuid_utils.compat import uuid7

from benchmarks.speed.databases import Database, Postgres, Row, Sqlite
from models.outbox import BUCKETS
from models.sql import SQL
from schema import ids

HOLD = SQL("SELECT state FROM member WHERE id = $1 FOR NO KEY UPDATE")
RECALL = SQL("SELECT response FROM idempotency_key WHERE owner_id = $1 AND principal = $2 AND key = $3")
STANDS = SQL(
    "SELECT a.available, a.pending, a.held, a.debt, a.seq, t.redeem_limit_points FROM points_account a"
    " JOIN growth_account g ON g.member_id = a.member_id JOIN tier t ON t.id = g.tier_id WHERE a.member_id = $1"
)
LOTS = SQL(
    "SELECT id, remaining, expires_at <= $2 AS gone FROM points_lot WHERE member_id = $1 AND active"
    " AND remaining > 0 ORDER BY expires_at NULLS LAST, id"
)
MOVED = SQL(
    "INSERT INTO points_transaction (id, member_id, kind, points, cause, actor_kind, actor_id, reason,"
    " effective_at, created_at) VALUES ($1, $2, 'REDEEM', $3, $4, 'MEMBER', $5, $6, $7, $7)"
)
LOT = SQL("UPDATE points_lot SET remaining = remaining - $3 WHERE member_id = $1 AND id = $2")
LOT_MOVE = SQL(
    "INSERT INTO points_lot_move (id, member_id, lot_id, transaction_id, d_remaining, d_held)"
    " VALUES ($1, $2, $3, $4, $5, 0)"
)
ENTRY = SQL(
    "INSERT INTO points_entry (id, transaction_id, member_id, seq, bucket, delta, balance_after, counter)"
    " VALUES ($1, $2, $3, $4, 'AVAILABLE', $5, $6, 'REDEMPTION')"
)
ACCOUNT = SQL(
    "UPDATE points_account SET available = available - $2, seq = seq + 1, lifetime_spent = lifetime_spent + $2"
    " WHERE member_id = $1"
)
COUNT = SQL("UPDATE member SET event_seq = event_seq + 1 WHERE id = $1 RETURNING event_seq")
TELL = SQL(
    "INSERT INTO outbox_event (id, member_id, seq, transaction_id, bucket, type, body, created_at)"
    " VALUES ($1, $2, $3, $4, $5, 'points.moved', $6, $7)"
)
KEEP = SQL(
    "INSERT INTO idempotency_key (id, owner_id, principal, key, operation, fingerprint, response, created_at)"
    " VALUES ($1, $2, $3, $4, 'points.redeem', $5, $6, $7)"
)

Steps = Generator[tuple[SQL, tuple[Any, ...]], Sequence[Row], dict[str, Any]]
"""Statements one after another, each answered by its rows; at the end, the answer."""


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


class Refused(Exception):  # noqa: N818  an outcome
    """Not so."""


def redemption(wanted: Wanted) -> Steps:
    """A redemption, statement by statement. Lots that have expired are left to the house to write off.

    Raises: Refused.
    """
    [held] = yield HOLD, (wanted.member,)
    earlier = yield RECALL, (wanted.member, wanted.principal, wanted.key)
    if earlier:
        return {"replayed": True, "response": earlier[0]["response"]}
    [account] = yield STANDS, (wanted.member,)
    lots = yield LOTS, (wanted.member, wanted.now)
    gone = sum(lot["remaining"] for lot in lots if lot["gone"])
    left, limit = account["available"] - gone - wanted.points, account["redeem_limit_points"]
    if held["state"] != "ACTIVE" or left < 0 or (limit is not None and wanted.points > limit):
        raise Refused
    moved, entry = uuid7(), uuid7()
    cause = f"points.redeem:{wanted.principal}:{wanted.key}"
    who = (str(wanted.member), wanted.reason, wanted.now)
    yield MOVED, (moved, wanted.member, -wanted.points, cause, *who)
    yield from _taken(wanted, moved, [lot for lot in lots if not lot["gone"]])
    after = account["available"] - wanted.points
    yield ENTRY, (entry, moved, wanted.member, account["seq"] + 1, -wanted.points, after)
    yield ACCOUNT, (wanted.member, wanted.points)
    yield from _told(wanted, moved, after)
    kept = {"available": after, **{name: account[name] for name in ("pending", "held", "debt")}}
    fingerprint = hashlib.sha256(orjson.dumps([wanted.points, wanted.reason, None, None])).hexdigest()
    response = orjson.dumps({**kept, "transaction_id": str(moved)}).decode()
    yield KEEP, (uuid7(), wanted.member, wanted.principal, wanted.key, fingerprint, response, wanted.now)
    return {"replayed": False, "entry": entry, "balance": after, "available": left}


def _taken(wanted: Wanted, moved: UUID, lots: list[Row]) -> Generator[tuple[SQL, tuple[Any, ...]], Any, None]:
    """The points, from the lots that expire soonest."""
    missing = wanted.points
    for lot in lots:
        share = min(missing, lot["remaining"])
        if share:
            yield LOT, (wanted.member, lot["id"], share)
            yield LOT_MOVE, (uuid7(), wanted.member, lot["id"], moved, -share)
            missing -= share


def _told(wanted: Wanted, moved: UUID, after: int) -> Generator[tuple[SQL, tuple[Any, ...]], Sequence[Row], None]:
    """The event that others hear of."""
    [counted] = yield COUNT, (wanted.member,)
    body = orjson.dumps({"kind": "REDEEM", "points": -wanted.points, "available": after}).decode()
    place = (counted["event_seq"], moved, wanted.member.int % BUCKETS)
    yield TELL, (uuid7(), wanted.member, *place, body, wanted.now)


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
            done = await self._whole(redemption(wanted))
        except Refused:
            return {"pointsRedeem": {"entry": None, "userErrors": [{"code": "REFUSED", "message": "No."}]}}
        if done["replayed"]:
            return {"pointsRedeem": {"entry": None, "replayed": True, "userErrors": []}}
        entry = ids.encode(ids.Tag.POINTS_ENTRY, member, done["entry"])
        told = {"id": entry, "points": -wanted.points, "balanceAfter": done["balance"]}
        account = {"available": done["available"]}
        return {"pointsRedeem": {"entry": told, "account": account, "replayed": False, "userErrors": []}}

    async def _whole(self, steps: Steps) -> dict[str, Any]:
        if isinstance(self.main, Sqlite):
            return cast("dict[str, Any]", await self.main.hop(_in_one_hop, steps))
        assert isinstance(self.main, Postgres)
        async with self.main.pool.acquire() as connection, connection.transaction():
            rows: Sequence[Row] | None = None
            while True:
                try:
                    statement, values = next(steps) if rows is None else steps.send(rows)
                except StopIteration as end:
                    return cast("dict[str, Any]", end.value)
                rows = await connection.fetch(statement.postgres, *values)


def _in_one_hop(connection: sqlite3.Connection, steps: Steps) -> dict[str, Any]:
    """All of it on the database's own thread."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        rows: Sequence[Row] | None = None
        while True:
            try:
                statement, values = next(steps) if rows is None else steps.send(rows)
            except StopIteration as end:
                connection.execute("COMMIT")
                return cast("dict[str, Any]", end.value)
            rows = connection.execute(statement.sqlite, values).fetchall()
    except BaseException:
        connection.execute("ROLLBACK")
        raise
