"""Migrations: what the models declare exists afterwards, on both databases, whoever migrates first."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from tortoise import fields
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError, OperationalError
from tortoise.migrations import Migration
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.migrations.operations import AlterField, RunSQL

from models import database, ddl, migrate
from models.database import opened
from models.rebuild import CarefulSqliteSchemaEditor, Executor, RebuildError
from models.sql import SQL
from tests.foundation.conftest import scratch
from tests.foundation.test_engine import python

BOX, OTHER_BOX, THING = uuid4(), uuid4(), uuid4()
PUT_BOX = SQL("INSERT INTO box (id, volume) VALUES ($1, $2)")
PUT_THING = SQL(
    "INSERT INTO thing (id, box_id, name, colour, made_at, whole, notes) "
    "VALUES ($1, $2, $3, 'RED', '2026-05-01T12:00:00+00:00', $4, '{}')",
    sqlite="INSERT INTO thing (id, box_id, name, colour, made_at, whole, notes) "
    "VALUES ($1, $2, $3, 'RED', '2026-05-01 12:00:00+00:00', $4, '{}')",
)


@pytest.fixture
async def migrated(empty_url: str) -> AsyncIterator[BaseDBAsyncClient]:
    """A database brought up by the scratch migrations."""
    assert await migrate.apply(scratch(empty_url), empty_url) == ["0001_initial", "0002_weight"]
    async with opened(scratch(empty_url)) as client:
        yield client


async def test_every_declared_check_bites(migrated: BaseDBAsyncClient) -> None:
    with pytest.raises(IntegrityError, match="box_volume_not_negative"):
        await PUT_BOX.run(BOX, -1)
    await PUT_BOX.run(BOX, 0)
    with pytest.raises(IntegrityError, match="thing_named"):
        await PUT_THING.run(THING, BOX, "", True)


async def test_every_declared_unique_constraint_bites_where_its_condition_holds(
    migrated: BaseDBAsyncClient,
) -> None:
    await PUT_BOX.run(BOX, 0)
    await PUT_THING.run(uuid4(), BOX, "a", True)
    await PUT_THING.run(uuid4(), BOX, "a", False)
    with pytest.raises(IntegrityError, match=r"(?i)unique"):
        await PUT_THING.run(uuid4(), BOX, "a", True)


async def test_a_reference_to_nothing_is_refused(migrated: BaseDBAsyncClient) -> None:
    with pytest.raises(IntegrityError, match=r"(?i)foreign key"):
        await PUT_THING.run(THING, uuid4(), "a", True)


async def test_every_declared_index_exists(migrated: BaseDBAsyncClient, dialect: str) -> None:
    catalogue = {
        "sqlite": "SELECT name, sql AS text FROM sqlite_master WHERE type = 'index' AND tbl_name = 'thing'",
        "postgres": "SELECT indexname AS name, indexdef AS text FROM pg_indexes WHERE tablename = 'thing'",
    }
    rows = await migrated.execute_query_dict(catalogue[dialect])
    texts = {row["name"]: row["text"] or "" for row in rows}
    assert {"thing_box_id", "thing_name"} <= texts.keys()
    assert any("weight" in text for text in texts.values())
    assert "WHERE" in texts["thing_name"]


async def test_a_ledger_refuses_change_and_deletion(migrated: BaseDBAsyncClient) -> None:
    await PUT_BOX.run(BOX, 0)
    await PUT_THING.run(THING, BOX, "a", True)
    for attack in ("UPDATE thing SET name = 'b'", "DELETE FROM thing"):
        with pytest.raises(IntegrityError, match="thing is insert-only"):
            await SQL(attack).run()


async def test_a_suite_can_lift_the_bar_on_deletion_alone(migrated: BaseDBAsyncClient, dialect: str) -> None:
    await PUT_BOX.run(BOX, 0)
    await PUT_THING.run(THING, BOX, "a", True)
    for statement in ddl.allow_delete("thing")[dialect]:
        await migrated.execute_script(statement)
    with pytest.raises(IntegrityError, match="insert-only"):
        await SQL("UPDATE thing SET name = 'b'").run()
    assert await SQL("DELETE FROM thing").run() == 1


async def test_a_second_run_finds_nothing_to_do(migrated: BaseDBAsyncClient, empty_url: str) -> None:
    assert await migrate.apply(scratch(empty_url), empty_url) == []


MIGRATOR = """
import asyncio, json, sys
from models.migrate import apply
from tests.foundation.conftest import scratch

print(json.dumps(asyncio.run(apply(scratch(sys.argv[1]), sys.argv[1]))))
"""


async def test_of_four_processes_that_migrate_at_once_one_applies(empty_url: str) -> None:
    processes = [await python(MIGRATOR, empty_url) for _ in range(4)]
    results = []
    for process in processes:
        said, errors = await process.communicate()
        assert process.returncode == 0, errors.decode()
        results.append(json.loads(said))
    assert sorted(results) == [[], [], [], ["0001_initial", "0002_weight"]]


async def run_operations(url: str, *operations: Any) -> None:
    """Apply these operations as the newest migration, in the way `apply` does."""
    config = scratch(url)

    class Extended(Executor):
        """Knows one migration more than the files."""

        async def migrate(self, *targets: Any, **kwargs: Any) -> None:
            """Apply the files' migrations and the one given here."""
            await super().migrate(*targets, **kwargs)
            state = await self._project_state(set(self.loader.graph.nodes))
            extra = type("Migration", (Migration,), {"operations": list(operations)})("0003_extra", "scratch")
            await extra.apply(state, dry_run=False, schema_editor=self._schema_editor())
            kwargs["progress"]("apply_done", "scratch", "0003_extra")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrate, "Executor", Extended)
        await migrate.apply(config, url)


