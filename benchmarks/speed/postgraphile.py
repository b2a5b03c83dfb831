"""PostGraphile's dialect: how the variables of the operations read there, whose schema is made of the tables."""

import base64
from typing import Any

import orjson

from benchmarks.speed.cases import Case

DIALECT = "postgraphile"

SEQ_DESC = "136260ce49"
CREATED_AT_DESC_ROW_ID_DESC = "6e94c3231e"
"""How its cursors call an order. Read from an answer of the version that is pinned."""

BEYOND = "00000000-0000-0000-0000-000000000000"
"""The id below all others: of entries with one number, which one member never has, none is left."""


def _cursor(*parts: str) -> str:
    return base64.b64encode(orjson.dumps(parts)).decode()


def home(case: Case) -> dict[str, Any]:
    """Whose home."""
    return {"member": str(case.member)}


def ledger_place(case: Case) -> dict[str, Any]:
    """Whose ledger, and behind which line the page begins."""
    return {"member": str(case.member), "after": _cursor(SEQ_DESC, str(case.entry_place), BEYOND)}


def staff_place(case: Case) -> dict[str, Any]:
    """Behind which member of the staff's list the page begins."""
    return {"after": _cursor(CREATED_AT_DESC_ROW_ID_DESC, *case.member_place)}


def month(case: Case) -> dict[str, Any]:
    """Whose statistics, and of which days."""
    first, last = case.days
    return {"partner": str(case.partner), "first": first, "last": last}


def redemption(case: Case) -> dict[str, Any]:
    """Whose points."""
    return {"input": {"member": str(case.member), "wanted": 1, "reason": "REWARD_TEA", "key": case.key}}
