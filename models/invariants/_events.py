"""Events: each member's have no gap, and what endpoints were told happened."""

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
        "What is told an endpoint happened: each delivery has its event, of its member and type.",
        "SELECT d.id FROM webhook_delivery d LEFT JOIN outbox_event o ON o.member_id = d.member_id"
        " AND o.id = d.event_id WHERE (d.member_id IS NULL) <> (d.type = 'WEBHOOK_TEST')"
        " OR (d.member_id IS NOT NULL AND (o.id IS NULL OR o.type <> d.type))",
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
