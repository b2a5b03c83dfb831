"""Tiers on the command line: a scheme is shown, changed in a file, and published."""

import json
from pathlib import Path

from tests.api.shell import Shell


def test_what_is_shown_can_be_changed_and_published(migrated: Shell, tmp_path: Path) -> None:
    assert migrated("init").code == 0
    told = json.loads(migrated("tiers", "show").out)
    assert (told["version"], [level["code"] for level in told["levels"]]) == (0, ["BASIC", "SILVER", "GOLD"])
    page = tmp_path / "scheme.json"
    yearly = {"n": 12, "unit": "MONTH", "round_to": "MONTH"}
    page.write_text(json.dumps(told | {"validity": yearly, "downgrade_mode": "ONE_DOWN", "grace_days": 30}))
    done = migrated("tiers", "publish", page, "--over", 0)
    assert (done.code, done.out) == (0, "published as version 1\n"), done.err
    again = json.loads(migrated("tiers", "show").out)
    assert (again["version"], again["validity"], again["grace_days"]) == (1, yearly, 30)
    late = migrated("tiers", "publish", page, "--over", 0)
    assert late.is_clear
    assert "TIER_SCHEME_CHANGED" in late.err
    page.write_text("[]")
    assert migrated("tiers", "publish", page).is_clear
    assert migrated("tiers", "publish", tmp_path / "none.json").is_clear
    assert migrated("tiers", "birthdays").out == "0 members looked at, 0 gifts given\n"
    assert migrated("verify").code == 0
