"""Poison: values nobody should send, and inputs with one of their parts replaced by one of them."""

from typing import Any

POISON: list[Any] = [
    *(sign * 2**power + step for power in (31, 53, 63) for sign in (1, -1) for step in (-1, 0, 1)),
    10**400,
    1e308,
    0.5,
    -0.0,
    True,
    None,
    [],
    {},
    [[[[["deep"]]]]],
    {"a": {"b": {"c": 1}}},
    "",
    " ",
    "\x00",
    "a\x00b",
    "\u202egnp.exe",
    "a\u200b\u200d\ufeffb",
    "👩‍👩‍👧‍👦" * 12,
    "ｆｕｌｌ　ｗｉｄｔｈ",
    "e\u0301",
    "\u00e9",
    "раураl",
    "x" * 10_000,
    "中" * 129,
    "'; DROP TABLE member; --",
    '" OR ""="',
    "$1",
    "%s%d%n",
    "{me{id}}",
    "</script>",
    "-9007199254740993",
    "9" * 10_000,
    "2026-13-45T25:61:61Z",
    "0000-00-00",
    "9999-12-31T23:59:59.999999999-23:59",
    "0001-01-01T00:00:00+23:59",
]


def poisoned(given: Any, drop: Any) -> list[Any]:
    """The input with one of its parts replaced, for each part there is, however deep."""
    if isinstance(given, dict):
        parts = [(name, each) for name, part in given.items() for each in [drop, *poisoned(part, drop)]]
        return [{**given, name: each} for name, each in parts]
    if isinstance(given, list):
        return [[each] for each in [drop, *poisoned(given[0], drop)]]
    return []
