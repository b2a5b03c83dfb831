"""Earn rules through the schema: who keeps them, and how what they gave is seen."""

from typing import Any

from models.sql import SQL
from models.staff import StaffRole
from rules import staff
from tests.people import NOON, caps, member, programme, rule
from tests.schema.asking import (
    ANALYST,
    CASHIER,
    OWNER,
    SERVICE,
    act,
    as_member,
    as_staff,
    ask,
    member_id,
    refusals,
)
from tests.schema.test_purchases import order

OPERATOR = as_staff(StaffRole.OPERATOR)
SHOWN = """earnRule { code version kind name points perMinor multiplier priority exclusiveGroup startsAt endsAt
  weekdays timeFrom timeUntil tiers { include exclude } categories { include exclude } stores { include }
  channels { exclude } firstOrder birthday minEligibleMinor caps { transaction day week month lifetime }
  budget budgetUsed publishedAt endedAt } replayed"""
TEA: dict[str, Any] = {
    "code": "TEA",
    "kind": "BONUS_POINTS",
    "name": "茶叶加赠",
    "points": 25,
    "weekdays": ["TUE", "SUN"],
    "timeFrom": "09:00",
    "timeUntil": "18:30",
    "categories": {"include": ["tea"]},
    "stores": {"include": ["SH01"]},
    "channels": {"exclude": ["web"]},
    "caps": {"day": 30},
    "budget": 1_000,
}
AWARDS = "awards { kind rule { code version name } points wanted cappedBy { ruleCode period } }"
AUDITED = SQL("SELECT action, facts FROM audit_log ORDER BY id", fans_out="a test looks")


async def publish(told: dict[str, Any], key: str = "publish-1", *, who: Any = OPERATOR, **more: Any) -> Any:
    return await act("earnRulePublish", SHOWN, {"rule": told, "idempotencyKey": key, **more}, who=who)


async def test_a_rule_is_published_shown_and_retired_by_those_who_run_campaigns() -> None:
    await programme()
    await staff.open_store("SH01", "Shanghai")
    payload = await publish(TEA, expectedVersion=0)
    shown = payload["earnRule"]
    assert {name: shown[name] for name in TEA if name not in ("categories", "stores", "channels", "caps")} == {
        name: told for name, told in TEA.items() if name not in ("categories", "stores", "channels", "caps")
    }
    assert shown["caps"] == {"transaction": None, "day": 30, "week": None, "month": None, "lifetime": None}
    assert (shown["version"], shown["budgetUsed"], shown["endedAt"]) == (1, 0, None)
    assert (await publish(TEA, expectedVersion=0))["replayed"] is True
    assert refusals(await publish({**TEA, "points": 30}, expectedVersion=0)) == ["IDEMPOTENCY_KEY_REUSED"]
    assert refusals(await publish(TEA, "publish-2", expectedVersion=0)) == ["EARN_RULE_CHANGED"]
    assert refusals(await publish({**TEA, "stores": {"include": ["NOWHERE"]}}, "publish-3")) == [
        "EARN_RULE_INVALID"
    ]
    assert (await publish({**TEA, "points": 30}, "publish-4"))["earnRule"]["version"] == 2
    gone = {"code": "TEA", "expectedVersion": 2, "idempotencyKey": "retire-1"}
    assert (await act("earnRuleRetire", SHOWN, gone, who=OPERATOR))["earnRule"]["endedAt"] is not None
    lines = await AUDITED.rows()
    assert [(line["action"], line["facts"]["version"]) for line in lines] == [
        ("earn-rule.publish", 1),
        ("earn-rule.publish", 2),
        ("earn-rule.retire", 2),
    ]


async def test_a_page_of_rules_shows_those_in_force_and_asked_for_all_there_were() -> None:
    await programme()
    for code in ("A", "B", "A"):
        await rule(code)
    document = """query($past: Boolean!, $code: String, $after: String) {
      earnRules(includePast: $past, code: $code, first: 2, after: $after) {
        nodes { code version } pageInfo { hasNextPage endCursor } } }"""
    now = (await ask(document, {"past": False}, who=ANALYST))["earnRules"]
    assert sorted((each["code"], each["version"]) for each in now["nodes"]) == [("A", 2), ("B", 1)]
    ever = (await ask(document, {"past": True}, who=ANALYST))["earnRules"]
    rest = (await ask(document, {"past": True, "after": ever["pageInfo"]["endCursor"]}, who=ANALYST))["earnRules"]
    found = [(each["code"], each["version"]) for each in [*ever["nodes"], *rest["nodes"]]]
    assert (sorted(found), rest["pageInfo"]["hasNextPage"]) == ([("A", 1), ("A", 2), ("B", 1)], False)
    only = (await ask(document, {"past": True, "code": "B"}, who=ANALYST))["earnRules"]
    assert [each["code"] for each in only["nodes"]] == ["B"]


