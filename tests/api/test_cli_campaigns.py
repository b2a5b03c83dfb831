"""Referral campaigns from the command line: the documents' example is published, shown, changed and refused."""

import json
import re
from pathlib import Path

from tests.api.shell import Shell

PAGE = Path(__file__).parents[2] / "docs" / "referrals.md"


def test_the_example_of_the_documents_is_published_and_shown_as_it_can_be_published_again(
    shop: Shell, tmp_path: Path
) -> None:
    [told] = re.findall(r"```json\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    file = tmp_path / "campaign.json"
    file.write_text(told, "utf-8")
    assert shop("referrals", "publish", file).out == "FRIENDS is at version 1\n"
    late = shop("referrals", "publish", file)
    assert (late.code, "not at the version" in late.err + late.out) == (1, True)
    shown = json.loads(shop("referrals", "show", "FRIENDS").out)
    assert shown["milestones"] == [{"qualified": 5, "points": 300, "growth": 0, "revocable": True}]
    file.write_text(json.dumps({**shown, "holdDays": 0}), "utf-8")
    assert shop("referrals", "publish", file).out == "FRIENDS is at version 2\n"
    assert [each["holdDays"] for each in json.loads(shop("referrals", "show").out)] == [0]


def test_a_file_that_is_no_campaign_says_what_is_wrong(shop: Shell, tmp_path: Path) -> None:
    file = tmp_path / "campaign.json"
    for text in ("[]", '{"code": "A"}', '{"code": "A", "name": "A", "levels": 2}', "not JSON"):
        file.write_text(text, "utf-8")
        assert shop("referrals", "publish", file).code == 1
    assert shop("referrals", "show", "NONE").code == 1
