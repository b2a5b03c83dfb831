"""Documents of somebody else's: other texts for the operations there are, or operations nobody thought of.

A folder holds `NAME.graphql`, and `NAME.json` where the operation needs variables or is not a member's; one JSON
file holds `{"NAME": {"document": …, "caller": …, "variables": …}}`. `caller` is `member` (the default), `staff` or
`partner`.
`variables` is an object, or a list of them to be taken in turn, in which these texts stand for something else each
time: `$member` for the member's id, `$entryCursor` and `$memberCursor` for a place in the member's ledger and in
the staff's list, `$firstDay` and `$lastDay` for a month of statistics, `$key` for a fresh idempotency key.
A document under the name of an operation there is has its variables, its caller and its targets, unless others
are given.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
from graphql import OperationDefinitionNode, OperationType, parse

from benchmarks.speed.cases import Case
from benchmarks.speed.operations import OPERATIONS, OURS, Asking, Operation, Variables, member_id
from schema import pages

MEANT: dict[str, Callable[[Case], Any]] = {
    "$member": member_id,
    "$entryCursor": lambda case: pages.cursor(case.entry_place),
    "$memberCursor": lambda case: pages.cursor(*case.member_place),
    "$firstDay": lambda case: case.days[0],
    "$lastDay": lambda case: case.days[1],
    "$key": lambda case: case.key,
}


def operations(path: Path) -> tuple[Operation, ...]:
    """The operations that a folder or a file of documents asks for."""
    known = {each.name: each for each in OPERATIONS}
    return tuple(_operation(name, told, known.get(name)) for name, told in _read(path))


def _read(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    if path.is_file():
        yield from orjson.loads(path.read_bytes()).items()
        return
    for file in sorted(path.glob("*.graphql")):
        beside = file.with_suffix(".json")
        told = orjson.loads(beside.read_bytes()) if beside.exists() else {}
        yield file.stem, {"document": file.read_text("utf-8"), **told}


def _operation(name: str, told: dict[str, Any], known: Operation | None) -> Operation:
    document = told["document"]
    writes = any(
        isinstance(each, OperationDefinitionNode) and each.operation is OperationType.MUTATION
        for each in parse(document).definitions
    )
    variables = _variables(told.get("variables"), known)
    # what a write leaves behind is another thing on each server
    asked = {OURS: Asking(document, variables, alike=not writes)}
    base = known or Operation(name, "member", asked)
    caller = told.get("caller", base.caller)
    return replace(base, caller=caller, asked=asked, writes=writes, is_given=True)


def _variables(told: Any, known: Operation | None) -> Variables:
    if told is None:
        return known.asked[OURS].variables if known else lambda _: {}
    listed = told if isinstance(told, list) else [told]

    def variables(case: Case) -> dict[str, Any]:
        # the same for every server, and another for each case
        found: dict[str, Any] = _filled(listed[(case.entry_place + case.member.int) % len(listed)], case)
        return found

    return variables


def _filled(value: Any, case: Case) -> Any:
    if isinstance(value, dict):
        return {name: _filled(each, case) for name, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, case) for each in value]
    return MEANT[value](case) if isinstance(value, str) and value in MEANT else value
