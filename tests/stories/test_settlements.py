"""Settlements: a partner's commission is accrued once, frozen, settled by the month, approved, paid and netted."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from models.credentials import KeyScope, PrincipalKind
from models.sql import SQL
from models.staff import StaffRole
from models.units import ReasonCode
from rules import partners
from rules.actors import Actor, ActorKind, Principal
from rules.partners import OwnSettlement, PartnerFeeInvalid, PaymentRefInvalid, SettlementDecided, _settling
from rules.proofs import ProofRequired
from rules.refusals import NotFound
from schema import ids
from schema.ids import Tag
from tests.bringing import Brought, bring, campaign, organisation
from tests.people import NOON, programme
from tests.schema.asking import act, as_staff, ask, refusals

LATER, DAY = timedelta(minutes=15), timedelta(days=1)
APRIL, MAY = NOON + 25 * DAY, NOON + 55 * DAY
"""The fourth of April and of May, when the month before is over."""

ROWS = SQL("SELECT state, amount_minor FROM commission ORDER BY ordered_at, id", fans_out="a test looks")
SETTLEMENTS = SQL(
    "SELECT id, state, referees, commissions, earned_minor, netted_minor, fee_minor, payable_minor"
    " FROM partner_settlement ORDER BY month",
    fans_out="a test looks",
)
OWED = SQL("SELECT owed_minor FROM partner_account", fans_out="a test looks")


def staff(number: int, at: datetime = APRIL) -> Actor:
    return Actor(ActorKind.STAFF, str(UUID(int=number)), StaffRole.ADMIN, proven_until=at + DAY)


ANN, BO = staff(1), staff(2)


async def catch_up(at: datetime) -> None:
    await partners.accrue(at)
    await partners.bring_settlements(at)


async def states() -> set[str]:
    return {row["state"] for row in await ROWS.rows()}


async def five_bought(fee_bps: int = 0, **terms: int) -> tuple[UUID, list[Brought]]:
    """Five members came by a partner's link, qualified, and bought for 100 yuan each."""
    await programme()
    await campaign("TEA", 1, **terms)
    bamboo = await organisation(fee_bps=fee_bps)
    people = await bring(bamboo, 5)
    for each in people:
        await each.happens("QUALIFIED", NOON)
        await each.orders_for(100_00, NOON)
    return bamboo, people


async def settled(**terms: int) -> tuple[UUID, list[Brought], UUID]:
    bamboo, people = await five_bought(**terms)
    await catch_up(APRIL)
    [row] = await SETTLEMENTS.rows()
    return bamboo, people, row["id"]


async def pay(bamboo: UUID, settlement: UUID) -> None:
    await partners.approve_settlement(bamboo, settlement, actor=ANN, now=APRIL)
    await partners.pay_settlement(bamboo, settlement, payment_ref="bank-1", actor=BO, now=APRIL)


async def test_a_commission_is_estimated_frozen_available_settled_and_paid() -> None:
    await programme()
    await campaign()
    bamboo = await organisation(fee_bps=1_000)
    people = await bring(bamboo, 5)
    for each in people:
        await each.orders_for(100_00, NOON)
    await catch_up(NOON + LATER)
    assert await states() == {"ESTIMATED"}
    for each in people:
        await each.happens("QUALIFIED", NOON + LATER)
    await catch_up(NOON + 2 * LATER)
    assert await states() == {"FROZEN"}
    await catch_up(NOON + 14 * DAY)
    assert await states() == {"FROZEN"}
    await catch_up(NOON + 16 * DAY)
    assert await states() == {"AVAILABLE"}
    await catch_up(APRIL)
    assert await states() == {"SETTLING"}
    [row] = await SETTLEMENTS.rows()
    sums = {"earned_minor": 25_00, "netted_minor": 0, "fee_minor": 2_50, "payable_minor": 22_50}
    assert row == {"id": row["id"], "state": "READY", "referees": 5, "commissions": 5, **sums}
    await pay(bamboo, row["id"])
    assert await states() == {"PAID"}
    await catch_up(MAY)
    assert len(await SETTLEMENTS.rows()) == 1


