"""Earning: the rules by which purchases earn, published version by version, and what each gives for a purchase."""

from rules.earning._counting import Reversal, give_back, keep, use_again
from rules.earning._means import JOIN, Bought, Means, around, awards, columns, facts_of, means
from rules.earning._publishing import EarnRuleChanged, Published, in_force, publish, retire
from rules.earning._reckoning import Award, Facts, Goods, Wish, bonus, eligible, usual
from rules.earning._rules import (
    CHOICES_MAX,
    RULES_MAX,
    BirthdayMatch,
    Caps,
    Choice,
    EarnRuleInvalid,
    EarnRuleUnreadable,
    Rule,
    Weekday,
    check_rule,
    rule_of,
)

__all__ = [
    "CHOICES_MAX",
    "JOIN",
    "RULES_MAX",
    "Award",
    "BirthdayMatch",
    "Bought",
    "Caps",
    "Choice",
    "EarnRuleChanged",
    "EarnRuleInvalid",
    "EarnRuleUnreadable",
    "Facts",
    "Goods",
    "Means",
    "Published",
    "Reversal",
    "Rule",
    "Weekday",
    "Wish",
    "around",
    "awards",
    "bonus",
    "check_rule",
    "columns",
    "eligible",
    "facts_of",
    "give_back",
    "in_force",
    "keep",
    "means",
    "publish",
    "retire",
    "rule_of",
    "use_again",
    "usual",
]
