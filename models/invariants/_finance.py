"""Finance: days, closings and cohorts say what the ledger says, as far as it was counted."""

from models.invariants._invariant import Invariant

FINANCE = (
    Invariant(
        "days are counted",
        "What a day says of a kind of movement is what the ledger says, up to where it was counted.",
        # a movement is booked on the first day that ended after it and was closed when it was known
        "SELECT day, kind FROM (SELECT (SELECT c.day FROM points_closing c WHERE c.ends_at > CASE"
        " WHEN t.effective_at < t.created_at THEN t.effective_at ELSE t.created_at END AND c.counted_id >= t.id"
        " ORDER BY c.ends_at LIMIT 1) AS day, t.kind, t.points, 1 AS movements, COALESCE(t.lost, 0) AS lost"
        " FROM points_transaction t JOIN points_books b ON t.id <= b.counted_id UNION ALL"
        " SELECT CASE WHEN d.day <= b.closed_day THEN d.day END, d.kind, -d.points, -d.movements,"
        " -COALESCE(d.lost, 0) FROM points_day d CROSS JOIN points_books b) x GROUP BY day, kind"
        " HAVING SUM(points) <> 0 OR SUM(movements) <> 0 OR SUM(lost) <> 0",
    ),
    Invariant(
        "days follow the lots",
        "What the days say a kind of movement did to the lots is what its lot moves say.",
        "SELECT kind FROM (SELECT t.kind, m.d_remaining + m.d_held AS points FROM points_lot_move m"
        " JOIN points_transaction t ON t.id = m.transaction_id JOIN points_books b ON t.id <= b.counted_id"
        " UNION ALL SELECT kind, -open_points FROM points_day) x GROUP BY kind HAVING SUM(points) <> 0",
    ),
    Invariant(
        "days are closed",
        "Every closed day says where the programme stood at its end, and no day is left out.",
        "SELECT day FROM (SELECT day, points, open_points, SUM(moved) OVER (ORDER BY day) AS worth,"
        " SUM(moved_open) OVER (ORDER BY day) AS lots FROM (SELECT c.day, c.points, c.open_points,"
        " COALESCE(SUM(d.points), 0) AS moved, COALESCE(SUM(d.open_points), 0) AS moved_open"
        " FROM points_closing c LEFT JOIN points_day d ON d.day = c.day GROUP BY c.day, c.points, c.open_points) x)"
        " y WHERE points <> worth OR open_points <> lots UNION ALL SELECT d.day FROM points_day d"
        " JOIN points_books b ON d.day <= b.closed_day LEFT JOIN points_closing c ON c.day = d.day"
        " WHERE c.day IS NULL UNION ALL SELECT b.closed_day FROM points_books b LEFT JOIN"
        " (SELECT MAX(day) AS day FROM points_closing) c ON TRUE WHERE (b.closed_day IS NULL) <> (c.day IS NULL)"
        " OR b.closed_day <> c.day",
    ),
    Invariant(
        "cohorts are counted",
        "What a cohort says of a kind of movement is what the ledger did to the lots that came in its month.",
        # whole closed months one by one, and all others together: SQL does not know the programme's zone
        "SELECT cohort, kind FROM (SELECT CASE WHEN came > low AND came < high THEN came END AS cohort, kind,"
        " points FROM (SELECT (SELECT substr(CAST(c.day AS TEXT), 1, 7) FROM points_closing c WHERE c.ends_at >"
        " CASE WHEN l.origin_at IS NOT NULL THEN l.origin_at WHEN o.effective_at < o.created_at"
        " THEN o.effective_at ELSE o.created_at END ORDER BY c.ends_at LIMIT 1) AS came, CASE"
        " WHEN t.kind = 'MERGE_OUT' AND m.d_remaining > 0 THEN 'REPAID' WHEN t.kind <> 'MERGE_OUT'"
        " AND m.d_remaining < 0 AND m.d_held = 0 AND (t.points >= 0 OR t.kind = 'MERGE_IN') THEN 'REPAID'"
        " ELSE t.kind END AS kind,"
        " m.d_remaining + m.d_held AS points FROM points_lot_move m"
        " JOIN points_transaction t ON t.id = m.transaction_id JOIN points_books b ON t.id <= b.counted_id"
        " JOIN points_lot l ON l.id = m.lot_id JOIN points_transaction o ON o.id = l.transaction_id"
        " UNION ALL SELECT substr(CAST(cohort AS TEXT), 1, 7), kind, -points FROM points_cohort) x CROSS JOIN"
        " (SELECT substr(CAST(MIN(day) AS TEXT), 1, 7) AS low, substr(CAST(MAX(day) AS TEXT), 1, 7) AS high"
        " FROM points_closing) r) y GROUP BY cohort, kind HAVING SUM(points) <> 0",
    ),
)