async def test_events_are_followed_once_whoever_follows_them() -> None:
    await five_bought()
    assert await partners.accrue(NOON + LATER) == 15
    assert await partners.accrue(NOON + LATER) == 0
    await SQL("UPDATE partner_books SET accrued_id = '00000000-0000-0000-0000-000000000000'").run()
    assert await partners.accrue(NOON + LATER) == 15
    assert [row["amount_minor"] for row in await ROWS.rows()] == [5_00] * 5


async def test_fewer_than_five_people_wait_for_the_next_month() -> None:
    await programme()
    await campaign()
    bamboo = await organisation()
    for each in await bring(bamboo, 4):
        await each.happens("QUALIFIED", NOON)
        for _ in range(3):
            await each.orders_for(100_00, NOON)
    await catch_up(APRIL)
    assert await SETTLEMENTS.rows() == []
    [fifth] = await bring(bamboo, 1, APRIL)
    await fifth.happens("QUALIFIED", APRIL)
    await fifth.orders_for(100_00, APRIL)
    await catch_up(MAY)
    [row] = await SETTLEMENTS.rows()
    assert (row["referees"], row["commissions"], row["earned_minor"]) == (5, 13, 65_00)


async def test_partners_with_too_little_keep_nobody_else_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_settling, "PARTNERS_AT_ONCE", 2)
    await programme()
    await campaign()
    *small, last = sorted([await organisation(f"Stall {number}") for number in range(5)])
    for whose, number in (*((each, 1) for each in small), (last, 5)):
        for person in await bring(whose, number):
            await person.happens("QUALIFIED", NOON)
            await person.orders_for(100_00, NOON)
    for _ in range(2):
        await catch_up(APRIL)
    assert len(await SETTLEMENTS.rows()) == 1


async def test_less_than_the_least_waits() -> None:
    await five_bought(minSettlementMinor=25_01)
    await catch_up(APRIL)
    assert (await SETTLEMENTS.rows(), await states()) == ([], {"AVAILABLE"})


async def test_refunds_before_the_settlement_are_in_it() -> None:
    bamboo, people = await five_bought()
    await people[0].gives_back(1_00, NOON + DAY)
    await people[0].gives_back(2_01, NOON + DAY)
    [sixth] = await bring(bamboo, 1)
    await sixth.orders_for(50_00, NOON)
    await sixth.gives_back(50_00, NOON + DAY)
    await catch_up(APRIL)
    [row] = await SETTLEMENTS.rows()
    assert (row["referees"], row["earned_minor"]) == (5, 20_00 + 4_84)
    assert (await states()) == {"SETTLING", "REVERSED"}


async def test_what_is_refunded_after_it_was_paid_is_netted_from_the_next_settlement() -> None:
    bamboo, people, first = await settled()
    await pay(bamboo, first)
    await people[0].gives_back(40_00, APRIL)
    await catch_up(APRIL + DAY)
    assert await OWED.value() == 2_00
    for each in people:
        await each.orders_for(200_00, APRIL)
    await catch_up(MAY)
    row = (await SETTLEMENTS.rows())[1]
    assert (row["earned_minor"], row["netted_minor"], row["payable_minor"]) == (50_00, 2_00, 48_00)
    assert await OWED.value() == 0


async def test_a_rejected_settlement_is_made_again_next_month() -> None:
    bamboo, people, first = await settled()
    await people[0].gives_back(100_00, APRIL)
    await people[1].gives_back(50_00, APRIL)
    await catch_up(APRIL + DAY)
    assert await OWED.value() == 7_50
    why = ReasonCode("LOOK_AGAIN")
    await partners.reject_settlement(bamboo, first, reason=why, actor=ANN, now=APRIL)
    await partners.reject_settlement(bamboo, first, reason=why, actor=ANN, now=APRIL)
    assert await OWED.value() == 0
    assert await states() == {"AVAILABLE", "REVERSED"}
    [sixth] = await bring(bamboo, 1, APRIL)
    await sixth.happens("QUALIFIED", APRIL)
    await sixth.orders_for(100_00, APRIL)
    await catch_up(MAY)
    rejected, row = await SETTLEMENTS.rows()
    assert (rejected["state"], row["state"], row["earned_minor"]) == ("REJECTED", "READY", 22_50)


