"""Differential: whatever breaks behind a field of the schema is told compiled as graphql-core tells it."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import wraps
from inspect import iscoroutinefunction
from random import Random  # noqa: TID251  which faults a field meets is drawn by its name
from typing import Any

import pytest
from graphql import (
    ExecutionResult,
    GraphQLObjectType,
    GraphQLOutputType,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    parse,
    visit,
)
from hypothesis import settings

from rules.actors import Principal
from schema.compiler import BATCH, Executor, Plan
from schema.compiler._asking import Run
from schema.context import Context
from schema.root import schema
from tests.both import told
from tests.people import DAY, NOON, buy, member, programme, redeem
from tests.schema.asking import CLERK, OWNER, Nowhere, as_member, member_id
from tests.schema.test_home import HOME
from tests.schema.test_statements import PAGE

pytestmark = [
    pytest.mark.once,
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

SERVED = schema._schema
EXECUTOR = Executor(schema, {"DateTime": str})
LONG = settings.default.max_examples > 1_000  # type: ignore[union-attr]


class BrokenError(Exception):
    """Something broke."""


def _raise(_: object) -> Any:
    raise BrokenError


FAULTS: list[Callable[[Any], Any]] = [
    _raise,
    *(lambda _, given=given: given for given in (None, 2**31, -(2**63), "", 1.5, object(), [None], BrokenError())),
    lambda value: (each for each in value),
    lambda value: [value, value],
    lambda value: value[:-1],
]


class Fault:
    """The field that is broken, and what it gives instead."""

    field: str = ""
    what: Callable[[Any], Any] = staticmethod(_raise)


CALLS: Counter[str] = Counter()


def broken(field: str, value: Any) -> Any:
    return Fault.what(value) if field == Fault.field else value


class Shown:
    """An object as the schema sees it, with one of its fields broken; whatever is behind it is shown so as well."""

    def __init__(self, it: Any, kind: GraphQLObjectType) -> None:
        self._it = it
        self._fields = {
            each.extensions["strawberry-definition"].python_name: (f"{kind.name}.{name}", each.type)
            for name, each in kind.fields.items()
        }

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return type(self._it)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._it, name)
        if name not in self._fields or callable(value):
            return value
        field, kind = self._fields[name]
        return broken(field, shown(value, kind))


def shown(value: Any, kind: GraphQLOutputType) -> Any:
    """A value of a type, as the schema sees it."""
    if type(value) in (list, tuple):  # a row of SQLite is a tuple, too
        return [shown(each, kind) for each in value]
    named = get_named_type(kind)
    own = getattr(type(value), "__strawberry_definition__", None)
    found = SERVED.type_map.get(own.name) if own is not None else named
    return Shown(value, found) if isinstance(found, GraphQLObjectType) and value is not None else value


def _watched(field: str, kind: GraphQLOutputType, resolver: Any) -> Any:
    if iscoroutinefunction(resolver):

        @wraps(resolver)
        async def awaited(*args: Any, **given: Any) -> Any:
            CALLS[field] += 1
            return broken(field, shown(await resolver(*args, **given), kind))

        return awaited

    @wraps(resolver)
    def called(*args: Any, **given: Any) -> Any:
        CALLS[field] += 1
        return broken(field, shown(resolver(*args, **given), kind))

    return called


def _batched(field: str, kind: GraphQLOutputType, batch: Any) -> Any:
    async def together(*args: Any, **given: Any) -> Any:
        found = batch(*args, **given)
        return [broken(field, shown(each, kind)) for each in (found if isinstance(found, list) else await found)]

    return together


@pytest.fixture
def _breakable(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every resolver and batch of the schema may be broken."""
    for parent in SERVED.type_map.values():
        if not isinstance(parent, GraphQLObjectType) or parent.name.startswith("__"):
            continue
        for name, each in parent.fields.items():
            ours = each.extensions["strawberry-definition"]
            if ours.base_resolver is None or parent is SERVED.subscription_type:
                continue
            field = f"{parent.name}.{name}"
            resolver = _watched(field, each.type, ours.base_resolver.wrapped_func)
            monkeypatch.setattr(ours.base_resolver, "wrapped_func", resolver)
            if batch := ours.metadata.get(BATCH):
                monkeypatch.setattr(ours, "metadata", {**ours.metadata, BATCH: _batched(field, each.type, batch)})
    yield
    Fault.field = ""


class _Fields(Visitor):
    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self.types = types
        self.found: set[str] = set()

    def enter_field(self, node: Any, *_: Any) -> None:
        parent = self.types.get_parent_type()
        if parent is not None and not node.name.value.startswith("__"):
            self.found.add(f"{parent.name}.{node.name.value}")


