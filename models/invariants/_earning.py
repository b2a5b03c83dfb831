"""Earning: awards say what rules gave, movements credited just that, and caps and budgets are counted by them."""

from models.invariants._invariant import (
    MULTIPLIERS,
    MULTIPLIERS_ON_POSTGRES,
    SINCE_SCHEMES,
    Invariant,
)

AS_TOLD = (
    "SELECT a.id FROM earn_award a JOIN programme p ON p.one = 1 LEFT JOIN earn_rule e ON e.id = a.rule_id"
    " WHERE COALESCE(e.kind, a.kind) <> a.kind OR a.wanted <> CASE a.kind"
    " WHEN 'BASE' THEN {base} WHEN 'BASE_RATE' THEN {rate} WHEN 'BONUS_POINTS' THEN e.points"
    " WHEN 'BONUS_MULTIPLIER' THEN {bonus} ELSE a.wanted END OR (a.kind = 'TIER' AND NOT EXISTS"
    " (SELECT 1 FROM {multipliers} WHERE {tier} = a.wanted) AND EXISTS (SELECT 1 FROM purchase u"
    " WHERE u.member_id = a.member_id AND u.id = a.purchase_id AND {since}))"
)
_WHOLE = {
    "base": "a.basis * p.earn_points / p.earn_minor",
    "rate": "a.basis * e.points / e.minor",
    "bonus": "a.basis * (e.multiplier_bps - 10000) / 10000",
    "tier": "a.basis * (m.bps - 10000) / 10000",
    "multipliers": MULTIPLIERS,
    "since": SINCE_SCHEMES.format("u.created_at"),
}
_NUMERIC = {
    "base": "DIV(a.basis::numeric * p.earn_points, p.earn_minor)",
    "rate": "DIV(a.basis::numeric * e.points, e.minor)",
    "bonus": "DIV(a.basis::numeric * (e.multiplier_bps - 10000), 10000)",
    "tier": "DIV(a.basis::numeric * (m.bps - 10000), 10000)",
    "multipliers": MULTIPLIERS_ON_POSTGRES,
    "since": SINCE_SCHEMES.format("u.created_at"),
}

TOLD = (
    '(SELECT id::text AS id, code, terms, substr(terms, 1, length(terms) - 1) || \',"id":"\' || id::text'
    " || '\",\"version\":' || version || '}}' AS told FROM earn_rule WHERE ended_at IS NULL)"
)
"""The rules in force, each as the programme tells it."""

IN_FORCE = (
    f"SELECT e.id FROM {TOLD} e JOIN programme p ON p.one = 1 LEFT JOIN earn_budget b ON b.code = e.code"  # noqa: S608  ours
    " WHERE REPLACE(COALESCE(p.earn_rules, ''), e.told, '') = COALESCE(p.earn_rules, '')"
    " OR COALESCE({budget}, b.budget, -1) <> COALESCE(b.budget, -1)"
    " UNION ALL SELECT p.name FROM programme p LEFT JOIN (SELECT SUM(LENGTH(e.told) + 1) AS long"
    f" FROM {TOLD} e) s ON TRUE WHERE COALESCE(LENGTH(p.earn_rules), 0) <> COALESCE(s.long + 1, 0)"
)

EARNING = (
    Invariant(
        "awards are credited",
        "What a rule gave was credited by a movement of its own, and nothing else was where rules gave anything.",
        "SELECT a.id FROM earn_award a LEFT JOIN points_transaction t ON t.member_id = a.member_id"
        " AND t.id = a.transaction_id WHERE a.points > 0 AND (t.id IS NULL OR t.points <> a.points"
        " OR t.purchase_id IS NULL OR t.purchase_id <> a.purchase_id OR t.kind <> CASE"
        " WHEN a.kind IN ('BASE', 'BASE_RATE') THEN 'EARN' ELSE 'BONUS' END) UNION ALL"
        " SELECT t.id FROM points_transaction t WHERE t.kind IN ('EARN', 'BONUS') AND EXISTS (SELECT 1"
        " FROM earn_award w WHERE w.member_id = t.member_id AND w.purchase_id = t.purchase_id) AND NOT EXISTS"
        " (SELECT 1 FROM earn_award a WHERE a.member_id = t.member_id AND a.transaction_id = t.id)",
    ),
    Invariant(
        "awards are as told",
        "What an award wanted is what its version of the rule says, the programme's base, or some tier.",
        AS_TOLD.format(**_WHOLE),
        AS_TOLD.format(**_NUMERIC),
    ),
    Invariant(
        "caps are counted",
        "What is used of a cap is the sum of its counts, and each count is of a cap or a budget.",
        "SELECT u.id FROM earn_usage u LEFT JOIN (SELECT member_id, code, period, starts_on, SUM(used) AS used"
        " FROM earn_count GROUP BY member_id, code, period, starts_on) c ON c.member_id = u.member_id"
        " AND c.code = u.code AND c.period = u.period AND c.starts_on = u.starts_on"
        " WHERE u.used <> COALESCE(c.used, 0) UNION ALL SELECT c.id FROM earn_count c WHERE c.period <> 'BUDGET'"
        " AND NOT EXISTS (SELECT 1 FROM earn_usage u WHERE u.member_id = c.member_id AND u.code = c.code"
        " AND u.period = c.period AND u.starts_on = c.starts_on) UNION ALL SELECT c.id FROM earn_count c"
        " WHERE c.period = 'BUDGET' AND NOT EXISTS (SELECT 1 FROM earn_budget b WHERE b.code = c.code)",
    ),
    Invariant(
        "budgets are counted",
        "What is used of a budget is what its purchases still hold of it.",
        "SELECT b.code FROM earn_budget b LEFT JOIN (SELECT code, SUM(used) AS used FROM earn_count"
        " WHERE period = 'BUDGET' GROUP BY code) c ON c.code = b.code WHERE b.used <> COALESCE(c.used, 0)",
    ),
    Invariant(
        "counts follow movements",
        "A cap or a budget is used by the movement that credited an award, and given back by those that take it.",
        "SELECT c.id FROM earn_count c LEFT JOIN earn_award a ON a.member_id = c.member_id AND a.id = c.award_id"
        " LEFT JOIN points_transaction t ON t.member_id = c.member_id AND t.id = c.transaction_id"
        " WHERE a.id IS NULL OR t.id IS NULL OR t.points <> c.used"
        " OR COALESCE(t.reverses_id, t.id) <> a.transaction_id",
    ),
    Invariant(
        "what lasts is given back",
        "A budget and a lifetime's cap hold of an award what was credited, less what was taken back.",
        "SELECT c.award_id FROM (SELECT member_id, award_id, code, period, SUM(used) AS used FROM earn_count"
        " WHERE period IN ('BUDGET', 'LIFETIME') GROUP BY member_id, award_id, code, period) c JOIN earn_award a"
        " ON a.member_id = c.member_id AND a.id = c.award_id LEFT JOIN (SELECT member_id, reverses_id,"
        " SUM(points) AS points FROM points_transaction WHERE kind IN ('CLAWBACK', 'CANCEL_PENDING', 'RESTORE')"
        " GROUP BY member_id, reverses_id) r"
        " ON r.member_id = a.member_id AND r.reverses_id = a.transaction_id"
        " WHERE c.used <> a.points + COALESCE(r.points, 0)",
    ),
    Invariant(
        "rules in force are told",
        "The programme tells the rules in force as they were published, and no others; each has its budget.",
        IN_FORCE.format(budget="json_extract(e.terms, '$.budget')"),
        IN_FORCE.format(budget="(e.terms::jsonb ->> 'budget')::bigint"),
    ),
)
