"""What finance reads on the command line: the liability report for people, programs and spreadsheets."""

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rules import finance
from tests.api.shell import Shell
from tests.people import buy, give_back, member, redeem, refund

PAGE = Path(__file__).parents[2] / "docs" / "finance.md"


def day(month: int, number: int) -> datetime:
    """Noon of a day of 2026 in Shanghai."""
    return datetime(2026, month, number, 4, tzinfo=UTC)


async def the_example() -> None:
    """The story of docs/finance.md."""
    mei = await member("Mei", at=day(3, 10))
    await buy(mei, 300_00, ref="teapot", at=day(3, 10))
    spent = await redeem(mei, 120, at=day(3, 12))
    await give_back(mei, spent.transaction_id, 20, at=day(3, 15))
    await buy(mei, 100_00, ref="cups", at=day(4, 5))
    await redeem(mei, 30, at=day(4, 20))
    await refund("cups", {"A": 50_00}, at=day(4, 21))
    await finance.bring_up_to_date(day(5, 1))


@pytest.fixture
def house(migrated: Shell) -> Shell:
    """A programme that has sold nothing yet."""
    terms = ("--currency", "CNY", "--timezone", "Asia/Shanghai", "--earn", "1/100", "--expire-months", "1")
    assert migrated("init", *terms).code == 0
    return migrated


def test_the_example_of_the_page_is_what_the_house_says(house: Shell) -> None:
    house.look(the_example)
    page = PAGE.read_text("utf-8")
    period = ("--from", "2026-03", "--to", "2026-04")
    for more in (("--csv",), ("--csv", "--cohorts", "--unit-cost", "1/1"), ("--unit-cost", "1/1")):
        told = house("report", "liability", *period, *more)
        assert told.code == 0, told.err
        for line in told.out.strip().splitlines():
            assert line.rstrip() in page
    assert house("verify").code == 0


def test_the_books_are_closed_by_hand_and_twice_does_no_harm(house: Shell) -> None:
    first, again = house("report", "close"), house("report", "close")
    assert (first.code, again.code) == (0, 0), first.err
    assert again.out == "0 movements counted, 0 days closed; no day is closed yet\n"


def test_the_report_is_a_table_json_or_csv(house: Shell) -> None:
    period = ("--from", "2026-01", "--to", "2026-03")
    told = house("report", "liability", *period, "--unit-cost", "1/100")
    assert told.code == 0, told.err
    assert "2026-03" in told.out
    assert "every point counts" in told.out
    found = json.loads(house("report", "liability", *period, "--json").out)
    assert [each["month"] for each in found["months"]] == ["2026-01-01", "2026-02-01", "2026-03-01"]
    assert (found["open_points"], found["liability_minor"]) == (0, None)
    rows = list(csv.DictReader(io.StringIO(house("report", "liability", *period, "--csv").out)))
    assert [(each["month"], each["closing"]) for each in rows][-1] == ("2026-03-01", "0")
    assert house("report", "liability", "--csv", "--cohorts").out.startswith("month,granted,")


@pytest.mark.either
@pytest.mark.parametrize(
    "wrong",
    [("--from", "March"), ("--from", "2026-13"), ("--unit-cost", "1"), ("--unit-cost", "1/0"), ("--rate", "10001")],
)
def test_what_makes_no_sense_is_one_clear_line(house: Shell, wrong: tuple[str, str]) -> None:
    assert house("report", "liability", *wrong).is_clear
