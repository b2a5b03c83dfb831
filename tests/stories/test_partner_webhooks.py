"""Webhooks of partners: each is told what became of its settlements, and nobody is told what is somebody else's."""

import json
import re
import threading
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tortoise.exceptions import IntegrityError

from api import checks, reach
from api.courier import FOR_PARTNERS
from models.commissions import SettlementState
from models.credentials import PrincipalKind
from models.invariants import violations
from models.sql import SQL, insert
from models.staff import StaffRole
from models.units import ReasonCode
from models.webhooks import PARTNER_ENDPOINTS_MAX, DeliveryState, PartnerEventKind, WebhookDelivery
from rules import partners, webhooks
from rules.actors import SYSTEM, Actor, ActorKind, Principal
from rules.webhooks import ATTEMPTS, Added, Change, Wish
from schema import ids
from schema.ids import Tag
from tests.bringing import bring, campaign, organisation, settle
from tests.people import DAY, NOON, fresh_key, member, programme
from tests.receiver import HANG, Receiver, receiving, signatures
from tests.schema.asking import ask
from tests.stories.carrying import DELIVERIES, ENDPOINT, Round, add, rounds, secret_of, trade
from tests.stories.test_webhook_endpoints import replayed, run_jobs
from tests.stories.test_webhooks_page import PAGE

STATES = SQL("SELECT state FROM partner_settlement", fans_out="a test looks")
HAPPENED = SQL("SELECT id, type FROM partner_event ORDER BY id", fans_out="a test looks")
ONTO = SQL(
    "UPDATE webhook_delivery SET endpoint_id = $1 WHERE member_id IS NOT NULL RETURNING id", fans_out="a test"
)
WHY = ReasonCode("WRONG")
ANN, BO = [Actor(ActorKind.STAFF, str(UUID(int=n)), StaffRole.ADMIN, proven_until=NOON + 900 * DAY) for n in (1, 2)]


@pytest.fixture
async def going() -> AsyncIterator[Round]:
    async with rounds() as made:
        yield made


async def one_to_settle(name: str = "Bamboo Books") -> tuple[UUID, UUID]:
    """A partner, and a settlement of it that is ready."""
    await programme()
    await campaign()
    bamboo = await organisation(name)
    [bought] = await bring(bamboo, 1)
    return bamboo, await settle(bought, NOON.date().replace(day=1))


async def hook(receiver: Receiver, partner_id: UUID, *types: str) -> Added:
    """A partner's endpoint at a receiver, added by the partner itself."""
    wish = Wish(receiver.url, "the shop's books", types or None, partner_id)
    return await webhooks.add(wish, key=fresh_key(), actor=caller(partner_id).acting(), now=NOON)


def caller(partner_id: UUID) -> Principal:
    return Principal(PrincipalKind.PARTNER, str(partner_id))


async def approve(partner_id: UUID, settlement_id: UUID) -> None:
    await partners.approve_settlement(partner_id, settlement_id, actor=ANN, now=NOON)


async def pay(partner_id: UUID, settlement_id: UUID) -> None:
    await partners.pay_settlement(partner_id, settlement_id, payment_ref="bank-1", actor=BO, now=NOON)


def bodies(receiver: Receiver) -> list[dict[str, Any]]:
    return sorted((json.loads(call.body) for call in receiver.taken), key=lambda body: str(body["type"]))


