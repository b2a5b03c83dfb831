"""Permissions: every field of the schema, asked for by everybody, is given to those it names and to nobody else."""

from dataclasses import replace
from typing import Any

import pytest
from graphql import GraphQLObjectType

from api.feed import Feed
from models.credentials import KeyScope
from models.staff import StaffRole
from rules.actors import Principal
from rules.keys import SCOPES
from schema.permissions import PUBLIC, RULE, SEES_MEMBER, Audience
from schema.permissions import SERVICE as SERVICE_ALONE
from schema.root import schema
from tests.people import buy, member, programme
from tests.schema.asking import PARTNER, SERVICE, Answer, as_member, as_staff, ask, forget_documents, member_id
from tests.schema.following import following
from tests.schema.matrix import PUBLISHED, Way, ways

pytestmark = pytest.mark.either

Callers = dict[str, Principal | None]


async def everybody() -> tuple[Callers, tuple[Way, ...]]:
    """A caller of each audience, and a way to every field."""
    await programme()
    mei = await member("Mei")
    await buy(mei, 1_200_00)
    callers: Callers = {"PUBLIC": None, "MEMBER": as_member(mei), "PARTNER": PARTNER, "SERVICE": SERVICE}
    callers |= {role.value: as_staff(role) for role in StaffRole}
    for who in (PARTNER, SERVICE):
        kept = {scope: replace(who, scopes=frozenset({scope})) for scope in SCOPES[who.kind]}
        callers |= {f"{who.kind} {scope.name}": each for scope, each in kept.items()}
    return callers, ways(f'"{member_id(mei)}"')


async def unexpected(callers: Callers, asked: tuple[Way, ...], heard: list[str]) -> list[str]:
    """Where an answer differs from what the published schema says of the field."""
    found = []
    for way in asked:
        for audience, who in callers.items():
            heard.clear()
            answer = await ask(way.document, who=who) if way.is_asked else await hear(way.document, who)
            denied = {"FORBIDDEN", "UNAUTHENTICATED"} & set(answer.codes)
            if way.is_for(*audience.split()):
                if denied or set(answer.codes) - {"BAD_USER_INPUT"}:
                    found.append(f"{audience} is told {answer.codes} for {way.field}")
            elif denied != {"FORBIDDEN" if who else "UNAUTHENTICATED"} or answer.data is not None:
                found.append(f"{audience} may ask for {way.field}")
            elif heard:
                found.append(f"{audience} is refused {way.field}, but the database was asked")
    return found


async def hear(document: str, who: Principal | None) -> Answer:
    """The first answer of a subscription."""
    async with following(document, who=who, feed=Feed()) as somebody:
        return await somebody.next()


def test_there_is_a_way_to_every_field() -> None:
    reached = {way.field for way in ways("x")}
    fields = {
        f"{name}.{field}"
        for name, kind in PUBLISHED.type_map.items()
        if isinstance(kind, GraphQLObjectType) and not name.startswith("__")
        for field in kind.fields
    }
    assert fields - reached == set()
    assert {each.value for each in Audience} == {"PUBLIC", "MEMBER", "STAFF", "PARTNER", "SERVICE", *StaffRole}


@pytest.mark.once
async def test_every_field_is_for_those_it_names_and_for_nobody_else(statements: list[str]) -> None:
    callers, asked = await everybody()
    assert len(callers) * len(asked) > 3_000
    assert len(callers) == 11 + len(KeyScope)
    assert await unexpected(callers, asked, statements) == []


@pytest.mark.parametrize(
    ("field", "rule", "audience"),
    [
        ("Query.members", PUBLIC, "PARTNER"),
        ("Mutation.memberFreeze", PUBLIC, "CASHIER"),
        ("MemberProfile.birthday", PUBLIC, "ANALYST"),
        ("Query.tiers", frozenset({Audience.OWNER}), "PUBLIC"),
        ("Member.points", SEES_MEMBER, "SERVICE MEMBERS_READ"),
        ("Member.state", SERVICE_ALONE, "SERVICE MEMBERS_READ"),
    ],
)
async def test_a_rule_that_is_not_the_published_one_is_found(
    field: str, rule: Any, audience: str, statements: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    callers, asked = await everybody()
    parent, name = field.split(".")
    definition = schema._schema.type_map[parent].fields[name].extensions["strawberry-definition"]  # type: ignore[attr-defined]
    forget_documents()
    try:
        monkeypatch.setattr(definition, "metadata", {**definition.metadata, RULE: rule})
        concerned = tuple(way for way in asked if way.field == field)
        found = await unexpected(callers, concerned, statements)
    finally:
        forget_documents()
    assert [each for each in found if each.startswith(audience) and each.endswith(field)], found


async def test_a_field_without_a_rule_is_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    callers, _ = await everybody()
    definition = schema._schema.type_map["Query"].fields["tiers"].extensions["strawberry-definition"]  # type: ignore[attr-defined]
    forget_documents()
    try:
        monkeypatch.setattr(definition, "metadata", {})
        codes = {tuple((await ask("{ tiers { code } }", who=who)).codes) for who in callers.values()}
    finally:
        forget_documents()
    assert codes == {("FORBIDDEN",), ("UNAUTHENTICATED",)}


async def test_a_key_that_lacks_a_scope_is_told_which() -> None:
    till = replace(SERVICE, scopes=frozenset({KeyScope.PURCHASES_WRITE}))
    [error] = (await ask('{ member(by: {id: "x"}) { tier { code } } }', who=till)).errors[:1]
    assert error["message"] == "You may not ask for Query.member: this key has not the scope MEMBERS_READ."
    [other] = (await ask("{ me { id } }", who=till)).errors
    assert other["message"] == "You may not ask for Query.me."


@pytest.mark.parametrize(
    "document",
    [
        "{ tiers { code } me { id } }",
        "{ tiers { code } ...Theirs } fragment Theirs on Query { me { id } }",
        "{ tiers { code } ... on Query { me { id } } }",
        "query($no: Boolean = false) { tiers { code } me @include(if: $no) { id } }",
        "{ ...A } fragment A on Query { ...B } fragment B on Query { other: me { id } }",
    ],
)
async def test_an_operation_with_one_field_of_others_is_refused_as_a_whole(
    document: str, statements: list[str]
) -> None:
    answer = await ask(document, who=PARTNER)
    assert answer.data is None
    assert set(answer.codes) == {"FORBIDDEN"}
    assert statements == []


async def test_of_two_operations_both_must_be_the_callers() -> None:
    await programme()
    document = "query Mine { tiers { code } } query Theirs { me { id } }"
    assert (await ask(document, who=PARTNER)).codes == ["BAD_REQUEST"]
    assert (await ask(document, who=PARTNER, operation="Mine")).codes == ["FORBIDDEN"]
    ladder = await ask(document, who=as_member(await member("Mei")), operation="Mine")
    assert len(ladder["tiers"]) == 3
