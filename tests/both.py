"""Both executors: what is answered compiled graphql-core answers too, to the byte and with the same statements."""

import re
from collections import Counter
from collections.abc import Iterator
from contextvars import ContextVar
from copy import copy, deepcopy
from dataclasses import dataclass, replace
from typing import Any

import orjson
import pytest
from graphql import DocumentNode, ExecutionResult, FieldNode, GraphQLObjectType, Node, SelectionSetNode

from schema import executing
from schema.compiler import BATCH, Plan
from schema.compiler._asking import Run
from schema.context import Context
from schema.examining import Examined, Operation
from tests.guard import hearing

EXECUTOR = executing.EXECUTOR
RELATIONS = {
    name
    for kind in executing.GRAPH.type_map.values()
    if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__")
    for name, each in kind.fields.items()
    if BATCH in each.extensions["strawberry-definition"].metadata
}
"""The names of all relations: some are leaves."""

NARROWED = re.compile(r"SELECT (?:narrow\.\w+(?:, )?)+ FROM \((.+)\) narrow")
"""A statement that reads but some columns of another."""


@dataclass(slots=True)
class Seen:
    """What was seen of an operation while it ran: how it began compiled, and whether graphql-core took over."""

    run: Run | None = None
    by_graphql_core: bool = False


_seen: ContextVar[Seen] = ContextVar("_seen")
_begun, _completed = EXECUTOR.begun, EXECUTOR.completed


def _begin(*given: Any) -> Run:
    run = _seen.get().run = _begun(*given)
    return run


async def _complete(*given: Any) -> ExecutionResult:
    _seen.get().by_graphql_core = True
    return await _completed(*given)


def compare(patch: pytest.MonkeyPatch) -> None:
    """From now on every query and mutation of this process is run by both executors."""
    patch.setattr(EXECUTOR, "begun", _begin)
    patch.setattr(EXECUTOR, "completed", _complete)
    patch.setattr(executing, "_executed", _both)


def told(result: ExecutionResult) -> tuple[bytes, list[Any]]:
    """An answer as it can be compared: its bytes, and its errors with what they came of."""
    errors = [(each.formatted, type(each.original_error)) for each in result.errors or ()]
    return orjson.dumps(result.data), errors


async def _both(known: Examined, operation: Operation, context: Context, variables: Any) -> ExecutionResult:
    """What an operation came to compiled, having made sure that graphql-core comes to the same.

    A query is run once more; what a mutation's resolver gave is completed once more.
    """
    if operation.plan is None:
        operation.plan = EXECUTOR.plan(known.document, operation.name)
    plan: Plan = operation.plan
    _seen.set(seen := Seen())
    known_before = copy(context.reference)
    known_before._made = dict(known_before._made)
    known_before.keys = deepcopy(known_before.keys)
    with hearing(aside=False) as heard:
        result = await EXECUTOR.execute(plan, context, variables)
    if plan.fault is not None:
        pytest.fail(f"The compiler failed: {plan.fault}")
    if seen.by_graphql_core and seen.run is not None and not result.errors:
        pytest.fail(f"What goes well was not run compiled: {plan.document.loc}")
    if seen.run is not None and not seen.by_graphql_core:
        with hearing(aside=True) as heard_again:
            twin = replace(context, loaders={}, reference=known_before)
            again = await _again(plan, twin, variables, seen.run)
        _see_alike(operation, plan, (result, heard), (again, heard_again))
    return result


def _see_alike(
    operation: Operation,
    plan: Plan,
    ours: tuple[ExecutionResult, list[str]],
    theirs: tuple[ExecutionResult, list[str]],
) -> None:
    """See that both answered alike, and that compiled code sent no more statements."""
    (result, heard), (again, heard_again) = ours, theirs
    if told(result) != told(again):
        pytest.fail(f"Compiled it is\n{told(result)},\nby graphql-core\n{told(again)}.")
    if operation.kind == "query" and not _as_many(plan.document, heard, heard_again):
        pytest.fail(f"Compiled it sends\n{heard},\nby graphql-core\n{heard_again}.")


def _as_many(document: DocumentNode, heard: list[str], heard_again: list[str]) -> bool:
    """Whether both sent the same statements, and compiled no more of them.

    Side by side, graphql-core may ask for the same twice before it is known, as compiled code never does.
    Where a relation stands at several places of a document graphql-core may ask for all of them at once, which for
    several members is another statement than for one; compiled, each place asks for itself. It is not told what is
    shown, either, so that a narrowed statement counts as the whole one.
    """
    heard, heard_again = ([NARROWED.sub(r"\1", each) for each in them] for them in (heard, heard_again))
    if Counter(heard) <= Counter(heard_again) and set(heard) == set(heard_again):
        return True
    asked = [each.name.value for each in _fields(document) if each.selection_set or each.name.value in RELATIONS]
    return len(asked) > len(set(asked)) and len(heard) >= len(heard_again)


def _fields(node: Node) -> Iterator[FieldNode]:
    todo = [node]
    while todo:
        here = todo.pop()
        if isinstance(here, FieldNode):
            yield here
        inner = here.definitions if isinstance(here, DocumentNode) else getattr(here, "selection_set", None)
        todo += inner.selections if isinstance(inner, SelectionSetNode) else inner or ()


async def _again(plan: Plan, twin: Context, variables: Any, run: Run) -> ExecutionResult:
    """The same by graphql-core, in a context of its own."""
    return await _completed(plan.document, plan.operation_name, twin, variables or {}, None, run.outcome)
