"""The law: what the State Council's order on pyramid selling and the law on prizes forbid a campaign."""

from collections.abc import Iterator
from typing import Any

from rules.lint._drafts import Draft, Said, gives, whole
from rules.lint._findings import Finding, LintCode
from rules.lint._vocabulary import (
    ENTRANCES,
    FEE_WORDS,
    FEES,
    HEAD_ACTS,
    HEAD_WORDS,
    HEADS,
    INDIRECT,
    LEVELS,
    PAID,
    PER_HEAD,
    PRIZE_MAX_MINOR,
    PRIZES,
    PYRAMID_WORDS,
)
from rules.lint._wording import worded


def unlawful(draft: Draft) -> Iterator[Finding]:
    """What the law has against a draft, in the order of its articles."""
    for each in draft.said:
        if _is_deep(each):
            yield Finding(LintCode.LAW_PYRAMID_DEPTH, each.path)
    yield from worded(draft, LintCode.LAW_PYRAMID_DEPTH, PYRAMID_WORDS)
    yield from _heads(draft)
    yield from worded(draft, LintCode.LAW_HEAD_COUNT, HEAD_WORDS)
    for each in draft.said:
        if _is_fee(each):
            yield Finding(LintCode.LAW_ENTRY_FEE, each.path)
    yield from worded(draft, LintCode.LAW_ENTRY_FEE, FEE_WORDS)
    for each in draft.said:
        if each.key in PRIZES and whole(each.value, 0) > PRIZE_MAX_MINOR:
            yield Finding(LintCode.LAW_LOTTERY_MAX, each.path)


def _is_deep(said: Said) -> bool:
    """Whether it speaks of a second level: a count above one, or a name of one that is meant."""
    if said.key in LEVELS:
        many = len(said.value) if isinstance(said.value, list | dict) else whole(said.value, 0)
        return many > 1
    return said.key in INDIRECT and said.is_meant


def _is_fee(said: Said) -> bool:
    if not said.is_meant or isinstance(said.value, dict):
        return False
    is_entrance = bool(ENTRANCES.intersection(said.above)) and bool(PAID.search(said.key))
    return said.key in FEES or is_entrance


def _heads(draft: Draft) -> Iterator[Finding]:
    """Pay for people, by whatever name it goes."""
    for each in draft.said:
        is_counted = each.key in HEADS and each.above[:1] == ("milestones",)
        if is_counted or (each.key in PER_HEAD and each.is_meant):
            yield Finding(LintCode.LAW_HEAD_COUNT, each.path)
    if draft.act not in HEAD_ACTS:
        return
    if gives(draft.parts("milestones")):
        yield Finding(LintCode.LAW_HEAD_COUNT, "milestones")
    if gives(draft.part("referrer")):
        yield Finding(LintCode.LAW_HEAD_COUNT, "act", is_doubtful=_is_capped(draft.told.get("caps", {})))


def _is_capped(caps: Any) -> bool:
    """Whether a referrer can be rewarded for so many a month, or in all, and no more.

    A small thanks for whoever has registered and is proven to be somebody is no trade in people while it is capped.
    """
    if not isinstance(caps, dict):
        return False
    return any(isinstance(caps.get(name, default), int) for name, default in (("month", 100), ("lifetime", None)))
