"""Tiers: growth is the sum of its entries, and the tier is the one it earns."""

from models.invariants._invariant import Invariant

NEWEST = (
    "SELECT p.name FROM programme p LEFT JOIN (SELECT COUNT(*) AS n, MAX(version) AS last FROM tier_scheme) s"
    " ON TRUE LEFT JOIN tier_scheme t ON t.version = s.last WHERE p.tier_scheme IS DISTINCT FROM t.document"
    " OR s.n <> COALESCE(s.last, 0) UNION ALL SELECT t.code FROM programme p JOIN tier t"
    " ON p.tier_scheme IS NOT NULL WHERE NOT EXISTS (SELECT 1 FROM {levels} WHERE {place} = t.rank"
    " AND {code} = t.code AND {threshold} = t.threshold)"
)

TIERS = (
    Invariant(
        "growth follows points",
        "Without rules, a purchase's growth is what it earned before any bonus, less what refunds took of that.",
        "SELECT p.id FROM purchase p LEFT JOIN (SELECT member_id, purchase_id, SUM(delta) AS growth"
        " FROM growth_entry GROUP BY member_id, purchase_id) g ON g.member_id = p.member_id"
        " AND g.purchase_id = p.id LEFT JOIN (SELECT t.member_id, t.purchase_id,"
        " SUM(t.points - COALESCE(t.lost, 0) - COALESCE(t.written_off, 0)) AS points"
        " FROM points_transaction t LEFT JOIN points_transaction o ON o.id = t.reverses_id"
        " WHERE t.kind = 'EARN' OR (t.kind = 'CLAWBACK' AND o.kind = 'EARN') GROUP BY t.member_id, t.purchase_id) e"
        " ON e.member_id = p.member_id AND e.purchase_id = p.id LEFT JOIN (SELECT DISTINCT member_id, purchase_id"
        " FROM points_lot WHERE growth IS NOT NULL) l ON l.member_id = p.member_id AND l.purchase_id = p.id"
        " WHERE COALESCE(g.growth, 0) <> COALESCE(e.points, 0) AND NOT EXISTS (SELECT 1 FROM earn_award a"
        " WHERE a.member_id = p.member_id AND a.purchase_id = p.id)"
        # what waited with points lands by itself, and what was cancelled was taken back by no refund
        " AND NOT (g.growth IS NULL AND l.purchase_id IS NOT NULL) AND NOT EXISTS (SELECT 1"
        " FROM points_transaction c WHERE c.member_id = p.member_id AND c.purchase_id = p.id"
        " AND NOT c.kind <> 'CANCEL_PENDING')",
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
        "Where no scheme was ever published nobody holds a tier below the one their growth earns.",
        "SELECT g.member_id FROM growth_account g JOIN programme p ON p.tier_scheme IS NULL"
        " JOIN tier held ON held.id = g.tier_id"
        " JOIN tier above ON above.rank > held.rank AND above.threshold <= g.growth",
    ),
    Invariant(
        "tier has a history",
        "The tier held is where the recorded steps end, each of which begins where the one before it ended.",
        "SELECT g.member_id FROM growth_account g LEFT JOIN (SELECT c.member_id, c.to_tier_id, c.from_tier_id,"
        " LAG(c.to_tier_id) OVER (PARTITION BY c.member_id ORDER BY c.seq NULLS FIRST, t.rank) AS before_id,"
        " ROW_NUMBER() OVER (PARTITION BY c.member_id ORDER BY c.seq DESC NULLS LAST, t.rank DESC) AS place,"
        " SUM(CASE WHEN c.cause = 'JOINED' THEN 1 ELSE 0 END) OVER (PARTITION BY c.member_id) AS joins"
        " FROM tier_change c JOIN tier t ON t.id = c.to_tier_id) h ON h.member_id = g.member_id"
        " WHERE h.member_id IS NULL OR (h.place = 1 AND (h.to_tier_id <> g.tier_id OR h.joins <> 1))"
        " OR (h.before_id IS NULL) <> (h.from_tier_id IS NULL) OR h.before_id <> h.from_tier_id",
    ),
    Invariant(
        "tier steps are numbered",
        "The steps of a history are numbered without gaps, but for those of an older release.",
        "SELECT g.member_id FROM growth_account g LEFT JOIN (SELECT member_id, COUNT(seq) AS n, MAX(seq) AS last"
        " FROM tier_change GROUP BY member_id) c ON c.member_id = g.member_id"
        " WHERE COALESCE(g.tier_steps, 0) <> COALESCE(c.n, 0) OR COALESCE(g.tier_steps, 0) <> COALESCE(c.last, 0)",
    ),
    Invariant(
        "tier is the highest",
        "The tier in effect is the highest that any source gives.",
        "SELECT g.member_id FROM growth_account g JOIN tier held ON held.id = g.tier_id"
        " JOIN tier t ON t.id = COALESCE(g.earned_tier_id, g.tier_id) OR t.id = g.paid_tier_id"
        " OR t.id = g.granted_tier_id GROUP BY g.member_id, held.rank HAVING MAX(t.rank) <> held.rank",
    ),
    Invariant(
        "tiers are of the ladder",
        "Whatever tier somebody holds or will hold, by any source, is one of the ladder.",
        "SELECT g.member_id FROM growth_account g LEFT JOIN tier e ON e.id = g.earned_tier_id"
        " LEFT JOIN tier d ON d.id = g.deferred_tier_id LEFT JOIN tier p ON p.id = g.paid_tier_id"
        " LEFT JOIN tier t ON t.id = g.granted_tier_id WHERE g.changes_at IS NOT NULL"
        " AND ((e.id IS NULL) <> (g.earned_tier_id IS NULL) OR (d.id IS NULL) <> (g.deferred_tier_id IS NULL)"
        " OR (p.id IS NULL) <> (g.paid_tier_id IS NULL) OR (t.id IS NULL) <> (g.granted_tier_id IS NULL))",
    ),
    Invariant(
        "tier changes when it says",
        "The moment at which time may change a tier is the first of those that are kept, and there is one for each"
        " that ends.",
        "SELECT g.member_id FROM growth_account g WHERE COALESCE(g.changes_at, '9999-01-01 00:00:00+00:00') <>"
        " COALESCE((SELECT MIN(v.at) FROM (SELECT COALESCE(g.grace_until, g.tier_expires_at) AS at"
        " UNION ALL SELECT g.deferred_at UNION ALL SELECT g.paid_until UNION ALL SELECT g.granted_until) v),"
        " '9999-01-01 00:00:00+00:00') OR (g.changes_at IS NULL) <> (g.earned_tier_id IS NULL)"
        " OR (g.earned_tier_id IS NULL) <> (g.earned_since IS NULL)"
        " OR (g.deferred_tier_id IS NULL) <> (g.deferred_at IS NULL)"
        " OR (g.paid_tier_id IS NULL) <> (g.paid_until IS NULL) OR (g.paid_since IS NULL) <> (g.paid_until IS NULL)"
        " OR (g.granted_tier_id IS NULL) <> (g.granted_until IS NULL)"
        " OR (g.granted_since IS NULL) <> (g.granted_until IS NULL)"
        " OR (g.grace_until IS NOT NULL AND g.tier_expires_at IS NULL) OR g.grace_until < g.tier_expires_at",
    ),
    Invariant(
        "tier ends as its history says",
        "What was earned, paid for or granted ends when the last step of that source said.",
        "SELECT g.member_id FROM growth_account g JOIN (SELECT c.member_id, c.source, c.own_to_id, c.ends_at,"
        " ROW_NUMBER() OVER (PARTITION BY c.member_id, c.source ORDER BY c.seq DESC) AS place FROM tier_change c"
        " WHERE c.seq IS NOT NULL) h ON h.member_id = g.member_id AND h.place = 1 WHERE CASE h.source"
        " WHEN 'EARNED' THEN COALESCE(g.earned_tier_id, g.tier_id) WHEN 'PAID' THEN g.paid_tier_id"
        " ELSE g.granted_tier_id END IS DISTINCT FROM h.own_to_id OR (h.source <> 'EARNED' AND CASE h.source"
        " WHEN 'PAID' THEN g.paid_until ELSE g.granted_until END IS DISTINCT FROM h.ends_at)",
    ),
    Invariant(
        "memberships give their tier",
        "A paid tier is the highest that a person has paid for, whichever member they were, and lasts until the"
        " last payment for it ends, and no longer.",
        "WITH RECURSIVE person(id, heir_id) AS (SELECT id, id FROM member WHERE has_absorbed"
        " AND merged_into_id IS NULL UNION ALL SELECT m.id, w.heir_id FROM person w"
        " JOIN member m ON m.merged_into_id = w.id),"
        " paid AS (SELECT COALESCE(w.heir_id, m.member_id) AS heir_id, t.id AS tier_id, t.rank,"
        " MAX(m.ends_at) AS until FROM membership m JOIN membership_plan p ON p.id = m.plan_id"
        " JOIN tier t ON t.id = p.tier_id LEFT JOIN person w ON w.id = m.member_id WHERE m.refunded_at IS NULL"
        " GROUP BY COALESCE(w.heir_id, m.member_id), t.id, t.rank),"
        # when it was last looked at what they have paid for: what ended before that is rightly over
        " seen AS (SELECT COALESCE(w.heir_id, s.member_id) AS heir_id, MAX(s.at) AS at"
        " FROM (SELECT member_id, at FROM tier_change WHERE source = 'PAID'"
        " UNION ALL SELECT member_id, undone_at FROM member_merge"
        " UNION ALL SELECT into_id, undone_at FROM member_merge) s LEFT JOIN person w ON w.id = s.member_id"
        " GROUP BY COALESCE(w.heir_id, s.member_id))"
        " SELECT g.member_id FROM growth_account g WHERE g.paid_tier_id IS NOT NULL EXCEPT SELECT l.heir_id"
        " FROM paid l JOIN growth_account g ON g.member_id = l.heir_id AND g.paid_tier_id = l.tier_id"
        " AND g.paid_until = l.until"
        " UNION ALL SELECT l.heir_id FROM paid l JOIN growth_account g ON g.member_id = l.heir_id"
        " LEFT JOIN tier t ON t.id = g.paid_tier_id LEFT JOIN seen s ON s.heir_id = l.heir_id"
        " WHERE l.rank > COALESCE(t.rank, 0) AND (s.at IS NULL OR s.at < l.until)",
    ),
    Invariant(
        "memberships follow one another",
        "Payments of one member do not overlap, but for two tiers of whoever others were merged into, and each is"
        " found by its reference.",
        "SELECT m.id FROM membership m JOIN membership_plan p ON p.id = m.plan_id"
        " JOIN member w ON w.id = m.member_id LEFT JOIN membership_key k ON k.source = m.source"
        " AND k.payment_ref = m.payment_ref AND k.member_id = m.member_id AND k.membership_id = m.id"
        " WHERE k.id IS NULL OR EXISTS (SELECT 1 FROM membership o JOIN membership_plan q ON q.id = o.plan_id"
        " WHERE o.member_id = m.member_id AND o.id <> m.id AND o.refunded_at IS NULL AND m.refunded_at IS NULL"
        " AND o.starts_at < m.ends_at AND o.ends_at > m.starts_at"
        " AND (q.tier_id = p.tier_id OR w.has_absorbed IS NOT TRUE))"
        " UNION ALL SELECT k.id FROM membership_key k LEFT JOIN membership m ON m.id = k.membership_id"
        " WHERE m.id IS NULL",
    ),
    Invariant(
        "benefits are used in turn",
        "The uses of a benefit in a month are numbered without gaps.",
        "SELECT member_id FROM benefit_use GROUP BY member_id, benefit, code, period"
        " HAVING COUNT(*) <> MAX(number)",
    ),
    Invariant(
        "gifts are points",
        "Every gift is a movement of its own, and every such movement a gift.",
        "SELECT t.id FROM points_transaction t LEFT JOIN benefit_grant b ON b.member_id = t.member_id"
        " AND b.transaction_id = t.id AND b.points = t.points WHERE t.kind = 'GRANT'"
        " GROUP BY t.id HAVING COUNT(b.id) <> 1 UNION ALL SELECT b.id FROM benefit_grant b"
        " LEFT JOIN points_transaction t ON t.id = b.transaction_id AND t.member_id = b.member_id"
        " AND t.kind = 'GRANT' WHERE t.id IS NULL",
    ),
    Invariant(
        "gifts were won",
        "Every gift of a level was won by an upgrade.",
        "SELECT b.id FROM benefit_grant b LEFT JOIN tier_change c ON c.member_id = b.won_by_id"
        " AND c.seq = b.won_seq AND c.cause = 'UPGRADED' WHERE b.benefit = 'UPGRADE_GIFT' AND c.id IS NULL",
    ),
    Invariant(
        "birthdays come once a year",
        "A birthday gift is of the tier that was held, twelve months after the last one at least, and its movement"
        " is that year's.",
        "SELECT v.id FROM (SELECT b.id, b.member_id, b.won_by_id, b.period, b.won_seq, b.tier_id, t.cause, CAST("
        "substr(b.period, 1, 4) AS INTEGER) * 12 + CAST(substr(b.period, 6) AS INTEGER) - LAG(CAST(substr(b.period,"
        " 1, 4) AS INTEGER) * 12 + CAST(substr(b.period, 6) AS INTEGER)) OVER (PARTITION BY b.member_id"
        " ORDER BY b.period) AS months FROM benefit_grant b JOIN points_transaction t"
        " ON t.member_id = b.member_id AND t.id = b.transaction_id WHERE b.benefit = 'BIRTHDAY_GIFT') v"
        " LEFT JOIN tier_change c ON c.member_id = v.member_id AND c.seq = v.won_seq WHERE v.months < 12"
        " OR v.cause <> 'birthday:' || substr(v.period, 1, 4) OR v.won_by_id <> v.member_id"
        " OR (v.won_seq > 0 AND c.to_tier_id IS DISTINCT FROM v.tier_id)",
    ),
    Invariant(
        "tier scheme is the newest",
        "The scheme in force is the newest of the published ones, which are numbered without gaps; the tiers stand"
        " as it says.",
        NEWEST.format(
            levels="json_each(p.tier_scheme, '$.levels') v",
            place="v.key",
            code="json_extract(v.value, '$.code')",
            threshold="json_extract(v.value, '$.threshold')",
        ),
        NEWEST.format(
            levels="jsonb_array_elements(p.tier_scheme::jsonb -> 'levels') WITH ORDINALITY AS v(value, nth)",
            place="v.nth - 1",
            code="v.value ->> 'code'",
            threshold="(v.value ->> 'threshold')::bigint",
        ),
    ),
    Invariant(
        "tier is listed",
        "A tier's members are listed by the moment since when they are known.",
        "SELECT g.member_id FROM growth_account g JOIN member m ON m.id = g.member_id"
        " WHERE g.known_since IS NULL OR g.known_since <> m.created_at",
    ),
)
