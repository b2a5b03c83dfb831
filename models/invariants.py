"""Invariants: what must always be true across tables, each a query that finds nothing while it is.

`loyalty verify`, the hourly job and the test suite run them in one read-only snapshot. A query added here needs
a corruption planted for it in the tests.
"""

import sqlite3
from asyncio import to_thread
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import quote

from tortoise.connection import get_connection

from models.engine.asyncpg import Client as PostgresClient
from models.engine.sqlite import Client as SqliteClient
from models.keystore import SAYS, is_connected, misplaced

SHOWN = 20
"""How many offending rows of one invariant are told."""

STEPS = 100_000
"""How many steps SQLite takes between two looks whether anybody still waits."""


@dataclass(frozen=True, slots=True)
class Invariant:
    """One thing that is always true, and the query for the rows where it is not."""

    name: str
    says: str
    query: str
    postgres: str | None = None
    """The query for PostgreSQL, where it must read differently."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One row that breaks an invariant."""

    name: str
    says: str
    row: dict[str, Any]


REVERSED = (
    "SELECT o.id FROM points_transaction o JOIN purchase p ON p.member_id = o.member_id AND p.id = o.purchase_id"
    " LEFT JOIN (SELECT member_id, reverses_id, SUM(points) AS points FROM points_transaction"
    " WHERE reverses_id IS NOT NULL GROUP BY member_id, reverses_id) r"
    " ON r.member_id = o.member_id AND r.reverses_id = o.id WHERE o.kind IN ('EARN', 'BONUS')"
    " AND -COALESCE(r.points, 0) <> CASE WHEN p.goods_minor = 0 THEN 0"
    " WHEN p.refunded_minor = p.goods_minor THEN o.points ELSE {target} END"
)

RETURNED = (
    "SELECT o.id FROM points_transaction o JOIN purchase p ON p.member_id = o.member_id AND p.id = o.purchase_id"
    " LEFT JOIN (SELECT member_id, reverses_id, SUM(points) AS points FROM points_transaction"
    " WHERE reverses_id IS NOT NULL GROUP BY member_id, reverses_id) r ON r.member_id = o.member_id"
    " AND r.reverses_id = o.id WHERE o.kind = 'REDEEM' AND p.goods_minor > 0 AND COALESCE(r.points, 0) < {target}"
)

REFUNDED_LINES = (
    "SELECT l.id FROM purchase_line l LEFT JOIN (SELECT e.member_id, e.purchase_id, b.key AS line_ref,"
    " SUM(CAST(b.value AS BIGINT)) AS refunded FROM purchase_event e, {each}(e.body) b"
    " WHERE e.kind = 'REFUNDED' AND e.state = 'APPLIED' GROUP BY e.member_id, e.purchase_id, b.key) r"
    " ON r.member_id = l.member_id AND r.purchase_id = l.purchase_id AND r.line_ref = l.line_ref"
    " WHERE l.refunded_minor <> COALESCE(r.refunded, 0)"
)

