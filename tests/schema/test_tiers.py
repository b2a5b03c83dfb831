"""Tiers through the schema: schemes, grants, and all of a member's progress in one query."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from models.staff import StaffRole
from rules import gifts, tiers
from schema import ids
from schema.context import Reference
from tests.ladder import YEARLY, hand_out, pay, plan, scheme
from tests.people import DAY, NOON, buy, member, merge, programme
from tests.schema.asking import CLERK, OWNER, SERVICE, as_member, as_staff, ask, member_id

PROGRESS = """{ me { tierProgress {
  tier { code } source since expiresAt graceUntil growth growthInWindow
  next { tier { code } need percent } retain { need deadline } projected { tier { code } at }
  deferred { tier { code } at } risks { kind at to { code } }
  history(first: 5) { nodes { cause source at fromTier { code } toTier { code } endsAt } }
} } }"""
ROLLING = {"kind": "ROLLING", "days": 365}
SCHEME = """mutation($input: TierSchemePublishInput!) { tierSchemePublish(input: $input) {
  scheme { version basis window { kind days } validity { n unit roundTo } levels { rank code retainThreshold } }
  replayed userErrors { code message } } }"""
GRANT = """mutation($input: TierGrantInput!) { tierGrant(input: $input) { member { tier { code } tierProgress {
  source expiresAt } } replayed userErrors { code } } }"""


def shanghai(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00").astimezone(UTC)


def iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


async def test_without_a_scheme_there_is_nothing_to_lose() -> None:
    await programme()
    mei = await member()
    await buy(mei, 1_200_00)
    told = (await ask(PROGRESS, who=as_member(mei)))["me"]["tierProgress"]
    assert told.pop("history")["nodes"][0] == {
        "cause": "UPGRADED",
        "source": "EARNED",
        "at": iso(NOON),
        "fromTier": {"code": "BASIC"},
        "toTier": {"code": "SILVER"},
        "endsAt": None,
    }
    assert told == {
        "tier": {"code": "SILVER"},
        "source": "EARNED",
        "since": iso(NOON),
        "expiresAt": None,
        "graceUntil": None,
        "growth": 1_200,
        "growthInWindow": 1_200,
        "next": {"tier": {"code": "GOLD"}, "need": 3_800, "percent": 500},
        "retain": None,
        "projected": None,
        "deferred": None,
        "risks": [],
    }


async def test_all_of_a_members_progress_is_told_in_one_query() -> None:
    await programme()
    mei = await member()
    kept: dict[str, Any] = {"validity": YEARLY, "grace_days": 30, "downgrade_mode": "ONE_DOWN"}
    await scheme(window=ROLLING, retain={"GOLD": 4_000}, **kept)
    await buy(mei, 5_000_00)
    later = NOON + 300 * DAY
    await buy(mei, 1_500_00, at=later)
    told = (await ask(PROGRESS, who=as_member(mei), at=later))["me"]["tierProgress"]
    ends, over = shanghai("2027-04-01T00:00"), shanghai("2027-05-01T00:00")
    assert (told["source"], told["expiresAt"], told["graceUntil"]) == ("EARNED", iso(ends), None)
    assert told["retain"] == {"need": 2_500, "deadline": iso(ends)}
    assert told["projected"] == {"tier": {"code": "GOLD"}, "at": iso(ends)}
    assert told["risks"][0] == {"kind": "DOWNGRADE", "at": iso(over), "to": {"code": "SILVER"}}
    # nobody has written the review down, and the page tells it all the same
    told = (await ask(PROGRESS, who=as_member(mei), at=ends))["me"]["tierProgress"]
    assert (told["tier"]["code"], told["graceUntil"], told["growthInWindow"]) == ("GOLD", iso(over), 1_500)
    assert told["retain"] == {"need": 2_500, "deadline": iso(over)}
    assert told["projected"] == {"tier": {"code": "SILVER"}, "at": iso(over)}
    told = (await ask(PROGRESS, who=as_member(mei), at=over))["me"]["tierProgress"]
    assert (told["tier"]["code"], told["since"]) == ("SILVER", iso(over))
    assert told["next"] == {"tier": {"code": "GOLD"}, "need": 3_500, "percent": 1_250}
    await tiers.review({}, over)
    told = (await ask(PROGRESS, who=as_member(mei), at=over))["me"]["tierProgress"]
    causes = [each["cause"] for each in told["history"]["nodes"]]
    assert causes == ["DOWNGRADED", "GRACE_ENTERED", "UPGRADED", "JOINED"]


async def test_a_tier_to_come_is_told() -> None:
    await programme()
    mei = await member()
    await scheme(window={"kind": "ANNIVERSARY"}, upgrade_timing="NEXT_PERIOD")
    await buy(mei, 1_000_00)
    told = (await ask(PROGRESS, who=as_member(mei)))["me"]["tierProgress"]
    assert told["deferred"] == {"tier": {"code": "SILVER"}, "at": iso(shanghai("2027-03-10T00:00"))}
    assert (told["growthInWindow"], told["next"]["need"]) == (1_000, 0)


@pytest.mark.parametrize(("basis", "reached"), [("SPEND", 150_00), ("ORDERS", 2)])
async def test_what_counts_is_told_in_its_own_unit(basis: str, reached: int) -> None:
    await programme()
    mei = await member()
    await scheme(basis=basis, window=ROLLING)
    await buy(mei, 100_00, at=NOON - 400 * DAY)
    await buy(mei, 100_00)
    await buy(mei, 50_00)
    told = (await ask(PROGRESS, who=as_member(mei)))["me"]["tierProgress"]
    assert (told["growth"], told["growthInWindow"]) == (250, reached)
    listed = await ask("{ members(first: 5) { nodes { tierProgress { growthInWindow } } } }", who=CLERK)
    assert listed["members"]["nodes"] == [{"tierProgress": {"growthInWindow": reached}}]


async def test_a_scheme_is_published_and_read_again() -> None:
    await programme()
    levels: list[dict[str, Any]] = [
        {"code": code, "name": code.title(), "threshold": at} for code, at in (("BASIC", 0), ("SILVER", 900))
    ]
    validity = {"n": 12, "unit": "MONTH", "roundTo": "MONTH"}
    told = {"window": {"kind": "ROLLING", "days": 90}, "validity": validity, "levels": levels}
    given = {"scheme": told, "expectedVersion": 0, "idempotencyKey": "scheme-1"}
    before = await ask("{ tierScheme { version publishedAt levels { code threshold } } }")
    assert (before["tierScheme"]["version"], before["tierScheme"]["publishedAt"]) == (0, None)
    done = (await ask(SCHEME, {"input": given}, who=OWNER))["tierSchemePublish"]
    again = (await ask(SCHEME, {"input": given}, who=OWNER))["tierSchemePublish"]
    assert (done["userErrors"], again["scheme"]) == ([], done["scheme"])
    assert (done["replayed"], again["replayed"], done["scheme"]["version"]) == (False, True, 1)
    assert done["scheme"]["validity"] == validity
    assert done["scheme"]["levels"][1] == {"rank": 1, "code": "SILVER", "retainThreshold": 900}
    stale = await ask(SCHEME, {"input": {**given, "idempotencyKey": "scheme-2"}}, who=OWNER)
    assert stale["tierSchemePublish"]["userErrors"][0]["code"] == "TIER_SCHEME_CHANGED"
    assert set((await ask(SCHEME, {"input": given}, who=as_staff(StaffRole.OPERATOR))).codes) == {"FORBIDDEN"}
    versions = "{ tierSchemes(first: 3) { nodes { version } } }"
    assert (await ask(versions, who=CLERK))["tierSchemes"]["nodes"] == [{"version": 1}]
    shown = (await ask("{ tierScheme { version publishedAt } }"))["tierScheme"]
    assert shown == {"version": 1, "publishedAt": iso(NOON)}


async def test_staff_give_a_tier_and_take_it_back() -> None:
    await programme()
    mei = await member()
    until = iso(NOON + DAY)
    given = {"memberId": member_id(mei), "tierCode": "GOLD", "until": until, "reason": "GOODWILL"}
    done = (await ask(GRANT, {"input": {**given, "idempotencyKey": "grant-01"}}, who=CLERK))["tierGrant"]
    assert done["member"] == {"tier": {"code": "GOLD"}, "tierProgress": {"source": "GRANTED", "expiresAt": until}}
    told = (await ask(PROGRESS, who=as_member(mei)))["me"]["tierProgress"]
    assert told["risks"] == [{"kind": "EXPIRE", "at": until, "to": {"code": "BASIC"}}]
    revoke = "mutation($input: TierRevokeInput!) { tierRevoke(input: $input) { member { tier { code } } } }"
    taken = {"memberId": member_id(mei), "reason": "MISTAKE", "idempotencyKey": "revoke-1"}
    assert (await ask(revoke, {"input": taken}, who=CLERK))["tierRevoke"]["member"] == {"tier": {"code": "BASIC"}}


async def test_a_member_sees_what_they_have_paid_for() -> None:
    await programme()
    mei = await member()
    plan = {"code": "BLACK", "name": "Black", "priceMinor": 9_800, "durationDays": 30, "tierCode": "GOLD"}
    publish = """mutation($input: MembershipPlanPublishInput!) { membershipPlanPublish(input: $input) {
      plan { code version priceMinor onSale tier { code } } userErrors { code } } }"""
    shown = (await ask(publish, {"input": {**plan, "idempotencyKey": "plan-001"}}, who=OWNER))[
        "membershipPlanPublish"
    ]
    expected = {"code": "BLACK", "version": 1, "priceMinor": 9_800, "onSale": True, "tier": {"code": "GOLD"}}
    assert shown == {"plan": expected, "userErrors": []}
    assert (await ask("{ membershipPlans { code } }"))["membershipPlans"] == [{"code": "BLACK"}]
    paid = {"memberId": member_id(mei), "planCode": "BLACK", "paymentRef": "wx-1", "paidMinor": 9_800}
    buying = """mutation($input: MembershipPurchaseInput!) { membershipPurchase(input: $input) {
      payment { id startsAt endsAt } replayed userErrors { code } } }"""
    bought = (await ask(buying, {"input": {**paid, "idempotencyKey": "buy-0001"}}, who=SERVICE))[
        "membershipPurchase"
    ]
    again = (await ask(buying, {"input": {**paid, "idempotencyKey": "buy-0002"}}, who=SERVICE))[
        "membershipPurchase"
    ]
    assert (bought["userErrors"], again) == ([], {**bought, "replayed": True})
    home = """{ me { tier { code } membership { tier { code } since until plan { name } }
      membershipPayments { id refundedAt } tierProgress { source expiresAt } } }"""
    until = iso(shanghai("2026-04-10T00:00"))
    me = (await ask(home, who=as_member(mei)))["me"]
    runs = {"since": iso(NOON), "until": until, "plan": {"name": "Black"}}
    assert me["membership"] == {"tier": {"code": "GOLD"}, **runs}
    assert me["tierProgress"] == {"source": "PAID", "expiresAt": until}
    back = {"paymentId": bought["payment"]["id"], "reason": "WITHDRAWN", "idempotencyKey": "back-0001"}
    refunding = (
        "mutation($input: MembershipRefundInput!) { membershipRefund(input: $input) { userErrors { code } } }"
    )
    assert (await ask(refunding, {"input": back}, who=SERVICE))["membershipRefund"] == {"userErrors": []}
    me = (await ask(home, who=as_member(mei)))["me"]
    assert (me["tier"]["code"], me["membership"]) == ("BASIC", None)
    assert [each["refundedAt"] for each in me["membershipPayments"]] == [iso(NOON)]


async def test_a_member_sees_what_their_tier_gives_and_how_often_they_used_it() -> None:
    await programme()
    lounge = {"kind": "EXCLUSIVE_ACCESS", "code": "LOUNGE"}
    await scheme(benefits={"GOLD": [{**lounge, "per_month": 2}]})
    await plan()
    mei = await member()
    bought = await pay(mei)
    using = """mutation($input: BenefitUseInput!) { benefitUse(input: $input) {
      number left replayed userErrors { code } } }"""
    told = {"memberId": member_id(mei), **lounge, "idempotencyKey": "lounge-1"}
    used = (await ask(using, {"input": told}, who=SERVICE))["benefitUse"]
    assert used == {"number": 1, "left": 1, "replayed": False, "userErrors": []}
    shown = "{ me { benefits { kind value code limit usedThisMonth givenAt } } }"
    assert (await ask(shown, who=as_member(mei)))["me"]["benefits"] == [
        {
            "kind": "EARN_MULTIPLIER",
            "value": 12_500,
            "code": None,
            "limit": None,
            "usedThisMonth": 0,
            "givenAt": None,
        },
        {**lounge, "value": 1, "limit": 2, "usedThisMonth": 1, "givenAt": None},
    ]
    refunding = """mutation($input: MembershipRefundInput!) { membershipRefund(input: $input) {
      benefitsUsed { kind code usedAt } userErrors { code } } }"""
    paid = ids.encode(ids.Tag.MEMBERSHIP, mei, bought.membership_id)
    back = {"paymentId": paid, "reason": "WITHDRAWN", "idempotencyKey": "back-0001"}
    done = (await ask(refunding, {"input": back}, who=SERVICE))["membershipRefund"]
    assert done == {"benefitsUsed": [{**lounge, "usedAt": iso(NOON)}], "userErrors": []}
    assert (await ask(shown, who=as_member(mei)))["me"]["benefits"] == []


async def test_a_membership_is_shown_with_who_has_it_now_and_since_when_it_has_run() -> None:
    await programme()
    await plan()
    await plan("WHITE", tier="SILVER", days=60)
    old, mei = await member("Old"), await member("Mei")
    await pay(old, at=NOON - 40 * DAY)
    await pay(old, at=NOON - 30 * DAY)
    await pay(mei, "WHITE", at=NOON)
    shown = "{ me { membership { tier { code } since until plan { name } } } }"
    runs = {"tier": {"code": "GOLD"}, "since": iso(NOON - 40 * DAY), "until": iso(shanghai("2026-03-31T00:00"))}
    assert (await ask(shown, who=as_member(old)))["me"]["membership"] == {**runs, "plan": {"name": "Black"}}
    await merge(old, mei)
    assert (await ask(shown, who=as_member(mei)))["me"]["membership"] == {**runs, "plan": {"name": "Black"}}
    later = {"tier": {"code": "SILVER"}, "since": iso(NOON), "until": iso(shanghai("2026-05-10T00:00"))}
    me = (await ask(shown, who=as_member(mei), at=shanghai("2026-03-31T00:00")))["me"]
    assert me["membership"] == {**later, "plan": {"name": "White"}}
    listed = "query($id: ID!) { member(by: {id: $id}) { membership { until } membershipPayments { refundedAt } } }"
    told = (await ask(listed, {"id": member_id(old)}, who=CLERK))["member"]
    assert told == {"membership": None, "membershipPayments": [{"refundedAt": None}] * 2}


async def test_a_tier_is_over_in_the_moment_in_which_it_ends_also_where_nothing_has_to_be_read() -> None:
    await programme()
    await plan()
    mei = await member("Mei")
    await pay(mei)
    reference, over = Reference(clock=lambda: 0.0), shanghai("2026-04-10T00:00")
    shown = "{ me { tier { code } tierProgress { growth } points { available } } }"
    for at, tier in ((over - DAY, "GOLD"), (over, "BASIC")):
        for _ in range(2):
            me = (await ask(shown, who=as_member(mei), at=at, reference=reference))["me"]
            assert me["tier"] == {"code": tier}


async def test_a_refund_after_a_merge_tells_what_both_have_used_of_it() -> None:
    await programme()
    lounge = {"kind": "EXCLUSIVE_ACCESS", "code": "LOUNGE"}
    await scheme(benefits={"GOLD": [lounge]})
    await plan()
    old, mei = await member("Old"), await member("Mei")
    bought = await pay(old)
    using = "mutation($input: BenefitUseInput!) { benefitUse(input: $input) { userErrors { code } } }"
    for each in (old, mei):
        told = {"memberId": member_id(each), **lounge, "idempotencyKey": "lounge-1"}
        assert (await ask(using, {"input": told}, who=SERVICE))["benefitUse"] == {"userErrors": []}
        if each == old:
            await merge(old, mei)
    refunding = """mutation($input: MembershipRefundInput!) { membershipRefund(input: $input) {
      payment { refundedAt } benefitsUsed { code } userErrors { code } } }"""
    paid = ids.encode(ids.Tag.MEMBERSHIP, old, bought.membership_id)
    back = {"paymentId": paid, "reason": "WITHDRAWN", "idempotencyKey": "back-0001"}
    assert (await ask(refunding, {"input": back}, who=SERVICE))["membershipRefund"] == {
        "payment": {"refundedAt": iso(NOON)},
        "benefitsUsed": [{"code": "LOUNGE"}] * 2,
        "userErrors": [],
    }


async def test_a_member_sees_which_gifts_they_had_and_their_statement_says_what_for() -> None:
    await programme()
    cake, silver = {"kind": "BIRTHDAY_GIFT", "value": 20}, {"kind": "UPGRADE_GIFT", "value": 30}
    await scheme(benefits={"SILVER": [silver, cake], "GOLD": [{**silver, "value": 70}, cake]})
    mei = await member("Mei", at=NOON - 30 * DAY, birthday=date(1990, 3, 17))
    await buy(mei, 1_000_00)
    shown = "{ me { benefits { kind value givenAt } } }"
    multiplier = {"kind": "EARN_MULTIPLIER", "value": 11_000, "givenAt": None}
    before = [multiplier, {**silver, "givenAt": None}, {**cake, "givenAt": None}]
    assert (await ask(shown, who=as_member(mei)))["me"]["benefits"] == before
    await hand_out()
    await gifts.celebrate({}, NOON)
    after = [multiplier, {**silver, "givenAt": iso(NOON)}, {**cake, "givenAt": iso(NOON)}]
    assert (await ask(shown, who=as_member(mei)))["me"]["benefits"] == after
    await buy(mei, 4_000_00, ref="order-2")
    assert (await ask(shown, who=as_member(mei)))["me"]["benefits"] == [
        {**multiplier, "value": 12_500},
        {"kind": "UPGRADE_GIFT", "value": 70, "givenAt": None},
        {**cake, "givenAt": iso(NOON)},
    ]
    statement = "{ me { points { entries(first: 10, filter: { kinds: [GRANT] }) { nodes { says } } } } }"
    told = {}
    for language in ("en", "zh"):
        found = await ask(statement, who=as_member(mei), language=language)
        told[language] = [each["says"] for each in found["me"]["points"]["entries"]["nodes"]]
    assert told == {
        "en": ["A gift of your tier: your birthday", "A gift of your tier: a higher tier"],
        "zh": ["会员礼积分（生日礼）", "会员礼积分（升级礼）"],
    }


AFTER = """tier { code } endsAt growthInWindow next { code } nextNeed retainNeed retainBy
  deferred { code } deferredFrom benefitsWon { kind value } giftPoints"""
BUYING = f"""query($input: PurchasePreviewInput!) {{ purchasePreview(input: $input) {{
  allowed tier {{ code }} after {{ {AFTER} }} userErrors {{ code }} }} }}"""
TRYING = f"""query($input: TierPreviewInput!) {{ tierPreview(input: $input) {{
  tier {{ code }} after {{ {AFTER} }} }} }}"""


@pytest.mark.parametrize("kind", ["LIFETIME", "ROLLING", "CALENDAR", "ANNIVERSARY"])
@pytest.mark.parametrize("basis", ["GROWTH", "SPEND", "ORDERS"])
async def test_the_counter_sees_what_a_purchase_would_change_of_a_tier(basis: str, kind: str) -> None:
    await programme()
    window = {"kind": kind, "days": 365 if kind == "ROLLING" else None}
    window["period"] = "YEAR" if kind == "CALENDAR" else None
    unit = {"GROWTH": 1_000, "SPEND": 1_000_00, "ORDERS": 1}[basis]
    benefits = [{"kind": "UPGRADE_GIFT", "value": 30}, {"kind": "MEMBER_PRICE", "value": 500}]
    levels = [
        {"code": code, "name": code, "threshold": unit * n, "benefits": benefits} for n, code in enumerate("AB")
    ]
    parts: dict[str, Any] = {"validity": YEARLY, "downgrade_mode": "ONE_DOWN"}
    await scheme(basis=basis, window=window, levels=[levels[0], {**levels[1], "threshold": 2 * unit}], **parts)
    mei = await member()
    await buy(mei, 1_000_00)
    line = {"lineRef": "A", "quantity": 1, "paidMinor": 1_000_00}
    wanted = {"memberId": member_id(mei), "currency": "CNY", "lines": [line]}
    told = (await ask(BUYING, {"input": wanted}, who=CLERK))["purchasePreview"]
    given = {"memberId": member_id(mei), "more": unit}
    tried = (await ask(TRYING, {"input": given}, who=CLERK))["tierPreview"]
    assert told == {"allowed": True, "userErrors": [], **tried}
    await buy(mei, 1_000_00, ref="order-2")
    stands = (await ask(PROGRESS, who=as_member(mei)))["me"]["tierProgress"]
    after = told["after"]
    assert (told["tier"], after["tier"], stands["tier"]) == ({"code": "A"}, {"code": "B"}, {"code": "B"})
    assert (after["endsAt"], after["growthInWindow"]) == (stands["expiresAt"], stands["growthInWindow"])
    assert {"need": after["retainNeed"], "deadline": after["retainBy"]} == stands["retain"]
    assert (after["giftPoints"], after["benefitsWon"], after["nextNeed"]) == (30, [], None)


async def test_a_preview_tells_what_is_won_what_is_missing_and_what_is_to_come() -> None:
    await programme()
    await scheme(window={"kind": "CALENDAR", "period": "YEAR"}, upgrade_timing="NEXT_PERIOD")
    mei = await member()
    given = {"memberId": member_id(mei), "more": 1_200}
    told = (await ask(TRYING, {"input": given}, who=SERVICE))["tierPreview"]["after"]
    assert (told["tier"]["code"], told["nextNeed"], told["benefitsWon"]) == ("BASIC", 0, [])
    assert (told["deferred"]["code"], told["deferredFrom"]) == ("SILVER", iso(shanghai("2027-01-01T00:00")))
    await scheme()
    told = (await ask(TRYING, {"input": given}, who=SERVICE))["tierPreview"]["after"]
    assert (told["tier"]["code"], told["next"]["code"], told["nextNeed"]) == ("SILVER", "GOLD", 3_800)
    assert told["benefitsWon"] == [{"kind": "EARN_MULTIPLIER", "value": 11_000}]
    less = {**given, "more": -1_200}
    told = (await ask(TRYING, {"input": less}, who=SERVICE))["tierPreview"]["after"]
    assert (told["tier"]["code"], told["growthInWindow"]) == ("BASIC", 0)
    nobody = await ask(TRYING, {"input": {**given, "memberId": "nonsense"}}, who=SERVICE)
    assert nobody["tierPreview"] is None
    assert (await ask(TRYING, {"input": {**given, "more": 10**13}}, who=SERVICE)).codes == ["BAD_USER_INPUT"]
    refused = {
        "memberId": member_id(mei),
        "currency": "USD",
        "lines": [{"lineRef": "A", "paidMinor": 1, "quantity": 1}],
    }
    told = (await ask(BUYING, {"input": refused}, who=CLERK))["purchasePreview"]
    assert (told["allowed"], told["after"]["tier"]["code"]) == (False, "BASIC")
