"""The schema's own rules: published, described and guarded to the last field, truthful about its refusals."""

import dataclasses
import inspect
import re
import sys
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest
import strawberry
from graphql import (
    GraphQLEnumType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    get_named_type,
)
from graphql.language import EnumValueNode, FieldDefinitionNode, ListValueNode

import schema as floor
from models.credentials import KeyScope, PrincipalKind
from rules.keys import SCOPES
from rules.transactions import transaction
from schema.errors import REFUSALS, RENAMED, codes_of, field_of
from schema.permissions import ANYBODY_KNOWN, PUBLIC, RULE, SERVICE, Audience, meant, scopes_of, seen
from schema.root import schema
from tests.house.reach import reachable, walked

PUBLISHED = Path(floor.__file__).with_name("schema.graphql")
SERVED = schema._schema

LEAVES = {
    "IDEMPOTENCY_KEY_REUSED": "it has no key, and each forfeiture is its own",
    "POINTS_LIMIT": "what is given up, or held, has its room in the balance",
}
IMPOSSIBLE: dict[str, dict[str, str]] = {
    "rules.lifecycle._erasing.erase": LEAVES,
    "rules.lifecycle._leaving.erase_due": LEAVES,
    "rules.lifecycle._leaving.forfeit_due": LEAVES,
    "rules.lifecycle.thaw_one": {"IDEMPOTENCY_KEY_REUSED": "it has no key, and a lot is thawed once"},
    "rules.lifecycle._leaving.opt_out": LEAVES,
    "rules.lifecycle._leaving.rejoin": LEAVES,
    "rules.lifecycle._leaving.request_erasure": {"IDEMPOTENCY_KEY_REUSED": "it has no key, and moves what is over"},
    "rules.codes.show": {"MEMBER_FROZEN": "a frozen member may show who they are"},
    "rules.approvals.approve": {
        "MEMBER_FROZEN": "a frozen member may be adjusted",
        "BALANCE_CHANGED": "a request expects no balance",
    },
    "rules.approvals.request": {"MEMBER_FROZEN": "a frozen member may be adjusted"},
    "rules.lifecycle.enter": {"NOT_FOUND": "an identity finds only members there are"},
    "rules.lifecycle.freeze": {"MEMBER_FROZEN": "a frozen member is left as they are"},
    "rules.lifecycle.unfreeze": {
        "MEMBER_FROZEN": "a frozen member is thawed",
        "IDEMPOTENCY_KEY_REUSED": "it has no key, and a lot is thawed once",
    },
    "rules.points._living.cancel_pending": {
        "MEMBER_FROZEN": "what a frozen member waits for may be cancelled",
        "MEMBER_MERGED": "it is asked of who they are now",
    },
    "rules.policy._publishing.publish": {"POINTS_LIMIT": "it says how points are clawed back and claws none back"},
    "rules.phones.link": {
        "IDENTITY_UNVERIFIED": "WeChat vouches for the phone",
        "MEMBER_FROZEN": "a frozen member may show who they are",
    },
    "rules.memberships.purchase": {"MEMBER_FROZEN": "a frozen member may have paid"},
    "rules.tiers._granting.grant": {"MEMBER_FROZEN": "a frozen member keeps and gets tiers"},
    "rules.tiers._granting.revoke": {"MEMBER_FROZEN": "a frozen member keeps and loses tiers"},
    "rules.points.adjust": {"MEMBER_FROZEN": "a frozen member may be adjusted"},
    "rules.points.give_back": {
        "MEMBER_FROZEN": "a frozen member may get points back",
        "MEMBER_MERGED": "it is asked of who they are now",
    },
    "rules.points._holds.capture": {"POINTS_LIMIT": "what is held has its room in the balance"},
    "rules.points._holds.release": {
        "MEMBER_FROZEN": "a frozen member may get points back",
        "POINTS_LIMIT": "what is held has its room in the balance",
    },
    "rules.purchases._landing.land_growth": {"IDEMPOTENCY_KEY_REUSED": "it has no key, and growth lands once"},
    "rules.gifts._upgrades.grant": {
        "IDEMPOTENCY_KEY_REUSED": "it has no key, and looks what was given while the member is held"
    },
    "rules.gifts._birthdays.congratulate": {"IDEMPOTENCY_KEY_REUSED": "it has no key, and gives once a year"},
    "rules.purchases._passing.pass_over": {"IDEMPOTENCY_KEY_REUSED": "it has no key, and each passing is its own"},
    "rules.points._sweeping.catch_up": {"IDEMPOTENCY_KEY_REUSED": "it has no key, and what time does it does once"},
    "rules.purchases.record": {
        "MEMBER_FROZEN": "a frozen member may buy",
        "REFUND_EXCEEDS_ORIGINAL": "a refund that waits was checked when it was parked",
    },
    "rules.purchases.report": {"NOT_FOUND": "an order's key names a member there is"},
}
"""What a command seems to be able to refuse with and never does, and why."""


