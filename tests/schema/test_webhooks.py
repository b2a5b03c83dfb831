"""Webhooks as those who lead see them: told once, listed with their health, changed, tried out and replayed."""

from datetime import timedelta
from typing import Any

import pytest

from models.sql import SQL
from models.webhooks import ENDPOINTS_MAX, Failure
from rules import webhooks
from rules.actors import SYSTEM
from rules.webhooks import Outcome, WebhookUrlRefused, Wish
from schema import ids
from schema.ids import Tag
from tests.people import DAY, NOON, fresh_key, member, programme
from tests.schema.asking import OWNER, Nowhere, ask, member_id

LINES = SQL(
    "SELECT actor_id, action, facts FROM audit_log WHERE action LIKE 'webhook.%' ORDER BY id", fans_out="a test"
)
SECOND = timedelta(seconds=1)
HOOK = {"url": "https://shop.example/hook?token=hidden", "description": "the shop", "idempotencyKey": "webhook-1"}
SHOWN = (
    "webhookEndpoint { id url description eventTypes state disabledReason failingSince lastDeliveredAt pending dead"
    " previousSecretUntil } secret"
)
LIST = (
    "{ webhookEndpoints { url state pending dead failingSince lastDeliveredAt deliveries(first: 10) { nodes {"
    " eventId type memberId state nextAttemptAt finishedAt attempts { number at durationMs status failure } } } } }"
)


async def act(mutation: str, answer: str, given: dict[str, Any], **more: Any) -> Any:
    kind = f"{mutation[0].upper()}{mutation[1:]}Input"
    told = f"{answer} userErrors {{ code field message }}"
    document = f"mutation($i: {kind}!) {{ {mutation}(input: $i) {{ {told} }} }}"
    found = await ask(document, {"i": given}, who=OWNER, **more)
    assert found.errors == []
    return found.data[mutation]


async def refused(mutation: str, given: dict[str, Any]) -> list[str]:
    return [each["code"] for each in (await act(mutation, "__typename", given))["userErrors"]]


async def create(**more: Any) -> Any:
    return await act("webhookEndpointCreate", SHOWN, {**HOOK, **more})


async def test_an_endpoint_is_added_once_and_its_secret_told_once() -> None:
    await programme()
    made = await create(eventTypes=["POINTS_MOVED", "TIER_CHANGED"])
    assert made["secret"].startswith("whsec_")
    endpoint = made["webhookEndpoint"]
    assert endpoint["eventTypes"] == ["POINTS_MOVED", "TIER_CHANGED"]
    assert (endpoint["state"], endpoint["disabledReason"], endpoint["pending"]) == ("ACTIVE", None, 0)
    again = await create(eventTypes=["POINTS_MOVED", "TIER_CHANGED"])
    assert (again["webhookEndpoint"]["id"], again["secret"]) == (endpoint["id"], None)
    assert await refused("webhookEndpointCreate", HOOK) == ["IDEMPOTENCY_KEY_REUSED"]
    [line] = await LINES.rows()
    assert line["action"] == "webhook.add"
    assert "hidden" not in str(line)
    assert made["secret"] not in str(line)


