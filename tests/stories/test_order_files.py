"""Order files: rows become events, wherever they stand, and each is done once."""

import csv
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from api import orders
from api.orders import COLUMNS, FileUnreadable, Imported, OrderFile
from models.earning import EarnRuleKind
from models.members import IdentityKind
from models.sql import SQL
from rules import lifecycle, members
from rules.actors import SYSTEM
from rules.earning import Choice
from tests.people import NOON, balance, movements, programme, rule

ROW: dict[str, Any] = {
    "event": "PAID",
    "order_ref": "1001",
    "event_ref": "pay-1",
    "occurred_at": "2026-03-01T10:00:00+08:00",
    "member_type": "EXTERNAL",
    "member_namespace": "erp",
    "member_value": "mei",
    "channel": "web",
    "line_ref": "1",
    "sku": "TEA",
    "name": "Green tea",
    "quantity": 1,
    "paid_minor": 100_00,
    "currency": "CNY",
}
COUNTS = SQL("SELECT (SELECT COUNT(*) FROM member) AS known, (SELECT COUNT(*) FROM purchase) AS bought")
LINES = SQL("SELECT line_ref, quantity, paid_minor FROM purchase_line WHERE member_id = $1 ORDER BY line_ref")
MOMENTS = SQL("SELECT ordered_at, paid_at FROM purchase WHERE member_id = $1")


def paid(order: str, line: str = "1", amount: int = 100_00, at: str = "10:00", **more: Any) -> dict[str, Any]:
    told = {"order_ref": order, "event_ref": f"pay-{order}", "line_ref": line, "paid_minor": amount}
    return {**ROW, **told, "occurred_at": f"2026-03-01T{at}:00+08:00", **more}


def refunded(order: str, ref: str, line: str = "1", amount: int = 100_00, at: str = "12:00") -> dict[str, Any]:
    return paid(order, line, amount, at, event="REFUNDED", event_ref=ref)


def written(folder: Path, rows: Sequence[dict[str, Any]], columns: Sequence[str] = COLUMNS) -> Path:
    path = folder / "orders.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.DictWriter(file, columns, extrasaction="ignore")
        out.writeheader()
        out.writerows(rows)
    return path


def read(folder: Path, *rows: dict[str, Any]) -> OrderFile:
    return orders.read(written(folder, rows))


async def imported(file: OrderFile) -> Imported:
    return await orders.apply(file, "erp", clock=lambda: NOON, progress=lambda _: None)


async def whose(name: str = "mei") -> Any:
    who = members.identity(IdentityKind.EXTERNAL, "erp", name)
    found, _ = await lifecycle.identify([who], allow_create=False, actor=SYSTEM, now=NOON)
    return found


async def test_rows_of_one_event_may_be_scattered_and_repeated_lines_are_added_up(tmp_path: Path) -> None:
    await programme()
    file = read(
        tmp_path,
        paid("1001", "1", 50_00, "10:05", quantity=2),
        paid("1002", "1", 7_00, "10:01"),
        paid("1001", "2", 30_00, "10:04"),
        paid("1001", "1", 20_00, "10:06", quantity=3),
    )
    assert (file.rows, len(file.events), file.errors) == (4, 2, [])
    done = await imported(file)
    assert (done.applied, done.known, done.errors) == (2, 0, [])
    mei = await whose()
    assert await movements(mei) == [("EARN", 7), ("EARN", 100)]
    lines = {(row["line_ref"], row["quantity"], row["paid_minor"]) for row in await LINES.rows(mei)}
    assert lines == {("1", 5, 70_00), ("2", 1, 30_00), ("1", 1, 7_00)}
    earliest = {row["paid_at"].minute for row in await MOMENTS.rows(mei)}
    assert earliest == {1, 4}, "an event's time is the earliest of its rows"


async def test_events_apply_by_time_and_then_as_they_stand_in_the_file(tmp_path: Path) -> None:
    await programme()
    file = read(
        tmp_path,
        paid("late", amount=3_00, at="11:00"),
        paid("second", amount=1_000_00, at="10:00"),
        paid("third", amount=2_00, at="10:00"),
        paid("first", amount=1_00, at="09:00"),
        paid("second", "2", amount=1_00, at="10:30"),
    )
    assert [event.order_ref for event in file.events] == ["first", "second", "third", "late"]
    await imported(file)
    mei = await whose()
    assert await movements(mei) == [("EARN", 1), ("EARN", 1_001), ("EARN", 2), ("EARN", 3)]
    assert (await balance(mei))["tier"] == "SILVER"


