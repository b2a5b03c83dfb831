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
)
