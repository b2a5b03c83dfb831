"""Referrals on the command line: a draft is linted without a database."""

import json
from pathlib import Path

from tests.api.shell import Shell

DRAFT = {"code": "FRIENDS", "name": "老友推荐", "referrer": {"points": 500}, "budget": 100_000}


def test_a_draft_is_linted_and_what_blocks_it_is_an_exit_code(shell: Shell, tmp_path: Path) -> None:
    page = tmp_path / "friends.json"
    page.write_text(json.dumps(DRAFT), "utf-8")
    assert shell("referrals", "lint", page).out == "Nothing was found that speaks against it.\n"
    page.write_text(json.dumps(DRAFT | {"holdDays": 0}), "utf-8")
    warned = shell("referrals", "lint", page)
    assert (warned.code, "WARNS HOLD_ZERO holdDays" in warned.out) == (0, True)
    page.write_text(json.dumps(DRAFT | {"entryFee": 9_900}), "utf-8")
    refused = shell("referrals", "lint", page, "--zh")
    assert (refused.code, "BLOCKS LAW_ENTRY_FEE entryFee" in refused.out) == (1, True)
    assert "禁止传销条例" in refused.out
    assert shell("referrals", "lint", tmp_path / "none.json").is_clear
