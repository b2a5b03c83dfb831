"""Whose is it: an id that is absent, malformed, of another type or somebody else's is answered alike, everywhere.

Made from the schema: whoever adds an ID argument says in `MEANT` what it is an id of, unless the good input of
tests/schema/test_poison.py has one there; whoever adds a type with ids says in `others` whose they may not be.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID, uuid4

import pytest
from graphql import (
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    is_composite_type,
)

import schema.root
from models.credentials import PrincipalKind
from models.sql import SQL
from models.staff import StaffRole
from rules import credentials, staff
from rules.actors import SYSTEM, Actor, ActorKind, Principal
from schema import ids
from schema.ids import OWNED, Tag
from tests import referring
from tests.digest import changed, digest
from tests.keeping import kept
from tests.people import CLERK, NOON, adjust, buy, member, redeem, set_aside
from tests.schema import partnering, tiering
from tests.schema.asking import as_staff, ask, entry_id, hold_id, member_id, purchase_id
from tests.schema.matrix import Step, kind_of
from tests.schema.test_poison import good
from tests.schema.test_refused import everybody

SERVED = schema.root.schema._schema
ANY_TYPE = {"node.id", "nodes.ids"}
"""Arguments that take an id of any type."""

KEY_ID = None
"""An API key's id, which is part of the key and not of our making."""

MEANT: dict[str, Tag | None] = {
    "apiKeyCreate.input.holder.partnerId": Tag.PARTNER,
    "partner.id": Tag.PARTNER,
    "webhookEndpointCreate.input.partnerId": Tag.PARTNER,
    "referralCampaignPublish.input.campaign.partner.only": Tag.PARTNER,
    "partnerSettlement.id": Tag.PARTNER_SETTLEMENT,
    "apiKeyRotate.input.id": KEY_ID,
    "apiKeyRevoke.input.id": KEY_ID,
    "webhookReplay.input.deliveryId": Tag.WEBHOOK_DELIVERY,
}
"""What an argument is an id of, where no good input tells."""


@dataclass(frozen=True)
class Place:
    """One ID argument: of which root field, and where in its arguments."""

    root: str
    field: str
    path: tuple[str, ...]

    def __str__(self) -> str:
        return ".".join((self.field, *self.path))


def places() -> Iterator[Place]:
    """Every ID argument of a root field, also inside inputs and lists."""
    for kind in (SERVED.query_type, SERVED.mutation_type, SERVED.subscription_type):
        for name, field in (kind.fields if kind else {}).items():
            for path in _paths({argument: each.type for argument, each in field.args.items()}, ()):
                yield Place(kind.name if kind else "", name, path)