async def test_what_a_partner_has_seen_and_lost_comes_again_with_five_others_or_not_at_all() -> None:
    bamboo, people, first = await settled()
    await partners.approve_settlement(bamboo, first, actor=ANN, now=APRIL)
    await partners.reject_settlement(bamboo, first, reason=ReasonCode("TYPO"), actor=BO, now=APRIL)
    for buyers, month in ((people[:4], MAY), (people[4:], MAY + 30 * DAY)):
        assert len(await SETTLEMENTS.rows()) == 1
        for each in buyers:
            await each.orders_for(10_00, APRIL)
        await catch_up(month)
    [fresh] = (await SETTLEMENTS.rows())[1:]
    assert (fresh["state"], fresh["referees"], fresh["earned_minor"]) == ("READY", 5, 27_50)


async def test_what_one_has_given_back_of_a_settlement_a_partner_has_lost_is_not_told() -> None:
    bamboo, people, first = await settled()
    await partners.approve_settlement(bamboo, first, actor=ANN, now=APRIL)
    await partners.reject_settlement(bamboo, first, reason=ReasonCode("TYPO"), actor=BO, now=APRIL)
    await people[0].gives_back(50_00, APRIL)
    await catch_up(MAY)
    assert len(await SETTLEMENTS.rows()) == 1


async def test_two_people_prove_themselves_to_pay_a_settlement() -> None:
    bamboo, _, first = await settled()
    unproven = Actor(ActorKind.STAFF, ANN.id, StaffRole.ADMIN)
    paying: dict[str, Any] = {"payment_ref": "bank-1", "now": APRIL}
    with pytest.raises(ProofRequired):
        await partners.approve_settlement(bamboo, first, actor=unproven, now=APRIL)
    with pytest.raises(SettlementDecided):
        await partners.pay_settlement(bamboo, first, actor=BO, **paying)
    for _ in range(2):
        await partners.approve_settlement(bamboo, first, actor=ANN, now=APRIL)
    with pytest.raises(OwnSettlement):
        await partners.pay_settlement(bamboo, first, actor=ANN, **paying)
    with pytest.raises(PaymentRefInvalid):
        await partners.pay_settlement(bamboo, first, actor=BO, payment_ref=" ", now=APRIL)
    for _ in range(2):
        await partners.pay_settlement(bamboo, first, actor=BO, **paying)
    for again in (
        partners.approve_settlement(bamboo, first, actor=BO, now=APRIL),
        partners.reject_settlement(bamboo, first, reason=ReasonCode("LATE"), actor=BO, now=APRIL),
        partners.pay_settlement(bamboo, first, payment_ref="bank-2", actor=BO, now=APRIL),
    ):
        with pytest.raises(SettlementDecided):
            await again


async def test_a_settlement_is_its_partners() -> None:
    _, _, first = await settled()
    moon = await organisation("Moon Radio")
    with pytest.raises(NotFound):
        await partners.approve_settlement(moon, first, actor=ANN, now=APRIL)


SETTLED = """query($a: String) { partner { settlements(first: 1, after: $a) { edges { cursor node {
  id month state commissions dueMinor feeMinor payableMinor madeAt decidedAt paidAt paymentRef } } } } }"""


async def shown(partner_id: UUID, *scopes: KeyScope, after: str | None = None) -> Any:
    who = Principal(PrincipalKind.PARTNER, str(partner_id), scopes=frozenset(scopes) or None)
    return await ask(SETTLED, {"a": after}, who=who)