async def test_a_repetition_is_answered_also_when_the_name_is_unknown_by_now(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await programme()
    made = await create()

    async def unknown(_: object, url: str) -> None:
        raise WebhookUrlRefused(url)

    monkeypatch.setattr(Nowhere, "check_webhook", unknown)
    again = await create()
    assert (again["webhookEndpoint"]["id"], again["secret"]) == (made["webhookEndpoint"]["id"], None)
    assert await refused("webhookEndpointCreate", {**HOOK, "description": "another"}) == ["IDEMPOTENCY_KEY_REUSED"]
    given = {**HOOK, "idempotencyKey": "webhook-2"}
    assert await refused("webhookEndpointCreate", given) == ["WEBHOOK_URL_REFUSED"]


async def test_an_endpoint_that_cannot_be_is_refused_in_words() -> None:
    await programme()
    assert await refused("webhookEndpointCreate", {**HOOK, "url": "https://user@shop.example"}) == [
        "WEBHOOK_URL_REFUSED"
    ]
    assert await refused("webhookEndpointCreate", {**HOOK, "eventTypes": []}) == ["WEBHOOK_INVALID"]
    assert await refused("webhookEndpointCreate", {**HOOK, "description": "a\u202eb"}) == ["WEBHOOK_INVALID"]
    document = "mutation($i: WebhookEndpointCreateInput!) { webhookEndpointCreate(input: $i) { secret } }"
    answer = await ask(document, {"i": {**HOOK, "eventTypes": ["OTHER"]}}, who=OWNER)
    assert answer.codes == ["BAD_USER_INPUT"]
    for _ in range(ENDPOINTS_MAX):
        await webhooks.add(Wish("https://shop.example"), key=fresh_key(), actor=SYSTEM, now=NOON)
    assert await refused("webhookEndpointCreate", HOOK) == ["WEBHOOK_LIMIT"]


async def test_health_deliveries_and_tries_are_there_to_be_seen() -> None:
    await programme()
    await create(eventTypes=["MEMBER_ENROLLED"])
    mei = await member("Mei")
    await webhooks.spread(NOON)
    [where] = await webhooks.due(NOON)
    [parcel] = await webhooks.claim(where, 10, now=NOON)
    await webhooks.report(parcel, Outcome(None, Failure.TIMED_OUT, 15 * SECOND), now=NOON + 15 * SECOND)
    later = NOON + timedelta(minutes=1)
    [parcel] = await webhooks.claim(where, 10, now=later)
    [ill] = (await ask(LIST, who=OWNER)).data["webhookEndpoints"]
    assert ill["failingSince"] == "2026-03-10T04:00:15Z"
    await webhooks.report(parcel, Outcome(204, None, SECOND / 4), now=later)
    [well] = (await ask(LIST, who=OWNER)).data["webhookEndpoints"]
    assert (well["failingSince"], well["lastDeliveredAt"], well["pending"]) == (None, "2026-03-10T04:01:00Z", 0)
    [delivery] = well["deliveries"]["nodes"]
    tries = delivery.pop("attempts")
    assert delivery == {
        "eventId": parcel.name,
        "type": "MEMBER_ENROLLED",
        "memberId": member_id(mei),
        "state": "DELIVERED",
        "nextAttemptAt": None,
        "finishedAt": "2026-03-10T04:01:00Z",
    }
    first = {"at": "2026-03-10T04:00:00Z", "durationMs": 15_000, "status": None, "failure": "TIMED_OUT"}
    second = {"at": "2026-03-10T04:00:59.750000Z", "durationMs": 250, "status": 204, "failure": None}
    assert tries == [{"number": 1, **first}, {"number": 2, **second}]


async def test_deliveries_are_turned_page_by_page_and_kept_apart_by_state() -> None:
    await programme()
    endpoint = (await create())["webhookEndpoint"]["id"]
    sent = [await act("webhookTest", "webhookDelivery { id state }", {"id": endpoint}) for _ in range(3)]
    page = "{ webhookEndpoints { deliveries(first: 2%s) { nodes { id } pageInfo { endCursor hasNextPage } } } }"
    seen: list[str] = []
    after = ""
    for _ in range(2):
        [found] = (await ask(page % after, who=OWNER)).data["webhookEndpoints"]
        seen += [each["id"] for each in found["deliveries"]["nodes"]]
        after = f', after: "{found["deliveries"]["pageInfo"]["endCursor"]}"'
    assert sorted(seen) == sorted(each["webhookDelivery"]["id"] for each in sent)
    [none] = (await ask(page % ", state: DEAD", who=OWNER)).data["webhookEndpoints"]
    assert none["deliveries"]["nodes"] == []


async def test_an_endpoint_is_changed_disabled_enabled_given_a_new_secret_and_deleted() -> None:
    await programme()
    made = await create(eventTypes=["POINTS_MOVED"])
    which = {"id": made["webhookEndpoint"]["id"]}
    off = await act("webhookEndpointUpdate", SHOWN, {**which, "enabled": False, "description": ""})
    told = off["webhookEndpoint"]
    assert (told["state"], told["disabledReason"], told["eventTypes"]) == ("DISABLED", "STAFF", ["POINTS_MOVED"])
    assert told["description"] == ""
    on = await act("webhookEndpointUpdate", SHOWN, {**which, "enabled": True, "eventTypes": None})
    assert (on["webhookEndpoint"]["state"], on["webhookEndpoint"]["eventTypes"]) == ("ACTIVE", None)
    assert on["secret"] is None
    turned = await act("webhookSecretRotate", SHOWN, {**which, "overlapHours": 2})
    assert turned["secret"] != made["secret"]
    assert turned["webhookEndpoint"]["previousSecretUntil"] == "2026-03-10T06:00:00Z"
    assert await refused("webhookSecretRotate", {**which, "overlapHours": 169}) == ["WEBHOOK_INVALID"]
    assert await refused("webhookEndpointUpdate", {**which, "url": "http://"}) == ["WEBHOOK_URL_REFUSED"]
    assert (await act("webhookEndpointDelete", "deleted", which))["deleted"]
    assert await refused("webhookTest", which) == ["NOT_FOUND"]
    assert (await ask("{ webhookEndpoints { id } }", who=OWNER)).data["webhookEndpoints"] == []
    actions = [line["action"] for line in await LINES.rows()]
    assert actions == [f"webhook.{done}" for done in ("add", "change", "change", "rotate", "delete")]
    assert {line["actor_id"] for line in await LINES.rows()} == {OWNER.id}


async def test_a_replay_names_a_delivery_or_a_moment_of_the_last_thirty_days() -> None:
    await programme()
    endpoint = (await create())["webhookEndpoint"]["id"]
    sent = (await act("webhookTest", "webhookDelivery { id type state }", {"id": endpoint}))["webhookDelivery"]
    assert (sent["type"], sent["state"]) == ("WEBHOOK_TEST", "PENDING")
    again = await act("webhookReplay", "webhookDelivery { id }", {"deliveryId": sent["id"]})
    assert again["webhookDelivery"]["id"] == sent["id"]
    since = {"endpointId": endpoint, "since": (NOON - DAY).isoformat()}
    assert await refused("webhookReplay", {"all": since}) == []
    since["since"] = (NOON - 31 * DAY).isoformat()
    [no] = (await act("webhookReplay", "__typename", {"all": since}))["userErrors"]
    assert (no["code"], no["field"]) == ("REPLAY_TOO_FAR", ["all", "since"])


@pytest.mark.parametrize("mutation", ["webhookReplay"])
async def test_a_delivery_of_another_endpoint_is_not_found_by_this_ones(mutation: str) -> None:
    await programme()
    one, other = [
        await webhooks.add(Wish("https://shop.example"), key=fresh_key(), actor=SYSTEM, now=NOON) for _ in range(2)
    ]
    sent = await webhooks.send_test(one.endpoint_id, actor=SYSTEM, now=NOON)
    mixed = ids.encode(Tag.WEBHOOK_DELIVERY, other.endpoint_id, sent)
    assert await refused(mutation, {"deliveryId": mixed}) == ["NOT_FOUND"]
