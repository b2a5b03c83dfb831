"""The mini-program client brings friends: touches at launch, enrolment, codes, progress, and points for others."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from models.units import Minor, Points
from rules import policy, programme, referrals
from rules.actors import SYSTEM
from rules.idempotency import Key
from rules.policy import Transfer
from rules.referrals import Campaign, Milestone, QualifyingAct, Reward
from tests.clients.phone import CLIENT, URL, Phone, phone_of, storm
from tests.clients.test_miniprogram import restart
from tests.clients.test_miniprogram_pages import EXAMPLES
from tests.people import NOON, movements

pytestmark = pytest.mark.either

SHOW = "mutation Show { memberCodeCreate { memberCode { code } } }"
CAMPAIGN = Campaign(
    code="FRIENDS",
    name="Bring a friend",
    act=QualifyingAct.FIRST_ORDER_PAID,
    min_order_minor=Minor(50_00),
    referrer=Reward(Points(100)),
    milestones=(Milestone(3, Points(300)),),
    link="https://tea.example/join?c={code}",
)


@pytest.fixture
async def strict(anyio_backend: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Phone]:
    """A phone before a server that trusts the client's own documents alone."""
    async with phone_of(monkeypatch, trusted_only=True, documents=(CLIENT / "documents.json",)) as made:
        made.engine.eval("const { createClient, LoyaltyError } = require('./loyalty/index'); var client;")
        made.engine.eval(f"client = createClient({{ url: '{URL}' }})")
        yield made


@pytest.fixture
async def code(mei: UUID) -> str:
    """Mei's code, under a campaign."""
    since = NOON - timedelta(days=1)
    await referrals.publish(CAMPAIGN, key=Key("campaign-1"), actor=SYSTEM, now=since)
    return (await referrals.own_code(mei, now=NOON)).code


async def launch(phone: Phone, **query: str) -> object:
    return await phone.run(f"return await client.launched({json.dumps({'query': query})})")


async def test_who_came_by_a_scene_is_bound_when_they_enrol_later(strict: Phone, code: str) -> None:
    assert await launch(strict, scene=f"r%3D{code}") == code
    assert strict.asked() == ["LoyaltyTouch"], "nobody has to log in for it"
    restart(strict)
    strict.set("code", "demo:stranger")
    told = await strict.run("return await client.enroll({ displayName: '晨晨' })")
    assert told == {"member": {"state": "ACTIVE"}, "replayed": False, "userErrors": []}
    mine = await strict.run("return await client.referral()")
    assert mine["broughtBy"]["referrer"]["displayName"] == "小梅"
    assert (mine["broughtBy"]["missing"], mine["broughtBy"]["missingMinor"]) == ("ORDER", 50_00)
    strict.set("code", "demo:mei")
    await strict.run("await client.logOut()")
    theirs = await strict.run("return await client.referral({ first: 5 })")
    assert [each["name"] for each in theirs["invitees"]["nodes"]] == ["晨**"]
    assert [each["reached"] for each in theirs["milestones"]] == [0]
    assert (await strict.run("return await client.referralCode()"))["code"]["code"] == code


@pytest.mark.parametrize("query", [{"r": "CODE"}, {"q": "https%3A%2F%2Ftea.example%2Fjoin%3Fc%3DCODE"}])
async def test_pages_and_scanned_links_bring_codes_too(phone: Phone, query: dict[str, str], code: str) -> None:
    [(name, value)] = query.items()
    assert await launch(phone, **{name: value.replace("CODE", code)}) == code


async def test_a_launch_without_a_code_asks_for_nothing(phone: Phone, mei: UUID) -> None:
    for query in ({}, {"scene": "t%3D1"}, {"q": "%E0%A4%A"}):
        assert await launch(phone, **query) is None
    assert phone.sent == []


async def test_a_touch_whose_answer_was_lost_is_sent_again_as_it_was(phone: Phone, code: str) -> None:
    phone.weather = storm("LoyaltyTouch", {"fail": "request:fail timeout"})
    assert await launch(phone, r=code) == code
    first, second = phone.inputs("LoyaltyTouch")
    assert first == second
    assert len(first["device"]) == 32
    assert code not in first["device"]


async def test_progress_tells_the_way_up_and_what_the_tier_gives(strict: Phone, mei: UUID) -> None:
    told = await strict.run("return await client.progress()")
    assert told["next"] == {"need": 900, "percent": 1000, "tier": {"code": "SILVER", "name": "Silver"}}
    assert told["benefits"] == []


async def test_points_are_given_to_whoever_shows_a_code(phone: Phone, mei: UUID) -> None:
    terms = await programme.terms()
    wanted = replace(terms.policy, transfer=Transfer(enabled=True, min_member_days=0))
    await policy.publish(wanted, expected_version=0, key=Key("policy-1"), actor=SYSTEM, now=NOON)
    phone.engine.eval("var page; var App = (told) => { page = told; }")
    phone.define("app", EXAMPLES["friends"])
    assert await phone.run("return await page.give('1234', 10)") != "", "no such code"
    assert "LoyaltyTransfer" not in phone.asked(), "what was refused when tried is not done"
    await phone.run("await page.loyalty.logOut()")
    phone.set("code", "demo:chen")
    shown = await phone.run(f"await page.loyalty.enroll(); return await page.loyalty.request('{SHOW}')")
    await phone.run("await page.loyalty.logOut()")
    phone.set("code", "demo:mei")
    given = shown["memberCodeCreate"]["memberCode"]["code"]
    assert await phone.run(f"return await page.give('{given}', 10)") == ""
    assert await movements(mei) == [("EARN", 100), ("TRANSFER_OUT", -10)]


async def test_the_example_of_friends_joins_and_shares(phone: Phone, code: str) -> None:
    phone.engine.eval("var page; var App = (told) => { page = told; }")
    phone.define("app", EXAMPLES["friends"])
    phone.set("code", "demo:stranger")
    assert await phone.run(f"return await page.onLaunch({{ query: {{ r: '{code}' }} }})") == code
    assert await phone.run("return await page.join('晨晨')") == ""
    shared = await phone.run("return await page.share()")
    assert shared["path"].startswith("/pages/home/home?r=")
    assert code not in shared["path"], "it is their own"
