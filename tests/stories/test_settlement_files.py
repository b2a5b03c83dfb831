"""Settlements as files: what adds up to what is paid, and in no line anything of fewer than five people."""

import csv
import io
from itertools import product
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from api import settlements
from models.commissions import SettlementState
from models.credentials import KeyScope, PrincipalKind
from models.sql import SQL
from models.staff import StaffRole
from models.units import ReasonCode
from rules import partners
from rules.actors import Principal
from rules.partners import Line
from rules.partners._lines import folded
from rules.refusals import NotFound
from schema import ids
from schema.ids import Tag
from tests.bringing import bring, campaign, organisation
from tests.people import NOON, programme
from tests.schema.asking import Answer, as_staff, ask
from tests.stories.test_settlements import ANN, APRIL, BO, MAY, catch_up, settled, staff
from tests.stories.test_statements_files import left

FILE = "query($id: ID!) { partnerSettlement(id: $id) { state csv } }"
AUDITED = SQL("SELECT action, facts FROM audit_log ORDER BY id DESC LIMIT 1", fans_out="a test looks")


def name_of(partner_id: UUID, settlement_id: UUID) -> str:
    return ids.encode(Tag.PARTNER_SETTLEMENT, partner_id, settlement_id)


async def asked(partner_id: UUID, which: str, *scopes: KeyScope) -> Answer:
    who = Principal(PrincipalKind.PARTNER, str(partner_id), scopes=frozenset(scopes) or None)
    return await ask(FILE, {"id": which}, who=who)


async def paid(partner_id: UUID, settlement_id: UUID, ref: str) -> None:
    await partners.approve_settlement(partner_id, settlement_id, actor=ANN, now=APRIL)
    await partners.pay_settlement(partner_id, settlement_id, payment_ref=ref, actor=BO, now=APRIL)


async def test_a_partner_reads_its_statement_in_which_nothing_is_a_formula() -> None:
    bamboo, _, first = await settled(fee_bps=1_000)
    await paid(bamboo, first, "=1+1")
    told = (await asked(bamboo, name_of(bamboo, first), KeyScope.SETTLEMENTS_READ))["partnerSettlement"]["csv"]
    head = "2026-03,PAID,2026-04-04,2026-04-04,2026-04-04,'=1+1"
    assert told.split("\r\n") == [
        "month,state,made_on,decided_on,paid_on,payment_ref,line,orders,amount_minor,currency",
        f"{head},COMMISSION,5,2500,CNY",
        f"{head},FEE,,-250,CNY",
        f"{head},PAYABLE,5,2250,CNY",
        "",
    ]


async def test_no_other_partner_and_no_other_scope_reads_a_statement() -> None:
    bamboo, _, first = await settled()
    moon = await organisation("Moon Radio")
    own = name_of(bamboo, first)
    assert (await asked(bamboo, own)) == (await asked(bamboo, name_of(bamboo, uuid4()))), "it waits for an approval"
    await partners.approve_settlement(bamboo, first, actor=ANN, now=APRIL)
    assert (await asked(bamboo, own))["partnerSettlement"]
    unknown = await asked(moon, name_of(moon, uuid4()))
    assert unknown["partnerSettlement"] is None
    for theirs in (own, name_of(moon, first), ids.encode(Tag.PARTNER, bamboo), str(first), "nobody", ""):
        assert await asked(moon, theirs) == unknown
    for scope in (KeyScope.STATISTICS_READ, KeyScope.LINKS_WRITE):
        assert set((await asked(bamboo, own, scope)).codes) == {"FORBIDDEN"}
    await partners.reject_settlement(bamboo, first, reason=ReasonCode("LATE"), actor=ANN, now=APRIL)
    assert (await asked(bamboo, own))["partnerSettlement"] is None


async def test_those_who_lead_read_any_partners_statement_and_nobody_else_of_the_staff() -> None:
    bamboo, _, first = await settled()
    given = {"id": name_of(bamboo, first)}
    for role in StaffRole:
        answer = await ask(FILE, given, who=as_staff(role))
        if role in (StaffRole.OWNER, StaffRole.ADMIN):
            assert answer["partnerSettlement"]["state"] == "READY"
            assert "COMMISSION,5,2500,CNY" in answer["partnerSettlement"]["csv"]
        else:
            assert set(answer.codes) == {"FORBIDDEN"}