async def test_a_partner_is_told_that_a_settlement_is_approved_and_paid_as_it_can_read_it(going: Round) -> None:
    bamboo, settlement = await one_to_settle()
    async with receiving() as receiver, receiving() as rivals, receiving() as ours:
        added = await hook(receiver, bamboo)
        await hook(rivals, await organisation("Moon Radio"))
        await add(ours)
        await approve(bamboo, settlement)
        await approve(bamboo, settlement)
        await pay(bamboo, settlement)
        await going.until_done()
        assert rivals.calls == []
        assert {json.loads(call.body)["type"] for call in ours.taken}.isdisjoint(webhooks.FOR_PARTNERS)
        assert len(receiver.calls) == 2
        assert all(signatures(call, secret_of(added)) for call in receiver.taken)
    approved, paid = bodies(receiver)
    fields = "commissions dueMinor feeMinor payableMinor month state paymentRef"
    document = f"query($id: ID!) {{ partnerSettlement(id: $id) {{ {fields} }} }}"
    which = approved["data"]["settlementId"]
    read = (await ask(document, {"id": which}, who=caller(bamboo)))["partnerSettlement"]
    whose = {"partnerId": ids.encode(Tag.PARTNER, bamboo), "settlementId": which}
    assert paid == {"type": "SETTLEMENT_PAID", "timestamp": "2026-03-10T04:00:00Z", "data": whose | read}
    [shown] = re.findall(r"<!-- partner example -->\n```json\n(.*?)```", PAGE, re.DOTALL)
    assert list(json.loads(shown)["data"]) == list(paid["data"]), "docs/webhooks.md shows another body"
    assert approved["data"] == whose | read | {"state": "APPROVED", "paymentRef": None}
    assert {webhooks.name_of(row["id"]) for row in await HAPPENED.rows()} == set(receiver.names)


async def test_no_way_leads_from_members_to_a_partner_nor_from_a_partner_to_anybody_else(going: Round) -> None:
    bamboo, settlement = await one_to_settle()
    moon = await organisation("Moon Radio")
    [bought] = await bring(moon, 1)
    async with receiving() as receiver, receiving() as ours:
        await approve(moon, await settle(bought, NOON.date().replace(day=1)))
        theirs, own = (await hook(receiver, bamboo)).endpoint_id, (await add(ours)).endpoint_id
        mei = await trade()
        await approve(bamboo, settlement)
        # as it is spread, also once more; and as it is replayed: all of it, or what was not taken
        await going.until_done()
        for undelivered in (False, True):
            for where in (theirs, own):
                going.clock.now += timedelta(minutes=1)
                await webhooks.replay_since(where, NOON, undelivered=undelivered, actor=SYSTEM, now=going.clock.now)
                await run_jobs(going.clock.now)
            await going.until_done()
        assert {body["data"]["partnerId"] for body in bodies(receiver)} == {ids.encode(Tag.PARTNER, bamboo)}
        assert [body["type"] for body in bodies(receiver)] == ["SETTLEMENT_APPROVED"] * 2
        assert len(ours.taken) > 4
        # as somebody writes it into the database
        _, event = await HAPPENED.rows()
        moved = next(row for row in await DELIVERIES.rows() if row["type"] == "points.moved")
        rows = [(theirs, moved["event_id"], mei), (theirs, mei, None), (own, event["id"], None)]
        for endpoint_id, event_id, member_id in rows:
            with pytest.raises(IntegrityError, match="not theirs"):
                await _written(endpoint_id, event_id, member_id)
    assert str(mei) not in str([call.body for call in receiver.calls])
    assert ids.encode(Tag.MEMBER, mei) not in str([call.body for call in receiver.calls])


async def _written(endpoint_id: UUID, event_id: UUID, member_id: UUID | None) -> None:
    """A delivery that no rule made."""
    moments = {"due_at": NOON, "created_at": NOON}
    what = {"event_id": event_id, "member_id": member_id, "type": "settlement.paid"}
    await insert(WebhookDelivery, [{"endpoint_id": endpoint_id, **what, **moments, "state": DeliveryState.PENDING}])


@pytest.mark.corrupts
async def test_what_was_put_in_the_wrong_bag_is_not_opened(going: Round, caplog: pytest.LogCaptureFixture) -> None:
    bamboo, _ = await one_to_settle()
    async with receiving() as receiver, receiving() as ours:
        theirs = (await hook(receiver, bamboo)).endpoint_id
        await add(ours, "MEMBER_ENROLLED")
        await member("Mei")
        await webhooks.spread(NOON)
        await ONTO.rows(theirs)
        await going.once()
        assert receiver.calls == ours.calls == []
    assert {row["state"] for row in await DELIVERIES.rows()} == {"DEAD"}
    assert {line.message for line in caplog.records} == {"a delivery outlived its event"}