def types_of(served: GraphQLSchema) -> dict[str, Any]:
    return {name: kind for name, kind in served.type_map.items() if not name.startswith("__")}


def fields_of(kind: Any) -> dict[str, Any]:
    return dict(getattr(kind, "fields", {}))


def undescribed(served: GraphQLSchema) -> list[str]:
    """The directives, types, fields, arguments and enum values that say nothing to a client's developer."""
    things: dict[str, str | None] = {}
    for directive in served.directives:
        things[f"@{directive.name}"] = directive.description
        for argument_name, argument in directive.args.items():
            things[f"@{directive.name}({argument_name})"] = argument.description
    for name, kind in types_of(served).items():
        things[name] = kind.description
        for field_name, field in fields_of(kind).items():
            things[f"{name}.{field_name}"] = field.description
            for argument_name, argument in getattr(field, "args", {}).items():
                things[f"{name}.{field_name}({argument_name})"] = argument.description
        for value_name, value in (kind.values if isinstance(kind, GraphQLEnumType) else {}).items():
            things[f"{name}.{value_name}"] = value.description
    return [thing for thing, said in things.items() if not (said or "").strip()]


def unruled(served: GraphQLSchema) -> list[str]:
    """The fields of objects and interfaces that say not who may ask for them."""
    return [
        f"{name}.{field_name}"
        for name, kind in types_of(served).items()
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType)
        for field_name, field in kind.fields.items()
        if not getattr(field.extensions.get("strawberry-definition"), "metadata", {}).get(RULE)
    ]


def test_the_published_schema_is_the_one_that_is_served() -> None:
    assert PUBLISHED.read_text("utf-8") == schema.as_str() + "\n", "publish it with `loyalty schema --write`"


def test_everything_in_the_schema_is_described() -> None:
    assert undescribed(SERVED) == []
    assert undescribed(build_schema(PUBLISHED.read_text("utf-8"))) == []
    assert len(types_of(SERVED)) > 50


def test_every_field_says_who_may_ask_for_it() -> None:
    assert unruled(SERVED) == []


@strawberry.input
class Wish:
    mute: str = "a field of an input"


@strawberry.type(description="A thing for this test.")
class Thing:
    known: str = seen(PUBLIC, "Described and guarded.")
    forgotten: str = "neither"
    unnamed: str = seen(SERVICE, "For services, and no scope opens it.")

    @strawberry.field(description="Described, and open to everybody by mistake.")  # type: ignore[untyped-decorator]
    def open(self, wish: Wish) -> str:
        return wish.mute


def test_a_field_without_words_or_without_a_rule_is_found() -> None:
    careless = strawberry.Schema(query=Thing)._schema
    unsaid = ["@auth(requires)", "@auth(scopes)"]
    assert undescribed(careless) == [*unsaid, "Thing.forgotten", "Thing.open(wish)", "Wish", "Wish.mute"]
    assert unruled(careless) == ["Thing.forgotten", "Thing.open"]
    assert unscoped(careless) == ["Thing.unnamed: SERVICE with no scope"]


def published_rule(field: FieldDefinitionNode) -> set[str]:
    """What the published schema says of who may ask for a field, and with which scopes."""
    [guard] = [directive for directive in field.directives or () if directive.name.value == "auth"]
    said = {
        argument.name.value: [value.value for value in argument.value.values if isinstance(value, EnumValueNode)]
        for argument in guard.arguments or ()
        if isinstance(argument.value, ListValueNode)
    }
    audiences = meant(Audience[each] for each in said["requires"])
    return {each.value for each in audiences} | {KeyScope[each].value for each in said.get("scopes", ())}


def unscoped(served: GraphQLSchema) -> list[str]:
    """The fields that keys may ask for and that name no scope of theirs, or one that nobody asks with."""
    found = []
    for name, kind in types_of(served).items():
        for field_name, field in getattr(kind, "fields", {}).items():
            rule = getattr(field.extensions.get("strawberry-definition"), "metadata", {}).get(RULE, frozenset())
            if Audience.PUBLIC in rule or rule >= ANYBODY_KNOWN:
                rule = frozenset(scopes_of(rule))
            for caller in (Audience.SERVICE, Audience.PARTNER):
                theirs = SCOPES[PrincipalKind[caller.name]] & rule
                if (caller in rule) != bool(theirs):
                    found.append(f"{name}.{field_name}: {caller.name} with {sorted(theirs) or 'no scope'}")
    return found


