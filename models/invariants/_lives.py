"""Lives: what became of merged members is with who they are now, every promise of it kept."""

from models.invariants._invariant import Invariant

LIVES = (
    Invariant(
        "merges come to nothing",
        "What leaves one account for another comes there at the same moment, points and growth alike.",
        "SELECT MIN(cause) AS cause FROM points_transaction WHERE kind IN ('MERGE_OUT', 'MERGE_IN')"
        " GROUP BY group_id"
        " HAVING SUM(points) <> 0 OR COUNT(*) <> 2 OR COUNT(DISTINCT member_id) <> 2 OR MIN(kind) = MAX(kind)"
        " OR MIN(effective_at) <> MAX(effective_at) OR MIN(cause) <> MAX(cause)"
        " OR MIN(member_id::text) <> MIN(counterpart_id::text) OR MIN(group_id::text) IS NULL"
        " UNION ALL SELECT cause FROM growth_entry"
        " WHERE cause LIKE 'merge:%' OR cause LIKE 'unmerge:%' OR cause LIKE 'pass:%' GROUP BY cause"
        " HAVING SUM(delta) <> 0 OR COUNT(*) <> 2 OR COUNT(DISTINCT member_id) <> 2",
    ),
    Invariant(
        "lots keep their promise",
        "A lot that came out of another account's was earned when that was, and for the same purchase.",
        "SELECT l.id FROM points_lot l JOIN points_transaction t ON t.id = l.transaction_id"
        " LEFT JOIN points_lot f ON f.id = l.from_lot_id LEFT JOIN points_transaction o ON o.id = f.transaction_id"
        " WHERE (t.kind = 'MERGE_IN') <> (l.from_lot_id IS NOT NULL)"
        " OR (l.from_lot_id IS NOT NULL AND (f.id IS NULL OR l.origin_at IS NULL"
        " OR f.member_id = l.member_id OR COALESCE(f.purchase_id::text, '') <> COALESCE(l.purchase_id::text, '')"
        " OR l.origin_at <> COALESCE(f.origin_at,"
        " CASE WHEN o.effective_at < o.created_at THEN o.effective_at ELSE o.created_at END)))",
    ),
    Invariant(
        "merged members have nothing",
        "Who was merged has no points, debt, growth or names, but what waits or waited to become available.",
        "SELECT m.id FROM member m LEFT JOIN points_account a ON a.member_id = m.id"
        " LEFT JOIN growth_account g ON g.member_id = m.id LEFT JOIN (SELECT member_id, SUM(remaining) AS waited"
        " FROM points_lot WHERE waits_for IS NOT NULL GROUP BY member_id) l ON l.member_id = m.id"
        " WHERE m.state = 'MERGED' AND (a.held + a.debt + g.growth <> 0"
        " OR a.available + a.pending <> COALESCE(l.waited, 0)) UNION ALL SELECT m.id FROM member m"
        " JOIN member_identity i ON i.member_id = m.id WHERE m.state = 'MERGED'",
    ),
    Invariant(
        "merged members are somebody",
        "Who was merged is, by way of others too, somebody who was not and knows it; each merge that stands is so.",
        "WITH RECURSIVE link(id, into_id) AS (SELECT id, merged_into_id FROM member"
        " WHERE merged_into_id IS NOT NULL UNION SELECT l.id, m.merged_into_id FROM link l"
        " JOIN member m ON m.id = l.into_id WHERE m.merged_into_id IS NOT NULL)"
        " SELECT id FROM link WHERE id = into_id UNION ALL"
        " SELECT m.id FROM member m LEFT JOIN member w ON w.id = m.merged_into_id"
        " WHERE m.merged_into_id IS NOT NULL AND w.id IS NULL UNION ALL SELECT g.id FROM member_merge g"
        " JOIN member m ON m.id = g.member_id WHERE g.undone_at IS NULL"
        " AND COALESCE(m.merged_into_id::text, '') <> g.into_id::text UNION ALL SELECT m.id FROM member m"
        " JOIN member w ON w.id = m.merged_into_id WHERE w.has_absorbed IS NOT TRUE",
    ),
    Invariant(
        "merges are written down",
        "Each merge names the two movements it took, and no other growth than went over.",
        "SELECT g.id FROM member_merge g LEFT JOIN points_transaction o ON o.id = g.out_id"
        " LEFT JOIN points_transaction i ON i.id = g.in_id LEFT JOIN (SELECT member_id,"
        " substr(cause, 1, 42) AS merge, SUM(delta) AS delta FROM growth_entry WHERE cause LIKE 'merge:%'"
        " GROUP BY member_id, substr(cause, 1, 42)) e ON e.member_id = g.into_id"
        " AND e.merge = 'merge:' || g.id::text WHERE g.growth <> COALESCE(e.delta, 0) OR (g.out_id IS NOT NULL"
        " AND (o.id IS NULL OR i.id IS NULL OR o.kind <> 'MERGE_OUT' OR i.kind <> 'MERGE_IN'"
        " OR o.member_id <> g.member_id OR i.member_id <> g.into_id"
        " OR o.cause <> 'merge:' || g.id::text OR i.cause <> o.cause)) UNION ALL SELECT t.id"
        " FROM points_transaction t LEFT JOIN member_merge g ON t.cause = 'merge:' || g.id::text"
        " WHERE t.kind IN ('MERGE_OUT', 'MERGE_IN') AND t.cause LIKE 'merge:%' AND (g.id IS NULL"
        " OR g.out_id IS NULL OR t.id NOT IN (g.out_id, g.in_id))",
    ),
    Invariant(
        "who leaves has a date",
        "Whoever left, or asked to be erased, has it written down, and nobody else has.",
        "SELECT m.id FROM member m LEFT JOIN member_leaving l ON l.member_id = m.id WHERE CASE m.state"
        " WHEN 'OPTED_OUT' THEN l.left_at IS NULL OR l.erases_at IS NOT NULL"
        " WHEN 'ERASURE_PENDING' THEN l.erases_at IS NULL ELSE l.member_id IS NOT NULL END"
        " OR l.state NOT IN ('PENDING', 'ACTIVE', 'FROZEN')",
    ),
    Invariant(
        "nothing is set aside for who left",
        "Nothing is set aside of the points of somebody who left, asked to be erased or was.",
        "SELECT m.id FROM member m JOIN points_account a ON a.member_id = m.id"
        " WHERE m.state IN ('OPTED_OUT', 'ERASURE_PENDING', 'ERASED') AND a.held > 0",
    ),
)
