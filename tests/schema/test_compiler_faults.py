"""The compiler: whatever resolvers, batches and attributes give or raise, it is told as graphql-core tells it."""

import gc
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from random import Random  # noqa: TID251  hypothesis draws its seed
from typing import Any

import pytest
from graphql import (
    ExecutionResult,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    parse,
    specified_rules,
    validate,
)
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from schema.compiler import Plan
from tests.schema.composing import Composed, Composer
from tests.schema.spoiling import DONE, EXECUTOR, FAULTS, PLACES, SCHEMA, fault, spoiling

# graphql-core leaves what stands beside a fault without waiting for it
pytestmark = [
    pytest.mark.apart,
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

ADDRESS = re.compile("0x[0-9a-f]+")


def told(result: ExecutionResult) -> tuple[str, list[Any]]:
    """An answer as it can be compared: without the addresses of objects that are shown in it."""
    return ADDRESS.sub("0x", repr(result.data)), [
        (ADDRESS.sub("0x", repr(each.formatted)), type(each.original_error)) for each in result.errors or ()
    ]


@lru_cache(maxsize=8)
def planned(source: str) -> Plan:
    """A valid document's plan."""
    document = parse(source)
    assert validate(SCHEMA._schema, document, specified_rules) == [], source
    return EXECUTOR.plan(document, None)


async def alike(composed: Composed) -> str:
    """How an operation ran, having made sure that graphql-core tells the same of it, and that it was done once."""
    plan = planned(composed.source)
    before = Counter(EXECUTOR.counts)
    DONE.clear()
    ours = await EXECUTOR.execute(plan, {}, composed.variables)
    done = DONE["adopt"]
    [ran] = EXECUTOR.counts - before
    assert plan.fault is None
    theirs = await EXECUTOR.interpret(plan.document, None, {}, composed.variables)
    fault.where = ""
    assert told(ours) == told(theirs), (composed, fault)
    assert done == DONE["adopt"] - done
    # a condition that is null declines, though nothing may ever depend on it
    assert ran != "declined" or ours.errors or fault.met or None in composed.variables.values(), composed
    return ran


@dataclass
class Sent:
    """What arguments are sent: what they should be, and now and then what they should not."""

    chance: Random

    def __call__(self, kind: GraphQLInputType, name: str) -> Any:
        if isinstance(kind, GraphQLNonNull):
            return self(kind.of_type, name)
        if self.chance.random() < 0.1:
            return self.chance.choice((None, 2**31, "?", [], 1.5, {"x": 1}, ["a", None]))
        if isinstance(kind, GraphQLList):
            return [self(kind.of_type, name) for _ in range(self.chance.randint(0, 2))]
        return self._parts(kind) if isinstance(kind, GraphQLInputObjectType) else self._leaf(kind)

    def _parts(self, kind: GraphQLInputObjectType) -> Any:
        parts = [each for each in kind.fields if each == "name" or self.chance.random() < 0.3]
        return {each: self(kind.fields[each].type, each) for each in parts}

    def _leaf(self, kind: GraphQLInputType) -> Any:
        if isinstance(kind, GraphQLEnumType):
            return self.chance.choice(list(kind.values))
        usual = self.chance.choice(("Tom", "Mog", ""))
        return {"Int": self.chance.randint(-1, 3), "Json": {"a": [1]}}.get(str(kind), usual)


def composed(chance: Random, root: str) -> Composed | None:
    """An operation over the toy schema; None where its literals are not valid."""
    found = Composer(SCHEMA._schema, chance, Sent(chance)).operation(root)
    valid = validate(SCHEMA._schema, parse(found.source), specified_rules) == []
    return found if valid else None


LONG = settings.default.max_examples > 1_000  # type: ignore[union-attr]
EXAMPLES = settings(
    max_examples=20_000 if LONG else 40, deadline=None, derandomize=True, phases=[Phase.generate], database=None
)
SEEDS = st.integers(0, 2**64)

EVERYTHING = """query {
  pets { __typename name near { name ... on Cat { lives } } ...on Cat { lives colour legs(longer: 1) { length toes }
    friend { name age } } ... on Dog { age born colours bark(words: ["wow"]) owner near { name } } }
  cats { name legs { length } other: legs(longer: 2) { length toes } friend { born owner } }
  cat(name: "Tom") { name lives colour near { __typename } legs { toes } }
  anything { __typename ... on Fish { wet anything id } ... on Cat { name } }
  maybe { ... on Fish { wet } ... on Cat { lives } } colour
  again { colour cat { __typename } } }"""
ADOPTED = (
    "mutation { __typename adopt { name lives colour legs { length toes } near { name } friend { age owner } } }"
)


def some(place: str) -> list[Callable[[Any], Any]]:
    """Some faults for a place, by its name; in a long run all of them."""
    return FAULTS if LONG else Random(place).sample(FAULTS, 20)


@pytest.fixture(autouse=True, scope="module")
def _swept() -> Iterator[None]:
    """What graphql-core began and never waited for is swept up here, where it is expected."""
    yield
    gc.collect()


@EXAMPLES
@given(seed=SEEDS)
async def test_what_goes_well_is_told_alike(seed: int) -> None:
    chance = Random(seed)
    if (asked := composed(chance, chance.choice(("Query", "Query", "Mutation")))) is not None:
        await alike(asked)


@EXAMPLES
@given(seed=SEEDS)
async def test_whatever_is_spoilt_is_told_alike(seed: int) -> None:
    chance = Random(seed)
    if (asked := composed(chance, chance.choice(("Query", "Query", "Mutation")))) is not None:
        with spoiling(chance.choice(PLACES), chance.choice(FAULTS), chance.choice((None, "Tom", "Mog", "Rex"))):
            await alike(asked)


@pytest.mark.parametrize("place", PLACES)
async def test_whatever_one_field_gives_is_told_alike(place: str) -> None:
    ran: Counter[str] = Counter()
    for what in some(place):
        with spoiling(place, what):
            ran[await alike(Composed(EVERYTHING if place != "Mutation.adopt" else ADOPTED))] += 1
    assert ran["declined"]


@pytest.mark.parametrize("place", PLACES)
async def test_a_mutation_is_done_once_whatever_its_payload_gives(place: str) -> None:
    for what in some(place):
        with spoiling(place, what):
            await alike(Composed(ADOPTED))
