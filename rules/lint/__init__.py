"""Lint: what the law, WeChat or common sense has against a campaign, before anybody is bound by it."""

from typing import Any

from rules.lint._drafts import DRAFT_MAX, NODES_MAX, Draft, draft_of
from rules.lint._findings import Finding, LintCode, Severity, Words
from rules.lint._law import unlawful
from rules.lint._sense import unwise
from rules.lint._vocabulary import FIELDS
from rules.lint._wechat import unwelcome

__all__ = ["DRAFT_MAX", "FIELDS", "NODES_MAX", "Finding", "LintCode", "Severity", "Words", "findings", "read"]

FINDINGS_MAX = 100
"""How much is said of one draft at most."""


def findings(told: dict[str, Any], *, worth: tuple[int, int] | None = None) -> list[Finding]:
    """What speaks against a referral campaign, first what keeps it from being published. Nothing is read for it.

    A draft is the campaign as JSON, and may say more than a campaign can: a second level, a fee, a prize.
    `worth` is what points are worth as a part of a price, so many points for so many minor units; without it
    nothing is compared with money.
    """
    draft = Draft(told)
    found = dict.fromkeys((*unlawful(draft), *unwelcome(draft)))
    named = {(each.field or "").partition(".")[0] for each in found}
    found |= dict.fromkeys(unwise(draft, worth, named))
    return sorted(found, key=lambda each: each.severity is not Severity.BLOCKS)[:FINDINGS_MAX]


def read(text: str, *, worth: tuple[int, int] | None = None) -> list[Finding]:
    """What speaks against a draft that was sent as JSON; that it cannot be read, where it cannot."""
    told = draft_of(text)
    return [Finding(LintCode.DRAFT_UNREADABLE)] if told is None else findings(told, worth=worth)