def test_every_field_that_keys_may_ask_for_names_the_scope_that_opens_it() -> None:
    assert unscoped(SERVED) == [], "join a scope to SERVICE or PARTNER, as in schema/permissions.py"


def test_every_scope_opens_a_field() -> None:
    rules = [
        field.extensions["strawberry-definition"].metadata[RULE]
        for kind in types_of(SERVED).values()
        if isinstance(kind, GraphQLObjectType)
        for field in kind.fields.values()
    ]
    assert {each for scopes in SCOPES.values() for each in scopes} == set(KeyScope)
    assert set(KeyScope) <= {each for rule in rules for each in rule}


def test_the_published_rules_are_the_enforced_ones() -> None:
    told = build_schema(PUBLISHED.read_text("utf-8"))
    compared = 0
    for name, kind in types_of(SERVED).items():
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for field_name, field in kind.fields.items():
                enforced = {each.value for each in field.extensions["strawberry-definition"].metadata[RULE]}
                node = fields_of(told.type_map[name])[field_name].ast_node
                assert published_rule(node) == enforced, f"{name}.{field_name}"
                compared += 1
    assert compared > 150


def test_every_refusal_with_facts_has_a_type_that_tells_them() -> None:
    answers = {kind.name for kind in SERVED.get_possible_types(SERVED.type_map["UserError"])}  # type: ignore[arg-type]
    for refusal in REFUSALS.values():
        assert (refusal.__name__ in answers) == bool(dataclasses.fields(refusal)), refusal.__name__


def commands() -> dict[str, FunctionType]:
    """Every command of the rules that a caller may start, by its full name."""
    modules = [module for name, module in sys.modules.items() if name.split(".")[0] == "rules"]
    return {
        f"{module.__name__}.{name}": thing
        for module in modules
        for name, thing in vars(module).items()
        if isinstance(thing, FunctionType)
        and thing.__module__ == module.__name__
        and thing.__code__ is transaction(thing).__code__
        and not name.startswith("_")
    }


@pytest.mark.parametrize("name", sorted(commands()))
def test_a_command_documents_exactly_what_it_refuses_with(name: str) -> None:
    command = commands()[name]
    never = IMPOSSIBLE.get(name, {}).keys()
    found = reachable(command)
    assert set(codes_of(command)) == found - never, "`Raises:` and the body differ"
    assert never <= found, "an exception that is needed no more"


def is_part_of(kind: Any, path: tuple[str, ...]) -> bool:
    """Whether an input has such a part."""
    for name in path:
        fields = fields_of(get_named_type(kind))
        if name not in fields:
            return False
        kind = fields[name].type
    return True


@pytest.mark.parametrize("name", sorted(SERVED.mutation_type.fields if SERVED.mutation_type else ()))
def test_what_a_refusal_points_at_is_a_part_of_the_mutations_input(name: str) -> None:
    field = SERVED.mutation_type.fields[name] if SERVED.mutation_type else None
    assert field is not None
    renamed = field.extensions["strawberry-definition"].metadata[RENAMED]
    pointed = {code: field_of(REFUSALS[code], renamed) for code in listed(field.description)}
    given = field.args["input"].type if field.args else None
    assert {code: path for code, path in pointed.items() if path and not is_part_of(given, path)} == {}


def listed(description: str | None) -> set[str]:
    """The codes a mutation's description lists."""
    [told] = re.findall(r"\n\nRefuses with: (.*)\.$", description or "")
    return set() if told == "nothing" else set(re.findall(r"`([A-Z_]+)`", told))


@pytest.mark.parametrize("name", sorted(SERVED.mutation_type.fields if SERVED.mutation_type else ()))
def test_a_mutation_lists_exactly_the_codes_of_its_rules(name: str) -> None:
    field = SERVED.mutation_type.fields[name] if SERVED.mutation_type else None
    resolver = (
        inspect.unwrap(field.extensions["strawberry-definition"].base_resolver.wrapped_func) if field else None
    )
    reached = walked(resolver)
    called = {name: command for name, command in commands().items() if inspect.unwrap(command) in reached}
    never = {code for command in called for code in IMPOSSIBLE.get(command, {})}
    said = {code for command in called.values() for code in codes_of(command)}
    assert listed(field and field.description) == reachable(resolver) - (never - said)