async def test_an_approval_and_its_news_are_written_together_or_not_at_all(
    going: Round, monkeypatch: pytest.MonkeyPatch
) -> None:
    bamboo, settlement = await one_to_settle()
    async with receiving() as receiver:
        await hook(receiver, bamboo)

        async def dies(*_: Any, **__: Any) -> int:
            raise ConnectionError

        with monkeypatch.context() as patch:
            patch.setattr(webhooks._partners, "insert", dies)
            with pytest.raises(ConnectionError):
                await approve(bamboo, settlement)
        assert await STATES.value() == SettlementState.READY
        assert await HAPPENED.rows() == await DELIVERIES.rows() == []
        await approve(bamboo, settlement)
        await going.once()
        assert len(receiver.taken) == 1


async def test_a_disabled_partner_is_sent_nothing_until_it_is_enabled_and_keeps_nobody_busy(going: Round) -> None:
    bamboo, settlement = await one_to_settle()
    async with receiving() as receiver:
        where = (await hook(receiver, bamboo)).endpoint_id
        await approve(bamboo, settlement)
        await partners.disable(bamboo, reason=WHY, actor=SYSTEM, now=NOON)
        await pay(bamboo, settlement)
        await webhooks.send_test(where, actor=SYSTEM, now=NOON)
        assert await going.once() == 0
        told = await webhooks.backlog(NOON + DAY)
        assert (receiver.calls, told.due, len(await DELIVERIES.rows())) == ([], 0, 2)
        await partners.enable(bamboo, reason=WHY, actor=SYSTEM, now=NOON)
        await going.once()
        assert sorted(body["type"] for body in bodies(receiver)) == ["SETTLEMENT_APPROVED", "WEBHOOK_TEST"]
        going.clock.now += timedelta(minutes=1)
        await replayed(going, where, NOON, receiver, undelivered=True)
        assert [body["type"] for body in bodies(receiver)] == ["SETTLEMENT_PAID"]


async def test_what_waits_for_three_months_where_nothing_is_sent_is_swept(going: Round) -> None:
    bamboo, settlement = await one_to_settle()
    async with receiving() as receiver:
        where = (await hook(receiver, bamboo)).endpoint_id
        await approve(bamboo, settlement)
        for way in ("partner", "endpoint"):
            await webhooks.send_test(where, actor=SYSTEM, now=NOON)
            if way == "partner":
                await partners.disable(bamboo, reason=WHY, actor=SYSTEM, now=NOON)
            else:
                await partners.enable(bamboo, reason=WHY, actor=SYSTEM, now=NOON)
                await webhooks.change(where, Change(enabled=False), actor=SYSTEM, now=NOON)
            await webhooks.sweep({}, NOON + 89 * DAY)
            assert await DELIVERIES.rows() != []
            await webhooks.sweep({}, NOON + 91 * DAY)
            assert await DELIVERIES.rows() == []
            assert await ENDPOINT.row(where)
        await webhooks.delete(where, actor=caller(bamboo).acting(), now=NOON)
        await webhooks.sweep({}, NOON)
        assert await ENDPOINT.row(where) is None


async def test_of_a_rejected_settlement_only_its_end_is_told_and_that_to_who_knew_of_it(going: Round) -> None:
    bamboo, settlement = await one_to_settle()
    [bought] = await bring(bamboo, 1)
    unknown = await settle(bought, NOON.date().replace(month=2, day=1))
    async with receiving() as receiver:
        where = (await hook(receiver, bamboo)).endpoint_id
        await partners.reject_settlement(bamboo, unknown, reason=WHY, actor=ANN, now=NOON)
        assert await HAPPENED.rows() == []
        await approve(bamboo, settlement)
        await partners.reject_settlement(bamboo, settlement, reason=WHY, actor=BO, now=NOON)
        await going.until_done()
        going.clock.now += timedelta(minutes=1)
        assert len(await replayed(going, where, NOON, receiver, undelivered=False)) == 1
    assert {call.name for call in receiver.calls} == {webhooks.name_of((await HAPPENED.rows())[1]["id"])}
    assert sorted((row["state"], row["fence"]) for row in await DELIVERIES.rows()) == [
        ("DEAD", 1),
        ("DELIVERED", 2),
    ]
    [body] = bodies(receiver)
    told = {name for name, value in body["data"].items() if value is not None}
    assert (body["type"], body["data"]["state"]) == ("SETTLEMENT_REJECTED", "REJECTED")
    assert told == {"partnerId", "settlementId", "month", "state"}