async def test_a_partner_reads_its_settlements_and_nobody_elses() -> None:
    bamboo, _, first = await settled()
    await pay(bamboo, first)
    moon = await organisation("Moon Radio")
    [edge] = (await shown(bamboo, KeyScope.SETTLEMENTS_READ))["partner"]["settlements"]["edges"]
    assert edge["node"] == {
        "id": ids.encode(Tag.PARTNER_SETTLEMENT, bamboo, first),
        "month": "2026-03-01",
        "state": "PAID",
        "commissions": 5,
        "dueMinor": 25_00,
        "feeMinor": 0,
        "payableMinor": 25_00,
        "madeAt": "2026-04-04T04:00:00Z",
        "decidedAt": "2026-04-04T04:00:00Z",
        "paidAt": "2026-04-04T04:00:00Z",
        "paymentRef": "bank-1",
    }
    for after in (None, edge["cursor"]):
        assert (await shown(moon, after=after))["partner"]["settlements"]["edges"] == []
    assert (await shown(bamboo, after="nobody")).codes == ["BAD_USER_INPUT"]
    assert set((await shown(bamboo, KeyScope.STATISTICS_READ)).codes) == {"FORBIDDEN"}
    earned = "{ partner { settlements { nodes { earnedMinor } } } }"
    assert set((await ask(earned, who=Principal(PrincipalKind.PARTNER, str(bamboo)))).codes) == {"FORBIDDEN"}


async def test_the_next_settlement_waits_until_the_last_is_decided_so_that_what_is_netted_was_paid() -> None:
    bamboo, people, first = await settled()
    await people[0].gives_back(50_00, APRIL)
    for each in people:
        await each.orders_for(100_00, APRIL)
    await catch_up(MAY)
    assert len(await SETTLEMENTS.rows()) == 1
    why = ReasonCode("WRONG_MONTH")
    await partners.reject_settlement(bamboo, first, reason=why, actor=ANN, now=MAY)
    await catch_up(MAY)
    _, second = await SETTLEMENTS.rows()
    assert (second["earned_minor"], second["netted_minor"], await OWED.value()) == (47_50, 0, 0)


async def test_a_partner_sees_a_settlement_once_it_is_approved_and_those_who_lead_see_all() -> None:
    bamboo, _, first = await settled()
    which, counted = ids.encode(Tag.PARTNER, bamboo), []
    document = "query($id: ID) { partner(id: $id) { settlements { nodes { state } } } }"
    partner, lead = Principal(PrincipalKind.PARTNER, str(bamboo)), as_staff(StaffRole.ADMIN)
    for _step in range(2):
        told = [(await ask(document, {"id": which}, who=who))["partner"]["settlements"] for who in (partner, lead)]
        counted.append([len(each["nodes"]) for each in told])
        await partners.approve_settlement(bamboo, first, actor=ANN, now=APRIL)
    assert counted == [[0, 1], [1, 1]]


async def test_staff_decide_by_the_api() -> None:
    bamboo, _, first = await settled()
    ann, bo = [as_staff(StaffRole.ADMIN, staff_id=UUID(int=n), proven_until=APRIL + DAY) for n in (1, 2)]
    which = {"settlementId": ids.encode(Tag.PARTNER_SETTLEMENT, bamboo, first)}
    told = "settlement { state paymentRef earnedMinor nettedMinor }"
    done = await act("partnerSettlementApprove", told, which, who=ann, at=APRIL)
    assert done["settlement"]["state"] == "APPROVED"
    paid = {**which, "paymentRef": "bank-1"}
    assert refusals(await act("partnerSettlementPay", told, paid, who=ann, at=APRIL)) == ["OWN_SETTLEMENT"]
    done = await act("partnerSettlementPay", told, paid, who=bo, at=APRIL)
    assert done["settlement"] == {"state": "PAID", "paymentRef": "bank-1", "earnedMinor": 25_00, "nettedMinor": 0}
    why = {**which, "reason": "LATE"}
    assert refusals(await act("partnerSettlementReject", told, why, who=bo, at=APRIL)) == ["SETTLEMENT_DECIDED"]
    nobody = {"settlementId": "nobody"}
    assert refusals(await act("partnerSettlementApprove", told, nobody, who=ann, at=APRIL)) == ["NOT_FOUND"]


async def test_a_partner_whose_fee_is_all_is_refused() -> None:
    with pytest.raises(PartnerFeeInvalid):
        await organisation(fee_bps=10_000)
