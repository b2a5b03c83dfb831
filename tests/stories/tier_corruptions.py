"""Corruptions of tiers that time may change: Mei of `the_ladder` holds gold in a grace, and Wang pays."""

MEI = "member_id = {mei}"
SILVER = "(SELECT id FROM tier WHERE code = 'SILVER')"
BIRTHDAY = "benefit = 'BIRTHDAY_GIFT'"
GOLD = "(SELECT id FROM tier WHERE code = 'GOLD')"
HUA = "(SELECT into_id FROM member_merge)"
LATER = "'2031-01-01 00:00:00+00:00'"

TIERED: dict[str, list[str]] = {
    "tier has a history": [
        f"UPDATE tier_change SET from_tier_id = {SILVER} WHERE {MEI} AND seq = 3",
        f"UPDATE tier_change SET to_tier_id = {SILVER} WHERE {MEI} AND seq = 2",
        f"DELETE FROM tier_change WHERE {MEI} AND seq = 2",
    ],
    "tier steps are numbered": [
        f"DELETE FROM tier_change WHERE {MEI} AND seq = 2",
        f"UPDATE tier_change SET seq = seq + 5 WHERE {MEI} AND seq = 3",
        f"UPDATE growth_account SET tier_steps = tier_steps + 1 WHERE {MEI}",
    ],
    "tier is the highest": [
        f"UPDATE growth_account SET tier_id = {SILVER} WHERE {MEI}",
        f"UPDATE growth_account SET earned_tier_id = {SILVER} WHERE {MEI}",
    ],
    "tiers are of the ladder": [
        f"UPDATE growth_account SET {name}_tier_id = '00000000-0000-4000-8000-00000000dead' WHERE {MEI}"
        for name in ("earned", "deferred", "paid", "granted")
    ],
    "tier changes when it says": [
        f"UPDATE growth_account SET changes_at = {LATER} WHERE {MEI}",
        f"UPDATE growth_account SET changes_at = NULL WHERE {MEI}",
        f"UPDATE growth_account SET earned_tier_id = NULL WHERE {MEI}",
        f"UPDATE growth_account SET earned_since = NULL WHERE {MEI}",
        f"UPDATE growth_account SET deferred_at = {LATER} WHERE {MEI}",
        f"UPDATE growth_account SET paid_until = {LATER} WHERE {MEI}",
        f"UPDATE growth_account SET paid_since = {LATER} WHERE {MEI}",
        f"UPDATE growth_account SET granted_since = {LATER} WHERE {MEI}",
        f"UPDATE growth_account SET granted_until = {LATER}, changes_at = {LATER} WHERE {MEI}",
        f"UPDATE growth_account SET tier_expires_at = {LATER} WHERE {MEI}",
        f"UPDATE growth_account SET tier_expires_at = NULL WHERE {MEI}",
    ],
    "tier ends as its history says": [
        f"UPDATE tier_change SET own_to_id = {SILVER} WHERE {MEI} AND seq = 3",
        f"UPDATE growth_account SET granted_tier_id = {SILVER}, granted_since = tier_since, granted_until = {LATER}"
        " WHERE member_id = {wang}",
        "UPDATE tier_change SET ends_at = " + LATER + " WHERE member_id = {wang} AND source = 'GRANTED'",
    ],
    "memberships give their tier": [
        f"UPDATE growth_account SET paid_until = {LATER} WHERE member_id = {{wang}}",
        "UPDATE membership SET refunded_at = starts_at WHERE member_id = {wang}",
        "DELETE FROM tier_change WHERE member_id = {wang} AND source = 'PAID'; UPDATE growth_account"
        " SET paid_until = NULL WHERE member_id = {wang}",
        "UPDATE growth_account SET paid_tier_id = NULL, paid_since = NULL, paid_until = NULL"
        f" WHERE member_id = {HUA}",
        f"UPDATE growth_account SET paid_tier_id = {GOLD} WHERE member_id = {HUA}",
        f"UPDATE membership SET ends_at = {LATER} WHERE member_id <> {HUA} AND member_id <> {{wang}}",
        f"UPDATE membership SET refunded_at = starts_at WHERE member_id = {HUA}",
    ],
    "memberships follow one another": [
        "UPDATE membership SET starts_at = paid_at WHERE member_id = {wang} AND starts_at > paid_at",
        "UPDATE membership SET starts_at = paid_at, plan_id = (SELECT id FROM membership_plan WHERE code = 'WHITE')"
        " WHERE member_id = {wang} AND starts_at > paid_at",
        "DELETE FROM membership_key WHERE member_id = {wang}",
        "UPDATE membership_key SET membership_id = '00000000-0000-4000-8000-00000000dead' WHERE member_id = {wang}",
        "UPDATE membership SET payment_ref = 'other' WHERE member_id = {wang}",
    ],
    "benefits are used in turn": [
        "UPDATE benefit_use SET number = number + 1 WHERE member_id = {mei} AND number = 2",
        "DELETE FROM benefit_use WHERE member_id = {mei} AND number = 1",
    ],
    "gifts are points": [
        "DELETE FROM benefit_grant WHERE member_id = {mei}",
        "UPDATE benefit_grant SET points = points + 1 WHERE member_id = {mei}",
        "UPDATE benefit_grant SET member_id = {wang} WHERE member_id = {mei}",
        "UPDATE points_transaction SET kind = 'BONUS' WHERE member_id = {mei} AND kind = 'GRANT'",
    ],
    "gifts were won": [
        "UPDATE benefit_grant SET won_seq = won_seq + 1 WHERE member_id = {mei}",
        "UPDATE benefit_grant SET won_by_id = {wang} WHERE member_id = {mei} AND benefit = 'UPGRADE_GIFT'",
        "UPDATE tier_change SET cause = 'MERGED' WHERE member_id = {mei} AND seq = 2",
    ],
    "birthdays come once a year": [
        f"UPDATE benefit_grant SET period = '2026-04' WHERE {BIRTHDAY} AND period = '2026-03'",
        f"UPDATE benefit_grant SET period = '2028-03' WHERE {BIRTHDAY} AND period = '2027-03'",
        f"UPDATE benefit_grant SET tier_id = {SILVER} WHERE {BIRTHDAY} AND period = '2026-03'",
        f"UPDATE benefit_grant SET won_seq = 1 WHERE {BIRTHDAY} AND period = '2026-03'",
        f"UPDATE benefit_grant SET won_by_id = {{wang}} WHERE {BIRTHDAY}",
    ],
    "tier scheme is the newest": [
        "UPDATE programme SET tier_scheme = NULL",
        "UPDATE programme SET tier_scheme = '{{}}'",
        "UPDATE tier_scheme SET version = version + 1",
        "UPDATE tier SET threshold = threshold + 1 WHERE rank = 1",
    ],
}
