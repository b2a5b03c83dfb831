"""Reading: a member's first page, a page of their ledger and the staff's list, each with SQL made for it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from benchmarks.speed.credentials import Believed
from benchmarks.speed.databases import Database, Row
from models.sql import SQL
from rules import vault
from schema import ids, pages

PAGE = 50

GONE = (
    "(SELECT COALESCE(SUM(remaining), 0)::bigint FROM points_lot l WHERE l.member_id = m.id AND l.active"
    " AND l.remaining > 0 AND l.expires_at <= {now})"
)
SOON = (
    "SELECT {what} FROM points_lot l WHERE l.member_id = m.id AND l.active AND l.remaining > 0"
    " AND l.expires_at > $2 GROUP BY l.expires_at ORDER BY l.expires_at LIMIT 1"
)


def iso(column: str) -> str:
    """A moment as ISO text, by PostgreSQL."""
    return f"to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"


def text(column: str) -> str:
    """A moment as ISO text, by SQLite."""
    return f"replace(replace({column}, ' ', 'T'), '+00:00', 'Z')"


_HOME = (
    "SELECT m.profile, g.growth, g.tier_id, {since} AS since, a.available - {gone} AS available, a.pending, a.held,"
    " {soon} FROM member m JOIN growth_account g ON g.member_id = m.id"
    " JOIN points_account a ON a.member_id = m.id {join} WHERE m.id = $1"
)
HOME = SQL(
    _HOME.format(
        since=iso("g.tier_since"),
        gone=GONE.format(now="$2"),
        soon=f"s.points, {iso('s.expires_at')} AS expires_at",
        join="LEFT JOIN LATERAL ("
        + SOON.format(what="l.expires_at, SUM(l.remaining)::bigint AS points")
        + ") s ON true",
    ),
    sqlite=_HOME.format(
        since=text("g.tier_since"),
        gone=GONE.format(now="$2"),
        soon=f"({SOON.format(what='SUM(l.remaining)')}) AS points,"
        f" ({SOON.format(what=text('l.expires_at'))}) AS expires_at",
        join="",
    ),
)
_LEDGER = (
    "SELECT e.id, e.seq, e.bucket, e.delta, e.balance_after, t.kind, t.reason, t.purchase_id, {effective}"
    " AS effective_at, {created} AS created_at FROM points_entry e JOIN points_transaction t"
    " ON t.member_id = e.member_id AND t.id = e.transaction_id"
    " WHERE e.member_id = $1 AND e.seq < $2 ORDER BY e.seq DESC LIMIT 51"
)
LEDGER = SQL(
    _LEDGER.format(effective=iso("t.effective_at"), created=iso("t.created_at")),
    sqlite=_LEDGER.format(effective=text("t.effective_at"), created=text("t.created_at")),
)
_LIST = (
    "SELECT m.id, m.state, {joined} AS joined_at, {created} AS created_at, m.profile, g.tier_id,"
    f" a.available - {GONE.format(now='$3')} AS available"
    " FROM member m JOIN growth_account g ON g.member_id = m.id JOIN points_account a ON a.member_id = m.id"
    " WHERE (m.created_at, m.id) < ($1, $2) ORDER BY m.created_at DESC, m.id DESC LIMIT 51"
)
LIST = SQL(
    _LIST.format(joined=iso("m.joined_at"), created=iso("m.created_at")),
    sqlite=_LIST.format(joined=text("m.joined_at"), created=text("m.created_at")),
    fans_out="staff list members",
)
LATEST = SQL(
    f"SELECT e.member_id, e.delta, e.kind, {iso('e.effective_at')} AS effective_at"
    " FROM unnest($1::uuid[]) AS m (id) CROSS JOIN LATERAL"
    " (SELECT e.member_id, e.seq, e.delta, t.kind, t.effective_at FROM points_entry e"
    " JOIN points_transaction t ON t.member_id = e.member_id AND t.id = e.transaction_id"
    " WHERE e.member_id = m.id ORDER BY e.seq DESC LIMIT 3) e ORDER BY e.seq DESC",
    sqlite=f"SELECT e.member_id, e.delta, t.kind, {text('t.effective_at')} AS effective_at FROM points_account a"
    " JOIN points_entry e ON e.member_id = a.member_id AND e.seq > a.seq - 3 JOIN points_transaction t"
    " ON t.member_id = e.member_id AND t.id = e.transaction_id WHERE a.member_id = ANY($1) ORDER BY e.seq DESC",
    fans_out="the latest lines of a page of members",
)
LADDER = SQL(
    "SELECT id, name, rank, threshold, earn_multiplier_bps, redeem_limit_points FROM tier ORDER BY rank",
    fans_out="the ladder is everybody's",
)
KEYS = SQL(
    "SELECT member_id, wrapped FROM member_key WHERE member_id = ANY($1::uuid[])", fans_out="names of a page"
)


class Reader:
    """Answers the three reads from a house's two databases."""

    def __init__(self, main: Database, keys: Database) -> None:
        self.main, self.keys = main, keys
        self.ladder = Believed(self._ladder)
        self.lately = Believed(self._key)

    async def _ladder(self, _: str) -> dict[str, tuple[dict[str, Any], dict[str, Any] | None]]:
        """Each tier by its id, and the one above it."""
        tiers = [dict(row) for row in await self.main.rows(LADDER)]
        return {str(tier["id"]): (tier, above) for tier, above in zip(tiers, [*tiers[1:], None], strict=True)}

    async def member_home(self, member: UUID, _: dict[str, Any]) -> dict[str, Any]:
        """A member's first page."""
        row = await self.main.row(HOME, member, datetime.now(UTC))  # noqa: TID251  a server of its own
        assert row is not None
        name = await self._name(member, row["profile"])
        tier, above = (await self.ladder.get(""))[str(row["tier_id"])]
        expiring = [{"points": row["points"], "expiresAt": row["expires_at"]}] if row["expires_at"] else []
        points = {name: row[name] for name in ("available", "pending", "held")}
        me = {
            "card": {"displayName": name},
            "tier": {"name": tier["name"], "rank": tier["rank"], "benefits": _benefits(tier)},
            "tierProgress": {
                "since": row["since"],
                "growth": row["growth"],
                "next": _next(tier, above, row["growth"]),
            },
            "points": {**points, "expiring": expiring},
        }
        return {"me": me}

    async def ledger_page(self, member: UUID, variables: dict[str, Any]) -> dict[str, Any]:
        """A page of a member's ledger."""
        [after] = pages.read_cursor(variables["after"], (int,))
        rows = await self.main.rows(LEDGER, member, after)
        kept = rows[:PAGE]
        cursors = [pages.cursor(row["seq"]) for row in (kept[0], kept[-1])] if kept else [None, None]
        entries = {
            "edges": [{"node": _entry(member, row)} for row in kept],
            "pageInfo": {
                "hasNextPage": len(rows) > PAGE,
                "hasPreviousPage": True,
                "startCursor": cursors[0],
                "endCursor": cursors[1],
            },
        }
        return {"me": {"points": {"entries": entries}}}

    async def staff_list(self, _: UUID, variables: dict[str, Any]) -> dict[str, Any]:
        """A page of the staff's list."""
        at, beyond = pages.read_cursor(variables["after"], pages.BY_MOMENT)
        rows = await self.main.rows(LIST, at, beyond, datetime.now(UTC))  # noqa: TID251  a server of its own
        kept = rows[:PAGE]
        members = [_uuid(row["id"]) for row in kept]
        names = await self._names([(who, row["profile"]) for who, row in zip(members, kept, strict=True)])
        latest: dict[UUID, list[dict[str, Any]]] = {who: [] for who in members}
        for row in await self.main.rows(LATEST, members):
            told = {"kind": row["kind"], "points": row["delta"], "occurredAt": row["effective_at"]}
            latest[_uuid(row["member_id"])].append(told)
        ladder = await self.ladder.get("")
        nodes = [
            {
                "id": ids.encode(ids.Tag.MEMBER, who),
                "state": row["state"],
                "joinedAt": row["joined_at"],
                "card": {"displayName": names.get(who)},
                "tier": {"name": ladder[str(row["tier_id"])][0]["name"]},
                "points": {"available": row["available"], "entries": {"nodes": latest[who]}},
            }
            for who, row in zip(members, kept, strict=True)
        ]
        end = pages.cursor(datetime.fromisoformat(kept[-1]["created_at"]), members[-1]) if kept else None
        return {"members": {"nodes": nodes, "pageInfo": {"hasNextPage": len(rows) > PAGE, "endCursor": end}}}

    async def _key(self, member: str) -> bytes | None:
        """A member's wrapped key."""
        rows = await self.keys.rows(KEYS, [UUID(member)])
        return rows[0]["wrapped"] if rows else None

    async def _name(self, who: UUID, profile: bytes | None) -> str | None:
        """What a member is called. Their key is remembered for a second, as ours does it."""
        wrapped = await self.lately.get(str(who)) if profile else None
        return _name_of(wrapped, who, profile) if wrapped and profile else None

    async def _names(self, sealed: list[tuple[UUID, bytes | None]]) -> dict[UUID, str | None]:
        """What members are called, unsealed with their keys."""
        profiles = {who: profile for who, profile in sealed if profile is not None}
        if not profiles:
            return {}
        found = {}
        for row in await self.keys.rows(KEYS, list(profiles)):
            who = _uuid(row["member_id"])
            found[who] = _name_of(row["wrapped"], who, profiles[who])
        return found