async def test_a_refund_listed_or_dated_before_its_order_takes_effect_all_the_same(tmp_path: Path) -> None:
    await programme()
    file = read(
        tmp_path,
        refunded("1001", "r-1", amount=30_00),
        refunded("1002", "r-2", amount=30_00, at="08:00"),
        paid("1001"),
        paid("1002"),
        refunded("1003", "r-3"),
    )
    done = await imported(file)
    assert (done.applied, [(error.row, error.why.split(":")[0]) for error in done.errors]) == (
        4,
        [(6, "ORDER_NOT_FOUND")],
    )
    mei = await whose()
    assert (await balance(mei))["available"] == 140


async def test_a_file_imported_twice_changes_nothing_the_second_time(tmp_path: Path) -> None:
    await programme()
    rows = [
        paid("1001"),
        refunded("1001", "r-1", amount=10_00),
        refunded("1001", "r-2", amount=10_00),
        paid("1001", "", event="COMPLETED", event_ref="done-1", at="13:00", quantity="", paid_minor=""),
        paid("1002", at="14:00", member_value="wang"),
        paid("1002", "", event="COMPLETED", event_ref="done-2", at="15:00", quantity="", paid_minor=""),
    ]
    # the second COMPLETED names another buyer; in later events the order says whose it is
    first = await imported(read(tmp_path, *rows))
    assert (first.applied, first.known, first.errors) == (6, 0, [])
    before = await balance(await whose())
    again = await imported(read(tmp_path, *rows))
    assert (again.applied, again.known, again.errors) == (0, 6, [])
    assert await balance(await whose()) == before
    assert (before["available"], before["lifetime_earned"]) == (80, 80)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"event": "BOUGHT"}, "event 'BOUGHT' is none of"),
        ({"event": ""}, "event is empty"),
        ({"order_ref": ""}, "order_ref is empty"),
        ({"event_ref": "x" * 101}, "event_ref has more than 100 characters"),
        ({"channel": "a\x00b"}, "channel has more than 64 characters, or control characters"),
        ({"occurred_at": "yesterday"}, "occurred_at 'yesterday' is no moment"),
        ({"occurred_at": "2026-03-01T10:00:00"}, "has no offset"),
        ({"occurred_at": "0001-01-01T00:00:00+08:00"}, "is no moment"),
        ({"member_type": "EMAIL"}, "member_type 'EMAIL' is none of"),
        ({"member_value": " "}, "member_value is empty"),
        ({"line_ref": ""}, "line_ref is empty"),
        ({"quantity": "0"}, "quantity '0' is no whole number of 1 or more"),
        ({"quantity": "1.5"}, "quantity '1.5' is no whole number"),
        ({"paid_minor": "-1"}, "paid_minor '-1' is no whole number of 0 or more"),
        ({"paid_minor": "１００"}, "is no whole number"),
        ({"paid_minor": "9" * 5_000}, "is no whole number"),
        ({"currency": ""}, "currency is empty"),
    ],
)
def test_a_row_that_cannot_be_read_is_told_and_spoils_its_event_alone(
    tmp_path: Path, wrong: dict[str, Any], said: str
) -> None:
    file = read(tmp_path, paid("1001"), {**paid("1002"), **wrong}, paid("1003"))
    [error] = file.errors
    assert error.row == 3
    assert said in error.why
    assert [event.order_ref for event in file.events] == ["1001", "1003"]


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("name", ["quantity", "occurred_at", "channel"])
def test_of_a_spoilt_event_nothing_applies_and_each_row_after_it_says_why(
    tmp_path: Path, name: str, place: int
) -> None:
    rows = [paid("1001", str(line)) for line in range(3)]
    rows[place] = {**rows[place], name: "many\x07"}
    file = read(tmp_path, *rows)
    assert file.events == []
    told = {error.row: error.why for error in file.errors}
    assert told.pop(place + 2).startswith(name)
    assert told == dict.fromkeys(range(place + 3, 5), "another row of the same event could not be read.")


def test_the_rows_of_one_event_name_one_member_and_one_currency(tmp_path: Path) -> None:
    for differs, said in [({"member_value": "wang"}, "member"), ({"currency": "GBP"}, "currency")]:
        file = read(tmp_path, paid("1001"), {**paid("1001", "2"), **differs})
        assert file.events == []
        assert f"differ in their {said}" in file.errors[0].why


