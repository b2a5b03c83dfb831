"""The member's home, the programme and its ladder, and the staff's view of a member."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from models.staff import StaffRole
from models.units import BasisPoints, Growth, Points
from rules.programme import Rung
from schema import ids
from schema.ids import Tag
from tests.people import DAY, NOON, adjust, buy, freeze, member, programme, redeem, refund
from tests.schema.asking import CASHIER, CLERK, PARTNER, SERVICE, Answer, as_member, as_staff, ask, member_id

HOME = """query MemberHome {
  me {
    id
    state
    joinedAt
    card { displayName avatarUrl }
    profile { displayName birthday }
    identities { kind namespace masked verified }
    tier { code name benefits { kind value } }
    tierProgress { growth since next { tier { code } need percent } }
    points {
      available pending held debt lifetimeEarned lifetimeSpent lifetimeExpired
      expiring(first: 3) { points expiresAt }
      entries(first: 5) { nodes { kind points balanceAfter occurredAt reason } }
    }
    purchases(first: 3) { nodes { orderRef state goods { amountMinor currency } lines { lineRef } } }
  }
}
"""


async def test_many_who_look_at_once_each_see_their_own() -> None:
    await programme(expire_months=12)
    several = [await member(f"Mei {place}") for place in range(8)]
    for place, each in enumerate(several):
        await buy(each, (place + 1) * 100_00, ref=f"tea-{place}")
    alone = [await ask(HOME, who=as_member(each)) for each in several]
    assert len({home["me"]["points"]["available"] for home in alone}) == len(several)
    assert await asyncio.gather(*(ask(HOME, who=as_member(each)) for each in several)) == alone


async def test_a_member_sees_their_standing_at_home() -> None:
    await programme(expire_months=12)
    mei = await member("Mei", "+8613800001234")
    await buy(mei, 1_000_00, 200_00, ref="tea-1")
    await redeem(mei, 200)
    me = (await ask(HOME, who=as_member(mei)))["me"]
    assert me["id"] == member_id(mei)
    assert me["state"] == "ACTIVE"
    assert me["joinedAt"] == "2026-03-10T04:00:00Z"
    assert me["card"] == {"displayName": "Mei", "avatarUrl": None}
    assert me["identities"] == [{"kind": "PHONE", "namespace": "", "masked": "138****1234", "verified": True}]
    assert me["tier"] == {
        "code": "SILVER",
        "name": "Silver",
        "benefits": [{"kind": "EARN_MULTIPLIER", "value": 11_000}],
    }
    assert me["tierProgress"]["growth"] == 1_200
    assert me["tierProgress"]["next"] == {"tier": {"code": "GOLD"}, "need": 3_800, "percent": 500}
    assert me["points"]["available"] == 1_000
    assert me["points"]["lifetimeEarned"] == 1_200
    assert me["points"]["lifetimeSpent"] == 200
    assert me["points"]["expiring"] == [{"points": 1_000, "expiresAt": "2027-03-10T16:00:00Z"}]
    assert [(line["kind"], line["points"]) for line in me["points"]["entries"]["nodes"]] == [
        ("REDEEM", -200),
        ("EARN", 1_200),
    ]
    assert me["purchases"]["nodes"] == [
        {
            "orderRef": "tea-1",
            "state": "PAID",
            "goods": {"amountMinor": 1_200_00, "currency": "CNY"},
            "lines": [{"lineRef": "A"}, {"lineRef": "B"}],
        }
    ]


async def test_on_the_highest_tier_there_is_nowhere_further_to_go() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 9_000_00)
    progress = (await ask("{ me { tierProgress { tier { code } next { need } } } }", who=as_member(mei)))["me"]
    assert progress["tierProgress"] == {"tier": {"code": "GOLD"}, "next": None}


async def test_a_refund_below_the_tiers_own_threshold_shows_the_whole_way_again() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 1_200_00, ref="tea-1")
    await refund("tea-1", {"A": 1_200_00})
    document = "{ me { tierProgress { growth tier { code } next { need percent } } } }"
    progress = (await ask(document, who=as_member(mei)))["me"]["tierProgress"]
    assert progress == {"growth": 0, "tier": {"code": "SILVER"}, "next": {"need": 5_000, "percent": 0}}


async def test_what_has_expired_is_shown_as_expired_from_that_very_moment() -> None:
    await programme(expire_months=1)
    mei = await member("Mei")
    await buy(mei, 300_00)
    ask_points = "{ me { points { available lifetimeExpired expiring { points expiresAt } } } }"
    midnight = NOON.replace(month=4, hour=16)
    last = (await ask(ask_points, who=as_member(mei), at=midnight - timedelta(milliseconds=1)))["me"]["points"]
    assert last == {
        "available": 300,
        "lifetimeExpired": 0,
        "expiring": [{"points": 300, "expiresAt": "2026-04-10T16:00:00Z"}],
    }
    over = (await ask(ask_points, who=as_member(mei), at=midnight))["me"]["points"]
    assert over == {"available": 0, "lifetimeExpired": 300, "expiring": []}


async def test_a_member_asks_for_themselves_and_staff_have_no_home() -> None:
    await programme()
    await member("Mei")
    assert (await ask("{ me { id } }", who=CLERK)).codes == ["FORBIDDEN"]
    assert (await ask("{ me { id } }")).codes == ["UNAUTHENTICATED"]
    assert (await ask("{ me { id } }", who=as_member(UUID(int=7))))["me"] is None


async def test_the_programme_and_its_ladder_are_for_everybody() -> None:
    ladder = (
        Rung("BASIC", "普通会员", Growth(0), redeem_limit_points=Points(500)),
        Rung("SILVER", "银卡会员", Growth(1_000), BasisPoints(11_000), Points(2_000)),
    )
    await programme(ladder=ladder, expire_months=12)
    document = """{
      programme { name currency timezone earnPoints earnPerMinor expireMonths }
      tiers { code name rank threshold earnMultiplier redeemLimit benefits { kind value } }
    }"""
    answer = await ask(document)
    assert answer["programme"] == {
        "name": "Tea House",
        "currency": "CNY",
        "timezone": "Asia/Shanghai",
        "earnPoints": 1,
        "earnPerMinor": 100,
        "expireMonths": 12,
    }
    basic, silver = answer["tiers"]
    assert basic == {
        "code": "BASIC",
        "name": "普通会员",
        "rank": 0,
        "threshold": 0,
        "earnMultiplier": 10_000,
        "redeemLimit": 500,
        "benefits": [{"kind": "REDEEM_LIMIT", "value": 500}],
    }
    assert [each["kind"] for each in silver["benefits"]] == ["EARN_MULTIPLIER", "REDEEM_LIMIT"]


async def test_staff_find_a_member_by_id_or_by_any_of_their_names() -> None:
    await programme()
    mei = await member("Mei", "+8613800001234")
    find = "query($by: MemberBy!) { member(by: $by) { id card { displayName } } }"
    found = {"id": member_id(mei), "card": {"displayName": "Mei"}}
    for by in (
        {"id": member_id(mei)},
        {"identity": {"kind": "PHONE", "value": "138 0000 1234"}},
        {"identity": {"kind": "PHONE", "value": "+86-138-0000-1234", "namespace": "ignored"}},
    ):
        for who in (CASHIER, CLERK, SERVICE):
            assert (await ask(find, {"by": by}, who=who))["member"] == found


@pytest.mark.parametrize(
    "by",
    [
        {"id": ids.encode(Tag.MEMBER, UUID(int=9))},
        {"id": ids.encode(Tag.TIER, UUID(int=9))},
        {"id": "nonsense"},
        {"id": ""},
        {"identity": {"kind": "PHONE", "value": "13800009999"}},
        {"identity": {"kind": "PHONE", "value": "not a phone"}},
        {"identity": {"kind": "CARD", "namespace": "house", "value": "\u0000"}},
        {"identity": {"kind": "EXTERNAL", "namespace": "x" * 99, "value": "1"}},
    ],
)
async def test_nobody_is_found_by_what_names_nobody(by: dict[str, object]) -> None:
    await programme()
    await member("Mei")
    answer = await ask("query($by: MemberBy!) { member(by: $by) { id } }", {"by": by}, who=CLERK)
    assert answer == Answer({"member": None})


@pytest.mark.parametrize("by", [{}, {"id": None}, {"id": "a", "identity": {"kind": "PHONE", "value": "1"}}])
async def test_a_member_is_looked_up_by_one_thing_at_a_time(by: dict[str, object]) -> None:
    answer = await ask("query($by: MemberBy!) { member(by: $by) { id } }", {"by": by}, who=CLERK)
    assert answer.codes == ["BAD_USER_INPUT"]
    assert answer.data is None


async def test_a_birthday_is_for_the_member_and_the_desk_only() -> None:
    await programme()
    mei = await member("Mei")
    born = "query($id: ID!) { node(id: $id) { ... on Member { profile { birthday } } } }"
    variables = {"id": member_id(mei)}
    for who in (as_member(mei), CLERK, as_staff(StaffRole.OPERATOR)):
        assert (await ask(born, variables, who=who)).errors == []
    for who in (CASHIER, SERVICE, as_staff(StaffRole.ANALYST), PARTNER):
        assert set((await ask(born, variables, who=who)).codes) == {"FORBIDDEN"}


async def test_a_frozen_members_earnings_are_shown_as_pending() -> None:
    await programme()
    mei = await member("Mei")
    await adjust(mei, 40)
    await freeze(mei)
    await buy(mei, 100_00, at=NOON + DAY)
    answer = await ask("{ me { state points { available pending } } }", who=as_member(mei), at=NOON + DAY)
    assert answer["me"] == {"state": "FROZEN", "points": {"available": 40, "pending": 100}}
