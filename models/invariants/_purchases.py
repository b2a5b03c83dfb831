"""Purchases: what they come to, what they earned, and what was told of them say the same."""

from models.invariants._invariant import (
    MULTIPLIERS,
    MULTIPLIERS_ON_POSTGRES,
    SINCE_SCHEMES,
    Invariant,
)

REFUNDED_LINES = (
    "SELECT l.id FROM purchase_line l LEFT JOIN (SELECT e.member_id, e.purchase_id, b.key AS line_ref,"
    " SUM(CAST(b.value AS BIGINT)) AS refunded FROM purchase_event e, {each}(e.body) b"
    " WHERE e.kind = 'REFUNDED' AND e.state = 'APPLIED' GROUP BY e.member_id, e.purchase_id, b.key) r"
    " ON r.member_id = l.member_id AND r.purchase_id = l.purchase_id AND r.line_ref = l.line_ref"
    " WHERE l.refunded_minor <> COALESCE(r.refunded, 0)"
)

BONUS = (
    "SELECT b.id FROM points_transaction b LEFT JOIN points_transaction t ON t.member_id = b.member_id"
    " AND t.purchase_id = b.purchase_id AND NOT t.kind <> 'EARN' WHERE b.kind = 'BONUS' AND {since} AND NOT EXISTS"
    " (SELECT 1 FROM earn_award a WHERE a.member_id = b.member_id AND a.transaction_id = b.id) AND NOT EXISTS"
    " (SELECT 1 FROM {multipliers} WHERE t.points * (m.bps - 10000) / 10000 = b.points)"
)

PURCHASES = (
    Invariant(
        "purchase state",
        "A purchase's state says how much of it is refunded.",
        "SELECT id FROM purchase WHERE (state = 'PARTIALLY_REFUNDED')"
        " <> (refunded_minor > 0 AND refunded_minor < goods_minor)"
        " OR (refunded_minor > 0 AND refunded_minor = goods_minor AND state <> 'REFUNDED')",
    ),
    Invariant(
        "purchases earn",
        "A paid purchase earns what the terms say, or what rules award; its growth is by the terms; nothing else"
        " earns.",
        "SELECT p.id FROM purchase p JOIN programme ON programme.one = 1 LEFT JOIN points_transaction t"
        " ON t.member_id = p.member_id AND t.purchase_id = p.id AND NOT t.kind <> 'EARN'"
        " LEFT JOIN growth_entry g ON g.member_id = p.member_id AND g.purchase_id = p.id AND g.delta > 0"
        " LEFT JOIN (SELECT DISTINCT member_id, purchase_id FROM earn_award) w ON w.member_id = p.member_id"
        # lots are not found by their purchase: those that growth waits with are gathered once
        " AND w.purchase_id = p.id LEFT JOIN (SELECT DISTINCT member_id, purchase_id, growth FROM points_lot"
        " WHERE growth IS NOT NULL) l ON l.member_id = p.member_id AND l.purchase_id = p.id"
        " WHERE COALESCE(l.growth, g.delta, 0) <> CASE WHEN p.paid_at IS NULL THEN 0"
        " ELSE (p.goods_minor - p.by_points_minor) * programme.earn_points / programme.earn_minor END"
        " OR (w.purchase_id IS NULL AND COALESCE(t.points, 0) <> COALESCE(l.growth, g.delta, 0)) UNION ALL"
        " SELECT t.id FROM points_transaction t LEFT JOIN purchase p ON p.member_id = t.member_id"
        " AND p.id = t.purchase_id LEFT JOIN points_transaction o ON o.id = t.reverses_id"
        " WHERE t.kind IN ('EARN', 'BONUS', 'CLAWBACK') AND p.paid_at IS NULL"
        " AND COALESCE(o.kind, '') <> 'REFERRAL'",
    ),
    Invariant(
        "bonus is a tier's",
        "A bonus that no rule awarded is what some tier adds to the points of its purchase, rounded down.",
        BONUS.format(multipliers=MULTIPLIERS, since=SINCE_SCHEMES.format("b.created_at")),
        BONUS.format(multipliers=MULTIPLIERS_ON_POSTGRES, since=SINCE_SCHEMES.format("b.created_at")),
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
)