def test_a_file_that_is_no_order_file_is_refused(tmp_path: Path) -> None:
    missing = written(tmp_path, [ROW], [name for name in COLUMNS if name != "paid_minor"])
    with pytest.raises(FileUnreadable, match="lacks the column 'paid_minor'"):
        orders.read(missing)
    missing.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FileUnreadable):
        orders.read(missing)
    with pytest.raises(FileUnreadable):
        orders.read(tmp_path / "nowhere.csv")
    missing.write_text("")
    with pytest.raises(FileUnreadable):
        orders.read(missing)


def test_columns_may_stand_in_any_order_after_a_byte_order_mark_and_others_are_ignored(tmp_path: Path) -> None:
    columns = ["comment", *reversed(COLUMNS)]
    path = written(tmp_path, [{**ROW, "comment": "x"}], columns)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert [event.order_ref for event in orders.read(path).events] == ["1001"]


async def test_refused_events_are_told_by_row_and_hold_no_other_up(tmp_path: Path) -> None:
    await programme()
    file = read(
        tmp_path,
        paid("1001", currency="USD"),
        paid("1002"),
        refunded("1002", "r-1", amount=100_01),
        refunded("1002", "r-2", "9"),
        refunded("1002", "r-3", amount=40_00),
        paid("1003", at="10:00", occurred_at="2036-03-01T10:00:00Z"),
        paid("1004", member_type="PHONE", member_value="123"),
    )
    done = await imported(file)
    told = {error.row: error.why.split(":")[0] for error in done.errors}
    assert told == {
        2: "CURRENCY_MISMATCH",
        4: "REFUND_EXCEEDS_ORIGINAL",
        5: "ORDER_INVALID",
        7: "CLOCK_SKEW",
        8: "IDENTITY_INVALID",
    }
    assert (await balance(await whose()))["available"] == 60


async def test_one_buyer_of_many_orders_is_one_member_known_since_the_first(tmp_path: Path) -> None:
    await programme()
    phones = ["13800138000", "+86 138 0013 8000", "１３８００１３８０００"]
    rows = [
        paid(str(place), at=f"1{place}:00", member_type="PHONE", member_value=number)
        for place, number in enumerate(phones)
    ]
    done = await imported(read(tmp_path, *reversed(rows)))
    assert (done.applied, done.errors) == (3, [])
    assert await COUNTS.row() == {"known": 1, "bought": 3}
    since = await SQL("SELECT joined_at FROM member").value()
    assert since == NOON.replace(day=1, hour=2)
    assert timedelta() < NOON - since


async def test_a_dry_run_says_what_would_be_refused_and_writes_nothing(tmp_path: Path) -> None:
    await programme()
    await imported(read(tmp_path, paid("1000")))
    before = await COUNTS.row()
    file = read(
        tmp_path,
        paid("1001", currency="USD"),
        paid("1002"),
        refunded("1002", "r-1", amount=100_01),
        refunded("1002", "r-2", "9"),
        refunded("1002", "r-3"),
        refunded("1000", "r-4"),
        refunded("1003", "r-5"),
        paid("1004", member_type="PHONE", member_value="123"),
        paid("1005", quantity="many"),
    )
    told = {error.row: error.why.split(":")[0] for error in await orders.check(file, "erp")}
    assert told == {
        2: "CURRENCY_MISMATCH",
        4: "REFUND_EXCEEDS_ORIGINAL",
        5: "ORDER_INVALID",
        8: "ORDER_NOT_FOUND",
        9: "IDENTITY_INVALID",
        10: "quantity 'many' is no whole number of 1 or more, up to 1000000000000.",
    }
    assert await COUNTS.row() == before


async def test_categories_may_be_told_in_a_column_of_their_own_and_rules_look_at_them(tmp_path: Path) -> None:
    await programme()
    await rule("TEA", EarnRuleKind.BONUS_POINTS, categories=Choice(frozenset({"tea"})))
    told = ("gift | tea|tea", "", "|".join("abcdefghijk"))
    rows = [paid(str(number), categories=each) for number, each in enumerate(told)]
    file = orders.read(written(tmp_path, rows, [*COLUMNS, "categories"]))
    assert [(error.row, error.why) for error in file.errors] == [
        (4, "categories are 10 at most, of 64 characters each.")
    ]
    done = await imported(file)
    assert (done.applied, len(done.errors)) == (2, 1)
    assert [points for kind, points in await movements(await whose()) if kind == "BONUS"] == [10]
