"""Operations: what is asked of every server, how each is told it, and what is hoped of the ratios.

An operation is one entry of `OPERATIONS` and one document of ours in `documents/`; a dialect of another server is
one entry more in `asked`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from benchmarks.speed import postgraphile
from benchmarks.speed.cases import Case
from schema import ids, pages

DOCUMENTS = Path(__file__).parent / "documents"

OURS = "ours"
"""The dialect of our schema, which the peers that are written by hand speak too."""

Variables = Callable[[Case], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Asking:
    """How an operation is asked in one dialect."""

    document: str
    variables: Variables
    alike: bool = True
    """Whether names and values are ours, so that answers are compared leaf by leaf; else only by their leaves."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that is asked of every server."""

    name: str
    caller: Literal["member", "staff", "partner"]
    asked: Mapping[str, Asking]
    """By dialect. A server whose dialect is not here is not asked."""
    targets: Mapping[str, float] = field(default_factory=dict)
    """The most our CPU per request may be of that server's, by its name."""
    differs: frozenset[str] = frozenset()
    """Leaves that cannot be the same on two servers: what a write leaves behind, and what it is called."""
    writes: bool = False
    is_given: bool = False
    """Whether it came from outside: then only servers that take any document are asked."""


def _document(name: str, dialect: str = "") -> str:
    return (DOCUMENTS / dialect / f"{name}.graphql").read_text("utf-8")


def _none(_: Case) -> dict[str, Any]:
    return {}


def _ledger_place(case: Case) -> dict[str, Any]:
    """Behind which line of the member's ledger the page begins."""
    return {"after": pages.cursor(case.entry_place)}


def _staff_place(case: Case) -> dict[str, Any]:
    """Behind which member of the staff's list the page begins."""
    return {"after": pages.cursor(*case.member_place)}


def _redemption(case: Case) -> dict[str, Any]:
    return {"input": {"points": 1, "reason": "REWARD_TEA", "idempotencyKey": case.key}}


def _month(case: Case) -> dict[str, Any]:
    """Which days are told."""
    first, last = case.days
    return {"from": first, "to": last}


def _asked(name: str, ours: Variables, theirs: Variables) -> dict[str, Asking]:
    """An operation in our dialect and in PostGraphile's."""
    dialect = postgraphile.DIALECT
    return {
        OURS: Asking(_document(name), ours),
        dialect: Asking(_document(name, dialect), theirs, alike=False),
    }


def member_id(case: Case) -> str:
    """The member of a case, as our schema names them."""
    return ids.encode(ids.Tag.MEMBER, case.member)


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "member_home",
        "member",
        _asked("member_home", _none, postgraphile.home),
        {"handwritten": 1.15, "mercurius": 0.85, "mercurius_loaders": 0.40, "postgraphile": 0.35, "plain": 0.06},
    ),
    Operation(
        "ledger_page",
        "member",
        _asked("ledger_page", _ledger_place, postgraphile.ledger_place),
        {"handwritten": 1.15, "mercurius": 0.85, "mercurius_loaders": 0.75, "postgraphile": 0.45, "plain": 0.06},
    ),
    Operation(
        "staff_list",
        "staff",
        _asked("staff_list", _staff_place, postgraphile.staff_place),
        {"handwritten": 1.15, "mercurius": 0.70, "mercurius_loaders": 0.40, "postgraphile": 0.55, "plain": 0.06},
    ),
    Operation(
        "redeem",
        "member",
        _asked("redeem", _redemption, postgraphile.redemption),
        {"mercurius": 1.30, "postgraphile": 0.60, "plain": 0.25},
        differs=frozenset({"id", "balanceAfter", "available"}),
        writes=True,
    ),
    Operation(
        "partner_stats",
        "partner",
        _asked("partner_stats", _month, postgraphile.month),
        {"mercurius": 1.35, "postgraphile": 0.60},
    ),
)