async def test_a_migration_that_fails_half_way_leaves_nothing(empty_url: str) -> None:
    with pytest.raises(OperationalError):
        await run_operations(empty_url, RunSQL("CREATE TABLE half (a INTEGER); SELECT broken FROM nowhere"))
    assert await migrate.apply(scratch(empty_url), empty_url) == ["0001_initial", "0002_weight"]


async def test_altering_a_column_keeps_children_indexes_and_triggers(
    migrated: BaseDBAsyncClient, empty_url: str
) -> None:
    await PUT_BOX.run(BOX, 7)
    await PUT_THING.run(THING, BOX, "a", True)
    await run_operations(empty_url, AlterField("Thing", "name", fields.CharField(max_length=20, null=True)))
    await run_operations(empty_url, AlterField("Box", "volume", fields.BigIntField(default=1, null=True)))
    assert await SQL("SELECT count(*) FROM thing").value() == 1
    await test_every_declared_index_exists(migrated, migrated.capabilities.dialect)
    with pytest.raises(IntegrityError, match="insert-only"):
        await SQL("UPDATE thing SET name = 'b'").run()
    with pytest.raises(IntegrityError, match="box_volume_not_negative"):
        await PUT_BOX.run(OTHER_BOX, -1)


async def test_altering_a_column_keeps_a_trigger_of_another_table_that_looks_at_it(
    migrated: BaseDBAsyncClient, empty_url: str, dialect: str
) -> None:
    if dialect == "postgres":
        pytest.skip("PostgreSQL alters a table in place")
    await migrated.execute_script(
        "CREATE TRIGGER looks AFTER INSERT ON box WHEN EXISTS (SELECT 1 FROM thing)"
        " BEGIN SELECT RAISE(ABORT, 'there is a thing'); END"
    )
    await run_operations(empty_url, AlterField("Thing", "name", fields.CharField(max_length=20, null=True)))
    await PUT_BOX.run(BOX, 0)
    await PUT_THING.run(THING, BOX, "a", True)
    with pytest.raises(IntegrityError, match="there is a thing"):
        await PUT_BOX.run(uuid4(), 0)


async def test_a_rebuild_with_foreign_keys_on_is_refused(migrated: BaseDBAsyncClient, dialect: str) -> None:
    if dialect == "postgres":
        pytest.skip("PostgreSQL alters a table in place")
    await PUT_BOX.run(BOX, 7)
    await PUT_THING.run(THING, BOX, "a", True)
    executor = Executor(migrated, scratch("sqlite://:memory:")["apps"])
    await executor.loader.build_graph()
    state = await executor._project_state(set(executor.loader.graph.nodes))
    model = state.apps.get_model("scratch.Box")
    with pytest.raises(RebuildError, match="would delete"):
        await CarefulSqliteSchemaEditor(migrated)._remake_table(model)
    assert await SQL("SELECT count(*) FROM thing").value() == 1


async def test_a_migration_that_breaks_references_is_undone(
    migrated: BaseDBAsyncClient, empty_url: str, dialect: str
) -> None:
    await PUT_BOX.run(BOX, 7)
    await PUT_THING.run(THING, BOX, "a", True)
    with pytest.raises(RebuildError if dialect == "sqlite" else IntegrityError):
        await run_operations(empty_url, RunSQL("DELETE FROM box"))
    assert await SQL("SELECT count(*) FROM box").value() == 1


async def test_constraints_can_be_added_and_removed_later(migrated: BaseDBAsyncClient, empty_url: str) -> None:
    await run_operations(
        empty_url,
        ddl.AddConstraint("Box", UniqueConstraint(fields=("volume",), name="box_volume", condition="volume > 0")),
        ddl.AddConstraint("Box", CheckConstraint(check="volume < 100", name="box_volume_small")),
        ddl.RemoveConstraint("Thing", name="thing_name"),
    )
    for volume in (0, 0, 9):
        await PUT_BOX.run(uuid4(), volume)
    with pytest.raises(IntegrityError):
        await PUT_BOX.run(uuid4(), 9)
    with pytest.raises(IntegrityError, match="box_volume_small"):
        await PUT_BOX.run(uuid4(), 100)
    await PUT_BOX.run(BOX, 1)
    for _ in range(2):
        await PUT_THING.run(uuid4(), BOX, "a", True)


@pytest.fixture
def scratch_house(monkeypatch: pytest.MonkeyPatch) -> None:
    """The house consists of the scratch models alone."""
    original = database.database
    monkeypatch.setattr(migrate, "database", lambda url: {**original(url), "apps": scratch(url)["apps"]})


async def test_pending_and_drift_are_told(
    scratch_house: None, empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await migrate.pending(empty_url) == ["0001_initial", "0002_weight"]
    assert await migrate.migrate(empty_url) == ["0001_initial", "0002_weight"]
    assert await migrate.pending(empty_url) == []
    assert await migrate.drift() == []
    monkeypatch.setattr(migrate, "AlterModelOptions", type("Nothing", (), {}))
    assert all("options" in each for each in await migrate.drift())


async def test_a_written_migration_uses_our_operations(
    scratch_house: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "fresh_migrations"
    package.mkdir()
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    config = scratch("sqlite://:memory:")
    config["apps"]["scratch"]["migrations"] = "fresh_migrations"
    monkeypatch.setattr(migrate, "database", lambda _: config)
    [path] = await migrate.make("first")
    text = path.read_text()
    assert path.name == "0001_first.py"
    assert "from models import ddl\n" in text
    assert text.count("ddl.CreateModel(") == 3
    assert "ops.CreateModel" not in text
    url = f"sqlite://{tmp_path}/fresh.db"
    config["connections"] = scratch(url)["connections"]
    assert await migrate.apply(config, url) == ["0001_first"]
    assert await migrate.make("second") == []
