"""Webhook endpoints as a partner keeps its own, and as those who lead keep them for it."""

from typing import Any
from uuid import UUID

import pytest

from models.credentials import KeyScope, PrincipalKind
from models.sql import SQL
from models.webhooks import ENDPOINTS_MAX, PARTNER_ENDPOINTS_MAX, Failure
from rules import keys, webhooks
from rules.actors import SYSTEM, Principal
from rules.keys import Bounds, Holder
from rules.webhooks import Outcome, WebhookUrlRefused, Wish
from schema import ids
from schema.ids import Tag
from tests.bringing import organisation
from tests.people import DAY, NOON, fresh_key, member, programme
from tests.schema.asking import OWNER, Nowhere, act, ask, refusals

HOOK = {"url": "https://books.example/hook", "idempotencyKey": "webhook-1"}
ENDPOINT = "webhookEndpoint { id url state partnerEventTypes pending } secret"
MINE = "{ partner { webhookEndpoints { id url state dead deliveries(first: 5) { nodes { id type state } } } } }"
LINES = SQL(
    "SELECT actor_kind, actor_id, action, facts FROM audit_log WHERE action LIKE 'webhook.%' ORDER BY id",
    fans_out="a test",
)


def caller(partner_id: UUID, *scopes: KeyScope) -> Principal:
    return Principal(PrincipalKind.PARTNER, str(partner_id), scopes=frozenset(scopes) or None)


async def two() -> tuple[UUID, Principal, Principal]:
    """A partner, as it calls with a key for its webhooks alone, and another one."""
    await programme()
    bamboo, moon = await organisation(), await organisation("Moon Radio")
    return bamboo, caller(bamboo, KeyScope.WEBHOOKS_WRITE), caller(moon)


async def test_a_partner_keeps_its_own_endpoints() -> None:
    bamboo, mine, _ = await two()
    made = await act(
        "webhookEndpointCreate", ENDPOINT, {**HOOK, "partnerEventTypes": ["SETTLEMENT_PAID"]}, who=mine
    )
    assert made["secret"].startswith("whsec_")
    which = {"id": made["webhookEndpoint"]["id"]}
    assert made["webhookEndpoint"]["partnerEventTypes"] == ["SETTLEMENT_PAID"]
    changed = await act("webhookEndpointUpdate", ENDPOINT, {**which, "partnerEventTypes": None}, who=mine)
    assert (changed["webhookEndpoint"]["partnerEventTypes"], changed["webhookEndpoint"]["state"]) == (
        None,
        "ACTIVE",
    )
    off = await act("webhookEndpointUpdate", ENDPOINT, {**which, "enabled": False}, who=mine)
    assert off["webhookEndpoint"]["state"] == "DISABLED"
    turned = await act("webhookSecretRotate", ENDPOINT, which, who=mine)
    assert turned["secret"] not in (None, made["secret"])
    sent = (await act("webhookTest", "webhookDelivery { id type }", which, who=mine))["webhookDelivery"]
    again = (await act("webhookTest", "webhookDelivery { id }", which, who=mine))["webhookDelivery"]
    assert again["id"] == sent["id"]
    assert refusals(await act("webhookReplay", "__typename", {"deliveryId": sent["id"]}, who=mine)) == []
    [shown] = (await ask(MINE, who=mine))["partner"]["webhookEndpoints"]
    told = [{"id": sent["id"], "type": "WEBHOOK_TEST", "state": "PENDING"}]
    assert shown == {**which, "url": HOOK["url"], "state": "DISABLED", "dead": 0, "deliveries": {"nodes": told}}
    assert (await act("webhookEndpointDelete", "deleted", which, who=mine))["deleted"]
    lines = await LINES.rows()
    assert {(line["actor_kind"], line["actor_id"]) for line in lines} == {("PARTNER", str(bamboo))}
    assert lines[0]["facts"]["partner"] == str(bamboo)


async def test_a_partner_knows_of_no_endpoint_of_another() -> None:
    _, mine, rival = await two()
    which = {"id": (await act("webhookEndpointCreate", ENDPOINT, HOOK, who=mine))["webhookEndpoint"]["id"]}
    sent = (await act("webhookTest", "webhookDelivery { id }", which, who=mine))["webhookDelivery"]
    assert (await ask(MINE, who=rival))["partner"]["webhookEndpoints"] == []
    for mutation, given in {
        "webhookEndpointUpdate": {**which, "enabled": True},
        "webhookSecretRotate": which,
        "webhookTest": which,
        "webhookReplay": {"deliveryId": sent["id"]},
        "webhookEndpointDelete": which,
    }.items():
        assert refusals(await act(mutation, "__typename", given, who=rival)) == ["NOT_FOUND"], mutation
    many = {"all": {"endpointId": which["id"], "since": NOON.isoformat()}}
    assert refusals(await act("webhookReplay", "__typename", many, who=rival)) == ["NOT_FOUND"]