async def test_what_one_person_gave_back_is_in_no_line_of_the_partners() -> None:
    bamboo, people, first = await settled()
    await paid(bamboo, first, "bank-1")
    await people[0].gives_back(70_00, APRIL)
    for each in people:
        await each.orders_for(100_00, APRIL)
    await catch_up(MAY)
    [second] = await SQL("SELECT id FROM partner_settlement WHERE partner_id = $1 AND state = 'READY'").rows(bamboo)
    await partners.approve_settlement(bamboo, second["id"], actor=staff(1, MAY), now=MAY)
    told = (await asked(bamboo, name_of(bamboo, second["id"])))["partnerSettlement"]["csv"]
    assert [row["amount_minor"] for row in csv.DictReader(io.StringIO(told))] == ["2150", "0", "2150"]
    assert "NETTED" not in told
    assert not any(str(each.id) in told for each in people)


async def written(file: Path, partner_id: UUID, settlement_id: UUID, **how: bool) -> list[dict[str, str]]:
    wanted: dict[str, Any] = {"for_partner": False, "for_excel": False, **how}
    count = await settlements.write(file, partner_id, settlement_id, now=APRIL, **wanted)
    with file.open(newline="", encoding="utf-8-sig") as opened:
        rows = list(csv.DictReader(opened))
    assert count == len(rows)
    return rows


async def test_those_who_lead_write_it_by_campaign_with_five_people_in_each_line(
    tmp_path: Path,
) -> None:
    await programme()
    bamboo = await organisation(fee_bps=1_000)
    for code, number in (("TEA", 7), ("CAKE", 5), ("NUTS", 4)):
        await campaign(code)
        for each in await bring(bamboo, number, campaign=code):
            await each.happens("QUALIFIED", NOON)
            await each.orders_for(100_00, NOON)
    await catch_up(APRIL)
    [made] = await SQL("SELECT id FROM partner_settlement WHERE partner_id = $1").rows(bamboo)
    rows = await written(file := tmp_path / "march.csv", bamboo, made["id"], for_excel=True)
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    assert [
        (each["line"], each["campaign"], each["commission_bps"], each["orders"], each["amount_minor"])
        for each in rows
    ] == [
        ("COMMISSION", "TEA", "500", "7", "3500"),
        ("COMMISSION", "", "", "9", "4500"),
        ("NETTED", "", "", "", "0"),
        ("FEE", "", "", "", "-800"),
        ("PAYABLE", "", "", "16", "7200"),
    ]
    facts = {"rows": 5, "partner": str(bamboo), "settlement": str(made["id"])}
    assert await AUDITED.rows() == [{"action": "partner.export_settlement", "facts": facts}]
    [commission, *_] = await written(file, bamboo, made["id"], for_partner=True)
    assert (commission["amount_minor"], "campaign" in commission) == ("8000", False)


async def test_a_rejected_settlement_is_written_as_a_whole_and_none_not_at_all(tmp_path: Path) -> None:
    bamboo, _, first = await settled()
    await partners.reject_settlement(bamboo, first, reason=ReasonCode("LATE"), actor=ANN, now=APRIL)
    commission, *_, payable = await written(tmp_path / "march.csv", bamboo, first)
    assert (commission["campaign"], commission["amount_minor"], payable["amount_minor"]) == ("", "2500", "2500")
    assert payable["state"] == SettlementState.REJECTED
    moon = await organisation("Moon Radio")
    with pytest.raises(NotFound):
        await written(tmp_path / "none.csv", moon, first)
    assert left(tmp_path) == {"march.csv": 0o600}


@pytest.mark.either
def test_no_line_is_of_one_to_four_people_and_nothing_is_lost() -> None:
    for people in product(range(8), repeat=4):
        parts = [Line("TEA", each, each, each + 1, each * 10) for each in people if each]
        told = folded(parts)
        assert sum(each.minor for each in told) == sum(each.minor for each in parts)
        assert sum(each.orders for each in told) == sum(each.orders for each in parts)
        if sum(people) >= 5:
            assert all(each.referees >= 5 for each in told), people
