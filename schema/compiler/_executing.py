"""Executing: a plan is run compiled where that will do, and by graphql-core where it will not."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import strawberry
from graphql import DocumentNode, ExecutionResult, execute
from graphql.execution.values import VariableValues
from strawberry.execution import optimized_is_awaitable
from strawberry.extensions import SchemaExtension

from schema.compiler._asking import Outcome, Run
from schema.compiler._completing import Completing
from schema.compiler._faults import Fault
from schema.compiler._leaves import NotCovered
from schema.compiler._plans import Plan

COMPILED, GENERIC, DECLINED = "compiled", "generic", "declined"
"""How an operation was run: by its functions; by graphql-core; by both, since something went wrong."""


class Executor:
    """Runs the operations of one schema.

    `passing` names custom scalars with the class whose values are already as they are told, so that they are not
    serialised one by one: `{"DateTime": str}`. `tell` hears of each plan that the compiler itself failed at, once.
    """

    def __init__(
        self,
        schema: strawberry.Schema,
        passing: Mapping[str, type] | None = None,
        *,
        tell: Callable[[Plan, Fault], None] | None = None,
    ) -> None:
        self.schema = schema
        self.completing = Completing(passing or {})
        self.counts: Counter[str] = Counter()
        self.faults = 0
        """How many plans the compiler failed at: the answers are right, and dearer than they need be."""
        self._tell = tell
        self.reason = _unfit(schema)
        """Why nothing of this schema is compiled; None where it is."""

    def plan(self, document: DocumentNode, operation_name: str | None) -> Plan:
        """Read an operation of a valid document. Its functions are written at its first run, or by `compile`."""
        found = Plan(self.schema, document, operation_name, self.completing, self._failed)
        found.reason = found.reason or self.reason
        return found

    async def execute(
        self, plan: Plan, context: Any, variables: Mapping[str, Any] | None = None, root: Any = None
    ) -> ExecutionResult:
        """Run an operation; its result is the one of graphql-core, whoever ran it."""
        given = variables or {}
        run: Run | None = None
        if plan.reason is None:
            try:
                values = plan.values(given)
                function, awaits = plan.function(values)
                run = self.begun(context, values, root)
                data = await function(root, run) if awaits else function(root, run)
            except NotCovered:
                fault = None
            except Exception as error:
                # whatever it was, graphql-core meets it again and tells it as the specification has it
                fault = Fault(error)
            else:
                self.counts[COMPILED] += 1
                return ExecutionResult(data, None)
            if fault is not None:
                # outside of the handler: what graphql-core raises must not drag along what was raised here
                self.counts[DECLINED] += 1
                outcome = run.outcome if run else None
                result = await self.completed(plan.document, plan.operation_name, context, given, root, outcome)
                if fault.is_own and not result.errors:
                    plan.failed(fault)
                return result
        return await self.interpret(plan.document, plan.operation_name, context, given, root)

    def _failed(self, plan: Plan, fault: Fault) -> None:
        self.faults += 1
        if self._tell is not None:
            self._tell(plan, fault)

    def begun(self, context: Any, values: VariableValues, root: Any) -> Run:
        """A run of a compiled operation, as it begins; whoever compares executors keeps it, for its outcome."""
        return Run(context, values, root)

    async def interpret(
        self,
        document: DocumentNode,
        operation_name: str | None,
        context: Any,
        variables: Mapping[str, Any] | None = None,
        root: Any = None,
    ) -> ExecutionResult:
        """Run an operation by graphql-core, without a plan: one that may never come again is not worth one."""
        self.counts[GENERIC] += 1
        return await self.completed(document, operation_name, context, variables or {}, root)

    async def completed(
        self,
        document: DocumentNode,
        operation_name: str | None,
        context: Any,
        variables: Mapping[str, Any],
        root: Any,
        outcome: Outcome | None = None,
    ) -> ExecutionResult:
        """The result as graphql-core gives it; where a mutation was resolved already, with what came of that."""
        found = execute(
            self.schema._schema,
            document,
            root,
            context,
            dict(variables),
            operation_name,
            middleware=[_Remembering(outcome)] if outcome else None,
            executor_class=self.schema.execution_context_class,
            is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]
            hide_suggestions=self.schema.config.disable_field_suggestions,
        )
        return await found if optimized_is_awaitable(found) else found  # type: ignore[misc,return-value]


class _Remembering:
    """Answers an operation's own field with what its resolver gave or raised before."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome

    def resolve(self, resolver: Any, source: Any, info: Any, **arguments: Any) -> Any:
        """Resolve a field, the operation's own from memory."""
        if info.path.prev is not None or info.field_name.startswith("__"):
            return resolver(source, info, **arguments)
        return self._remembered()

    async def _remembered(self) -> Any:
        """To be awaited, as the resolver was: what it gave is never awaited in its stead."""
        if self.outcome.error is not None:
            raise self.outcome.error
        return self.outcome.value


def _unfit(schema: strawberry.Schema) -> str | None:
    """Why a schema's operations are not compiled: something wraps every resolver."""
    for each in schema.extensions:
        kind = each if isinstance(each, type) else type(each)
        if issubclass(kind, SchemaExtension) and kind.resolve is not SchemaExtension.resolve:
            return f"the extension {kind.__name__} wraps every resolver"
    if schema.exception_handlers:
        return "the schema has exception handlers"
    if schema.config.default_resolver is not getattr:
        return "the schema has a default resolver of its own"
    return None
