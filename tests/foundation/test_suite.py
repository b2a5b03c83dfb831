"""The suite's own machinery: what it verifies and empties after each test."""

import subprocess
import sys
from pathlib import Path

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient

from tests.conftest import depends_on_database, tables_children_first

CONFTEST = """
from tests import conftest
from tests.conftest import *
from tests.conftest import _apart, _clean, _watch

async def violations():
    return [("balances", {"member": "Ann"})]

conftest._violations = violations
"""
TESTS = """
import pytest
from models.sql import SQL

async def write():
    await SQL("UPDATE member SET id = id").run()

async def test_writes():
    await write()

@pytest.mark.corrupts
async def test_corrupts():
    await write()

async def test_reads(statements):
    await SQL("SELECT id FROM member WHERE id IS NULL").rows()
    assert len(statements) == 1

@pytest.mark.apart
async def test_asks_though_apart():
    await SQL("SELECT id FROM member WHERE id IS NULL").rows()

@pytest.mark.apart
async def test_asks_nothing():
    pass

def test_needs_no_database():
    pass
"""


async def test_tables_are_emptied_before_those_they_refer_to(client: BaseDBAsyncClient) -> None:
    order = tables_children_first()
    assert sorted(order) == ["box", "rule", "thing"]
    assert order.index("thing") < order.index("box")


def test_a_test_that_leaves_the_books_wrong_or_does_not_stay_apart_fails(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_books.py").write_text(TESTS)
    root = Path(__file__).parents[2]
    run = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-c", str(root / "pyproject.toml")),
            *(f"--rootdir={tmp_path}", str(tmp_path)),
        ],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "6 passed, 2 errors" in run.stdout, run.stdout + run.stderr
    assert "ERROR" in run.stdout
    summary = run.stdout.split("short test summary")[1]
    assert "test_writes" in summary
    assert "test_asks_though_apart" in summary
    assert "balances" in run.stdout


def test_what_no_database_can_change_is_proved_once(request: pytest.FixtureRequest) -> None:
    assert not depends_on_database(request.node)


@pytest.mark.apart
async def test_what_asks_no_database_anything_is_proved_once(request: pytest.FixtureRequest) -> None:
    assert not depends_on_database(request.node)


async def test_what_has_the_database_is_proved_on_both(request: pytest.FixtureRequest) -> None:
    assert depends_on_database(request.node)


def test_what_may_make_a_database_is_proved_on_both(empty_url: str, request: pytest.FixtureRequest) -> None:
    assert depends_on_database(request.node)


def test_only_the_suite_itself_reads_which_database_was_chosen() -> None:
    tests = Path(__file__).parents[1]
    readers = {path.name for path in tests.rglob("*.py") if "getoption(" in path.read_text("utf-8")}
    assert readers == {"conftest.py", Path(__file__).name}
