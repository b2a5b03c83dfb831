"""The ledger on the command line: one member's and everybody's as CSV files; settlements; and what is refused."""

import csv
from pathlib import Path
from uuid import UUID

import pytest

from schema import ids
from schema.ids import Tag
from tests.api.shell import Shell

NOBODY = UUID(int=0xDEAD)

WHO = "SELECT member_id AS id FROM points_entry GROUP BY member_id ORDER BY COUNT(*) DESC LIMIT 1"


def test_the_ledger_is_written_for_everybody_and_for_one(shop: Shell, tmp_path: Path) -> None:
    file = tmp_path / "ledger.csv"
    said = shop("export", "ledger", file, "--excel")
    with file.open(newline="", encoding="utf-8-sig") as opened:
        everybody = list(csv.DictReader(opened))
    assert (said.code, said.out) == (0, f"wrote {len(everybody):,} lines to {file}\n")
    who = str(shop.sql(WHO)[0]["id"])
    said = shop("export", "statement", file, "--member", who, "--language", "zh")
    assert said.code == 0
    with file.open(newline="", encoding="utf-8") as opened:
        own = list(csv.DictReader(opened))
    assert [row["seq"] for row in own] == [row["seq"] for row in everybody if row["member_id"] == who]
    assert own[0]["says"] == "消费获得积分"
    said = shop("export", "statement", file, "--member", who, "--from", "2001-01-01", "--until", "2001-02-01")
    assert said.out == f"wrote 0 lines to {file}\n"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("statement", "x.csv", "--member", "nobody"), "is no id"),
        (("statement", "x.csv", "--member", "00000000-0000-4000-8000-00000000dead"), "Nothing here answers"),
        (("ledger", "x.csv", "--from", "March"), "is no day"),
        (("ledger", "x.csv", "--from", "2026-03-02", "--until", "2026-03-02"), "a day after"),
        (("ledger", "x.csv", "--language", "fr"), "en or zh"),
        (("ledger", "nowhere/x.csv"), "is no folder"),
        (("settlement", "x.csv", "--settlement", "nobody"), "is no settlement's id"),
        (("settlement", "x.csv", "--settlement", ids.encode(Tag.PARTNER_SETTLEMENT, NOBODY, NOBODY)), "Nothing"),
        (("settlement", "nowhere/x.csv", "--settlement", "nobody"), "is no folder"),
    ],
)
def test_what_cannot_be_written_is_said(shop: Shell, tmp_path: Path, words: tuple[str, ...], why: str) -> None:
    kind, file, *rest = words
    said = shop("export", kind, tmp_path / file, *rest)
    assert said.code != 0
    assert said.is_clear
    assert why in said.err
    assert list(tmp_path.iterdir()) == []
