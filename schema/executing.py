"""Executing: the one way every query and mutation goes, whoever brings it: through the gate, run, and out again.

Subscriptions are strawberry's to run; they pass the same gate, as an extension.
"""

import logging
from collections.abc import Awaitable
from functools import partial
from typing import Any

from graphql import ExecutionResult, GraphQLError

from schema import examining
from schema.compiler import Executor, Fault, Plan
from schema.context import Context
from schema.examining import Examined, Operation, remembered
from schema.gate import Passage
from schema.root import schema

GRAPH = schema._schema
"""The schema as graphql-core has it."""

AS_THEY_ARE = {
    "DateTime": str,
    "Date": str,
    "Long": int,
    "BasisPoints": int,
    "CurrencyCode": str,
    "Note": str,
    "ReasonCode": str,
}
"""The scalars whose values of that class are told as they are. Moments and days come as texts from the database."""

_log = logging.getLogger("loyalty.faults")


def _tell(plan: Plan, fault: Fault) -> None:
    """Log what the compiler itself did wrong; the answer is right all the same."""
    _log.error("a fault of the compiler in %s: %s", plan.operation_name or "an operation", fault)


EXECUTOR = Executor(schema, AS_THEY_ARE, tell=_tell)
"""Runs what has passed the gate."""


class NoOperation(Exception):  # noqa: N818  a mistake of the request
    """There is nothing to run: no document, or no operation of the name that was given."""


class WritesNothing(Exception):  # noqa: N818  a mistake of the request
    """Nothing is written by the way the operation came."""


async def run(
    source: str | None,
    variables: dict[str, Any] | None,
    context: Context,
    *,
    name: str | None = None,
    may_write: bool = True,
) -> ExecutionResult:
    """What a query or a mutation is answered: its data, its errors as the client hears them, and what it cost.

    Raises: NoOperation, WritesNothing.
    """
    if not source:
        raise NoOperation("No GraphQL query found in the request")
    passage = Passage(context, name, variables)
    try:
        known = passage.enter(GRAPH, source)
    except GraphQLError as error:
        return ExecutionResult(None, [error])
    operation = _meant(passage, may_write=may_write)
    if objections := passage.objections():
        return ExecutionResult(None, [passage.told(each) for each in objections])
    try:
        result = await _executed(known, operation, context, variables)
    except Exception as error:
        # no field's, but of whatever runs them: nobody can say what was done
        result = ExecutionResult(None, [passage.told_of_whole(GraphQLError("", original_error=error))])
    if result.errors:
        result.errors = [passage.told(each) for each in result.errors]
    if spent := passage.spent(result.data):
        result.extensions = {"cost": spent}
    return result


def _meant(passage: Passage, *, may_write: bool) -> Operation:
    """The operation that is meant, which came a way that it may. Raises: NoOperation, WritesNothing."""
    operation, name = passage.operation, passage.name
    if operation is None:
        raise NoOperation(f'Unknown operation named "{name}".' if name else "Can't get GraphQL operation type")
    if operation.kind == "mutation" and not may_write:
        raise WritesNothing
    return operation


def _executed(
    known: Examined, operation: Operation, context: Context, variables: Any
) -> Awaitable[ExecutionResult]:
    """What an operation comes to, with its errors as they are.

    One that is seen for the second time is worth a plan; most open documents that come once never come again.
    """
    plan = operation.plan
    if plan is None:
        if not operation.was_run:
            operation.was_run = True
            return EXECUTOR.interpret(known.document, operation.name, context, variables)
        plan = operation.plan = EXECUTOR.plan(known.document, operation.name)
        plan.grew = partial(remembered(GRAPH).grew, known.document)
    return EXECUTOR.execute(plan, context, variables)


def trust(source: str) -> None:
    """Examine and compile a document once and keep what was found, until it is trusted no longer."""
    known = examining.trust(GRAPH, source)
    if known is None or known.errors:
        return
    for operation in known.named.values():
        if operation.plan is None:
            operation.plan = EXECUTOR.plan(known.document, operation.name)
            operation.plan.compile()


def distrust(source: str) -> None:
    """Keep a document no longer than any other."""
    examining.distrust(GRAPH, source)