def _paths(parts: dict[str, Any], before: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for name, kind in parts.items():
        named = get_named_type(kind)
        if named.name == "ID":
            yield (*before, name)
        elif isinstance(named, GraphQLInputObjectType) and len(before) < 6:
            yield from _paths({inner: each.type for inner, each in named.fields.items()}, (*before, name))


PLACES = {str(place): place for place in places()}


def put(kind: Any, given: Any, path: tuple[str, ...], value: str) -> Any:
    """The given value of an input, with another one at a path."""
    if isinstance(kind, GraphQLNonNull):
        return put(kind.of_type, given, path, value)
    if isinstance(kind, GraphQLList):
        return [put(kind.of_type, (given or [None])[0], path, value)]
    if not path:
        return value
    is_one_of = kind.extensions["strawberry-definition"].is_one_of
    base = {} if given is None or is_one_of else given
    return {**base, path[0]: put(kind.fields[path[0]].type, (given or {}).get(path[0]), path[1:], value)}


def bare(kind: Any, given: Any) -> Any:
    """The given value of an input without what may be left out."""
    named = get_named_type(kind)
    if not isinstance(named, GraphQLInputObjectType) or not isinstance(given, dict):
        return given
    if named.extensions["strawberry-definition"].is_one_of:
        return {name: bare(named.fields[name].type, part) for name, part in given.items()}
    needed = {name: each.type for name, each in named.fields.items() if isinstance(each.type, GraphQLNonNull)}
    return {name: bare(each, given[name]) for name, each in needed.items() if name in given}


@dataclass(frozen=True)
class World:
    """Two of everything: what could well be sent, who may send it, and what is not theirs."""

    good: dict[str, dict[str, Any]]
    callers: dict[str, Principal | None]
    others: dict[Tag, dict[str, list[str]]]
    own: dict[Tag | None, str]
    """An id of each type that somebody who asks may well name."""

    def tag(self, place: Place) -> Tag | None:
        """What an argument is an id of."""
        found: Any = self.good.get(place.field)
        for name in place.path:
            found = (found or {}).get(name) if isinstance(found, dict | None) else None
        said = ids.read(found[0] if isinstance(found, list) else found or "")
        if said is None:
            assert str(place) in MEANT, f"{place}: say in MEANT what it is an id of"
            return MEANT[str(place)]
        return said[0]


SPENT = SQL("SELECT id FROM points_entry WHERE member_id = $1 AND counter = 'REDEMPTION'")
LOGIN = SQL("SELECT id FROM login WHERE principal_id = $1", fans_out="a test looks")


@kept
async def world() -> World:
    """Mei, who asks, and Wang; two stores, two shops, and a partner."""
    given = await good()
    own, _ = given["memberProfileUpdate"]
    assert own
    mei, wang = UUID(own.id), await member("Wang")
    near, far = [await staff.open_store(code, "Shanghai") for code in ("NEAR", "FAR")]
    for each in (mei, wang):
        await _lives(each)
    pending = given["approvalApprove"][1]["approvalId"]
    clerk: str = given["staffClose"][1]["staffId"]
    # of the staff's own doings there is a line about the member
    await adjust(mei, 1, actor=CLERK._replace(id=str(ids.decode_one(Tag.STAFF, clerk))))
    lot = given["pointsPendingCancel"][1]["id"]
    owned = await _owned(mei, near) | {Tag.APPROVAL: pending, Tag.STAFF: clerk, Tag.POINTS_LOT: lot}
    owned[KEY_ID] = given["apiKeyRotate"][1]["id"]
    owned |= await partnering.hooked(given["webhookTest"][1]["id"])
    own_partner, theirs, rivals = await partnering.two(given)
    sent: dict[str, dict[str, Any]] = {name: {"input": each} for name, (_, each) in given.items()}
    for spending in ("pointsRedeem", "pointsHold", "pointsCapture"):
        sent[spending]["input"]["purchaseId"] = owned[Tag.PURCHASE]
    for ending in ("pointsCapture", "pointsRelease", "pointsHoldExtend"):
        sent[ending]["input"]["holdId"] = owned[Tag.POINTS_HOLD]
    asked: dict[str, dict[str, Any]] = {
        "member": {"by": {"id": member_id(mei)}},
        "auditLog": {"filter": {"memberId": member_id(mei), "actorId": owned[Tag.STAFF]}},
        "pointsRedeemPreview": {"input": {"memberId": member_id(mei), "points": 1}},
        "purchasePreview": {"input": {"memberId": member_id(mei), "currency": "CNY", "lines": []}},
        "tierPreview": {"input": {"memberId": member_id(mei), "more": 100}},
        "memberMergePreview": {"input": {"memberId": member_id(mei), "intoId": member_id(mei)}},
        "pointsPreview": {"input": {"memberId": member_id(mei), "lines": [{"paidMinor": 100}]}},
    }
    callers = everybody(own) | {"CASHIER": as_staff(StaffRole.CASHIER, store_id=near), "PARTNER": own_partner}
    desk = Step("Query", "approvals", "").audiences
    hidden: dict[Tag, dict[str, list[str]]] = {Tag.APPROVAL: {each: [pending] for each in callers.keys() - desk}}
    return World(sent | asked, callers, await _others(mei, wang, near, far) | hidden | rivals, owned | theirs)


async def _lives(who: UUID) -> None:
    """A member was brought, has points, spends some, brings a friend, and is logged in."""
    await referring.bound(who, await referring.code(await member()))
    await adjust(who, 50)
    await redeem(who, 5)
    await referring.friend(await referring.code(who))
    await credentials.log_in(PrincipalKind.MEMBER, who, actor=SYSTEM, now=NOON)


def by_herself(who: UUID) -> Actor:
    return Actor(ActorKind.MEMBER, str(who))


async def _owned(mei: UUID, near: UUID) -> dict[Tag | None, str]:
    bought = await buy(mei, 100_00, ref="n-1", store_id=near, paid=False)
    return {
        Tag.MEMBER: member_id(mei),
        Tag.POINTS_ENTRY: entry_id(mei, await SPENT.value(mei)),
        Tag.POINTS_HOLD: hold_id(mei, (await set_aside(mei, 2, actor=by_herself(mei))).hold_id),
        Tag.PURCHASE: purchase_id(mei, bought.purchase_id),
        Tag.LOGIN: ids.encode(Tag.LOGIN, await LOGIN.value(mei)),
        Tag.MEMBERSHIP: await tiering.owned(mei),
        Tag.STORE: ids.encode(Tag.STORE, near),
    }


async def _others(mei: UUID, wang: UUID, near: UUID, far: UUID) -> dict[Tag, dict[str, list[str]]]:
    """The ids of each type that a caller of an audience may not name, by audience."""
    rival = await buy(mei, 100_00, ref="r-1", source="rival", store_id=far)
    hers = await buy(wang, 100_00, ref="w-1", store_id=near)
    entry, login = await SPENT.value(wang), await LOGIN.value(wang)
    aside = await set_aside(wang, 2, actor=by_herself(wang))
    elsewhere = [purchase_id(mei, rival.purchase_id)]
    return {
        Tag.MEMBER: {"MEMBER": [member_id(wang)], "PUBLIC": [member_id(mei)], "PARTNER": [member_id(mei)]},
        Tag.POINTS_ENTRY: {"MEMBER": [entry_id(wang, entry), entry_id(mei, entry)]},
        Tag.POINTS_HOLD: {"MEMBER": [hold_id(wang, aside.hold_id), hold_id(mei, aside.hold_id)]},
        Tag.PURCHASE: {
            "MEMBER": [purchase_id(wang, hers.purchase_id), purchase_id(mei, hers.purchase_id)],
            "CASHIER": elsewhere,
            "SERVICE": elsewhere,
        },
        Tag.LOGIN: {"MEMBER": [ids.encode(Tag.LOGIN, login)]},
        Tag.MEMBERSHIP: await tiering.others(mei),
        # what follows is seen by all who may name it
        **{tag: {} for tag in (Tag.TIER, Tag.POINTS_LOT, Tag.STAFF, Tag.STORE)},
        Tag.AUDIT_LINE: {},
    }


def nobodys(tag: Tag | None) -> list[str]:
    """Ids that nothing goes by: absent ones of that type, malformed ones, and well-formed ones of other types."""
    right = [ids.encode(tag, *(uuid4() for _ in range(2 if tag in OWNED else 1)))] if tag else []
    wrong = [
        ids.encode(other, *(uuid4() for _ in range(2 if other in OWNED else 1)))
        for other in Tag
        if other is not tag
    ]
    spoilt = [f"{each}=" for each in right] + [each[:-1] for each in right]
    return [*right, "0" * 16, "nobody", "a\x00b", "中", "A" * 300, *spoilt, *wrong]


@cache
def selection(kind: Any, audience: str, depth: int = 3) -> str:
    """All that an audience may ask of a type without arguments, so many levels deep."""
    if not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
        return ""
    told = ["__typename"]
    for name, field in kind_of(kind.name).fields.items():
        named = get_named_type(field.type)
        needed = any(isinstance(each.type, GraphQLNonNull) for each in field.args.values())
        if needed or not Step(kind.name, name, name).is_for(audience):
            continue
        if not is_composite_type(named):
            told.append(name)
        elif depth > 1:
            told.append(f"{name} {selection(named, audience, depth - 1)}")
    return "{ " + " ".join(told) + " }"


async def told(place: Place, found: World, audience: str, text: str, *, is_bare: bool = False) -> str:
    """The whole answer to an operation with that id in that place; bare, of nothing that may be left out."""
    field = kind_of(place.root).fields[place.field]
    served = SERVED.type_map[place.root].fields[place.field]  # type: ignore[attr-defined]
    head = place.path[0]
    sent = found.good.get(place.field, {}).get(head)
    if is_bare:
        sent = bare(served.args[head].type, sent)
    given = {head: put(served.args[head].type, sent, place.path[1:], text)}
    verb = "mutation" if place.root == "Mutation" else "query"
    body = f"{place.field}({head}: ${head}) {selection(get_named_type(field.type), audience)}"
    document = f"{verb}(${head}: {field.args[head].type}) {{ {body} }}"
    answer = await ask(document, given, who=found.callers[audience])
    return json.dumps([answer.data, answer.errors], sort_keys=True)


async def holes(place: Place, found: World, *, is_whole: bool = True) -> list[str]:
    """Where an answer tells an id that is somebody else's from one that is nobody's.

    What is no id, or one of another type, is the same with all that may be left out and without, and is found out
    before any database is asked: it is tried once, where the test is whole.
    """
    tags = list(Tag) if str(place) in ANY_TYPE else [found.tag(place)]
    told_apart = []
    for audience in Step(place.root, place.field, "").audiences & found.callers.keys() | _public(place, found):
        for tag in tags:
            others = found.others[tag].get(audience, []) if tag else []
            for is_bare in (False, True):
                nobody = nobodys(tag)
                tried = others + (nobody if is_whole and not is_bare else [nobody[0], "nobody"])
                answers = {text: await told(place, found, audience, text, is_bare=is_bare) for text in tried}
                usual = answers[nobody[0]]
                told_apart += [f"{audience} {text}: {said}" for text, said in answers.items() if said != usual]
    return told_apart


async def opens(place: Place, found: World) -> bool:
    """Whether an id that is somebody's own is answered otherwise than one that is nobody's."""
    own = found.own[Tag.MEMBER if str(place) in ANY_TYPE else found.tag(place)]
    for audience in Step(place.root, place.field, "").audiences & found.callers.keys() | _public(place, found):
        if await told(place, found, audience, own) != await told(place, found, audience, "nobody"):
            return True
    return False


def _public(place: Place, found: World) -> set[str]:
    """Everybody, where anybody may ask."""
    return set(found.callers) if "PUBLIC" in Step(place.root, place.field, "").audiences else set()


def test_the_world_knows_every_type_that_has_ids() -> None:
    deeper = [
        f"{name}.{field_name}({argument})"
        for name, kind in SERVED.type_map.items()
        if isinstance(kind, GraphQLObjectType) and kind not in (SERVED.query_type, SERVED.mutation_type)
        for field_name, field in kind.fields.items()
        for argument, each in field.args.items()
        if get_named_type(each.type).name == "ID"
    ]
    assert deeper == [], "an ID argument below the root: teach this test to reach it"
    assert len(PLACES) > 15


@pytest.mark.once
@pytest.mark.parametrize("name", PLACES)
async def test_an_id_that_is_not_yours_is_like_one_that_is_nobodys(name: str, dialect: str) -> None:
    found = await world()
    assert found.others.keys() == set(Tag), "say in `others` whose the new type's ids may be"
    before = await digest()
    assert await holes(PLACES[name], found, is_whole=dialect == "sqlite") == []
    assert changed(before, await digest()) == []
    assert await opens(PLACES[name], found), "nobody's own id does anything here, so this proves nothing"


async def test_a_hole_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    found = await world()
    monkeypatch.setattr(schema.root, "_sees", lambda *_: True)
    seen = await holes(PLACES["node.id"], found)
    assert {each.split()[0] for each in seen} >= {"MEMBER", "PARTNER", "PUBLIC"}
