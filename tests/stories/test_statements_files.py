"""Statements as files: every line once, as of one moment, with its why and its lots, and nothing a formula."""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from api import statements
from api.statements import COLUMNS, WITH_LOTS, Wanted
from models import snapshot
from models.sql import SQL
from tests.people import CLERK, DAY, NOON, adjust, buy, give_back, hand, member, programme, redeem

EVER = datetime(1971, 1, 1, tzinfo=UTC), datetime(9998, 12, 31, tzinfo=UTC)
AUDITED = SQL("SELECT action, member_id, facts FROM audit_log ORDER BY id", fans_out="a test looks")
LINES = SQL("SELECT COUNT(*) AS n FROM points_entry", fans_out="a test looks")


def wanted(member_id: UUID | None = None, *between: datetime, **more: Any) -> Wanted:
    since, until = between or EVER
    return Wanted(since, until, "Asia/Shanghai", member_id, **more)


async def written(folder: Path, what: Wanted) -> list[dict[str, str]]:
    file = folder / "lines.csv"
    seen: list[int] = []
    count = await statements.write(file, what, now=NOON, progress=seen.append)
    with file.open(newline="", encoding="utf-8-sig") as opened:
        rows = list(csv.DictReader(opened))
    assert count == len(rows) == (seen[-1] if seen else 0)
    assert left(folder) == {"lines.csv": 0o600}, "nothing is left beside it"
    return rows


def left(folder: Path) -> dict[str, int]:
    """What lies in a folder, and who may do what with it."""
    return {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}


async def test_a_members_statement_says_why_by_whom_and_of_which_lots(tmp_path: Path) -> None:
    await programme(expire_months=12)
    mei = await member("Mei")
    await buy(mei, 50_00, ref="=tea")
    await buy(mei, 100_00, ref="cake", at=NOON + 40 * DAY)
    spent = await redeem(mei, 120, at=NOON + 41 * DAY)
    await give_back(mei, spent.transaction_id, 30, at=NOON + 42 * DAY)
    await adjust(await member("Lan"), 5)
    first, _, out, back = await written(tmp_path, wanted(mei))
    assert tuple(first) == WITH_LOTS
    assert first == {
        **first,
        "member_id": str(mei),
        "seq": "1",
        "occurred_at": "2026-03-10 12:00:00",
        "kind": "EARN",
        "says": "Earned by a purchase",
        "points": "50",
        "balance_after": "50",
        "source": "shop",
        "order_ref": "'=tea",
        "by": "SERVICE",
        "lots": "2027-03-11 00:00:00: 50",
    }
    assert out["lots"] == "2027-03-11 00:00:00: -50; 2027-04-20 00:00:00: -70"
    assert (out["points"], out["by"], out["reason"]) == ("-120", "STAFF", "REWARD_TEA")
    assert back["reverses_id"] == out["movement_id"]
    [line] = [row for row in await AUDITED.rows() if row["action"].startswith("points.export")]
    assert line == {"action": "points.export_statement", "member_id": mei, "facts": {"rows": 4}}


async def test_the_ledger_holds_every_line_of_everybody_once(tmp_path: Path) -> None:
    await programme()
    for number in range(5):
        who = await member(f"Member {number}")
        await buy(who, 100_00)
        await redeem(who, 10)
        await hand(who, await member("Zhao"), 5)
    rows = await written(tmp_path, wanted(for_excel=True, language="zh"))
    assert tuple(rows[0]) == COLUMNS
    assert len({(row["member_id"], row["seq"]) for row in rows}) == len(rows) == await LINES.value()
    assert sum(int(row["points"]) for row in rows) == 5 * 90
    assert {row["says"] for row in rows} == {
        "消费获得积分",
        "积分兑换",
        "转赠给其他会员（赠送）",
        "收到其他会员转赠（赠送）",
    }
    assert (tmp_path / "lines.csv").read_bytes().startswith(b"\xef\xbb\xbfmember_id")
    assert {row["group_id"] for row in rows if row["kind"] == "TRANSFER_OUT"} == {
        row["group_id"] for row in rows if row["kind"] == "TRANSFER_IN"
    }
    assert [row["action"] for row in await AUDITED.rows()][-1] == "points.export_ledger"


async def test_a_period_has_its_first_moment_and_not_its_last(tmp_path: Path) -> None:
    await programme()
    mei = await member("Mei")
    for day in range(4):
        await adjust(mei, 1 + day, at=NOON + day * DAY)
    for whose in (mei, None):
        found = await written(tmp_path, wanted(whose, NOON + DAY, NOON + 3 * DAY))
        assert [row["points"] for row in found] == ["2", "3"]
    assert await written(tmp_path, wanted(mei, NOON - 9 * DAY, NOON)) == []


async def test_what_is_written_meanwhile_is_not_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Writers are not held up, and the file is of one moment all the same."""
    monkeypatch.setattr(snapshot, "BATCH", 2)
    await programme()
    mei = await member("Mei")
    for _ in range(6):
        await adjust(mei, 10)
    seen: list[Any] = []
    async for rows in snapshot.batches(statements.ALL, *EVER):
        assert len(rows) <= 2
        seen += rows
        await adjust(mei, 1)
    assert [row["points"] for row in seen] == [10] * 6
    assert await LINES.value() == 9


async def test_an_export_that_is_given_up_leaves_no_file_and_no_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "BATCH", 1)
    await programme()
    mei = await member("Mei")
    for _ in range(3):
        await adjust(mei, 10)

    def full(_: int) -> None:
        raise OSError("disk full")

    for _ in range(12):
        with pytest.raises(OSError, match="disk full"):
            await statements.write(tmp_path / "lines.csv", wanted(), now=NOON, progress=full)
    assert left(tmp_path) == {}
    assert [row["action"] for row in await AUDITED.rows() if "export" in row["action"]] == []
    await adjust(mei, 1, actor=CLERK, at=NOON + timedelta(days=1))
