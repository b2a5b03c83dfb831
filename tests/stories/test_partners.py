"""Partners: they are registered, called by keys of their own, disabled, and see nobody but themselves."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from models.credentials import KeyScope, PrincipalKind
from models.sql import SQL
from models.units import ReasonCode
from rules import keys, partners, referrals
from rules.actors import SYSTEM, Principal
from rules.keys import Holder
from rules.partners import PartnerNameInvalid, PartnerNameTaken
from rules.refusals import NotFound
from schema import ids
from schema.ids import Tag
from tests.bringing import campaign
from tests.people import NOON, programme
from tests.schema.asking import CLERK, OWNER, PARTNER, act, ask, refusals

pytestmark = pytest.mark.either

ENDED = ReasonCode("CONTRACT_ENDED")
SELF = "{ partner { id name createdAt } }"
LINES = SQL("SELECT action, reason, facts FROM audit_log ORDER BY id", fans_out="a test reads the whole log")


async def register(name: str = "Bamboo Books") -> UUID:
    return await partners.register(name, actor=SYSTEM, now=NOON)


def calling(partner_id: UUID, *scopes: KeyScope) -> Principal:
    return Principal(PrincipalKind.PARTNER, str(partner_id), scopes=frozenset(scopes) or None)


def shown_id(partner_id: UUID) -> str:
    return ids.encode(Tag.PARTNER, partner_id)


async def test_a_partner_is_registered_by_those_who_lead_and_sees_itself() -> None:
    made = await act("partnerCreate", "partner { id name disabledAt }", {"name": "Bamboo Books"}, who=OWNER)
    which = ids.decode_one(Tag.PARTNER, made["partner"]["id"])
    assert which
    assert made["partner"] == {"id": shown_id(which), "name": "Bamboo Books", "disabledAt": None}
    seen = (await ask(SELF, who=calling(which)))["partner"]
    assert seen == {"id": shown_id(which), "name": "Bamboo Books", "createdAt": "2026-03-10T04:00:00Z"}
    [line] = await LINES.rows()
    assert (line["action"], line["facts"]) == ("partner.register", {"partner": str(which), "fee_bps": 0})


async def test_no_two_partners_have_one_name() -> None:
    await register()
    with pytest.raises(PartnerNameTaken):
        await register()
    for name in ("", "x" * 81, " Bamboo", "Bam\nboo"):
        with pytest.raises(PartnerNameInvalid):
            await register(name)
    again = await act("partnerCreate", "partner { id }", {"name": "Bamboo Books"}, who=OWNER)
    assert (again["partner"], refusals(again)) == (None, ["PARTNER_NAME_TAKEN"])


async def test_a_partner_sees_no_other() -> None:
    bamboo, moon = await register(), await register("Moon Radio")
    document = "query($id: ID) { partner(id: $id) { name } }"
    told: dict[str, Any] = {}
    for said in (shown_id(bamboo), shown_id(moon), shown_id(UUID(int=7)), "nobody"):
        told[said] = (await ask(document, {"id": said}, who=calling(bamboo)))["partner"]
    assert list(told.values()) == [{"name": "Bamboo Books"}, None, None, None]
    assert (await ask(document, {"id": shown_id(moon)}, who=OWNER))["partner"] == {"name": "Moon Radio"}
    assert (await ask("{ partner { name } }", who=OWNER))["partner"] is None
    for asked in ("{ partners { nodes { name } } }", "{ partner { disabledAt } }", "{ apiKeys { nodes { id } } }"):
        assert set((await ask(asked, who=calling(bamboo))).codes) == {"FORBIDDEN"}
    assert set((await ask(SELF, who=CLERK)).codes) == {"FORBIDDEN"}


async def test_partners_are_listed_by_name() -> None:
    for name in ("Moon Radio", "Bamboo Books", "Lake Inn"):
        await register(name)
    document = "query($a: String) { partners(first: 2, after: $a) { nodes { name } pageInfo { endCursor } } }"
    page = (await ask(document, who=OWNER))["partners"]
    assert [each["name"] for each in page["nodes"]] == ["Bamboo Books", "Lake Inn"]
    rest = (await ask(document, {"a": page["pageInfo"]["endCursor"]}, who=OWNER))["partners"]
    assert [each["name"] for each in rest["nodes"]] == ["Moon Radio"]


async def test_a_partners_key_is_kept_to_its_scopes() -> None:
    bamboo = await register()
    given = {"partnerId": shown_id(bamboo), "name": "reports", "scopes": ["LINKS_WRITE"]}
    made = await act("partnerKeyCreate", "secret apiKey { kind scopes partnerId }", given, who=OWNER)
    told = {"kind": "PARTNER", "scopes": ["LINKS_WRITE"], "partnerId": shown_id(bamboo)}
    assert made["apiKey"] == told
    assert await keys.recognise(made["secret"], NOON) == calling(bamboo, KeyScope.LINKS_WRITE)
    refused = await act("partnerKeyCreate", "secret", {**given, "scopes": ["POINTS_WRITE"]}, who=OWNER)
    assert refusals(refused) == ["KEY_INVALID"]
    nobody = await act("partnerKeyCreate", "secret", {**given, "partnerId": shown_id(UUID(int=7))}, who=OWNER)
    assert refusals(nobody) == ["NOT_FOUND"]
    assert (await ask(SELF, who=PARTNER))["partner"] is None


async def test_two_keys_live_and_one_follows_another() -> None:
    given = {"partnerId": shown_id(await register()), "name": "reports"}
    first, _ = [await act("partnerKeyCreate", "apiKey { id } secret", given, who=OWNER) for _ in range(2)]
    assert refusals(await act("partnerKeyCreate", "secret", given, who=OWNER)) == ["KEY_LIMIT"]
    await act("apiKeyRevoke", "apiKey { id }", {"id": first["apiKey"]["id"]}, who=OWNER)
    third = await act("partnerKeyCreate", "secret", given, who=OWNER)
    assert await keys.recognise(third["secret"], NOON)
    assert await keys.recognise(first["secret"], NOON) is None


async def test_a_disabled_partners_keys_open_nothing_until_it_is_enabled() -> None:
    bamboo = await register()
    key = (await keys.issue(Holder.partner(bamboo), name="a", environment="test", actor=SYSTEM, now=NOON)).secret
    which = {"partnerId": shown_id(bamboo), "reason": ENDED}
    off = await act("partnerDisable", "partner { disabledAt }", which, who=OWNER)
    assert off["partner"] == {"disabledAt": "2026-03-10T04:00:00Z"}
    assert await keys.recognise(key, NOON) is None
    assert not await partners.disable(bamboo, reason=ENDED, actor=SYSTEM, now=NOON + timedelta(days=1))
    on = await act("partnerEnable", "partner { disabledAt }", which, who=OWNER)
    assert on["partner"] == {"disabledAt": None}
    assert await keys.recognise(key, NOON) == calling(bamboo)
    assert not await partners.enable(bamboo, reason=ENDED, actor=SYSTEM, now=NOON)
    said = [(line["action"], line["reason"]) for line in await LINES.rows()]
    assert said[-2:] == [("partner.disable", ENDED), ("partner.enable", ENDED)]
    for switch in (partners.disable, partners.enable):
        with pytest.raises(NotFound):
            await switch(UUID(int=7), reason=ENDED, actor=SYSTEM, now=NOON)


LINKS = """query($a: String) { partner { links(first: 2, after: $a) {
  nodes { code channel campaign link scene createdAt retiredAt } edges { cursor } pageInfo { hasNextPage endCursor }
} } }"""
MADE = "link { code channel campaign link scene retiredAt }"


async def link(whose: UUID, channel: str = "POSTER", key: str = "a-key-of-mine", **more: Any) -> Any:
    who = calling(whose, KeyScope.LINKS_WRITE)
    return await act("partnerLinkCreate", MADE, {"channel": channel, "idempotencyKey": key, **more}, who=who)


async def test_a_partner_makes_links_for_channels_and_campaigns() -> None:
    await programme()
    await campaign()
    bamboo = await register()
    made = (await link(bamboo, campaign="TEA"))["link"]
    code = made["code"]
    told = {"channel": "POSTER", "campaign": "TEA", "link": f"https://tea.example/{code}", "scene": f"r={code}"}
    assert made == {"code": code, **told, "retiredAt": None}
    assert (await link(bamboo, campaign="TEA"))["link"] == made, "the same key is the same link"
    assert refusals(await link(bamboo, "RADIO")) == ["IDEMPOTENCY_KEY_REUSED"]
    assert refusals(await link(bamboo, "no good", "another-1")) == ["REFERRAL_CHANNEL_INVALID"]
    assert refusals(await link(bamboo, "RADIO", "another-2", campaign="NONE")) == ["REFERRAL_CAMPAIGN_UNKNOWN"]
    found = await referrals.find_code(code)
    assert found
    assert (found.partner_id, found.channel, found.campaign) == (bamboo, "POSTER", "TEA")


async def test_a_campaign_for_some_partners_is_unknown_to_the_others() -> None:
    await programme()
    bamboo, moon = await register(), await register("Moon Cafe")
    await campaign("MOON_VIP", only=[str(moon)])
    assert refusals(await link(bamboo, campaign="MOON_VIP")) == ["REFERRAL_CAMPAIGN_UNKNOWN"]
    assert (await link(moon, campaign="MOON_VIP"))["link"]["campaign"] == "MOON_VIP"
    # it is the only one that runs: a link that names none brings nobody for bamboo, and by its terms for moon
    known = await referrals.newest()
    assert referrals.meant(known, None, NOON, partner_id=bamboo) is None
    assert referrals.meant(known, None, NOON, partner_id=moon) == known[0]
    assert referrals.meant(known, None, NOON) == known[0], "members may go on by it"


async def test_a_campaign_names_no_partner_that_there_is_not() -> None:
    await programme()
    bamboo, nobody = shown_id(await register()), shown_id(UUID(int=9))
    for number, (named, refused) in enumerate(((bamboo, []), (nobody, ["NOT_FOUND"]), ("no id", ["NOT_FOUND"]))):
        given = {"code": "TEA", "name": "Tea", "partner": {"commissionBps": 500, "only": [named]}}
        sent = {"campaign": given, "idempotencyKey": f"publishing-{number}"}
        said = await act("referralCampaignPublish", "campaign { partner { only } }", sent, who=OWNER)
        assert refusals(said) == refused
        assert refused or said["campaign"]["partner"]["only"] == [named]


async def test_a_partners_links_are_its_own_and_so_are_its_cursors() -> None:
    await programme()
    await campaign()
    bamboo, moon = await register(), await register("Moon Radio")
    mine = [(await link(bamboo, f"C{n}", f"key-of-{n}"))["link"]["code"] for n in range(3)]
    [theirs] = [(await link(moon))["link"]["code"]]
    page = (await ask(LINKS, who=calling(bamboo)))["partner"]["links"]
    rest = (await ask(LINKS, {"a": page["pageInfo"]["endCursor"]}, who=calling(bamboo)))["partner"]["links"]
    assert {each["code"] for part in (page, rest) for each in part["nodes"]} == set(mine)
    for edge in page["edges"]:
        seen = (await ask(LINKS, {"a": edge["cursor"]}, who=calling(moon)))["partner"]["links"]["nodes"]
        assert {each["code"] for each in seen} <= {theirs}
    refused = await act("partnerLinkRetire", MADE, {"code": theirs}, who=calling(bamboo))
    assert refusals(refused) == ["NOT_FOUND"]
    assert set((await ask(LINKS, who=calling(bamboo, KeyScope.STATISTICS_READ))).codes) == {"FORBIDDEN"}


async def test_a_retired_link_brings_nobody() -> None:
    await programme()
    await campaign()
    bamboo = await register()
    code = (await link(bamboo))["link"]["code"]
    for _ in range(2):
        done = await act("partnerLinkRetire", MADE, {"code": code}, who=calling(bamboo))
        assert done["link"]["retiredAt"] == "2026-03-10T04:00:00Z"
    found = await referrals.find_code(code)
    assert found
    assert found.retired_at == NOON


async def test_a_partner_has_so_many_links(monkeypatch: pytest.MonkeyPatch) -> None:
    await programme()
    monkeypatch.setattr("rules.partners._links.LINKS_MAX", 1)
    bamboo = await register()
    assert refusals(await link(bamboo)) == []
    assert refusals(await link(bamboo, "RADIO", "another-1")) == ["PARTNER_LINK_LIMIT"]
