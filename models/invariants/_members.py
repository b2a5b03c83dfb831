"""Members: who they are known as, what they were answered, and what was approved for them is there."""

from models.invariants._invariant import Invariant

MEMBERS = (
    Invariant(
        "answers are real",
        "Each stored answer names a transaction, a purchase or a request of its member.",
        "SELECT i.id FROM idempotency_key i LEFT JOIN points_transaction t ON t.member_id = i.owner_id"
        " AND t.id::text = (i.response ->> 'transaction_id') WHERE i.operation LIKE 'points.%' AND t.id IS NULL"
        " UNION ALL SELECT i.id FROM idempotency_key i LEFT JOIN purchase p ON p.member_id = i.owner_id"
        " AND p.id::text = (i.response ->> 'purchase_id') WHERE i.operation LIKE 'purchase.%' AND p.id IS NULL"
        " UNION ALL SELECT i.id FROM idempotency_key i LEFT JOIN approval a ON a.member_id = i.owner_id"
        " AND a.id::text = (i.response ->> 'approval_id') WHERE i.operation LIKE 'approval.%' AND a.id IS NULL",
    ),
    Invariant(
        "approvals are done",
        "An approved request led to exactly the movement it asked for, and no movement names a request but that.",
        "SELECT a.id FROM approval a LEFT JOIN points_transaction t ON t.member_id = a.member_id"
        " AND t.id = a.transaction_id WHERE a.state = 'APPROVED' AND (t.id IS NULL"
        " OR t.cause <> 'approval:' || a.id::text OR t.kind NOT IN ('ADJUST_IN', 'ADJUST_OUT')"
        " OR t.points <> CAST(a.facts ->> 'delta' AS BIGINT) OR t.actor_id IS NULL"
        " OR t.actor_id <> a.decided_by::text) UNION ALL SELECT t.id FROM points_transaction t"
        " LEFT JOIN approval a ON a.member_id = t.member_id AND a.transaction_id = t.id"
        " WHERE t.cause LIKE 'approval:%' AND a.id IS NULL",
    ),
    Invariant(
        "identities are found",
        "Each identity of a member is found by its hash, and each hash finds one.",
        "SELECT i.value_hash FROM member_identity i LEFT JOIN identity_key k ON k.value_hash = i.value_hash"
        " WHERE k.member_id IS NULL OR k.member_id <> i.member_id"
        " UNION ALL SELECT k.value_hash FROM identity_key k LEFT JOIN member_identity i"
        " ON i.value_hash = k.value_hash AND i.member_id = k.member_id WHERE i.id IS NULL",
    ),
    Invariant(
        "members are whole",
        "Each member has a points account and a growth account.",
        "SELECT m.id FROM member m"
        " LEFT JOIN points_account a ON a.member_id = m.id LEFT JOIN growth_account g ON g.member_id = m.id"
        " WHERE a.member_id IS NULL OR g.member_id IS NULL",
    ),
)
