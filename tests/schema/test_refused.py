"""Refused mutations: whoever is refused, and for whatever reason, the database is as it was to the last byte."""

from collections.abc import Iterator
from typing import Any

import pytest
from graphql import get_named_type

from models.credentials import PrincipalKind
from models.sql import SQL
from models.staff import StaffRole
from rules.actors import Principal
from schema.permissions import Audience, audience_of
from tests.digest import changed, digest
from tests.schema.asking import PARTNER, REQUEST, SERVICE, SOMEBODY, Answer, as_member, as_staff, ask
from tests.schema.matrix import PUBLISHED, Step
from tests.schema.test_poison import MUTATIONS, good

Given = dict[str, Any]

PROVOKED: dict[str, Given] = {"partnerCreate": {"name": "a\nb"}}
"""What a mutation refuses, where it is not found by itself."""

NEVER = {
    "staffLogout": "a login that has ended is ended",
    "tokenRevoke": "an unknown token is answered like a dead one",
}
"""The mutations that do not refuse what can be sent here, and why."""


def document(name: str) -> str:
    kind = f"{name[0].upper()}{name[1:]}Input"
    return f"mutation($input: {kind}!) {{ {name}(input: $input) {{ userErrors {{ code }} }} }}"


def everybody(own: Principal) -> dict[str, Principal | None]:
    """A caller of each audience; the member is the one given."""
    callers: dict[str, Principal | None] = {"PUBLIC": None, "MEMBER": own, "PARTNER": PARTNER, "SERVICE": SERVICE}
    return callers | {role.value: as_staff(role) for role in StaffRole}


def audiences_of(name: str, root: str = "Mutation") -> frozenset[str]:
    return Step(root, name, "").audiences


async def world() -> tuple[dict[str, tuple[Principal | None, Given]], dict[str, Principal | None]]:
    """What could well be sent, and by whom."""
    given = await good()
    own, _ = given["memberProfileUpdate"]
    assert own
    return given, everybody(own)


@pytest.mark.either
async def test_whoever_may_not_changes_nothing(statements: list[str]) -> None:
    given, callers = await world()
    before = await digest()
    statements.clear()
    for name in MUTATIONS:
        refused = {who: each for who, each in callers.items() if not audiences_of(name) & {who, "PUBLIC"}}
        for who, principal in refused.items():
            answer = await ask(document(name), {"input": given[name][1]}, who=principal)
            assert set(answer.codes) == {"FORBIDDEN" if principal else "UNAUTHENTICATED"}, (name, who)
            assert answer.data is None, (name, who)
    # they are refused in front of every database
    assert statements == []
    assert changed(before, await digest()) == []


def wishes(given: Any) -> Iterator[Any]:
    """The input with one of its parts changed to what the programme may refuse."""
    if isinstance(given, dict):
        for name, part in given.items():
            for wish in [*wishes(part), *_odd(part)]:
                yield {**given, name: wish}
    if isinstance(given, list) and given:
        yield from ([wish] for wish in [*wishes(given[0]), *_odd(given[0])])


def _odd(part: Any) -> list[Any]:
    if isinstance(part, bool):
        return [not part]
    if isinstance(part, int):
        return [10**12, 2_000_000_000, 0, -1]
    return ["nobody-and-nothing", "0" * 16] if isinstance(part, str) else []


def refusals_of(name: str, answer: Answer) -> list[str]:
    payload = (answer.data or {}).get(name)
    return [error["code"] for error in payload["userErrors"]] if payload else []


@pytest.mark.parametrize("name", MUTATIONS)
async def test_what_the_programme_refuses_changes_nothing(name: str) -> None:
    given, _ = await world()
    who, fine = given[name]
    before, provoked = await digest(), set[str]()
    for wish in [PROVOKED.get(name, fine), *wishes(fine)]:
        answer = await ask(document(name), {"input": wish}, who=who)
        now = await digest()
        refusals = refusals_of(name, answer)
        if answer.codes or refusals:
            assert changed(before, now) == [], (answer.codes or refusals, wish)
        before, provoked = now, provoked | set(refusals)
    assert bool(provoked) != (name in NEVER), f"{name}: say in PROVOKED or NEVER what it refuses"


WATCHED = ("OWNER", "CS", "CASHIER", "SERVICE", "PARTNER")
LINES = SQL(
    "SELECT actor_kind, actor_id, request_id FROM audit_log ORDER BY id", fans_out="a test reads the whole log"
)


@pytest.mark.either
@pytest.mark.parametrize("name", MUTATIONS)
async def test_whatever_staff_and_keys_change_is_in_the_audit_log(name: str) -> None:
    if "PUBLIC" in audiences_of(name):
        return
    given, callers = await world()
    sender, fine = given[name]
    tried = [callers[who] for who in WATCHED if who in audiences_of(name)]
    for who in dict.fromkeys((sender, *tried)):
        if who is None or who.kind is PrincipalKind.MEMBER:
            continue
        before, lines = await digest(), len(await LINES.rows())
        await ask(document(name), {"input": fine}, who=who)
        if changed(before, await digest()):
            left = [tuple(line.values()) for line in (await LINES.rows())[lines:]]
            assert (who.kind.value, who.id, REQUEST) in left, (name, who.role or who.kind)


async def test_a_change_is_seen() -> None:
    given, callers = await world()
    before = await digest()
    await ask(document("memberFreeze"), {"input": given["memberFreeze"][1]}, who=callers["OWNER"])
    assert set(changed(before, await digest())) == {"member", "outbox_event"}


def test_every_mutation_with_an_input_is_tried() -> None:
    root = PUBLISHED.mutation_type
    assert root
    assert {name for name, field in root.fields.items() if field.args} == set(MUTATIONS)
    assert all(get_named_type(field.type).name.endswith("Payload") for field in root.fields.values())


def test_every_audience_has_a_caller() -> None:
    callers = everybody(as_member(SOMEBODY))
    assert {audience_of(who) for who in callers.values()} == set(Audience) - {Audience.STAFF}