async def test_those_who_lead_keep_them_for_a_partner_beside_the_programmes_own() -> None:
    bamboo, mine, rival = await two()
    whose = {"partnerId": ids.encode(Tag.PARTNER, bamboo)}
    made = await act("webhookEndpointCreate", ENDPOINT, {**HOOK, **whose}, who=OWNER)
    # one that has the same key, and is the programme's own, is another request
    assert refusals(await act("webhookEndpointCreate", ENDPOINT, HOOK, who=OWNER)) == ["IDEMPOTENCY_KEY_REUSED"]
    await act("webhookEndpointCreate", ENDPOINT, {**HOOK, "idempotencyKey": "webhook-2"}, who=OWNER)
    assert len((await ask("{ webhookEndpoints { id } }", who=OWNER))["webhookEndpoints"]) == 1
    listed = "{ partners(first: 5) { nodes { name webhookEndpoints { id partnerId eventTypes } } } }"
    here, there = (await ask(listed, who=OWNER))["partners"]["nodes"]
    assert here["webhookEndpoints"] == [
        {"id": made["webhookEndpoint"]["id"], **whose, "eventTypes": None},
    ]
    assert there["webhookEndpoints"] == []
    [seen] = (await ask(MINE, who=mine))["partner"]["webhookEndpoints"]
    assert seen["id"] == made["webhookEndpoint"]["id"]
    for who in (rival, mine):
        named = {"partnerId": whose["partnerId"] if who is rival else ids.encode(Tag.PARTNER, UUID(rival.id))}
        assert refusals(await act("webhookEndpointCreate", ENDPOINT, {**HOOK, **named}, who=who)) == ["NOT_FOUND"]


async def test_each_partner_has_five_endpoints_and_the_programme_all_of_its_own() -> None:
    bamboo, mine, rival = await two()

    async def add(partner_id: UUID | None) -> None:
        wish = Wish("https://books.example/hook", partner_id=partner_id)
        await webhooks.add(wish, key=fresh_key(), actor=SYSTEM, now=NOON)

    for whose, most in ((bamboo, PARTNER_ENDPOINTS_MAX), (None, ENDPOINTS_MAX)):
        for _ in range(most):
            await add(whose)
    payload = await act("webhookEndpointCreate", "__typename", HOOK, who=mine)
    assert refusals(payload) == ["WEBHOOK_LIMIT"]
    assert refusals(await act("webhookEndpointCreate", "__typename", HOOK, who=rival)) == []


@pytest.mark.parametrize(
    ("given", "codes"),
    [
        ({"eventTypes": ["POINTS_MOVED"]}, ["WEBHOOK_INVALID"]),
        ({"url": "http://books.example/hook\n"}, ["WEBHOOK_URL_REFUSED"]),
        ({"partnerEventTypes": []}, ["WEBHOOK_INVALID"]),
    ],
)
async def test_a_partner_asks_for_no_members_events_and_for_no_wrong_address(
    given: dict[str, Any], codes: list[str]
) -> None:
    _, mine, _ = await two()
    assert refusals(await act("webhookEndpointCreate", "__typename", {**HOOK, **given}, who=mine)) == codes
    added = await act("webhookEndpointCreate", ENDPOINT, HOOK, who=mine)
    which = {"id": added["webhookEndpoint"]["id"]}
    assert refusals(await act("webhookEndpointUpdate", "__typename", {**which, **given}, who=mine)) == codes


