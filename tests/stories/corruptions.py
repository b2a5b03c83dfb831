"""Corruptions: one way, or several, to break each of the invariants that `verify` proves.

Each is SQL that both databases read. `{mei}` and `{wang}` are the members of `the_books`, as SQL texts. What the
database itself refuses (a CHECK, a UNIQUE, a foreign key) needs no query, and is not among them.
"""

from tests.stories.lot_corruptions import OF_LOTS

MEI = "member_id = {mei}"
FIRST = "(SELECT id FROM points_transaction WHERE member_id = {mei} AND kind = '%s' ORDER BY id LIMIT 1)"
EARN, BONUS, REDEEM, RETURN, CLAWBACK, ADJUST_OUT, EXPIRE, TRANSFER = (
    FIRST % kind
    for kind in ("EARN", "BONUS", "REDEEM", "RETURN", "CLAWBACK", "ADJUST_OUT", "EXPIRE", "TRANSFER_OUT")
)
OTHERS_TRANSACTION = "(SELECT id FROM points_transaction WHERE member_id = {wang} ORDER BY id LIMIT 1)"
PARTLY = "(SELECT id FROM points_hold WHERE member_id = {mei} AND state = 'PARTIALLY_CAPTURED')"
REFUNDED = "(SELECT id FROM purchase WHERE member_id = {mei} AND order_ref = 'coat')"
MERGED = "member_id = (SELECT id FROM member WHERE state = 'MERGED')"
NOBODY = "'00000000-0000-4000-8000-00000000dead'"