def _name_of(wrapped: bytes, who: UUID, profile: bytes) -> str | None:
    name: str | None = orjson.loads(vault.unlocked().open(wrapped, who, "profile", profile)).get("display_name")
    return name


def _uuid(value: UUID | str) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)


def _benefits(tier: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    if tier["earn_multiplier_bps"] > 10_000:
        found.append({"kind": "EARN_MULTIPLIER", "value": tier["earn_multiplier_bps"]})
    if tier["redeem_limit_points"] is not None:
        found.append({"kind": "REDEEM_LIMIT", "value": tier["redeem_limit_points"]})
    return found


def _next(held: dict[str, Any], above: dict[str, Any] | None, growth: int) -> dict[str, Any] | None:
    if above is None:
        return None
    done = max(0, growth - held["threshold"]) * 10_000 // (above["threshold"] - held["threshold"])
    need = max(0, above["threshold"] - growth)
    return {"tier": {"name": above["name"]}, "need": need, "percent": min(done, 10_000)}


def _entry(member: UUID, row: Row) -> dict[str, Any]:
    bought = row["purchase_id"]
    return {
        "id": ids.encode(ids.Tag.POINTS_ENTRY, member, _uuid(row["id"])),
        "kind": row["kind"],
        "bucket": row["bucket"],
        "points": row["delta"],
        "balanceAfter": row["balance_after"],
        "reason": row["reason"],
        "occurredAt": row["effective_at"],
        "recordedAt": row["created_at"],
        "purchaseId": bought and ids.encode(ids.Tag.PURCHASE, member, _uuid(bought)),
    }