async def test_what_an_endpoint_does_not_take_is_dead_in_the_end_and_sent_again_at_the_partners_word(
    going: Round,
) -> None:
    bamboo, settlement = await one_to_settle()
    async with receiving(lambda _: 500) as receiver:
        await hook(receiver, bamboo)
        await approve(bamboo, settlement)
        await going.until_done()
        [row] = await DELIVERIES.rows()
        assert (row["state"], len(receiver.calls)) == ("DEAD", ATTEMPTS)
        # an operator reads of a server that is not theirs, and is not woken by it
        ours, theirs = await checks.of_webhooks()
        assert (ours.is_well, theirs.is_well) == (True, True)
        assert theirs.found == "1 dead, 0 endpoints given up, for the partners to see to"
        receiver.behaviour = lambda _: 200
        await webhooks.replay(row["endpoint_id"], row["id"], actor=caller(bamboo).acting(), now=going.clock.now)
        await going.once()
        assert receiver.names == [receiver.calls[0].name]
    assert await violations() == []


@pytest.mark.either
async def test_a_partners_name_server_that_never_answers_keeps_no_name_of_the_programme_from_being_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers, look_up = threading.Event(), reach._look_up

    def waits(host: str, port: int) -> list[str]:
        return look_up(host, port) if host != "slow.example" else str(answers.wait(30)).split()

    monkeypatch.setattr(reach, "_look_up", waits)
    monkeypatch.setattr(reach, "AT_ONCE", 2)
    monkeypatch.setattr(reach, "LOOKUP_SECONDS", 0.2)
    bamboo = await organisation()
    async with rounds() as going, receiving() as ours:
        for _ in range(3):
            wish = Wish("https://slow.example/hook", partner_id=bamboo)
            added = await webhooks.add(wish, key=fresh_key(), actor=SYSTEM, now=NOON)
            await webhooks.send_test(added.endpoint_id, actor=SYSTEM, now=NOON)
        try:
            await going.once()
            await webhooks.send_test((await add(ours)).endpoint_id, actor=SYSTEM, now=NOON)
            await going.once()
            assert len(ours.taken) == 1
        finally:
            answers.set()


async def test_partners_leave_room_for_the_programmes_own_however_slow_they_are(
    going: Round, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reach, "SECONDS", 0.5)
    await programme()
    async with receiving(lambda _: HANG) as slow, receiving() as ours:
        for number in range(FOR_PARTNERS // PARTNER_ENDPOINTS_MAX + 1):
            which = await organisation(f"Partner {number}")
            for _ in range(PARTNER_ENDPOINTS_MAX):
                added = await hook(slow, which)
                for _again in range(2):
                    await webhooks.send_test(added.endpoint_id, actor=SYSTEM, now=NOON)
        # one test of an endpoint is on its way at a time
        assert len(await DELIVERIES.rows()) == (FOR_PARTNERS // PARTNER_ENDPOINTS_MAX + 1) * PARTNER_ENDPOINTS_MAX
        await add(ours, "MEMBER_ENROLLED")
        await going.courier.once()
        await slow.waiting.wait()
        await member("Mei")
        await going.courier.once()
        await going.courier.settle(5)
        assert len(ours.taken) == 1
        assert slow.most_at_once == FOR_PARTNERS


async def test_an_event_is_for_the_types_an_endpoint_asked_for(going: Round) -> None:
    bamboo, settlement = await one_to_settle()
    async with receiving() as receiver:
        await hook(receiver, bamboo, PartnerEventKind.SETTLEMENT_PAID.name)
        await approve(bamboo, settlement)
        await pay(bamboo, settlement)
        await going.once()
    assert [body["type"] for body in bodies(receiver)] == ["SETTLEMENT_PAID"]
