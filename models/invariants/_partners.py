"""Partners: what is told of them and what waits is what referrals say, and nobody is told of fewer than five."""

from models.invariants._invariant import Invariant

COUNTED = (
    "SELECT partner_id, figure FROM (SELECT e.partner_id, CASE e.kind WHEN 'BOUND' THEN 'REGISTERED' WHEN 'COST'"
    " THEN 'REWARD' ELSE e.kind END AS figure, CASE WHEN e.kind = 'COST' THEN 0 ELSE 1 END AS number,"
    " CASE e.kind WHEN 'ORDER' THEN e.gross_minor WHEN 'REFUND' THEN e.refund_minor WHEN 'COST' THEN e.points"
    " ELSE 0 END AS amount, CASE WHEN e.kind IN ('ORDER', 'REFUND') THEN (e.gross_minor + e.refund_minor)"
    " * COALESCE({rate}, 0) ELSE 0 END AS cost FROM referral_event e JOIN partner_books b ON e.id <= b.event_id"
    " LEFT JOIN referral_campaign c ON c.code = e.campaign AND c.version = e.campaign_version"
    " WHERE e.partner_id IS NOT NULL AND e.kind IN ('BOUND', 'QUALIFIED', 'ORDER', 'REFUND', 'COST')"
    " UNION ALL SELECT partner_id, figure, CASE WHEN figure = 'REWARD' THEN 0 ELSE -number END, -amount, -cost"
    " FROM partner_pool WHERE figure <> 'TOUCH'"
    " UNION ALL SELECT partner_id, 'REGISTERED', -registered, 0, 0 FROM partner_day"
    " UNION ALL SELECT partner_id, 'QUALIFIED', -qualified, 0, 0 FROM partner_day"
    " UNION ALL SELECT partner_id, 'ORDER', -orders, -gross_minor, -gross_cost FROM partner_day"
    " UNION ALL SELECT partner_id, 'REFUND', -refunds, -refund_minor, -refund_cost FROM partner_day"
    " UNION ALL SELECT partner_id, 'REWARD', 0, -reward_points, 0 FROM partner_day) x"
    " GROUP BY partner_id, figure HAVING SUM(number) <> 0 OR SUM(amount) <> 0 OR SUM(cost) <> 0"
)
WAITING = (
    "SELECT id FROM partner_pool WHERE {length}(people) NOT BETWEEN 1 AND 4 OR number < {length}(people)"
    " OR firsts NOT BETWEEN 0 AND number"
)

FOLLOWED = (
    "SELECT partner_id, purchase_id FROM (SELECT c.partner_id, c.purchase_id, c.gross_minor AS gross,"
    " c.refunded_minor AS refunded, CASE WHEN c.bps = {rate} AND (c.amount_minor = (c.gross_minor"
    " - c.refunded_minor) * c.bps / 10000 OR (c.state = 'REVERSED' AND EXISTS (SELECT 1 FROM referral_event o"
    " WHERE o.member_id = c.referee_id AND o.kind IN ('REJECTED', 'VOIDED', 'EXPIRED'))))"
    " AND (c.state IN ('ESTIMATED', 'REVERSED') OR EXISTS (SELECT 1 FROM referral_event o"
    " WHERE o.member_id = c.referee_id AND o.kind = 'QUALIFIED')) THEN 0 ELSE 1 END AS wrong FROM commission c"
    " LEFT JOIN referral_campaign m ON m.code = c.campaign AND m.version = c.campaign_version UNION ALL"
    " SELECT e.partner_id, e.purchase_id, -e.gross_minor, -e.refund_minor, 0 FROM referral_event e"
    " JOIN partner_account a ON a.partner_id = e.partner_id AND e.id <= a.event_id JOIN referral_campaign m"
    " ON m.code = e.campaign AND m.version = e.campaign_version AND {rate} > 0"
    " WHERE e.kind IN ('ORDER', 'REFUND')) x"
    " GROUP BY partner_id, purchase_id HAVING SUM(gross) <> 0 OR SUM(refunded) <> 0 OR SUM(wrong) <> 0"
)

PARTNERS = (
    Invariant(
        "partner days are counted",
        "What partners are told of those whom they brought, and what waits, is what the referrals' events say.",
        COUNTED.format(rate="json_extract(c.document, '$.partner.commissionBps')"),
        COUNTED.format(rate="(c.document::jsonb -> 'partner' ->> 'commissionBps')::bigint"),
    ),
    Invariant(
        "partner touches are counted",
        "No touch that was counted is missing from what partners are told and what waits.",
        # old touches are removed, and what was told of them stays
        "SELECT partner_id FROM (SELECT t.partner_id, 1 AS number FROM referral_touch t JOIN partner_books b"
        " ON t.id <= b.touch_id WHERE t.partner_id IS NOT NULL UNION ALL SELECT partner_id, -number"
        " FROM partner_pool WHERE figure = 'TOUCH' UNION ALL SELECT partner_id, -touches FROM partner_day) x"
        " GROUP BY partner_id HAVING SUM(number) > 0",
    ),
    Invariant(
        "partner pools wait",
        "What waits untold has one to four people behind it.",
        WAITING.format(length="json_array_length"),
        WAITING.format(length="jsonb_array_length"),
    ),
    Invariant(
        "commissions follow orders",
        "A commission is its campaign's basis points of what was paid and not refunded, as far as it follows the"
        " events; it was earned by a referral that has qualified, or reversed with one that ended.",
        FOLLOWED.format(rate="json_extract(m.document, '$.partner.commissionBps')"),
        FOLLOWED.format(rate="(m.document::jsonb -> 'partner' ->> 'commissionBps')::bigint"),
    ),
    Invariant(
        "settlements add up",
        "A settlement is the sum of its commissions, and one that was rejected has none.",
        "SELECT s.id FROM partner_settlement s LEFT JOIN commission c ON c.settlement_id = s.id"
        " AND c.partner_id = s.partner_id GROUP BY s.id, s.state, s.earned_minor, s.commissions, s.referees"
        " HAVING (s.state = 'REJECTED' AND COUNT(c.id) > 0) OR (s.state <> 'REJECTED' AND (COUNT(c.id)"
        " <> s.commissions OR COUNT(DISTINCT c.referee_id) <> s.referees"
        " OR SUM(c.settled_minor) <> s.earned_minor)) OR SUM(CASE WHEN"
        " c.state <> 'REVERSED' AND c.state <> (CASE WHEN s.state = 'PAID' THEN 'PAID'"
        " ELSE 'SETTLING' END) THEN 1 ELSE 0 END) > 0",
    ),
    Invariant(
        "partners owe what was refunded",
        "What a partner owes is what was refunded after it was settled, less what was netted from settlements.",
        "SELECT partner_id FROM (SELECT partner_id, owed_minor AS owed FROM partner_account UNION ALL"
        " SELECT partner_id, amount_minor - settled_minor FROM commission WHERE settlement_id IS NOT NULL"
        " UNION ALL SELECT partner_id, netted_minor FROM partner_settlement WHERE state <> 'REJECTED') x"
        " GROUP BY partner_id HAVING SUM(owed) <> 0",
    ),
)
