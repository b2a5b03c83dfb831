"""Lint through the schema: whoever publishes campaigns is told what speaks against one."""

import orjson

from models.staff import StaffRole
from tests.people import programme
from tests.schema.asking import as_staff, ask

LINT = "query($campaign: String!) { campaignLint(campaign: $campaign) { code severity field rule message } }"
DRAFT = {
    "code": "FRIENDS",
    "name": "老友推荐",
    "levels": 2,
    "minOrderMinor": 100,
    "referrer": {"points": 101},
    "budget": 1_000,
}


async def test_a_draft_is_told_which_rule_it_breaks_in_the_language_of_the_request() -> None:
    await programme()
    said = {"campaign": orjson.dumps(DRAFT).decode()}
    operator = as_staff(StaffRole.OPERATOR)
    deep, dear = (await ask(LINT, said, who=operator)).data["campaignLint"]
    assert (deep["code"], deep["severity"], deep["field"]) == ("LAW_PYRAMID_DEPTH", "BLOCKS", "levels")
    assert "444" in deep["rule"]
    assert deep["message"].startswith("More than one level")
    assert (dear["code"], dear["severity"]) == ("REWARD_ABOVE_ORDER", "WARNS"), "a point is worth a fen"
    told = (await ask(LINT, said, who=operator, language="zh")).data["campaignLint"]
    assert told[0]["message"].startswith("推荐关系只能有一级")


async def test_a_draft_that_is_none_is_told_so() -> None:
    await programme()
    said = await ask(LINT, {"campaign": "[]"}, who=as_staff(StaffRole.OWNER))
    assert [each["code"] for each in said.data["campaignLint"]] == ["DRAFT_UNREADABLE"]
