"""Tiers: growth is the sum of its entries, and the tier is the one it earns."""

from models.invariants._invariant import Invariant

TIERS = (
    Invariant(
        "growth follows points",
        "Without rules, a purchase's growth is what it earned before any bonus, less what refunds took of that.",
        "SELECT p.id FROM purchase p LEFT JOIN (SELECT member_id, purchase_id, SUM(delta) AS growth"
        " FROM growth_entry GROUP BY member_id, purchase_id) g ON g.member_id = p.member_id"
        " AND g.purchase_id = p.id LEFT JOIN (SELECT t.member_id, t.purchase_id, SUM(t.points) AS points"
        " FROM points_transaction t LEFT JOIN points_transaction o ON o.id = t.reverses_id"
        " WHERE t.kind = 'EARN' OR (t.kind = 'CLAWBACK' AND o.kind = 'EARN') GROUP BY t.member_id, t.purchase_id) e"
        " ON e.member_id = p.member_id AND e.purchase_id = p.id"
        " WHERE COALESCE(g.growth, 0) <> COALESCE(e.points, 0) AND NOT EXISTS (SELECT 1 FROM earn_award a"
        " WHERE a.member_id = p.member_id AND a.purchase_id = p.id)",
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
)
