"""Hostile operations: each is refused, before it costs more than a quarter of a second of the processor."""

import gc
import resource
import time

import pytest
from graphql import get_introspection_query

from schema.limits import ALIASES, DEPTH, DIRECTIVES, FIELDS, NODES, ROOT_FIELDS
from tests.api.house import GRAPHQL, Caller
from tests.people import programme
from tests.schema.asking import forget_documents

pytestmark = pytest.mark.either

BUDGET_SECONDS = 0.25


def chain(length: int, body: str, last: str = "__typename") -> str:
    """Fragments that each spread the next one, as their body says."""
    links = [f"fragment F{number} on Query {{ {body.format(next=number + 1)} }}" for number in range(length)]
    return " ".join(["{ ...F0 }", *links, f"fragment F{length} on Query {{ {last} }}"])


def nested(names: str, depth: int, leaf: str = "id") -> str:
    """Selections within selections."""
    return f"{names} {{ " * depth + leaf + " }" * depth


HOSTILE: dict[str, str] = {
    "fragments that double": chain(90, "...F{next} ...F{next}"),
    "fragments that double fields": chain(
        60, "a: node(id: 1) {{ id }} ...F{next} b: node(id: 1) {{ id }} ...F{next}"
    ),
    "fragments that spread themselves": "{ ...A } fragment A on Query { ...B ...B }"
    " fragment B on Query { ...A ...A }",
    "a long chain of fragments": chain(200, "...F{next}"),
    "an alias bomb": "{ " + " ".join(f"a{number}: tiers {{ code }}" for number in range(200)) + " }",
    "aliases inside": "{ tiers { " + " ".join(f"a{number}: code" for number in range(600)) + " } }",
    "aliases of a login": "mutation { "
    + " ".join(f'a{n}: tokenRevoke(input: {{token: "x"}}) {{ revoked }}' for n in range(100))
    + " }",
    "a flood of directives": "{ __typename " + "@include(if: true) " * 270 + "}",
    "a flood of directives, spread out": "{ tiers { " + "code @include(if: true) " * 200 + "} }",
    "a flood of unknown directives": "{ __typename " + "@nonsense " * 900 + "}",
    "a page of a thousand million": "{ members(first: 1000000000) { nodes { id } } }",
    "a page of more digits than there are atoms": "{ members(first: " + "9" * 10_000 + ") { nodes { id } } }",
    "pages of pages": "{ members(first: 100) { nodes { purchases(first: 100) { nodes { lines { lineRef } } } } } }",
    "fifty thousand fields": "{ " + "a " * 50_000 + "}",
    "a number of more digits than there are atoms": "{ pointsRedeemPreview(input: {points: "
    + "9" * 10_000
    + "}) { allowed } }",
    "two thousand root fields": "{ " + "a " * 1_990 + "}",
    "the same field again and again": "{ me { " + "id " * 1_900 + "} }",
    "the same selection again and again": "{ me { " + "card { displayName } " * 400 + "} }",
    "inline fragments again and again": "{ me { " + "... on Member { id } " * 320 + "} }",
    "overlapping selections": "{ me { " + " ".join(f"x{n}: card {{ a: displayName }}" for n in range(150)) + " } }",
    "deep nesting": "{ " + nested("a", 900) + " }",
    "deep nesting of what is there": "{ "
    + nested("node(id: 1) { ... on Member", 5, "__typename")
    + " }" * 5
    + " }",
    "deep introspection": "{ __schema { " + nested("types { fields { type", 40, "name") + " }" * 80 + " } }",
    "wide introspection": "{ __schema { " + "types { name description fields { name } } " * 150 + " } }",
    "introspection by fragments": "{ __schema { ...T } } fragment T on __Schema { "
    + "types { ...K ...K } " * 20
    + "} fragment K on __Type { fields { type { ofType { ofType { name } } } } }",
    "a deep list in an argument": "{ node(id: " + "[" * 900 + "]" * 900 + ") { id } }",
    "a deep object in an argument": "{ node(id: " + "{a: " * 450 + "1" + "}" * 450 + ") { id } }",
    "a deep type of a variable": "query($v: " + "[" * 900 + "Int" + "]" * 900 + ") { __typename }",
    "many operations": " ".join(f"query Q{number} {{ __typename }}" for number in range(390)),
    "many variables": "query(" + " ".join(f"$v{n}: Int" for n in range(480)) + ") { tiers { code } }",
    "many unused fragments": "{ tiers { code } } "
    + " ".join(f"fragment U{n} on Tier {{ code }}" for n in range(240)),
    "many errors": "{ " + " ".join(f"nothing{number} {{ at {{ all }} }}" for number in range(19)) + " }",
    "a document of spaces": " " * 30_000 + "{ __typename }",
    "a document of commas": "{ tiers { code" + "," * 19_000 + " nothing } }",
    "a long string": '{ node(id: "' + "x" * 30_000 + '") { id } }',
    "a long block string": '{ node(id: """' + "\n  x" * 7_000 + '""") { id } }',
    "a long name": "{ " + "a" * 19_000 + " }",
    "a comment that never ends": "{ __typename } #" + "x" * 30_000,
}


