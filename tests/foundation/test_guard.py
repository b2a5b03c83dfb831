"""The SQL guard: what a database sharded by owner would do, told from the text alone."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient

from models.engine.combining import combined
from models.sql import SQL
from tests import guard
from tests.foundation.scratch import Box
from tests.guard import Recorder, classify


@dataclass(frozen=True)
class Owned:
    """An owner as the map has it."""

    kind: str
    column: str | None


MEMBER = Owned("member", "member_id")
OWNERS = {
    "member": Owned("member", "id"),
    "points_account": MEMBER,
    "points_lot": MEMBER,
    "points_entry": MEMBER,
    "identity_key": Owned("global key", "value_hash"),
    "tier": Owned("shared", None),
    "box": Owned("member", "id"),
}


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM points_lot WHERE member_id = $1 AND remaining > 0",
        'SELECT "available" FROM "points_account" WHERE "member_id"=? LIMIT 1',
        'SELECT "id" FROM "member" WHERE "id"=$1 FOR UPDATE',
        "UPDATE points_account SET available = available - $1 WHERE member_id = $2::uuid AND available >= $1",
        "INSERT INTO points_entry (id, member_id) VALUES ($1, $2), ($3, $4) ON CONFLICT DO NOTHING",
        "SELECT l.id FROM points_lot l JOIN points_account a ON a.member_id = l.member_id WHERE a.member_id = $1",
        "SELECT l.id FROM points_lot l JOIN points_account a USING (member_id) WHERE a.member_id = $1",
        "SELECT m.id, (SELECT sum(e.n) FROM points_entry e WHERE e.member_id = m.id) FROM member m WHERE m.id = $1",
        "WITH lots AS (SELECT id FROM points_lot WHERE member_id = $1) SELECT * FROM lots",
        "SELECT member_id FROM identity_key WHERE value_hash = $1",
        "SELECT a.available FROM points_account a, member m WHERE m.id = a.member_id AND m.id = $1",
        'SELECT "t"."name" FROM "member" LEFT JOIN "tier" "t" ON "t"."id"="member"."t_id" WHERE "member"."id"=?',
        "DELETE FROM points_lot WHERE member_id = ?1 AND id IN (SELECT value FROM json_each(?2))",
    ],
)
def test_one_owner_is_enough(text: str) -> None:
    assert classify(text, OWNERS) == "one-owner"


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("SELECT remaining FROM points_lot WHERE member_id = $1 ORDER BY id LIMIT $2", "one-owner"),
        ("SELECT remaining FROM points_lot WHERE id > $1 LIMIT $2", "fan-out"),
    ],
)
def test_questions_asked_together_are_judged_as_each_would_be(text: str, verdict: str) -> None:
    assert classify(combined(text, ["uuid", "int8"]), OWNERS) == verdict


@pytest.mark.parametrize(
    "text",
    [
        "SELECT count(*) FROM points_lot",
        "SELECT * FROM points_lot WHERE expires_at <= $1 ORDER BY member_id LIMIT 100",
        "SELECT * FROM points_account WHERE member_id IN ($1, $2)",
        "SELECT * FROM points_account WHERE member_id = ANY($1)",
        "SELECT * FROM points_account WHERE member_id = $1 OR available > $2",
        "SELECT e.id FROM points_entry e JOIN points_account a ON a.member_id = e.member_id WHERE e.kind = $1",
        "SELECT * FROM member WHERE id IN (SELECT member_id FROM points_lot WHERE expires_at < $1)",
        "UPDATE points_lot SET remaining = 0 WHERE expires_at <= $1",
        'SELECT "id" FROM "points_entry" WHERE "id"=$1',
        "SELECT page.* FROM unnest($1::uuid[]) AS whose(member_id) CROSS JOIN LATERAL (SELECT e.id"
        " FROM points_entry e JOIN points_lot l ON l.member_id = e.member_id WHERE e.member_id = whose.member_id"
        " LIMIT $2) page",
        "SELECT e.id FROM (SELECT value AS member_id FROM json_each(?1)) AS whose CROSS JOIN points_entry e"
        " ON +e.member_id = whose.member_id AND e.rowid IN (SELECT nth.rowid FROM points_entry nth"
        " WHERE nth.member_id = whose.member_id ORDER BY nth.seq LIMIT ?2)",
    ],
)
def test_all_owners_are_visited(text: str) -> None:
    assert classify(text, OWNERS) == "fan-out"


@pytest.mark.parametrize(
    "text",
    [
        "UPDATE points_lot SET member_id = $1 WHERE member_id = $2",
        "SELECT * FROM points_lot WHERE expires_at <= $1 FOR NO KEY UPDATE SKIP LOCKED",
        "SELECT l.id FROM points_lot l JOIN points_entry e ON e.id = l.entry_id WHERE l.member_id = $1",
        "INSERT INTO points_entry (id, points) VALUES ($1, $2)",
        "SELECT e.id FROM unnest($1::uuid[]) AS whose(member_id)"
        " JOIN points_entry e ON e.member_id = whose.member_id JOIN points_lot l ON l.id = e.lot_id",
    ],
)
def test_a_sharded_database_would_refuse(text: str) -> None:
    assert classify(text, OWNERS) == "refused"


@pytest.mark.parametrize("text", ["SELECT * FROM tier ORDER BY rank", "PRAGMA foreign_keys", "SELECT 1"])
def test_what_belongs_to_nobody_is_shared(text: str) -> None:
    assert classify(text, OWNERS) == "shared"


HOUSE_CODE = """
async def ask(box):
    return await box.all().count()