CORRUPTIONS: dict[str, list[str]] = {
    **OF_LOTS,
    "balances": [
        f"UPDATE points_account SET available = available + 1 WHERE {MEI}",
        f"UPDATE points_account SET pending = pending + 1 WHERE {MEI}",
        f"UPDATE points_account SET held = held + 1 WHERE {MEI}",
        "UPDATE points_account SET debt = debt - 1 WHERE member_id = {wang}",
    ],
    "entry sequence": [
        f"UPDATE points_account SET seq = seq + 1 WHERE {MEI}",
        f"UPDATE points_entry SET seq = seq + 1 WHERE {MEI} AND seq = (SELECT seq FROM points_account WHERE {MEI})",
        f"UPDATE points_entry SET seq = 0 WHERE {MEI} AND seq = 1",
        f"DELETE FROM points_entry WHERE {MEI} AND seq = (SELECT seq FROM points_account WHERE {MEI})",
    ],
    "running balance": [
        f"UPDATE points_entry SET balance_after = balance_after + 1 WHERE {MEI} AND seq = 2",
        f"UPDATE points_entry SET bucket = 'HELD' WHERE {MEI} AND seq = 2",
    ],
    "internal moves": [
        f"UPDATE points_entry SET counter = 'INTERNAL' WHERE {MEI} AND seq = 1",
        "UPDATE points_entry SET delta = delta - 1 WHERE member_id = {wang} AND counter = 'INTERNAL'"
        " AND bucket = 'PENDING'",
    ],
    "lots hold the balance": [
        f"UPDATE points_lot SET remaining = remaining - 1 WHERE {MEI} AND remaining > 0",
        "UPDATE points_lot SET active = NOT active WHERE member_id = {wang} AND remaining > 0",
    ],
    "lot moves": [
        f"UPDATE points_lot_move SET d_remaining = d_remaining - 1 WHERE {MEI} AND transaction_id = {REDEEM}",
        f"UPDATE points_lot_move SET d_held = 1 WHERE {MEI} AND transaction_id = {REDEEM}",
        f"DELETE FROM points_lot_move WHERE {MEI} AND transaction_id = {REDEEM}",
    ],
    "holds hold the balance": [
        f"UPDATE points_account SET held = held + 1 WHERE {MEI}",
        f"UPDATE points_hold SET amount = amount + 1 WHERE {MEI} AND state = 'HELD'",
        f"DELETE FROM points_hold WHERE {MEI} AND state = 'HELD'",
    ],
    "hold moves": [
        f"UPDATE points_hold SET captured = captured + 1, released = released - 1 WHERE id = {PARTLY}",
        f"UPDATE points_lot_move SET d_held = d_held - 1 WHERE hold_id = {PARTLY} AND d_held < 0",
        f"UPDATE points_lot_move SET hold_id = NULL WHERE hold_id = {PARTLY} AND d_held > 0",
        f"UPDATE points_lot_move SET hold_id = {NOBODY} WHERE hold_id = {PARTLY}",
        f"UPDATE points_lot_move SET hold_id = {PARTLY} WHERE transaction_id = {REDEEM}",
        f"DELETE FROM points_hold WHERE id = {PARTLY}",
    ],
    "holds are made by holding": [
        f"UPDATE points_hold SET transaction_id = {REDEEM} WHERE id = {PARTLY}",
        f"UPDATE points_hold SET purchase_id = {NOBODY} WHERE id = {PARTLY}",
        f"UPDATE points_hold SET member_id = {{wang}} WHERE id = {PARTLY}",
        f"UPDATE points_hold SET created_at = '2026-03-10 03:00:00+00:00' WHERE id = {PARTLY}",
        f"DELETE FROM points_hold WHERE id = {PARTLY}",
    ],
    "nothing was taken late": [
        f"UPDATE points_hold SET expires_at = closed_at WHERE id = {PARTLY}",
        f"UPDATE points_hold SET closed_at = '2026-03-10 03:58:30+00:00' WHERE {MEI} AND state = 'EXPIRED'",
    ],
    "movements are told": [
        f"UPDATE outbox_event SET transaction_id = NULL WHERE {MEI} AND transaction_id = {REDEEM}",
        f"UPDATE outbox_event SET transaction_id = {REDEEM} WHERE member_id = {{wang}} AND transaction_id = "
        f"{OTHERS_TRANSACTION}",
        f"DELETE FROM points_entry WHERE transaction_id = {REDEEM}",
    ],
    "policy in force": [
        "UPDATE programme SET points_policy_version = 0",
        "UPDATE programme SET points_policy_version = 99",
        "UPDATE programme SET points_policy = NULL",
        "UPDATE points_policy SET policy = '{{}}'",
        "DELETE FROM points_policy",
    ],
    "movement amount": [
        f"UPDATE points_transaction SET points = points - 1 WHERE id = {REDEEM}",
        f"UPDATE points_entry SET delta = delta + 1 WHERE transaction_id = {REDEEM}",
    ],
    "written off once": [
        f"UPDATE points_transaction SET written_off = 1000 WHERE id = {CLAWBACK}",
    ],
    "movement direction": [
        f"UPDATE points_transaction SET written_off = 1 WHERE id = {ADJUST_OUT}",
        f"UPDATE points_transaction SET written_off = -1 WHERE id = {CLAWBACK}",
        f"UPDATE points_transaction SET kind = 'RESTORE' WHERE id = {CLAWBACK}",
        f"UPDATE points_transaction SET lost = 1 WHERE id = {ADJUST_OUT}",
        f"UPDATE points_transaction SET lost = -1 WHERE id = {CLAWBACK}",
        f"UPDATE points_transaction SET kind = 'ADJUST_IN' WHERE id = {ADJUST_OUT}",
        f"UPDATE points_transaction SET kind = 'ACTIVATE' WHERE id = {ADJUST_OUT}",
        f"UPDATE points_transaction SET kind = 'RELEASE' WHERE id = {ADJUST_OUT}",
        f"UPDATE points_transaction SET kind = 'RETURN' WHERE id = {REDEEM}",
    ],
    "movement counter": [
        f"UPDATE points_entry SET counter = 'EXPIRY' WHERE transaction_id = {REDEEM}",
        f"UPDATE points_entry SET counter = 'ISSUANCE' WHERE transaction_id = {ADJUST_OUT}",
    ],
    "movements move lots": [
        # the same lot's moves under one another's name
        f"UPDATE points_lot_move SET transaction_id = CASE WHEN transaction_id = {REDEEM} THEN {ADJUST_OUT}"
        f" ELSE {REDEEM} END WHERE transaction_id IN ({REDEEM}, {ADJUST_OUT})",
    ],
    "one member a movement": [
        f"UPDATE points_entry SET member_id = {{wang}}, seq = 99 WHERE transaction_id = {REDEEM}",
        f"UPDATE points_lot SET member_id = {{wang}} WHERE transaction_id = {EARN}",
        f"UPDATE points_lot_move SET member_id = {{wang}} WHERE transaction_id = {REDEEM}",
    ],
    "lots are granted": [
        f"UPDATE points_lot SET granted = granted + 1 WHERE transaction_id = {EARN}",
        f"UPDATE points_lot SET purchase_id = {REFUNDED} WHERE transaction_id = {EARN}",
        f"UPDATE points_lot SET purchase_id = NULL WHERE transaction_id = {EARN}",
        f"UPDATE points_lot SET transaction_id = {EARN} WHERE transaction_id = {BONUS}",
    ],
    "lifetime figures": [
        f"UPDATE points_account SET lifetime_earned = lifetime_earned + 1 WHERE {MEI}",
        f"UPDATE points_account SET lifetime_spent = lifetime_spent + 1 WHERE {MEI}",
        f"UPDATE points_account SET lifetime_expired = lifetime_expired + 1 WHERE {MEI}",
        f"UPDATE points_transaction SET kind = 'ADJUST_OUT' WHERE id = {REDEEM}",
    ],
    "transfers have two sides": [
        f"UPDATE points_transaction SET counterpart_id = {{wang}} WHERE id = {TRANSFER}",
        f"UPDATE points_transaction SET group_id = NULL WHERE id = {TRANSFER}",
        f"UPDATE points_transaction SET points = points - 1 WHERE id = {TRANSFER}",
        f"UPDATE points_transaction SET kind = 'ADJUST_OUT' WHERE id = {TRANSFER}",
        f"UPDATE points_transaction SET created_at = '2026-03-10 03:00:00+00:00' WHERE id = {TRANSFER}",
    ],
    "lots say when they were earned": [
        "UPDATE points_lot SET origin_at = NULL WHERE origin_at IS NOT NULL",
        "UPDATE points_lot SET origin_at = '2026-03-10 05:00:00+00:00' WHERE origin_at IS NOT NULL",
        f"UPDATE points_lot SET origin_at = '2026-03-10 03:00:00+00:00' WHERE transaction_id = {EARN}",
    ],
    "reversals stay within": [
        f"UPDATE points_transaction SET points = points + 1000 WHERE id = {RETURN}",
        f"UPDATE points_transaction SET reverses_id = {OTHERS_TRANSACTION} WHERE id = {RETURN}",
        f"UPDATE points_transaction SET reverses_id = {NOBODY} WHERE id = {RETURN}",
        f"UPDATE points_transaction SET reverses_id = {EARN} WHERE id = {RETURN}",
    ],
    "reversals fit": [
        f"UPDATE points_transaction SET reverses_id = {BONUS} WHERE id = {RETURN}",
        f"UPDATE points_transaction SET reverses_id = NULL WHERE id = {RETURN}",
        f"UPDATE points_transaction SET reverses_id = {REDEEM} WHERE id = {CLAWBACK}",
        f"UPDATE points_transaction SET reverses_id = {EARN} WHERE id = {ADJUST_OUT}",
        f"UPDATE points_transaction SET kind = 'RESTORE' WHERE id = {CLAWBACK}",
        f"UPDATE points_transaction SET kind = 'CANCEL_PENDING', reverses_id = NULL WHERE id = {CLAWBACK}",
    ],
    "refunds take back exactly": [
        f"UPDATE points_transaction SET written_off = 1 WHERE id = {CLAWBACK}",
        f"UPDATE points_transaction SET lost = 1 WHERE id = {CLAWBACK}",
        f"UPDATE points_transaction SET points = points + 1 WHERE id = {CLAWBACK}",
        f"UPDATE purchase SET refunded_minor = refunded_minor + 500 WHERE id = {REFUNDED}",
    ],
    "refunds return what was spent": [
        f"UPDATE points_transaction SET purchase_id = {REFUNDED} WHERE id = {REDEEM}",
    ],
    "purchase state": [f"UPDATE purchase SET state = 'COMPLETED' WHERE id = {REFUNDED}"],
    "growth follows points": [
        f"UPDATE growth_entry SET delta = delta + 1 WHERE {MEI} AND delta < 0",
        f"UPDATE growth_entry SET purchase_id = NULL WHERE {MEI} AND delta < 0",
    ],
    "purchases earn": [
        "UPDATE programme SET earn_minor = 50",
        f"UPDATE points_transaction SET points = points + 1 WHERE id = {EARN}",
        f"UPDATE growth_entry SET delta = delta + 1 WHERE {MEI} AND seq = 1",
        f"UPDATE purchase SET by_points_minor = 100 WHERE id = {REFUNDED}",
        f"UPDATE points_transaction SET purchase_id = NULL WHERE id = {BONUS}",
        f"UPDATE purchase SET state = 'CREATED', paid_at = NULL WHERE id = {REFUNDED}",
    ],
    "bonus is a tier's": [f"UPDATE points_transaction SET points = points + 1 WHERE id = {BONUS}"],
    "awards are credited": [
        "UPDATE earn_award SET points = points - 1 WHERE kind = 'BONUS_MULTIPLIER'",
        f"UPDATE earn_award SET transaction_id = {NOBODY} WHERE kind = 'BASE'",
        "UPDATE earn_award SET kind = 'BASE', rule_id = NULL WHERE kind = 'BONUS_MULTIPLIER'",
        "DELETE FROM earn_award WHERE kind = 'BASE' AND place = 0",
    ],
    "awards are as told": [
        "UPDATE earn_award SET wanted = wanted + 1 WHERE kind = 'BASE'",
        "UPDATE earn_award SET basis = basis + 1000 WHERE kind = 'BONUS_MULTIPLIER'",
        "UPDATE earn_rule SET multiplier_bps = 30000 WHERE code = 'DOUBLE'",
        "UPDATE earn_rule SET points = 11 WHERE code = 'TEN'",
    ],
    "caps are counted": [
        "UPDATE earn_usage SET used = used - 1 WHERE period = 'DAY'",
        "DELETE FROM earn_usage WHERE period = 'LIFETIME'",
        "UPDATE earn_count SET period = 'WEEK' WHERE period = 'DAY' AND used < 0",
        "UPDATE earn_budget SET code = 'OTHER'",
    ],
    "budgets are counted": ["UPDATE earn_budget SET used = used - 1"],
    "counts follow movements": [
        "UPDATE earn_count SET used = used + 1 WHERE period = 'DAY' AND used > 0",
        f"UPDATE earn_count SET transaction_id = {NOBODY} WHERE used < 0",
    ],
    "what lasts is given back": [
        "DELETE FROM earn_count WHERE period = 'BUDGET' AND used < 0",
        "DELETE FROM earn_count WHERE period = 'LIFETIME' AND used < 0",
    ],
    "rules in force are told": [
        "UPDATE programme SET earn_rules = NULL",
        'UPDATE programme SET earn_rules = REPLACE(earn_rules, \'"kind"\', \'"points":9,"kind"\')',
        "UPDATE earn_budget SET budget = budget + 1",
        "UPDATE earn_rule SET ended_at = published_at WHERE code = 'TEN'",
    ],
    "nothing expired was spent": [
        f"UPDATE points_lot SET expires_at = created_at FROM (SELECT created_at FROM points_transaction"
        f" WHERE id = {REDEEM}) spent WHERE points_lot.id IN"
        f" (SELECT lot_id FROM points_lot_move WHERE transaction_id = {REDEEM})",
    ],
    "nothing expired early": [
        f"UPDATE points_lot SET expires_at = NULL WHERE id IN"
        f" (SELECT lot_id FROM points_lot_move WHERE transaction_id = {EXPIRE})",
    ],
    "answers are real": [
        "UPDATE idempotency_key SET owner_id = {wang} WHERE owner_id = {mei} AND operation = 'points.redeem'",
        "UPDATE idempotency_key SET owner_id = {wang} WHERE owner_id = {mei} AND operation = 'approval.approve'",
        "DELETE FROM purchase_event WHERE member_id = {mei}; DELETE FROM purchase_line WHERE member_id = {mei};"
        " DELETE FROM purchase WHERE member_id = {mei}",
    ],
    "approvals are done": [
        f"UPDATE approval SET transaction_id = {REDEEM} WHERE {MEI}",
        f"UPDATE approval SET transaction_id = {NOBODY} WHERE {MEI}",
        f"UPDATE approval SET facts = '{{{{\"delta\": -59}}}}' WHERE {MEI}",
        f"UPDATE approval SET decided_by = {NOBODY} WHERE {MEI}",
        "UPDATE approval SET member_id = {wang} WHERE member_id = {mei}",
        f"UPDATE approval SET state = 'WITHDRAWN', transaction_id = NULL WHERE {MEI}",
        f"DELETE FROM approval WHERE {MEI}",
        f"UPDATE points_transaction SET cause = 'points.adjust' WHERE {MEI} AND cause LIKE 'approval:%'",
        f"UPDATE points_transaction SET kind = 'REDEEM' WHERE {MEI} AND cause LIKE 'approval:%'",
        f"UPDATE points_transaction SET actor_id = NULL WHERE {MEI} AND cause LIKE 'approval:%'",
    ],
    "growth": [
        f"UPDATE growth_account SET growth = growth + 1 WHERE {MEI}",
        f"UPDATE growth_account SET seq = seq + 1 WHERE {MEI}",
        f"UPDATE growth_entry SET seq = 0 WHERE {MEI} AND seq = 1",
        f"UPDATE growth_entry SET seq = seq + 7 WHERE {MEI} AND delta < 0",
    ],
    "running growth": [f"UPDATE growth_entry SET growth_after = growth_after + 1 WHERE {MEI} AND seq = 1"],
    "tier is earned": [f"UPDATE growth_account SET tier_id = (SELECT id FROM tier WHERE rank = 0) WHERE {MEI}"],
    "tier has a history": [
        f"UPDATE growth_account SET tier_id = (SELECT id FROM tier WHERE rank = 2) WHERE {MEI}",
        f"DELETE FROM tier_change WHERE {MEI} AND cause = 'UPGRADED'",
        f"DELETE FROM tier_change WHERE {MEI} AND cause = 'JOINED'",
        f"DELETE FROM tier_change WHERE {MEI}",
    ],
    "tier is listed": [
        f"UPDATE growth_account SET known_since = NULL WHERE {MEI}",
        "UPDATE growth_account SET known_since = '2026-03-10 04:00:01+00:00' WHERE member_id = {mei}",
    ],
    "purchase adds up": [
        f"UPDATE purchase SET goods_minor = goods_minor + 1 WHERE id = {REFUNDED}",
        f"UPDATE purchase_line SET paid_minor = paid_minor + 1 WHERE purchase_id = {REFUNDED}",
        f"UPDATE purchase_line SET refunded_minor = refunded_minor + 1 WHERE purchase_id = {REFUNDED}"
        " AND line_ref = 'A'",
        f"DELETE FROM purchase_line WHERE purchase_id = {REFUNDED}",
    ],
    "refunds are told": [
        f"DELETE FROM purchase_event WHERE purchase_id = {REFUNDED} AND kind = 'REFUNDED'",
        f"UPDATE purchase_event SET state = 'LAPSED' WHERE purchase_id = {REFUNDED} AND kind = 'REFUNDED'",
        f"UPDATE purchase_event SET refund_minor = refund_minor + 1 WHERE purchase_id = {REFUNDED}"
        " AND kind = 'REFUNDED'",
        f"UPDATE purchase SET state = 'REFUNDED' WHERE id = {REFUNDED}",
    ],
    "refunds are told by line": [
        f"UPDATE purchase_event SET body = '{{{{\"A\": 2000}}}}' WHERE purchase_id = {REFUNDED}"
        " AND kind = 'REFUNDED'",
        f"UPDATE purchase_line SET refunded_minor = CASE line_ref WHEN 'A' THEN 2000 ELSE 0 END"
        f" WHERE purchase_id = {REFUNDED}",
    ],
    "payments are told": [f"DELETE FROM purchase_event WHERE purchase_id = {REFUNDED} AND kind = 'PAID'"],
    "orders are found": [
        f"DELETE FROM purchase_key WHERE {MEI}",
        f"UPDATE purchase_key SET member_id = {{wang}} WHERE {MEI}",
        f"UPDATE purchase_key SET order_ref = 'another' WHERE {MEI} AND order_ref = 'coat'",
        f"UPDATE purchase_key SET purchase_id = {NOBODY} WHERE {MEI} AND order_ref = 'coat'",
    ],
    "identities are found": [
        f"DELETE FROM identity_key WHERE {MEI}",
        f"DELETE FROM member_identity WHERE {MEI}",
        f"UPDATE identity_key SET member_id = {{wang}} WHERE {MEI}",
        f"UPDATE member_identity SET value_hash = 'other' WHERE {MEI}",
    ],
    "members are whole": [
        f"DELETE FROM growth_account WHERE {MEI}",
        f"DELETE FROM points_account WHERE {MEI}",
    ],
    "event sequence": [
        "UPDATE member SET event_seq = event_seq + 1 WHERE id = {mei}",
        f"DELETE FROM outbox_event WHERE {MEI} AND seq = 1",
        f"UPDATE outbox_event SET seq = 0 WHERE {MEI} AND seq = 1",
        f"UPDATE outbox_event SET seq = seq + 100 WHERE {MEI} AND seq = 2",
    ],
    "deliveries tell events": [
        f"UPDATE webhook_delivery SET event_id = {NOBODY} WHERE type = 'member.enrolled'",
        "UPDATE webhook_delivery SET member_id = {mei} WHERE type = 'member.enrolled'",
        "UPDATE webhook_delivery SET type = 'points.moved' WHERE type = 'member.enrolled'",
        "UPDATE webhook_delivery SET member_id = NULL WHERE type = 'member.enrolled'",
        "UPDATE webhook_delivery SET member_id = {mei} WHERE type = 'WEBHOOK_TEST'",
    ],
    "deliveries were taken": [
        "UPDATE webhook_attempt SET status = 500 WHERE status = 200",
        "DELETE FROM webhook_attempt",
        f"UPDATE webhook_attempt SET endpoint_id = {NOBODY}",
        "UPDATE webhook_attempt SET number = 99",
    ],
    "days are counted": [
        "UPDATE points_day SET points = points + 1 WHERE kind = 'REDEEM'",
        "UPDATE points_day SET movements = movements + 1 WHERE kind = 'REDEEM'",
        "UPDATE points_day SET day = '2026-03-09' WHERE kind = 'REDEEM'",
        "DELETE FROM points_day WHERE kind = 'CLAWBACK'",
        "UPDATE points_books SET counted_id = (SELECT id FROM points_transaction ORDER BY id LIMIT 1)",
        # a movement that was never counted
        "UPDATE points_transaction SET kind = 'ADJUST_IN' WHERE id = " + EARN,
    ],
    "days follow the lots": [
        "UPDATE points_day SET open_points = open_points - 1 WHERE kind = 'EARN' AND day = '2026-03-10'",
        f"UPDATE points_lot_move SET d_remaining = d_remaining - 1 WHERE {MEI} AND transaction_id = {REDEEM}",
    ],
    "days are closed": [
        "UPDATE points_closing SET points = points + 1 WHERE day = '2026-02-01'",
        "UPDATE points_closing SET open_points = open_points + 1 WHERE day = '2026-03-11'",
        "DELETE FROM points_closing WHERE day = '2026-03-10'",
        "DELETE FROM points_closing WHERE day = '2026-03-11'",
        "UPDATE points_books SET closed_day = NULL",
    ],
    "cohorts are counted": [
        "UPDATE points_cohort SET points = points + 1 WHERE kind = 'REPAID'",
        "UPDATE points_cohort SET kind = 'OTHER' WHERE kind = 'EXPIRE'",
        "UPDATE points_cohort SET cohort = '2026-02-01' WHERE kind = 'EARN' AND cohort = '2026-03-01'",
        "DELETE FROM points_cohort WHERE kind = 'BONUS'",
    ],
    "merges come to nothing": [
        "UPDATE points_transaction SET points = points + 1 WHERE kind = 'MERGE_IN' AND cause LIKE 'merge:%'",
        "UPDATE points_transaction SET cause = 'merge:other' WHERE kind = 'MERGE_IN' AND cause LIKE 'merge:%'",
        "UPDATE points_transaction SET effective_at = '2026-03-10 03:00:00+00:00' WHERE kind = 'MERGE_OUT'",
        "UPDATE points_transaction SET kind = 'MERGE_IN' WHERE kind = 'MERGE_OUT'",
        "UPDATE points_transaction SET group_id = NULL WHERE kind = 'MERGE_OUT'",
        "UPDATE points_transaction SET counterpart_id = {mei} WHERE kind = 'MERGE_OUT'",
        "UPDATE growth_entry SET delta = delta + 1 WHERE cause LIKE 'merge:%' AND delta > 0",
        "DELETE FROM growth_entry WHERE cause LIKE 'pass:%' AND delta < 0",
    ],
    "lots keep their promise": [
        "UPDATE points_lot SET origin_at = NULL WHERE from_lot_id IS NOT NULL",
        "UPDATE points_lot SET from_lot_id = NULL WHERE from_lot_id IS NOT NULL",
        f"UPDATE points_lot SET from_lot_id = {NOBODY} WHERE from_lot_id IS NOT NULL",
        "UPDATE points_lot SET origin_at = '2026-01-01 00:00:00+00:00' WHERE from_lot_id IS NOT NULL",
        "UPDATE points_lot SET purchase_id = NULL WHERE from_lot_id IS NOT NULL",
    ],
    "merged members have nothing": [
        f"UPDATE points_account SET debt = 5 WHERE {MERGED}",
        f"UPDATE growth_account SET growth = 5 WHERE {MERGED}",
        f"UPDATE member_identity SET member_id = (SELECT id FROM member WHERE state = 'MERGED') WHERE {MEI}",
    ],
    "merged members are somebody": [
        "UPDATE member SET merged_into_id = id WHERE state = 'MERGED'",
        f"UPDATE member SET merged_into_id = {NOBODY} WHERE state = 'MERGED'",
        "UPDATE member SET merged_into_id = {mei} WHERE state = 'MERGED'",
        "UPDATE member SET has_absorbed = FALSE WHERE has_absorbed",
    ],
    "merges are written down": [
        "UPDATE member_merge SET growth = growth + 1",
        f"UPDATE member_merge SET out_id = {EARN}",
        f"UPDATE member_merge SET in_id = {NOBODY}",
        "UPDATE member_merge SET out_id = NULL, in_id = NULL",
        "DELETE FROM member_merge",
    ],
    "who leaves has a date": [
        "DELETE FROM member_leaving",
        "UPDATE member_leaving SET left_at = NULL, forfeits_at = NULL, erases_at = '2026-04-01 00:00:00+00:00'",
        "UPDATE member_leaving SET state = 'MERGED'",
        "UPDATE member SET state = 'ACTIVE' WHERE state = 'OPTED_OUT'",
    ],
    "nothing is set aside for who left": [
        "UPDATE points_account SET held = 5 WHERE member_id = (SELECT id FROM member WHERE state = 'OPTED_OUT')",
    ],
}
