"""Lots: what waits says for what, what slides says how far, and growth comes with the points it waited with."""

from models.invariants._invariant import Invariant

SLID = (
    "SELECT a.member_id FROM points_account a CROSS JOIN {each} s JOIN (SELECT member_id, MAX(effective_at) AS last"
    " FROM points_transaction WHERE kind IN ('EARN', 'BONUS', 'GRANT', 'ADJUST_IN', 'REDEEM', 'HOLD')"
    " GROUP BY member_id) t ON t.member_id = a.member_id WHERE {until} > {bound} AND NOT EXISTS (SELECT 1"
    " FROM points_transaction i WHERE i.member_id = a.member_id AND i.kind = 'MERGE_IN')"
)
_UNIT = (
    "substr(s.key, 2) || CASE substr(s.key, 1, 1) WHEN 'D' THEN ' days' WHEN 'M' THEN ' months' ELSE ' years' END"
)
SLID_ON_SQLITE = SLID.format(
    each="json_each(a.slid)",
    until="datetime(s.value)",
    bound=f"datetime(t.last, '+' || {_UNIT}, '+2 days')",
)
SLID_ON_POSTGRES = SLID.format(
    each="LATERAL jsonb_each_text(a.slid)",
    until="s.value::timestamptz",
    bound=f"t.last + ({_UNIT})::interval + INTERVAL '2 days'",
)

LOTS = (
    Invariant(
        "lots say what they wait for",
        "Points that wait for time know until when, and those that waited since when; only a frozen member's wait"
        " for nothing but a thaw.",
        "SELECT id FROM points_lot WHERE (waits_for = 'TIME' AND activates_at IS NULL) OR (waits_for IS NOT NULL"
        " AND active AND activates_at IS NULL) OR (thaws IS TRUE AND (active OR waits_for IS NULL))"
        " OR (cancels_at IS NOT NULL AND COALESCE(waits_for, '') <> 'COMPLETION')"
        " OR (growth IS NOT NULL AND (waits_for IS NULL OR purchase_id IS NULL)) UNION ALL SELECT l.id"
        " FROM points_lot l JOIN member m ON m.id = l.member_id WHERE NOT l.active AND l.waits_for IS NULL"
        " AND l.remaining > 0 AND m.state = 'ACTIVE'",
    ),
    Invariant(
        "nothing pending was spent",
        "No lot pays before it is available.",
        "SELECT m.id FROM points_lot_move m JOIN points_lot l ON l.id = m.lot_id JOIN points_transaction t"
        " ON t.id = m.transaction_id WHERE t.kind IN ('REDEEM', 'HOLD', 'ADJUST_OUT', 'TRANSFER_OUT')"
        " AND m.d_remaining < 0"
        # a clock may have gone back since: then the ledger says that it was available before
        " AND l.waits_for IS NOT NULL AND (NOT l.active OR (l.activates_at > t.created_at AND NOT EXISTS (SELECT 1"
        " FROM points_transaction a JOIN points_entry x ON x.transaction_id = a.id JOIN points_entry y"
        " ON y.transaction_id = t.id AND y.seq > x.seq WHERE a.member_id = l.member_id AND a.kind = 'ACTIVATE'"
        " AND a.cause IN ('activate:' || l.id::text, 'thaw:' || l.id::text) AND a.created_at >= l.activates_at)))",
    ),
    Invariant(
        "sliding lots are known",
        "An account knows how far each span of its lots has slid.",
        "SELECT l.id FROM points_lot l JOIN points_account a ON a.member_id = l.member_id"
        " WHERE l.slides IS NOT NULL AND (a.slid ->> l.slides) IS NULL",
    ),
    Invariant(
        "lots slide with activity",
        "No span of an account has slid further than its length after the member last did anything, give or take a"
        " day; of who was merged it is not told apart.",
        SLID_ON_SQLITE,
        SLID_ON_POSTGRES,
    ),
    Invariant(
        "growth lands",
        "The growth that waited with points has landed once they are available, or a job is there to land it.",
        "SELECT l.id FROM points_lot l JOIN purchase p ON p.member_id = l.member_id AND p.id = l.purchase_id"
        " LEFT JOIN growth_entry g ON g.member_id = l.member_id"
        " AND g.cause = 'purchase:' || l.purchase_id::text || ':growth'"
        " WHERE l.growth IS NOT NULL AND ((l.active AND g.id IS NULL AND p.refunded_minor < p.goods_minor"
        " AND NOT EXISTS (SELECT 1 FROM job j WHERE j.name = 'purchases.land' AND j.state = 'READY'"
        " AND j.cause = 'lot:' || l.id::text)) OR (NOT l.active AND g.id IS NOT NULL))",
    ),
)