async def test_a_partner_is_not_told_what_names_lead_to_in_the_houses_own_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, mine, _ = await two()
    which = {"id": (await act("webhookEndpointCreate", ENDPOINT, HOOK, who=mine))["webhookEndpoint"]["id"]}
    await act("webhookTest", "__typename", which, who=mine)
    move = "mutation($i: WebhookEndpointUpdateInput!) { webhookEndpointUpdate(input: $i) {"
    document = f"{move} userErrors {{ code ... on WebhookUrlRefused {{ why }} }} }} }}"
    given = {"i": {**which, "url": "https://inside.example"}}
    told: dict[Principal, set[str]] = {mine: set(), OWNER: set()}
    for day, failure in enumerate((Failure.ADDRESS_REFUSED, Failure.NAME_UNKNOWN), start=1):

        async def check(_: object, url: str, why: str = failure.value) -> None:
            raise WebhookUrlRefused(why)

        monkeypatch.setattr(Nowhere, "check_webhook", check)
        for who, said in told.items():
            [error] = (await ask(document, given, who=who))["webhookEndpointUpdate"]["userErrors"]
            said.add(error["why"])
        [where] = await webhooks.due(NOON + day * DAY)
        [parcel] = await webhooks.claim(where, 1, now=NOON + day * DAY)
        await webhooks.report(parcel, Outcome(None, failure, DAY), now=NOON + day * DAY)
    assert [len(each) for each in told.values()] == [1, 2]
    tries = "{ partner { webhookEndpoints { deliveries { nodes { attempts { failure } } } } } }"
    [seen] = (await ask(tries, who=mine))["partner"]["webhookEndpoints"]
    assert [each["failure"] for each in seen["deliveries"]["nodes"][0]["attempts"]] == ["NAME_UNKNOWN"] * 2


async def test_the_programmes_own_endpoints_are_told_of_no_partner() -> None:
    await two()
    given = {**HOOK, "partnerEventTypes": ["SETTLEMENT_PAID"]}
    assert refusals(await act("webhookEndpointCreate", "__typename", given, who=OWNER)) == ["WEBHOOK_INVALID"]
    document = "mutation($i: WebhookEndpointCreateInput!) { webhookEndpointCreate(input: $i) { secret } }"
    both = await ask(document, {"i": {**given, "eventTypes": ["POINTS_MOVED"]}}, who=OWNER)
    assert both.codes == ["BAD_USER_INPUT"]


@pytest.mark.parametrize("whose", ["theirs", "ours"])
async def test_no_word_of_somebody_elses_events_makes_an_endpoint_be_told_more(whose: str) -> None:
    _, mine, _ = await two()
    who, other = (mine, "eventTypes") if whose == "theirs" else (OWNER, "partnerEventTypes")
    own, one = ("partnerEventTypes", "SETTLEMENT_PAID") if whose == "theirs" else ("eventTypes", "POINTS_MOVED")
    added = await act("webhookEndpointCreate", ENDPOINT, {**HOOK, own: [one]}, who=who)
    which = {"id": added["webhookEndpoint"]["id"]}
    for given, told in ((other, [one]), (own, None)):
        shown = f"webhookEndpoint {{ {own} }}"
        changed = await act("webhookEndpointUpdate", shown, {**which, given: None}, who=who)
        assert changed["webhookEndpoint"][own] == told


async def test_a_key_that_says_where_settlements_are_told_may_read_them_and_other_keys_say_nothing() -> None:
    bamboo, mine, _ = await two()
    bounds = Bounds([KeyScope.WEBHOOKS_WRITE])
    given = {"name": "hooks", "environment": "test", "bounds": bounds, "actor": SYSTEM, "now": NOON}
    issued = await keys.issue(Holder.partner(bamboo), **given)  # type: ignore[arg-type]
    who = await keys.recognise(issued.secret, NOON)
    assert who
    assert set(who.scopes or ()) == {KeyScope.WEBHOOKS_WRITE, KeyScope.SETTLEMENTS_READ}
    for scope in set(keys.SCOPES[PrincipalKind.PARTNER]) - {KeyScope.WEBHOOKS_WRITE}:
        assert set((await ask(MINE, who=caller(bamboo, scope))).codes) == {"FORBIDDEN"}, scope
    for hidden in ("memberId", "attempts { number }"):
        document = f"{{ partner {{ webhookEndpoints {{ deliveries {{ nodes {{ {hidden} }} }} }} }} }}"
        assert (await ask(document, who=mine)).codes == (["FORBIDDEN"] if hidden == "memberId" else [])
    assert (await ask("{ webhookEndpoints { id } }", who=caller(bamboo))).codes == ["FORBIDDEN"]


async def test_a_members_event_is_in_no_list_of_a_partner() -> None:
    _, mine, _ = await two()
    await act("webhookEndpointCreate", ENDPOINT, HOOK, who=mine)
    wish = Wish("https://shop.example/hook")
    await webhooks.add(wish, key=fresh_key(), actor=SYSTEM, now=NOON)
    await member("Mei")
    assert await webhooks.spread(NOON) > 0
    [shown] = (await ask(MINE, who=mine))["partner"]["webhookEndpoints"]
    assert shown["deliveries"]["nodes"] == []