INVARIANTS = (
    Invariant(
        "balances",
        "Each bucket of an account is the sum of its entries.",
        "SELECT a.member_id FROM points_account a LEFT JOIN (SELECT member_id,"
        " SUM(CASE WHEN bucket = 'AVAILABLE' THEN delta ELSE 0 END) AS available,"
        " SUM(CASE WHEN bucket = 'PENDING' THEN delta ELSE 0 END) AS pending,"
        " SUM(CASE WHEN bucket = 'HELD' THEN delta ELSE 0 END) AS held,"
        " SUM(CASE WHEN bucket = 'DEBT' THEN delta ELSE 0 END) AS debt"
        " FROM points_entry GROUP BY member_id) e ON e.member_id = a.member_id"
        " WHERE a.available <> COALESCE(e.available, 0) OR a.pending <> COALESCE(e.pending, 0)"
        " OR a.held <> COALESCE(e.held, 0) OR a.debt <> COALESCE(e.debt, 0)",
    ),
    Invariant(
        "entry sequence",
        "An account's entries are numbered from 1 without gaps.",
        "SELECT a.member_id FROM points_account a LEFT JOIN (SELECT member_id, COUNT(*) AS n, MAX(seq) AS last,"
        " MIN(seq) AS first FROM points_entry GROUP BY member_id) e ON e.member_id = a.member_id"
        " WHERE a.seq <> COALESCE(e.n, 0) OR a.seq <> COALESCE(e.last, 0) OR COALESCE(e.first, 1) <> 1",
    ),
    Invariant(
        "running balance",
        "Each entry keeps the balance after it.",
        "SELECT id FROM (SELECT id, balance_after, SUM(delta) OVER (PARTITION BY member_id, bucket ORDER BY seq)"
        " AS running FROM points_entry) e WHERE running <> balance_after",
    ),
    Invariant(
        "internal moves",
        "Points moved inside an account are neither made nor lost.",
        "SELECT transaction_id FROM points_entry WHERE counter = 'INTERNAL' GROUP BY transaction_id"
        " HAVING SUM(CASE WHEN bucket = 'DEBT' THEN -delta ELSE delta END) <> 0",
    ),
    Invariant(
        "lots hold the balance",
        "What the lots hold is what the account says.",
        "SELECT a.member_id FROM points_account a LEFT JOIN (SELECT member_id,"
        " SUM(CASE WHEN active THEN remaining ELSE 0 END) AS available,"
        " SUM(CASE WHEN active THEN 0 ELSE remaining END) AS pending, SUM(held) AS held"
        " FROM points_lot GROUP BY member_id) l ON l.member_id = a.member_id"
        " WHERE a.available <> COALESCE(l.available, 0) OR a.pending <> COALESCE(l.pending, 0)"
        " OR a.held <> COALESCE(l.held, 0)",
    ),
    Invariant(
        "lot moves",
        "What is left of a lot is the sum of its moves.",
        "SELECT l.id FROM points_lot l LEFT JOIN (SELECT lot_id, SUM(d_remaining) AS remaining,"
        " SUM(d_held) AS held FROM points_lot_move GROUP BY lot_id) m ON m.lot_id = l.id"
        " WHERE l.remaining <> COALESCE(m.remaining, 0) OR l.held <> COALESCE(m.held, 0)",
    ),
    Invariant(
        "movements are told",
        "Each transaction has entries and an event.",
        "SELECT t.id FROM points_transaction t"
        " LEFT JOIN (SELECT DISTINCT transaction_id FROM points_entry) e ON e.transaction_id = t.id"
        " LEFT JOIN (SELECT DISTINCT transaction_id FROM outbox_event) o ON o.transaction_id = t.id"
        " WHERE e.transaction_id IS NULL OR o.transaction_id IS NULL",
    ),
    Invariant(
        "movement amount",
        "A transaction's amount is what its entries did to the member's worth.",
        "SELECT t.id FROM points_transaction t JOIN (SELECT transaction_id,"
        " SUM(CASE WHEN bucket = 'DEBT' THEN -delta ELSE delta END) AS points FROM points_entry"
        " GROUP BY transaction_id) e ON e.transaction_id = t.id WHERE t.points <> e.points",
    ),
    Invariant(
        "movement direction",
        "A movement goes the way its kind says.",
        "SELECT id FROM points_transaction WHERE CASE WHEN kind IN ('EARN', 'BONUS', 'RETURN', 'ADJUST_IN')"
        " THEN points <= 0 WHEN kind = 'ACTIVATE' THEN points <> 0 ELSE points >= 0 END",
    ),
    Invariant(
        "movement counter",
        "An entry's counter-account is that of its movement's kind.",
        "SELECT e.id FROM points_entry e JOIN points_transaction t ON t.id = e.transaction_id"
        " WHERE e.counter <> 'INTERNAL' AND e.counter <> CASE WHEN t.kind IN ('EARN', 'BONUS', 'CLAWBACK')"
        " THEN 'ISSUANCE' WHEN t.kind IN ('REDEEM', 'RETURN') THEN 'REDEMPTION' WHEN t.kind = 'EXPIRE'"
        " THEN 'EXPIRY' WHEN t.kind IN ('ADJUST_IN', 'ADJUST_OUT') THEN 'ADJUSTMENT' ELSE 'INTERNAL' END",
    ),
    Invariant(
        "movements move lots",
        "What a transaction did to the balances, it did to lots; only debt has none.",
        "SELECT t.id FROM points_transaction t LEFT JOIN (SELECT transaction_id, SUM(d_remaining + d_held) AS moved"
        " FROM points_lot_move GROUP BY transaction_id) m ON m.transaction_id = t.id"
        " LEFT JOIN (SELECT transaction_id, SUM(delta) AS moved FROM points_entry WHERE bucket <> 'DEBT'"
        " GROUP BY transaction_id) e ON e.transaction_id = t.id WHERE COALESCE(m.moved, 0) <> COALESCE(e.moved, 0)",
    ),
    Invariant(
        "lots are granted",
        "A lot was granted what its transaction put into it, for the purchase that earned it.",
        "SELECT l.id FROM points_lot l JOIN points_transaction t ON t.id = l.transaction_id LEFT JOIN"
        " (SELECT lot_id, transaction_id, SUM(d_remaining) AS granted FROM points_lot_move WHERE d_remaining > 0"
        " GROUP BY lot_id, transaction_id) m ON m.lot_id = l.id AND m.transaction_id = l.transaction_id"
        " WHERE l.granted <> COALESCE(m.granted, 0) OR (t.kind IN ('EARN', 'BONUS')"
        " AND (l.purchase_id IS NULL OR l.purchase_id <> t.purchase_id))",
    ),
    Invariant(
        "one member a movement",
        "A transaction's entries, lots and moves are its member's.",
        # joined from the child, whose parent is found by its key: asked from the parent, this is quadratic
        "SELECT t.id FROM points_entry e JOIN points_transaction t ON t.id = e.transaction_id"
        " WHERE e.member_id <> t.member_id UNION SELECT t.id FROM points_lot l JOIN points_transaction t"
        " ON t.id = l.transaction_id WHERE l.member_id <> t.member_id UNION SELECT t.id FROM points_lot_move m"
        " JOIN points_lot l ON l.id = m.lot_id JOIN points_transaction t ON t.id = m.transaction_id"
        " WHERE m.member_id <> t.member_id OR l.member_id <> t.member_id",
    ),
    Invariant(
        "lifetime figures",
        "Lifetime figures are the sums of the ledger.",
        "SELECT a.member_id FROM points_account a LEFT JOIN (SELECT member_id,"
        " SUM(CASE WHEN kind IN ('EARN', 'BONUS', 'CLAWBACK') THEN points ELSE 0 END) AS earned,"
        " SUM(CASE WHEN kind IN ('REDEEM', 'RETURN') THEN -points ELSE 0 END) AS spent,"
        " SUM(CASE WHEN kind = 'EXPIRE' THEN -points ELSE 0 END) AS expired"
        " FROM points_transaction GROUP BY member_id) t ON t.member_id = a.member_id"
        " WHERE a.lifetime_earned <> COALESCE(t.earned, 0) OR a.lifetime_spent <> COALESCE(t.spent, 0)"
        " OR a.lifetime_expired <> COALESCE(t.expired, 0)",
    ),
    Invariant(
        "reversals stay within",
        "No movement is taken back beyond what it was, nor another member's.",
        "SELECT r.reverses_id AS id FROM points_transaction r"
        " LEFT JOIN points_transaction o ON o.id = r.reverses_id"
        " WHERE r.reverses_id IS NOT NULL GROUP BY r.reverses_id HAVING MIN(o.id::text) IS NULL"
        " OR MIN(r.member_id::text) <> MIN(o.member_id::text) OR MAX(r.member_id::text) <> MIN(o.member_id::text)"
        " OR ABS(SUM(r.points)) > ABS(MIN(o.points))",
    ),
    Invariant(
        "reversals fit",
        "A return takes back a redemption, a claw-back what was earned, and nothing else takes anything back.",
        "SELECT r.id FROM points_transaction r LEFT JOIN points_transaction o ON o.id = r.reverses_id"
        " WHERE CASE r.kind WHEN 'RETURN' THEN COALESCE(o.kind, '') <> 'REDEEM'"
        " WHEN 'CLAWBACK' THEN COALESCE(o.kind, '') NOT IN ('EARN', 'BONUS') ELSE r.reverses_id IS NOT NULL END",
    ),
    Invariant(
        "refunds take back exactly",
        "What a purchase earned is taken back by the share of it that is refunded, rounded down.",
        REVERSED.format(target="o.points * p.refunded_minor / p.goods_minor"),
        REVERSED.format(target="DIV(o.points::numeric * p.refunded_minor, p.goods_minor)"),
    ),
    Invariant(
        "refunds return what was spent",
        "Points spent on a purchase have come back by the share of it that is refunded, at least.",
        RETURNED.format(target="-o.points * p.refunded_minor / p.goods_minor"),
        RETURNED.format(target="DIV(-o.points::numeric * p.refunded_minor, p.goods_minor)"),
    ),
    Invariant(
        "purchase state",
        "A purchase's state says how much of it is refunded.",
        "SELECT id FROM purchase WHERE (state = 'PARTIALLY_REFUNDED')"
        " <> (refunded_minor > 0 AND refunded_minor < goods_minor)"
        " OR (refunded_minor > 0 AND refunded_minor = goods_minor AND state <> 'REFUNDED')",
    ),
    Invariant(
        "purchases earn",
        "A paid purchase earns what the terms say, its growth alike, and nothing else earns.",
        "SELECT p.id FROM purchase p JOIN programme ON programme.one = 1 LEFT JOIN points_transaction t"
        " ON t.member_id = p.member_id AND t.purchase_id = p.id AND t.kind = 'EARN' LEFT JOIN growth_entry g"
        " ON g.member_id = p.member_id AND g.purchase_id = p.id AND g.delta > 0"
        " WHERE COALESCE(t.points, 0) <> COALESCE(g.delta, 0) OR COALESCE(t.points, 0) <> CASE"
        " WHEN p.paid_at IS NULL THEN 0"
        " ELSE (p.goods_minor - p.by_points_minor) * programme.earn_points / programme.earn_minor END UNION ALL"
        " SELECT t.id FROM points_transaction t LEFT JOIN purchase p ON p.member_id = t.member_id"
        " AND p.id = t.purchase_id WHERE t.kind IN ('EARN', 'BONUS', 'CLAWBACK') AND p.paid_at IS NULL",
    ),
    Invariant(
        "bonus is a tier's",
        "A bonus is what some tier adds to the points of its purchase, rounded down.",
        "SELECT b.id FROM points_transaction b LEFT JOIN points_transaction t ON t.member_id = b.member_id"
        " AND t.purchase_id = b.purchase_id AND t.kind = 'EARN' WHERE b.kind = 'BONUS' AND NOT EXISTS"
        " (SELECT 1 FROM tier WHERE t.points * (tier.earn_multiplier_bps - 10000) / 10000 = b.points)",
    ),
    Invariant(
        "growth follows points",
        "The growth of a purchase is what it earned before any bonus, less what refunds took back of that.",
        "SELECT p.id FROM purchase p LEFT JOIN (SELECT member_id, purchase_id, SUM(delta) AS growth"
        " FROM growth_entry GROUP BY member_id, purchase_id) g ON g.member_id = p.member_id"
        " AND g.purchase_id = p.id LEFT JOIN (SELECT t.member_id, t.purchase_id, SUM(t.points) AS points"
        " FROM points_transaction t LEFT JOIN points_transaction o ON o.id = t.reverses_id"
        " WHERE t.kind = 'EARN' OR (t.kind = 'CLAWBACK' AND o.kind = 'EARN') GROUP BY t.member_id, t.purchase_id) e"
        " ON e.member_id = p.member_id AND e.purchase_id = p.id"
        " WHERE COALESCE(g.growth, 0) <> COALESCE(e.points, 0)",
    ),
    Invariant(
        "nothing expired was spent",
        "No lot pays at or after its expiry.",
        "SELECT m.id FROM points_lot_move m JOIN points_lot l ON l.id = m.lot_id JOIN points_transaction t"
        " ON t.id = m.transaction_id WHERE m.d_remaining < 0 AND t.kind IN ('REDEEM', 'ADJUST_OUT')"
        " AND l.expires_at <= t.created_at",
    ),
    Invariant(
        "nothing expired early",
        "No lot is written off before its expiry.",
        "SELECT m.id FROM points_lot_move m JOIN points_lot l ON l.id = m.lot_id JOIN points_transaction t"
        " ON t.id = m.transaction_id WHERE t.kind = 'EXPIRE'"
        " AND (l.expires_at IS NULL OR l.expires_at > t.created_at)",
    ),
    Invariant(
        "answers are real",
        "Each stored answer names a transaction, a purchase or a request of its member.",
        "SELECT i.id FROM idempotency_key i LEFT JOIN points_transaction t ON t.member_id = i.owner_id"
        " AND t.id::text = (i.response ->> 'transaction_id') WHERE i.operation LIKE 'points.%' AND t.id IS NULL"
        " UNION ALL SELECT i.id FROM idempotency_key i LEFT JOIN purchase p ON p.member_id = i.owner_id"
        " AND p.id::text = (i.response ->> 'purchase_id') WHERE i.operation LIKE 'purchase.%' AND p.id IS NULL"
        " UNION ALL SELECT i.id FROM idempotency_key i LEFT JOIN approval a ON a.member_id = i.owner_id"
        " AND a.id::text = (i.response ->> 'approval_id') WHERE i.operation LIKE 'approval.%' AND a.id IS NULL",
    ),
    Invariant(
        "approvals are done",
        "An approved request led to exactly the movement it asked for, and no movement names a request but that.",
        "SELECT a.id FROM approval a LEFT JOIN points_transaction t ON t.member_id = a.member_id"
        " AND t.id = a.transaction_id WHERE a.state = 'APPROVED' AND (t.id IS NULL"
        " OR t.cause <> 'approval:' || a.id::text OR t.kind NOT IN ('ADJUST_IN', 'ADJUST_OUT')"
        " OR t.points <> CAST(a.facts ->> 'delta' AS BIGINT) OR t.actor_id IS NULL"
        " OR t.actor_id <> a.decided_by::text) UNION ALL SELECT t.id FROM points_transaction t"
        " LEFT JOIN approval a ON a.member_id = t.member_id AND a.transaction_id = t.id"
        " WHERE t.cause LIKE 'approval:%' AND a.id IS NULL",
    ),
    Invariant(
        "growth",
        "Growth is the sum of its entries, which are numbered without gaps.",
        "SELECT g.member_id FROM growth_account g LEFT JOIN (SELECT member_id, SUM(delta) AS growth, COUNT(*) AS n,"
        " MAX(seq) AS last, MIN(seq) AS first FROM growth_entry GROUP BY member_id) e"
        " ON e.member_id = g.member_id WHERE g.growth <> COALESCE(e.growth, 0) OR g.seq <> COALESCE(e.n, 0)"
        " OR g.seq <> COALESCE(e.last, 0) OR COALESCE(e.first, 1) <> 1",
    ),
    Invariant(
        "running growth",
        "Each growth entry keeps the value after it.",
        "SELECT id FROM (SELECT id, growth_after, SUM(delta) OVER (PARTITION BY member_id ORDER BY seq) AS running"
        " FROM growth_entry) e WHERE running <> growth_after",
    ),
    Invariant(
        "tier is earned",
        "Nobody holds a tier below the one their growth earns.",
        "SELECT g.member_id FROM growth_account g JOIN tier held ON held.id = g.tier_id"
        " JOIN tier above ON above.rank > held.rank AND above.threshold <= g.growth",
    ),
    Invariant(
        "tier has a history",
        "The tier held is where the recorded steps end: one join, then upgrades.",
        "SELECT g.member_id FROM growth_account g JOIN tier t ON t.id = g.tier_id LEFT JOIN (SELECT c.member_id,"
        " MAX(t.rank) AS top, SUM(CASE WHEN c.cause = 'JOINED' THEN 1 ELSE 0 END) AS joins FROM tier_change c"
        " JOIN tier t ON t.id = c.to_tier_id GROUP BY c.member_id) h ON h.member_id = g.member_id"
        " WHERE h.top IS NULL OR h.top <> t.rank OR h.joins <> 1",
    ),
    Invariant(
        "tier is listed",
        "A tier's members are listed by the moment since when they are known.",
        "SELECT g.member_id FROM growth_account g JOIN member m ON m.id = g.member_id"
        " WHERE g.known_since IS NULL OR g.known_since <> m.created_at",
    ),
    Invariant(
        "purchase adds up",
        "A purchase is the sum of its lines, paid and refunded.",
        "SELECT p.id FROM purchase p LEFT JOIN (SELECT member_id, purchase_id, SUM(paid_minor) AS paid,"
        " SUM(refunded_minor) AS refunded FROM purchase_line GROUP BY member_id, purchase_id) l"
        " ON l.member_id = p.member_id AND l.purchase_id = p.id"
        " WHERE p.goods_minor <> COALESCE(l.paid, 0) OR p.refunded_minor <> COALESCE(l.refunded, 0)",
    ),
    Invariant(
        "refunds are told",
        "What is refunded of a purchase is the sum of its refund events that took effect.",
        "SELECT p.id FROM purchase p LEFT JOIN (SELECT member_id, purchase_id, SUM(refund_minor) AS refunded"
        " FROM purchase_event WHERE kind = 'REFUNDED' AND state = 'APPLIED' GROUP BY member_id, purchase_id) e"
        " ON e.member_id = p.member_id AND e.purchase_id = p.id WHERE p.refunded_minor <> COALESCE(e.refunded, 0)"
        " OR (p.state = 'REFUNDED' AND p.refunded_minor <> p.goods_minor)",
    ),
    Invariant(
        "refunds are told by line",
        "What is refunded of a line is the sum of what its refund events say.",
        REFUNDED_LINES.format(each="json_each"),
        REFUNDED_LINES.format(each="jsonb_each_text"),
    ),
    Invariant(
        "payments are told",
        "A purchase is paid if, and only if, an event says so.",
        "SELECT p.id FROM purchase p LEFT JOIN (SELECT DISTINCT member_id, purchase_id FROM purchase_event"
        " WHERE kind IN ('PAID', 'COMPLETED') AND state = 'APPLIED') e ON e.member_id = p.member_id"
        " AND e.purchase_id = p.id WHERE (p.paid_at IS NULL) <> (e.purchase_id IS NULL)",
    ),
    Invariant(
        "orders are found",
        "Each purchase is found by its order's reference, and each reference finds one.",
        "SELECT p.id FROM purchase p LEFT JOIN purchase_key k ON k.source = p.source AND k.order_ref = p.order_ref"
        " WHERE k.purchase_id IS NULL OR k.purchase_id <> p.id OR k.member_id <> p.member_id"
        " UNION ALL SELECT k.id FROM purchase_key k LEFT JOIN purchase p ON p.id = k.purchase_id"
        " WHERE p.id IS NULL",
    ),
    Invariant(
        "identities are found",
        "Each identity of a member is found by its hash, and each hash finds one.",
        "SELECT i.value_hash FROM member_identity i LEFT JOIN identity_key k ON k.value_hash = i.value_hash"
        " WHERE k.member_id IS NULL OR k.member_id <> i.member_id"
        " UNION ALL SELECT k.value_hash FROM identity_key k LEFT JOIN member_identity i"
        " ON i.value_hash = k.value_hash AND i.member_id = k.member_id WHERE i.id IS NULL",
    ),
    Invariant(
        "members are whole",
        "Each member has a points account and a growth account.",
        "SELECT m.id FROM member m"
        " LEFT JOIN points_account a ON a.member_id = m.id LEFT JOIN growth_account g ON g.member_id = m.id"
        " WHERE a.member_id IS NULL OR g.member_id IS NULL",
    ),
    Invariant(
        "event sequence",
        "A member's events are numbered from 1 without gaps.",
        "SELECT m.id FROM member m LEFT JOIN (SELECT member_id, COUNT(*) AS n, MAX(seq) AS last,"
        " MIN(seq) AS first FROM outbox_event GROUP BY member_id) o ON o.member_id = m.id"
        " WHERE m.event_seq <> COALESCE(o.n, 0) OR m.event_seq <> COALESCE(o.last, 0)"
        " OR COALESCE(o.first, 1) <> 1",
    ),
    Invariant(
        "deliveries tell events",
        "What is told an endpoint happened: each delivery has its event, of its member and type.",
        "SELECT d.id FROM webhook_delivery d LEFT JOIN outbox_event o ON o.member_id = d.member_id"
        " AND o.id = d.event_id WHERE (d.member_id IS NULL) <> (d.type = 'WEBHOOK_TEST')"
        " OR (d.member_id IS NOT NULL AND (o.id IS NULL OR o.type <> d.type))",
    ),
    Invariant(
        "deliveries were taken",
        "What counts as delivered was answered so, to a try that was made, and no try is another endpoint's.",
        "SELECT d.id FROM webhook_delivery d LEFT JOIN (SELECT endpoint_id, delivery_id, COUNT(*) AS n"
        " FROM webhook_attempt WHERE status BETWEEN 200 AND 299 GROUP BY endpoint_id, delivery_id) a"
        " ON a.endpoint_id = d.endpoint_id AND a.delivery_id = d.id"
        " WHERE d.state = 'DELIVERED' AND a.n IS NULL"
        " UNION ALL SELECT a.id FROM webhook_attempt a JOIN webhook_delivery d ON d.id = a.delivery_id"
        " WHERE a.endpoint_id <> d.endpoint_id OR a.number > d.fence",
    ),
)
"""Everything `verify` looks at."""


