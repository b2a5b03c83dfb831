"""Events: each member's have no gap, and what endpoints were told happened, and was for them."""

from models.invariants._invariant import Invariant

EVENTS = (
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
        "What is told an endpoint happened: each delivery has its event, of its type; one to the programme of its"
        " member, one to a partner of that partner.",
        "SELECT d.id FROM webhook_delivery d JOIN webhook_endpoint w ON w.id = d.endpoint_id"
        " LEFT JOIN outbox_event o ON o.member_id = d.member_id AND o.id = d.event_id"
        " LEFT JOIN partner_event p ON p.partner_id = w.partner_id AND p.id = d.event_id"
        " WHERE CASE WHEN d.type = 'WEBHOOK_TEST' THEN d.member_id IS NOT NULL"
        " WHEN w.partner_id IS NULL THEN o.id IS NULL OR o.type <> d.type"
        " ELSE d.member_id IS NOT NULL OR p.id IS NULL OR p.type <> d.type END",
    ),
    Invariant(
        "partners are told how settlements went",
        "What partners are told happened to their settlements did, and of one whose approval they were told they"
        " are told the end.",
        "SELECT e.id FROM partner_event e LEFT JOIN partner_settlement s ON s.id = e.settlement_id"
        " AND s.partner_id = e.partner_id WHERE s.id IS NULL OR s.state = 'READY'"
        " OR (e.type = 'settlement.paid' AND s.state <> 'PAID')"
        " OR (e.type = 'settlement.rejected' AND s.state <> 'REJECTED')"
        " OR (e.type = 'settlement.approved' AND s.state <> 'APPROVED' AND NOT EXISTS (SELECT 1"
        " FROM partner_event f WHERE f.settlement_id = s.id AND f.type <> e.type))",
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