@pytest.mark.apart
@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_operation_is_refused_at_once(customer: Caller, name: str) -> None:
    forget_documents()
    gc.collect()
    began = time.process_time()
    reply = await customer.ask(HOSTILE[name], accept=GRAPHQL)
    spent = time.process_time() - began
    assert reply.status == 400, reply.text[:200]
    assert len(reply.codes) <= 6
    allowed = {"OPERATION_TOO_COMPLEX", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "BAD_REQUEST"}
    assert set(reply.codes) <= allowed | {"FORBIDDEN", "UNAUTHENTICATED"}, reply.text[:200]
    assert len(reply.text) < 25_000
    assert spent < BUDGET_SECONDS, f"{spent * 1000:.0f} ms"


@pytest.mark.apart
async def test_all_of_it_leaves_no_memory_behind(customer: Caller) -> None:
    forget_documents()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(3):
        for document in HOSTILE.values():
            await customer.ask(document)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 50 * 1024, f"{grown} KiB"


LIMITS = {
    "aliases": (ALIASES, "{{ tiers {{ {} }} }}", "a{}: code"),
    "directives": (DIRECTIVES, "{{ tiers {{ {} }} }}", "code @include(if: true)"),
    "root fields": (ROOT_FIELDS, "{{ {} }}", "tiers {{ code }}"),
    "fields": (FIELDS - 1, "{{ tiers {{ {} }} }}", "code"),
}
"""What each limit allows at most, and a document that has so many."""


@pytest.mark.parametrize("name", LIMITS)
async def test_an_operation_just_within_a_limit_runs_and_one_beyond_it_does_not(caller: Caller, name: str) -> None:
    await programme()
    limit, whole, part = LIMITS[name]

    def document(count: int) -> str:
        return whole.format(" ".join(part.format(number) for number in range(count)))

    assert (await caller.ask(document(limit))).codes == []
    beyond = await caller.ask(document(limit + 1), accept=GRAPHQL)
    assert (beyond.status, beyond.codes) == (400, ["OPERATION_TOO_COMPLEX"])
    assert f"too many {name}: " in beyond.body["errors"][0]["message"]


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ("{ " + nested("a", DEPTH) + " }", f"too many levels: {DEPTH + 1}, and {DEPTH} are allowed"),
        (
            "{ members(first: 100) { nodes { purchases(first: 100) { nodes { lines { lineRef } } } } } }",
            f"and {NODES} are allowed",
        ),
        ("{ ...A ...A ...A } fragment A on Query { " + "tiers { code } " * 60 + "}", "too many fields: 360"),
        (chain(3, "...F{next} ...F{next}", "tiers { code } " * 20), "too many fields: 320"),
    ],
)
async def test_fragments_are_measured_unfolded(caller: Caller, document: str, complaint: str) -> None:
    reply = await caller.ask(document)
    assert complaint in reply.text


async def test_a_whole_introspection_is_within_the_limits(caller: Caller) -> None:
    whole = get_introspection_query(
        descriptions=True, specified_by_url=True, directive_is_repeatable=True, input_value_deprecation=True
    )
    assert (await caller.ask(whole)).codes == []