"""


async def test_what_the_house_sends_counts_and_what_a_test_sends_does_not(
    client: BaseDBAsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder()
    monkeypatch.setattr("models.engine.observer", recorder)
    monkeypatch.setattr(guard, "recorder", recorder)
    await Box.filter(volume=3).count()
    assert guard.offences(OWNERS) == []
    house: dict[str, object] = {}
    where = Path(__file__).parents[2] / "rules" / "imagined.py"
    exec(compile(HOUSE_CODE, str(where), "exec"), house)
    await house["ask"](Box)  # type: ignore[operator]
    [(verdict, text)] = guard.offences(OWNERS)
    assert verdict == "fan-out"
    monkeypatch.setattr("models.sql.fanning_out", [SQL(text)])
    assert guard.offences(OWNERS) == []


def test_a_pause_hears_nothing() -> None:
    recorder = Recorder()
    with recorder.paused():
        recorder("INSERT INTO box (id) VALUES (1)")
    assert not recorder.wrote
    recorder("SELECT 1")
    assert not recorder.wrote
    recorder("WITH old AS (SELECT 1) DELETE FROM box")
    assert recorder.wrote


SUITE = "from tests.conftest import *\n"
TEST = """
from tests.guard import recorder

def test_sends():
    recorder.of_the_house |= {"SELECT * FROM member", "SELECT * FROM member WHERE id = $1"}
"""


def test_a_run_that_fans_out_without_a_reason_fails_and_tells_by_what(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(SUITE)
    (tmp_path / "test_one.py").write_text(TEST)
    root = Path(__file__).parents[2]
    options = ("-p", "no:cacheprovider", "-c", str(root / "pyproject.toml"), f"--rootdir={tmp_path}", str(tmp_path))
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *options], cwd=root, capture_output=True, text=True, check=False
    )
    assert run.returncode == 1, run.stdout + run.stderr
    assert "1 passed" in run.stdout, "nothing failed but the run"
    assert run.stdout.count("SQL guard: ") == run.stdout.count("SQL guard: fan-out") == 1
    assert "SELECT * FROM member\n" in run.stdout
    assert "WHERE id" not in run.stdout
