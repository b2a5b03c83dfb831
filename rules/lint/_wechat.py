"""WeChat: what its rules for mini-programs forbid a campaign that is shared."""

from collections.abc import Iterator

from rules.lint._drafts import Draft
from rules.lint._findings import Finding, LintCode
from rules.lint._vocabulary import RANDOM, RANDOM_WORDS, SHARE_ACTS, SHARE_WORDS, SHARES, SPREADS
from rules.lint._wording import worded

LOTS = {"split", "distribution", "mode"}
"""Names under which something is dealt out."""


def unwelcome(draft: Draft) -> Iterator[Finding]:
    """What WeChat has against a draft."""
    if draft.act in SHARE_ACTS:
        yield Finding(LintCode.WECHAT_SHARE_REWARD, "act")
    for each in draft.said:
        if each.key in SHARES and each.is_meant:
            yield Finding(LintCode.WECHAT_SHARE_REWARD, each.path)
        by_lot = each.key in LOTS and isinstance(each.value, str) and "RANDOM" in each.value.upper()
        if by_lot or (each.key in RANDOM and each.is_meant):
            yield Finding(LintCode.WECHAT_RANDOM_GAIN, each.path)
    yield from _spreads(draft)
    yield from worded(draft, LintCode.WECHAT_SHARE_REWARD, SHARE_WORDS)
    yield from worded(draft, LintCode.WECHAT_RANDOM_GAIN, RANDOM_WORDS)


def _spreads(draft: Draft) -> Iterator[Finding]:
    """Amounts that lie between two ends."""
    under: dict[str, dict[str, object]] = {}
    for each in draft.said:
        if isinstance(each.value, int) and not isinstance(each.value, bool):
            under.setdefault(each.path.rpartition(".")[0], {})[each.key] = each.value
    for path, values in under.items():
        if any(low in values and values[low] != values.get(high, values[low]) for low, high in SPREADS):
            yield Finding(LintCode.WECHAT_RANDOM_GAIN, path or None)
