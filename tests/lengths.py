"""How many examples a test of hypothesis' takes that asks a database for each.

What such a test tries is drawn by the same seed each time. On PostgreSQL it takes a third of them: a story that is
told wrong there, and right on SQLite, is one of SQL, which each example sends again. `make test-long` takes ten
times as many on both, by other seeds each time.
"""

from hypothesis import settings

USUAL = 100
"""Hypothesis' own number."""

_share = {"of": 1}


def take_a_third() -> None:
    """From now on, examples are few."""
    _share["of"] = 3


def is_long() -> bool:
    """Whether somebody has the time."""
    return (settings.default or settings()).max_examples > USUAL


def examples(usual: int) -> int:
    """How many to take in this run."""
    return usual * 10 if is_long() else max(usual // _share["of"], 2)
