"""Referrals: what is told of one is where it stands, what it gave are points, once, and all of it is counted."""

from models.invariants._invariant import Invariant

STANDS = "kind NOT IN ('ORDER', 'REFUND', 'COST')"

PERIODS = (
    "SELECT t.id FROM referral_tally t LEFT JOIN (SELECT r.member_id, r.campaign, {day} AS day,"
    " SUM(CASE WHEN r.outcome = 'GRANTED' THEN 1 ELSE 0 END) AS rewarded,"
    " SUM(CASE WHEN r.outcome = 'TAKEN_BACK' THEN -1 WHEN r.outcome = 'GRANTED' OR r.reason IN ('CAP', 'BUDGET')"
    " THEN 1 ELSE 0 END) AS qualified FROM referral_reward r WHERE r.side = 'REFERRER'"
    " GROUP BY r.member_id, r.campaign{by}) c ON c.member_id = t.member_id AND c.campaign = t.campaign{on}"
    " WHERE t.period = '{period}' AND (t.rewarded <> COALESCE(c.rewarded, 0)"
    " OR t.qualified <> COALESCE(c.qualified, 0))"
)

REFERRALS = (
    Invariant(
        "referrals are told",
        "Each referral stands where its last step says; its steps are counted without gaps, and its orders add up.",
        "SELECT f.referee_id FROM referral f LEFT JOIN (SELECT member_id, COUNT(*) AS n, MAX(seq) AS last,"  # noqa: S608  ours
        f" SUM(gross_minor - refund_minor) AS spent, MAX(CASE WHEN {STANDS} THEN seq END) AS stands"
        " FROM referral_event GROUP BY member_id) e ON e.member_id = f.referee_id LEFT JOIN referral_event s"
        " ON s.member_id = f.referee_id AND s.seq = e.stands WHERE e.n IS NULL OR f.seq <> e.n OR e.last <> e.n"
        " OR f.spent_minor <> e.spent OR s.kind IS NULL OR s.kind <> f.state UNION ALL"
        " SELECT e.member_id FROM referral_event e LEFT JOIN referral f ON f.referee_id = e.member_id"
        " WHERE f.referee_id IS NULL OR f.campaign <> e.campaign"
        " OR COALESCE(f.referrer_id, f.partner_id) <> COALESCE(e.referrer_id, e.partner_id)",
    ),
    Invariant(
        "referrals go one way",
        "No two members have brought each other, and a pair names just the two.",
        "SELECT a.referee_id FROM referral a JOIN referral b ON b.referrer_id = a.referee_id"
        " AND b.referee_id = a.referrer_id UNION ALL SELECT f.referee_id FROM referral f"
        " WHERE f.referrer_id IS NOT NULL AND REPLACE(REPLACE(f.pair, f.referrer_id::text, ''),"
        " f.referee_id::text, '') <> ':'",
    ),
    Invariant(
        "rewards are of referrals",
        "What a side was given is for a referral that has qualified, and is taken back where that was clawed back.",
        "SELECT r.id FROM referral_reward r LEFT JOIN referral f ON f.referee_id = r.referee_id"
        " WHERE r.side <> 'MILESTONE' AND r.outcome = 'GRANTED' AND (f.referee_id IS NULL OR f.qualified_at IS NULL"
        " OR f.campaign <> r.campaign OR r.cause <> 'referral:' || r.referee_id::text || ':' || r.side) UNION ALL"
        " SELECT r.id FROM referral_reward r LEFT JOIN referral_reward o ON o.id = r.reverses_id"
        " LEFT JOIN referral f ON f.referee_id = r.referee_id WHERE r.outcome = 'TAKEN_BACK'"
        " AND (o.id IS NULL OR o.member_id <> r.member_id OR o.outcome = 'TAKEN_BACK' OR r.points < -o.points"
        " OR r.cause <> o.cause || ':back' OR (r.side <> 'MILESTONE' AND COALESCE(f.state, '') <> 'CLAWED_BACK'))"
        " UNION ALL SELECT f.referee_id FROM referral f WHERE f.state = 'REWARDED' AND f.referrer_id IS NOT NULL"
        " AND NOT EXISTS (SELECT 1 FROM referral_reward r WHERE r.cause = 'referral:' || f.referee_id::text"
        " || ':REFERRER' AND r.outcome = 'GRANTED')",
    ),
    Invariant(
        "what is kept of rewards was given",
        "What was kept of a reward for the debt of whoever else the person was is of one that another was given.",
        "SELECT r.id FROM referral_reward r LEFT JOIN referral_reward o ON o.id::text = SUBSTR(r.cause, 5, 36)"
        " WHERE r.outcome = 'NETTED' AND (o.id IS NULL OR o.outcome <> 'GRANTED' OR o.member_id = r.member_id"
        " OR o.campaign <> r.campaign OR o.side <> r.side OR r.netted < 1 OR r.points <> 0 OR r.growth <> 0"
        " OR r.cause <> 'net:' || o.id::text || ':' || r.member_id::text)",
    ),
    Invariant(
        "suspicions wait",
        "What somebody has to look at says until when, and why; it gives nothing, nor does what was refused.",
        "SELECT f.referee_id FROM referral f WHERE (f.state = 'REVIEW') <> (f.review_until IS NOT NULL)"
        " OR (f.state IN ('REVIEW', 'REJECTED')"
        " AND (f.score = 0 OR f.evidence IS NULL OR f.qualified_at IS NOT NULL))"
        " UNION ALL SELECT r.id FROM referral_reward r JOIN referral f ON f.referee_id = r.referee_id"
        " WHERE f.state IN ('REVIEW', 'REJECTED') AND r.outcome = 'GRANTED'",
    ),
    Invariant(
        "rewards are points",
        "Every reward of points is a movement of its own, and every such movement a reward.",
        "SELECT r.id FROM referral_reward r LEFT JOIN points_transaction t ON t.id = r.transaction_id"
        " WHERE r.transaction_id IS NOT NULL AND (t.id IS NULL OR t.member_id <> r.member_id"
        " OR t.points <> r.points OR t.cause <> r.cause OR t.kind <> CASE r.outcome WHEN 'GRANTED' THEN 'REFERRAL'"
        " ELSE 'CLAWBACK' END) UNION ALL SELECT t.id FROM points_transaction t LEFT JOIN referral_reward r"
        " ON r.member_id = t.member_id AND r.transaction_id = t.id WHERE t.kind = 'REFERRAL' AND r.id IS NULL",
    ),
    Invariant(
        "referrals are counted",
        "What a referrer's tally says of a day and of all time, their rewards say, too.",
        PERIODS.format(period="LIFETIME", day="0", by="", on="")  # noqa: S608  ours
        + " UNION ALL "
        + PERIODS.format(period="DAY", day="r.local_day", by=", r.local_day", on=" AND c.day = t.starts_on")
        + " UNION ALL SELECT r.id FROM referral_reward r WHERE r.side = 'REFERRER' AND r.outcome = 'GRANTED'"
        " AND NOT EXISTS (SELECT 1 FROM referral_tally t WHERE t.member_id = r.member_id"
        " AND t.campaign = r.campaign AND t.period = 'DAY' AND t.starts_on = r.local_day)",
    ),
    Invariant(
        "budgets of referrals are counted",
        "What is used of a budget is what members still hold of its rewards; what they owe was not taken back.",
        "SELECT b.campaign FROM referral_budget b LEFT JOIN (SELECT campaign, SUM(points) AS points"
        " FROM referral_reward GROUP BY campaign) r ON r.campaign = b.campaign"
        " WHERE b.used <> COALESCE(r.points, 0) UNION ALL SELECT d.member_id::text FROM (SELECT member_id,"
        " SUM(owed - netted) AS owed FROM referral_reward GROUP BY member_id) r FULL JOIN referral_debt d"
        " ON d.member_id = r.member_id WHERE COALESCE(d.owed, 0) <> COALESCE(r.owed, 0)",
    ),
    Invariant(
        "milestones were reached",
        "Every milestone was given by a reward of its member's, and is revoked if that was taken back.",
        "SELECT m.id FROM referral_milestone m LEFT JOIN referral_reward r ON r.id = m.reward_id"
        " LEFT JOIN referral_reward b ON b.member_id = m.member_id AND b.reverses_id = m.reward_id"
        " WHERE r.id IS NULL OR r.member_id <> m.member_id OR r.side <> 'MILESTONE' OR r.outcome <> 'GRANTED'"
        " OR (m.revoked_at IS NULL) <> (b.id IS NULL)",
    ),
)