async def violations() -> list[Violation]:
    """Every row that breaks an invariant, at one moment; empty while all is well. Writers are not held up.

    Where the key store is open, the two databases are compared, too.
    """
    found = await _of_the_database()
    if is_connected():
        found += [Violation(name, SAYS[name], {"member_id": str(who)}) for name, who in await misplaced(SHOWN)]
    return found


async def _of_the_database() -> list[Violation]:
    client = get_connection("default")
    if isinstance(client, SqliteClient):
        given_up = Event()
        try:
            return await to_thread(_on_sqlite, client.filename, given_up)
        finally:
            # a process cannot end while its threads are at work
            given_up.set()
    if not isinstance(client, PostgresClient):
        raise TypeError("Verification looks at the database from outside any transaction.")
    return await _on_postgres(client)


def _on_sqlite(filename: str, given_up: Event) -> list[Violation]:
    place = quote(str(Path(filename).absolute()))
    connection = sqlite3.connect(f"file://{place}?mode=ro", uri=True, isolation_level=None)
    connection.set_progress_handler(given_up.is_set, STEPS)
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("BEGIN")
        found: list[Violation] = []
        for each in INVARIANTS:
            rows = connection.execute(_plain(each.query)).fetchmany(SHOWN)
            found += [Violation(each.name, each.says, dict(row)) for row in rows]
        return found
    finally:
        connection.close()


def _plain(query: str) -> str:
    """The query for SQLite, which stores ids as text."""
    return query.replace("::text", "")


async def _on_postgres(client: PostgresClient) -> list[Violation]:
    async with (
        client.acquire_connection() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        # a ledger of years takes longer than a request may
        await connection.execute("SET LOCAL statement_timeout = 0")
        found: list[Violation] = []
        for each in INVARIANTS:
            rows = await connection.fetch(f"{each.postgres or each.query} LIMIT {SHOWN}")
            told = ({name: str(value) for name, value in row.items()} for row in rows)
            found += [Violation(each.name, each.says, row) for row in told]
        return found
