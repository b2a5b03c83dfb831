"""Wording: what a campaign says to people. Words only make a person read them; they never block."""

import re
from collections.abc import Iterator

from rules.lint._drafts import Draft
from rules.lint._findings import Finding, LintCode
from rules.lint._vocabulary import NOT


def worded(draft: Draft, code: LintCode, words: re.Pattern[str]) -> Iterator[Finding]:
    """Where a draft uses one of the words, and does not deny it in the same breath."""
    for each in draft.said:
        if isinstance(each.value, str) and _says(each.value, words):
            yield Finding(code, each.path, is_doubtful=True)


def _says(text: str, words: re.Pattern[str]) -> bool:
    return any(not NOT.search(text[max(0, found.start() - 20) : found.start()]) for found in words.finditer(text))
