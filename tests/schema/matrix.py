"""The matrix: every field of the published schema, a document that asks for it, and who may send that document."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    build_schema,
    get_named_type,
    is_composite_type,
)
from graphql.language import EnumValueNode, ListValueNode

from schema import events, pages
from schema.permissions import Audience, meant

PUBLISHED = build_schema((Path(__file__).parents[2] / "schema" / "schema.graphql").read_text("utf-8"))
LITERALS = {
    "BasisPoints": "1",
    "Boolean": "false",
    "CurrencyCode": '"CNY"',
    "DateTime": '"2026-03-10T04:00:00Z"',
    "ID": '"ABSENT"',
    "Int": "1",
    "Long": "1",
    "ReasonCode": '"REASON"',
    "String": '"something-said"',
}
"""A value for each scalar that an input requires. No id of it means anybody."""

SOMEBODY = '"SOMEBODY"'
"""Where a way names the member it asks about."""

BEGINNING = pages.cursor(events.MARK, 0)
"""The cursor before a member's first event."""


@cache
def _audiences(parent: str, name: str) -> frozenset[str]:
    field = kind_of(parent).fields[name]
    for directive in field.ast_node.directives or () if field.ast_node else ():
        for argument in directive.arguments or ():
            if directive.name.value == "auth" and isinstance(argument.value, ListValueNode):
                values = argument.value.values
                said = [Audience[value.value] for value in values if isinstance(value, EnumValueNode)]
                return frozenset(str(each.value) for each in meant(said))
    raise AssertionError(f"{parent}.{name} says not who may ask for it.")


@cache
def _scopes(parent: str, name: str) -> frozenset[str]:
    field = kind_of(parent).fields[name]
    return frozenset(
        value.value
        for directive in (field.ast_node.directives or () if field.ast_node else ())
        for argument in directive.arguments or ()
        if argument.name.value == "scopes" and isinstance(argument.value, ListValueNode)
        for value in argument.value.values
        if isinstance(value, EnumValueNode)
    )


@dataclass(frozen=True)
class Step:
    """One field on the way from the root: of which type it is asked, and how."""

    parent: str
    name: str
    asked: str

    @property
    def audiences(self) -> frozenset[str]:
        """Who may ask for it, as the published schema says."""
        return _audiences(self.parent, self.name)

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes that open it to a key, as the published schema says."""
        return _scopes(self.parent, self.name)

    def is_for(self, audience: str, scope: str | None = None) -> bool:
        """Whether it is for that audience, called with a key of no scope but this."""
        if "PUBLIC" in self.audiences:
            return True
        is_open = scope is None or scope in self.scopes or {"MEMBER", "PARTNER", "SERVICE"} <= self.audiences
        return audience in self.audiences and is_open


@dataclass(frozen=True)
class Way:
    """A way from the root to one field."""

    steps: tuple[Step, ...]

    @property
    def field(self) -> str:
        return f"{self.steps[-1].parent}.{self.steps[-1].name}"

    def is_for(self, audience: str, scope: str | None = None) -> bool:
        """Whether every field on the way is for that audience, called with a key of no scope but this."""
        return all(step.is_for(audience, scope) for step in self.steps)

    @property
    def is_asked(self) -> bool:
        """Whether it is answered once, as all but subscriptions are."""
        return self.steps[0].parent != "Subscription"

    @property
    def document(self) -> str:
        last = self.steps[-1]
        composite = is_composite_type(get_named_type(kind_of(last.parent).fields[last.name].type))
        inner = "{ __typename }" if composite else ""
        for step in reversed(self.steps):
            inner = f"{{ ... on {step.parent} {{ {step.asked} {inner} }} }}"
        return f"{self.steps[0].parent.lower()} {inner}"


def kind_of(name: str) -> GraphQLObjectType | GraphQLInterfaceType:
    kind = PUBLISHED.type_map[name]
    assert isinstance(kind, GraphQLObjectType | GraphQLInterfaceType)
    return kind


def literal(kind: GraphQLInputType, given: str | None = None) -> str:
    """A value that an argument of that kind accepts."""
    if isinstance(kind, GraphQLNonNull):
        return literal(kind.of_type, given)
    if isinstance(kind, GraphQLList):
        return f"[{literal(kind.of_type, given)}]"
    if isinstance(kind, GraphQLEnumType):
        return str(next(iter(kind.values)))
    if isinstance(kind, GraphQLInputObjectType):
        required = {name: each for name, each in kind.fields.items() if isinstance(each.type, GraphQLNonNull)}
        if is_one_of(kind):
            name, each = next(iter(kind.fields.items()))
            required = {name: each}
        return "{" + ", ".join(f"{name}: {literal(each.type, given)}" for name, each in required.items()) + "}"
    return given if kind.name == "ID" and given else LITERALS[str(kind.name)]


def is_one_of(kind: GraphQLInputObjectType) -> bool:
    """Whether exactly one part of the input is sent."""
    return any(each.name.value == "oneOf" for each in (kind.ast_node.directives if kind.ast_node else None) or ())


def asked(name: str, field: GraphQLField, given: str) -> str:
    """A field with the arguments it requires; a subscription, where it can, from the beginning."""
    told = [
        f"{argument}: {literal(each.type, given)}"
        for argument, each in field.args.items()
        if isinstance(each.type, GraphQLNonNull)
    ]
    if (
        PUBLISHED.subscription_type
        and field is PUBLISHED.subscription_type.fields.get(name)
        and "after" in field.args
    ):
        told = [f'after: "{BEGINNING}"']
    return f"{name}({', '.join(told)})" if told else name


def ways(member: str) -> tuple[Way, ...]:
    """A way to every field: by the fields that the most may ask for, and of those the shortest.

    What a query leads to is asked about that member; what only a mutation answers, about nobody.
    """
    return tuple(
        Way(tuple(replace(step, asked=step.asked.replace(SOMEBODY, member)) for step in way.steps))
        for way in _ways()
    )


@cache
def _ways() -> tuple[Way, ...]:
    """The ways, with a word for the member they ask about."""
    found: dict[str, Way] = {}
    for root, given in (("Query", SOMEBODY), ("Mutation", LITERALS["ID"]), ("Subscription", SOMEBODY)):
        best: dict[str, tuple[Step, ...]] = {root: ()}
        todo = [root]
        while todo:
            parent = todo.pop(0)
            for step, kinds in _steps(parent, given):
                steps = (*best[parent], step)
                better = [kind for kind in kinds if kind not in best or _merit(steps) > _merit(best[kind])]
                best |= dict.fromkeys(better, steps)
                todo += better
        for parent, before in best.items():
            for step, _ in _steps(parent, given):
                found.setdefault(f"{parent}.{step.name}", Way((*before, step)))
    return tuple(found.values())


def _merit(steps: tuple[Step, ...]) -> tuple[int, int]:
    everybody = PUBLISHED.type_map["Audience"]
    assert isinstance(everybody, GraphQLEnumType)
    return sum(Way(steps).is_for(audience) for audience in everybody.values), -len(steps)


def _steps(parent: str, given: str) -> Iterator[tuple[Step, list[str]]]:
    for name, field in kind_of(parent).fields.items():
        kind = get_named_type(field.type)
        inside: list[str] = []
        if isinstance(kind, GraphQLInterfaceType):
            inside = [kind.name, *(each.name for each in PUBLISHED.get_possible_types(kind))]
        elif isinstance(kind, GraphQLObjectType):
            inside = [kind.name]
        yield Step(parent, name, asked(name, field, given)), inside
