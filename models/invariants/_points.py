"""Points: accounts, lots, movements and their entries say the same, and what refunds take back is exact."""

from models.invariants._invariant import Invariant

REVERSED = (
    "SELECT o.id FROM points_transaction o JOIN purchase p ON p.member_id = o.member_id AND p.id = o.purchase_id"
    " LEFT JOIN (SELECT member_id, reverses_id, SUM(points - COALESCE(lost, 0)"
    " - COALESCE(written_off, 0)) AS points, SUM(CASE kind WHEN 'CANCEL_PENDING' THEN 1"
    " WHEN 'RESTORE' THEN -1 ELSE 0 END) AS cancelled FROM points_transaction"
    " WHERE reverses_id IS NOT NULL GROUP BY member_id, reverses_id) r"
    " ON r.member_id = o.member_id AND r.reverses_id = o.id WHERE o.kind IN ('EARN', 'BONUS')"
    " AND -COALESCE(r.points, 0) <> CASE WHEN r.cancelled = 1 THEN o.points WHEN p.goods_minor = 0 THEN 0"
    " WHEN p.refunded_minor = p.goods_minor THEN o.points ELSE {target} END"
)

RETURNED = (
    "SELECT o.id FROM points_transaction o JOIN purchase p ON p.member_id = o.member_id AND p.id = o.purchase_id"
    " LEFT JOIN (SELECT member_id, reverses_id, SUM(points) AS points FROM points_transaction"
    " WHERE reverses_id IS NOT NULL GROUP BY member_id, reverses_id) r ON r.member_id = o.member_id"
    " AND r.reverses_id = o.id WHERE o.kind = 'REDEEM' AND p.goods_minor > 0 AND COALESCE(r.points, 0) < {target}"
)

