"""Corruptions of lots: what waits, what slides, and what lands with them."""

MEI = "member_id = {mei}"

OF_LOTS: dict[str, list[str]] = {
    "lots say what they wait for": [
        "UPDATE points_lot SET activates_at = NULL WHERE waits_for = 'TIME' AND NOT active",
        "UPDATE points_lot SET activates_at = NULL WHERE waits_for = 'TIME' AND active",
        "UPDATE points_lot SET thaws = TRUE WHERE waits_for IS NULL",
        "UPDATE points_lot SET waits_for = NULL, growth = NULL WHERE waits_for = 'TIME' AND NOT active",
        "UPDATE points_lot SET thaws = TRUE WHERE waits_for = 'TIME' AND active",
        "UPDATE points_lot SET cancels_at = activates_at WHERE waits_for = 'TIME'",
        f"UPDATE points_lot SET growth = 1 WHERE {MEI} AND waits_for IS NULL",
        "UPDATE points_lot SET purchase_id = NULL WHERE growth IS NOT NULL",
    ],
    "nothing pending was spent": [
        "UPDATE points_lot SET waits_for = 'TIME', activates_at = '2027-01-01 00:00:00+00:00'"
        f" WHERE {MEI} AND remaining < granted",
    ],
    "sliding lots are known": [
        "UPDATE points_lot SET slides = 'M9' WHERE slides IS NOT NULL",
        "UPDATE points_account SET slid = NULL WHERE slid IS NOT NULL",
    ],
    "lots slide with activity": [
        """UPDATE points_account SET slid = '{{"M2": "2026-05-31 16:00:00+00:00"}}' WHERE slid IS NOT NULL""",
        """UPDATE points_account SET slid = '{{"M2": "2027-05-10 16:00:00+00:00"}}' WHERE slid IS NOT NULL""",
    ],
    "growth lands": [
        "DELETE FROM growth_entry WHERE purchase_id IN (SELECT purchase_id FROM points_lot WHERE growth IS NOT NULL"
        " AND active)",
        "UPDATE points_lot SET active = NOT active WHERE growth IS NOT NULL",
    ],
}