def fields(plan: Plan) -> list[str]:
    """The fields a document asks for."""
    types = TypeInfo(SERVED)
    visit(plan.document, TypeInfoVisitor(types, found := _Fields(types)))
    return sorted(found.found)


async def run(plan: Plan, who: Principal, variables: Any, *, compiled: bool) -> ExecutionResult:
    context = Context(NOON, who, outside=Nowhere())
    if compiled:
        return await EXECUTOR.execute(plan, context, variables)
    return await EXECUTOR.interpret(plan.document, None, context, variables)


def alike(ours: ExecutionResult, theirs: ExecutionResult) -> bool:
    """Whether two answers say the same, be it something no answer can say.

    Of several faults below one null graphql-core tells those that came first, be it one or another.
    """
    said = [re.sub("0x[0-9a-f]+", "0x", repr(each.data)) for each in (ours, theirs)]
    errors = [{repr(error) for error in told(ExecutionResult(None, each.errors))[1]} for each in (ours, theirs)]
    return said[0] == said[1] and (errors[0] == errors[1] or {len(each) > 0 for each in errors} == {True})


async def compared(source: str, who: Principal, variables: dict[str, Any] | None = None) -> Counter[str]:
    """How a document ran with each of its fields broken; every answer is compared."""
    plan = EXECUTOR.plan(parse(source), None)
    ran: Counter[str] = Counter()
    for field in fields(plan):
        for what in FAULTS if LONG else Random(field).sample(FAULTS, 2):
            Fault.field, Fault.what = field, what
            before, calls = Counter(EXECUTOR.counts), CALLS.copy()
            ours = await run(plan, who, variables, compiled=True)
            [way] = EXECUTOR.counts - before
            done = {each: count for each, count in (CALLS - calls).items() if each in PAYLOADS}
            assert all(count == 1 for count in done.values()), (field, what)
            ran[way] += 1
            theirs = await run(plan, who, variables, compiled=False)
            assert alike(ours, theirs), (field, what)
    assert plan.reason is None
    return ran


async def shopper() -> Any:
    await programme(expire_months=12)
    who = await member("Mei")
    await buy(who, 100_00, 50_00)
    await redeem(who, 5)
    return who


@pytest.mark.usefixtures("_breakable")
async def test_whatever_breaks_behind_a_members_home_is_told_alike() -> None:
    ran = await compared(HOME, as_member(await shopper()))
    assert min(ran["declined"], ran["compiled"]) > 10


@pytest.mark.usefixtures("_breakable")
async def test_whatever_breaks_behind_a_page_of_members_is_told_alike() -> None:
    await shopper()
    ran = await compared(PAGE, CLERK)
    assert min(ran["declined"], ran["compiled"]) > 10


PROVEN = replace(OWNER, proven_until=NOON + DAY)
PAYLOADS = {
    "pointsRedeem": """account { available } entry { id points kind balanceAfter recordedAt }
      replayed userErrors { code message field retryable ... on InsufficientPointsError { available } }""",
    "pointsAdjust": "entry { points reason } account { available pending } userErrors { code message }",
}


@pytest.mark.usefixtures("_breakable")
@pytest.mark.parametrize("mutation", PAYLOADS)
async def test_a_mutation_is_done_once_whatever_breaks_behind_it(
    mutation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mei = await shopper()
    given: dict[str, Any] = {"memberId": member_id(mei), "idempotencyKey": "done-once"}
    given |= {"points": 5} if mutation == "pointsRedeem" else {"delta": 5, "reason": "goodwill"}
    field = SERVED.mutation_type.fields[mutation]  # type: ignore[union-attr]
    kind = field.args["input"].type
    source = f"mutation($input: {kind}) {{ {mutation}(input: $input) {{ {PAYLOADS[mutation]} }} }}"
    resolver = field.extensions["strawberry-definition"].base_resolver
    done: list[Run] = []

    def begun(*given: Any) -> Run:
        done.append(Run(*given))
        return done[-1]

    monkeypatch.setattr(EXECUTOR, "begun", begun)
    plan = EXECUTOR.plan(parse(source), None)
    assert (await run(plan, PROVEN, {"input": given}, compiled=True)).errors is None
    outcome = done[0].outcome
    assert outcome is not None

    @wraps(resolver.wrapped_func)
    async def once(*_: object, **__: object) -> Any:
        CALLS[mutation] += 1
        return broken(f"Mutation.{mutation}", outcome.value)

    monkeypatch.setattr(resolver, "wrapped_func", once)
    CALLS.clear()
    ran = await compared(source, PROVEN, {"input": given})
    assert ran["declined"] > 0
    assert CALLS[mutation] == 2 * ran.total()