POINTS = (
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
        "holds hold the balance",
        "What an account has set aside is what its open holds say.",
        "SELECT a.member_id FROM points_account a LEFT JOIN (SELECT member_id, SUM(amount - captured - released)"
        " AS held FROM points_hold GROUP BY member_id) h ON h.member_id = a.member_id"
        " WHERE a.held <> COALESCE(h.held, 0)",
    ),
    Invariant(
        "hold moves",
        "What was set aside, taken and given back of a hold is the sum of its moves; no others touch what is held.",
        "SELECT h.id FROM points_hold h LEFT JOIN (SELECT m.member_id, m.hold_id,"
        " SUM(CASE WHEN t.kind = 'HOLD' THEN m.d_held ELSE 0 END) AS amount,"
        " SUM(CASE WHEN t.kind = 'REDEEM' THEN -m.d_held ELSE 0 END) AS captured,"
        " SUM(CASE WHEN t.kind = 'RELEASE' THEN -m.d_held ELSE 0 END) AS released"
        " FROM points_lot_move m JOIN points_transaction t ON t.id = m.transaction_id WHERE m.hold_id IS NOT NULL"
        " GROUP BY m.member_id, m.hold_id) s ON s.member_id = h.member_id AND s.hold_id = h.id"
        " WHERE h.amount <> COALESCE(s.amount, 0) OR h.captured <> COALESCE(s.captured, 0)"
        " OR h.released <> COALESCE(s.released, 0) UNION ALL SELECT m.id FROM points_lot_move m"
        " LEFT JOIN points_hold h ON h.member_id = m.member_id AND h.id = m.hold_id"
        " WHERE (m.d_held <> 0 OR m.hold_id IS NOT NULL) AND (m.d_held = 0 OR h.id IS NULL)",
    ),
    Invariant(
        "holds are made by holding",
        "A hold was set aside by the movement it names, and for the same purchase unless none was named.",
        "SELECT h.id FROM points_hold h JOIN points_transaction t ON t.id = h.transaction_id"
        " WHERE t.kind <> 'HOLD' OR t.member_id <> h.member_id OR t.created_at <> h.created_at"
        " OR COALESCE(t.purchase_id::text, '') <> COALESCE(h.purchase_id::text, '')"
        " UNION ALL SELECT t.id FROM points_transaction t LEFT JOIN points_hold h ON h.transaction_id = t.id"
        " WHERE t.kind = 'HOLD' AND h.id IS NULL",
    ),
    Invariant(
        "nothing was taken late",
        "Of a hold that has expired nothing was taken, and none expired early.",
        "SELECT id FROM points_hold WHERE CASE state WHEN 'EXPIRED' THEN closed_at < expires_at"
        " WHEN 'HELD' THEN FALSE ELSE closed_at >= expires_at END",
    ),
    Invariant(
        "movements are told",
        "Each transaction has entries and an event; a claw-back that found nothing says what became of it.",
        "SELECT t.id FROM points_transaction t"
        " LEFT JOIN (SELECT DISTINCT transaction_id FROM points_entry) e ON e.transaction_id = t.id"
        " LEFT JOIN (SELECT DISTINCT transaction_id FROM outbox_event) o ON o.transaction_id = t.id"
        " WHERE (e.transaction_id IS NULL AND t.lost IS NULL AND t.written_off IS NULL)"
        " OR o.transaction_id IS NULL",
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
        "SELECT id FROM points_transaction WHERE kind NOT IN ('MERGE_OUT', 'MERGE_IN')"
        " AND CASE WHEN kind IN ('EARN', 'BONUS', 'GRANT', 'REFERRAL', 'RETURN', 'RESTORE',"
        " 'ADJUST_IN', 'TRANSFER_IN') THEN points <= 0"
        " WHEN kind IN ('ACTIVATE', 'HOLD', 'RELEASE') THEN points <> 0"
        " WHEN kind = 'CLAWBACK' THEN points > 0 OR (points = 0 AND lost IS NULL AND written_off IS NULL)"
        " ELSE points >= 0 END OR lost <= 0 OR written_off <= 0"
        " OR (COALESCE(lost, written_off) IS NOT NULL AND kind <> 'CLAWBACK')",
    ),
    Invariant(
        "movement counter",
        "An entry's counter-account is that of its movement's kind.",
        "SELECT e.id FROM points_entry e JOIN points_transaction t ON t.id = e.transaction_id"
        " WHERE e.counter <> 'INTERNAL' AND e.counter <> CASE WHEN t.kind IN ('EARN', 'BONUS', 'CLAWBACK',"
        " 'CANCEL_PENDING', 'RESTORE', 'GRANT', 'REFERRAL') THEN 'ISSUANCE'"
        " WHEN t.kind IN ('REDEEM', 'RETURN') THEN 'REDEMPTION'"
        " WHEN t.kind = 'EXPIRE' THEN 'EXPIRY' WHEN t.kind IN ('ADJUST_IN', 'ADJUST_OUT') THEN 'ADJUSTMENT'"
        " WHEN t.kind IN ('TRANSFER_OUT', 'TRANSFER_IN') THEN 'TRANSFER'"
        " WHEN t.kind IN ('MERGE_OUT', 'MERGE_IN') THEN 'MERGE' WHEN t.kind = 'FORFEIT' THEN 'FORFEITURE'"
        " ELSE 'INTERNAL' END",
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
        " SUM(CASE WHEN kind IN ('EARN', 'BONUS', 'REFERRAL', 'CLAWBACK', 'CANCEL_PENDING', 'RESTORE')"
        " THEN points ELSE 0 END)"
        " AS earned,"
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
        " OR ABS(SUM(r.points - COALESCE(r.lost, 0) - COALESCE(r.written_off, 0))) > ABS(MIN(o.points))",
    ),
    Invariant(
        "written off once",
        "What was not taken back since it was written off has been written off of the purchase's or reward's lots.",
        "SELECT t.purchase_id FROM (SELECT purchase_id, SUM(written_off) AS points FROM points_transaction"
        " WHERE written_off IS NOT NULL AND purchase_id IS NOT NULL GROUP BY purchase_id) t"
        " WHERE t.points > (SELECT COALESCE(SUM(-m.d_remaining), 0)"
        " FROM points_lot l JOIN points_lot_move m ON m.lot_id = l.id"
        " JOIN points_transaction e ON e.id = m.transaction_id WHERE l.purchase_id = t.purchase_id"
        " AND e.kind IN ('EXPIRE', 'FORFEIT', 'CANCEL_PENDING')) UNION ALL"
        " SELECT id FROM (WITH RECURSIVE made(id, lot_id) AS (SELECT t.id, l.id FROM points_transaction t"
        " JOIN points_lot l ON l.transaction_id = t.reverses_id WHERE t.written_off IS NOT NULL"
        " AND t.purchase_id IS NULL UNION SELECT made.id, l.id FROM made JOIN points_lot l"
        " ON l.from_lot_id = made.lot_id) SELECT t.id FROM points_transaction t WHERE t.purchase_id IS NULL"
        " AND t.written_off IS NOT NULL AND t.written_off > (SELECT COALESCE(SUM(-m.d_remaining), 0)"
        " FROM made JOIN points_lot_move m"
        " ON m.lot_id = made.lot_id JOIN points_transaction e ON e.id = m.transaction_id WHERE made.id = t.id"
        " AND e.kind IN ('EXPIRE', 'FORFEIT', 'CANCEL_PENDING'))) o",
    ),
    Invariant(
        "reversals fit",
        "A return takes back a redemption, a claw-back or a cancellation what was earned, and nothing else does.",
        "SELECT r.id FROM points_transaction r LEFT JOIN points_transaction o ON o.id = r.reverses_id"
        " WHERE CASE r.kind WHEN 'RETURN' THEN COALESCE(o.kind, '') <> 'REDEEM'"
        " WHEN 'CLAWBACK' THEN COALESCE(o.kind, '') NOT IN ('EARN', 'BONUS', 'REFERRAL')"
        " WHEN 'CANCEL_PENDING' THEN COALESCE(o.kind, '') NOT IN ('EARN', 'BONUS', 'REFERRAL')"
        " AND NOT (r.reverses_id IS NULL"
        " AND EXISTS (SELECT 1 FROM points_lot_move m JOIN points_lot l ON l.id = m.lot_id"
        " WHERE m.transaction_id = r.id AND m.member_id = r.member_id AND l.from_lot_id IS NOT NULL))"
        " WHEN 'RESTORE' THEN COALESCE(o.kind, '') NOT IN ('EARN', 'BONUS') OR NOT EXISTS (SELECT 1"
        " FROM points_transaction c WHERE c.member_id = r.member_id AND c.reverses_id = r.reverses_id"
        " AND NOT c.kind <> 'CANCEL_PENDING' AND c.points = -r.points)"
        " ELSE r.reverses_id IS NOT NULL END",
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
        "transfers have two sides",
        "What one member gave another received, at the same moment, once; nothing else has two sides.",
        "SELECT a.id FROM points_transaction a LEFT JOIN (SELECT member_id, group_id, counterpart_id, points,"
        " created_at, kind, COUNT(*) AS n FROM points_transaction WHERE kind IN ('TRANSFER_OUT', 'TRANSFER_IN')"
        " GROUP BY member_id, group_id, counterpart_id, points, created_at, kind) b"
        " ON b.member_id = a.counterpart_id AND b.group_id = a.group_id AND b.counterpart_id = a.member_id"
        " AND b.points = -a.points AND b.created_at = a.created_at AND b.kind <> a.kind"
        " WHERE a.kind IN ('TRANSFER_OUT', 'TRANSFER_IN') AND COALESCE(b.n, 0) <> 1",
    ),
    Invariant(
        "lots say when they were earned",
        "A lot that came from another member was earned before it came, and no other says so.",
        "SELECT l.id FROM points_lot l JOIN points_transaction t ON t.id = l.transaction_id"
        " WHERE CASE WHEN t.kind IN ('TRANSFER_IN', 'MERGE_IN') THEN l.origin_at IS NULL"
        " OR l.origin_at > t.created_at ELSE l.origin_at IS NOT NULL END",
    ),
    Invariant(
        "nothing expired was spent",
        "No lot pays at or after its expiry.",
        "SELECT m.id FROM points_lot_move m JOIN points_lot l ON l.id = m.lot_id JOIN points_transaction t"
        " ON t.id = m.transaction_id WHERE m.d_remaining < 0 AND t.kind IN ('REDEEM', 'HOLD', 'ADJUST_OUT',"
        " 'TRANSFER_OUT') AND l.slides IS NULL AND l.expires_at <= t.created_at",
    ),
    Invariant(
        "nothing expired early",
        "No lot is written off before its expiry.",
        "SELECT m.id FROM points_lot_move m JOIN points_lot l ON l.id = m.lot_id JOIN points_transaction t"
        " ON t.id = m.transaction_id WHERE t.kind = 'EXPIRE'"
        " AND (l.expires_at IS NULL OR l.expires_at > t.created_at)",
    ),
)