async def test_a_purchase_and_the_ledger_say_which_rule_gave_what() -> None:
    await programme()
    await rule("DOUBLE", name="Double points", caps=caps(day=100))
    mei = await member("Mei")
    told = f"purchase {{ id {AWARDS} }} entries {{ kind points award {{ kind rule {{ code }} }} }}"
    payload = await act("purchaseRecord", told, order(member_id(mei)), who=SERVICE)
    named = {"code": "DOUBLE", "version": 1, "name": "Double points"}
    assert payload["purchase"]["awards"] == [
        {"kind": "BASE", "rule": None, "points": 150, "wanted": 150, "cappedBy": []},
        {
            "kind": "BONUS_MULTIPLIER",
            "rule": named,
            "points": 100,
            "wanted": 150,
            "cappedBy": [{"ruleCode": "DOUBLE", "period": "DAY"}],
        },
    ]
    assert payload["entries"] == [
        {"kind": "EARN", "points": 150, "award": {"kind": "BASE", "rule": None}},
        {"kind": "BONUS", "points": 100, "award": {"kind": "BONUS_MULTIPLIER", "rule": {"code": "DOUBLE"}}},
    ]
    document = f"{{ me {{ purchases(first: 1) {{ nodes {{ {AWARDS} }} }} }} }}"
    seen = (await ask(document, who=as_member(mei)))["me"]["purchases"]["nodes"][0]["awards"]
    assert seen == payload["purchase"]["awards"]


async def test_without_rules_a_purchase_says_what_the_base_and_the_tier_gave() -> None:
    await programme()
    mei = await member("Mei")
    for ref, amount, expected in (("a", 1_000_00, [("BASE", 1_000)]), ("b", 10_00, [("BASE", 10), ("TIER", 1)])):
        lines = [{"lineRef": "A", "quantity": 1, "paidMinor": amount}]
        given = order(member_id(mei), lines=lines, orderRef=ref, idempotencyKey=f"order-{ref}-1")
        payload = await act("purchaseRecord", f"purchase {{ {AWARDS} }}", given, who=SERVICE)
        assert [(each["kind"], each["points"]) for each in payload["purchase"]["awards"]] == expected


async def test_the_counter_and_the_shop_see_what_a_purchase_would_change() -> None:
    await programme(expire_months=12)
    await rule("TEN", points=None, multiplier_bps=15_000)
    await staff.open_store("SH01", "Shanghai")
    mei = await member("Mei")
    document = f"""query($input: PurchasePreviewInput!) {{ purchasePreview(input: $input) {{
      allowed points {AWARDS} growth tier {{ code }} tierAfter {{ code }}
      credits {{ points available expiresAt }} userErrors {{ code }} }} }}"""
    lines = [{"lineRef": "A", "quantity": 1, "paidMinor": 1_000_00, "categories": ["tea"]}]
    wanted = {"memberId": member_id(mei), "currency": "CNY", "lines": lines}
    for who in (CASHIER, SERVICE, OWNER):
        given = {**wanted, "storeCode": "SH01"} if who is OWNER else wanted
        found = (await ask(document, {"input": given}, who=who))["purchasePreview"]
        assert (found["allowed"], found["points"], found["growth"]) == (True, 1_500, 1_000)
        assert (found["tier"]["code"], found["tierAfter"]["code"]) == ("BASIC", "SILVER")
        assert [each["points"] for each in found["credits"]] == [1_000, 500]
        assert found["userErrors"] == []
    refused = (await ask(document, {"input": {**wanted, "currency": "USD"}}, who=CASHIER))["purchasePreview"]
    assert (refused["allowed"], refused["points"]) == (False, 0)
    assert refused["userErrors"] == [{"code": "CURRENCY_MISMATCH"}]
    nobody = await ask(document, {"input": {**wanted, "memberId": "nonsense"}}, who=CASHIER)
    assert nobody["purchasePreview"] is None
    nowhere = await ask(document, {"input": {**wanted, "storeCode": "XX"}}, who=OWNER, at=NOON)
    assert nowhere.codes == ["BAD_USER_INPUT"]


async def test_each_line_shows_its_share_of_what_the_order_earned() -> None:
    await programme()
    mei = await member("Mei")
    lines = [
        {"lineRef": "A", "quantity": 1, "paidMinor": 53_91},
        {"lineRef": "B", "quantity": 1, "paidMinor": 36_14},
    ]
    told = "purchase { lines { lineRef earned } }"
    payload = await act("purchaseRecord", told, order(member_id(mei), lines=lines), who=SERVICE)
    assert payload["purchase"]["lines"] == [{"lineRef": "A", "earned": 54}, {"lineRef": "B", "earned": 36}]
    unpaid = order(member_id(mei), lines=lines, orderRef="later", idempotencyKey="order-later", paidAt=None)
    payload = await act("purchaseRecord", told, unpaid, who=SERVICE)
    assert [each["earned"] for each in payload["purchase"]["lines"]] == [0, 0]
