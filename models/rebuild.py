"""SQLite table rebuilds that keep child rows, indexes and triggers; Tortoise 1.1.9 loses all three."""

from typing import Any

from tortoise.migrations.executor import MigrationExecutor
from tortoise.migrations.graph import MigrationKey
from tortoise.migrations.schema_editor import SqliteSchemaEditor
from tortoise.migrations.schema_editor.base import BaseSchemaEditor
from tortoise.migrations.schema_generator.state import State
from tortoise.migrations.schema_generator.state_apps import StateApps
from tortoise.models import Model


class RebuildError(Exception):
    """A rebuild would have lost rows or references."""


class CarefulSqliteSchemaEditor(SqliteSchemaEditor):
    """Alters a SQLite table by rebuilding it, only where nothing can be lost by that."""

    async def _run_sql(self, sql: str) -> None:
        # Tortoise splits at every semicolon, in comments too; our engine's scripts know better
        if self.collect_sql:
            self.collected_sql.append(sql)
        else:
            await self.client.execute_script(sql)

    async def _remake_table(self, model: type[Model], *args: Any, **kwargs: Any) -> None:
        if self.collect_sql:
            await super()._remake_table(model, *args, **kwargs)
            return
        await self._refuse_to_cascade(model)
        kept = await self.client.execute_query_dict(
            "SELECT sql FROM sqlite_master WHERE tbl_name = ? AND type IN ('index', 'trigger') AND sql <> ''",
            [model._meta.db_table],
        )
        # a trigger of another table that looks at this one would name nothing in between, which SQLite refuses
        looking = await self.client.execute_query_dict(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name <> ? AND instr(sql, ?) > 0",
            [model._meta.db_table] * 2,
        )
        for each in looking:
            await self.client.execute_query(f"DROP TRIGGER {each['name']}")
        await super()._remake_table(model, *args, **kwargs)
        for each in (*kept, *looking):
            await self.client.execute_query(each["sql"])
        if broken := await self.client.execute_query_dict("PRAGMA foreign_key_check"):
            raise RebuildError(f"The rebuild of {model._meta.db_table} would break references: {broken}")

    async def _refuse_to_cascade(self, model: type[Model]) -> None:
        [row] = await self.client.execute_query_dict("PRAGMA foreign_keys")
        if row["foreign_keys"]:
            raise RebuildError(
                f"Rebuilding {model._meta.db_table} with foreign keys on would delete the rows below it; "
                "migrate with `loyalty migrate`, which turns them off and checks every reference afterwards."
            )


class Models(StateApps):
    """The models at a moment of history.

    Tortoise 1.1.9 prepares all of them anew with each change, which is most of a migration from the start. Here
    only those are prepared that changed.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._prepared: dict[type[Model], set[str]] = {}

    def _build_initial_querysets(self) -> None:
        every = self.apps
        fields = {each: set(each._meta.fields_map) for app in every.values() for each in app.values()}
        self.apps = {
            label: {name: each for name, each in app.items() if self._prepared.get(each) != fields[each]}
            for label, app in every.items()
        }
        try:
            super()._build_initial_querysets()
        finally:
            self.apps = every
        # one whose relations wait for another model was passed by
        self._prepared = {each: names for each, names in fields.items() if each._meta._inited}


class Executor(MigrationExecutor):
    """Tortoise's executor with the careful editor for SQLite, and models that are prepared once."""

    async def _project_state(self, applied: set[MigrationKey], *, upto: MigrationKey | None = None) -> State:
        state = State(models={}, apps=Models(dict.fromkeys(self.loader.apps_config, "default")))
        for key in self._full_plan():
            if key == upto:
                break
            if key in applied:
                known = self.loader.graph.nodes[key]
                if known is None:
                    raise ValueError(f"{key} was applied, and is not there.")
                await known.apply(state, dry_run=True, schema_editor=None)
        return state

    def _schema_editor(self, atomic: bool = True, collect_sql: bool = False) -> BaseSchemaEditor:  # noqa: FBT001, FBT002  # Tortoise's signature
        if self.connection.capabilities.dialect == "sqlite":
            return CarefulSqliteSchemaEditor(self.connection, atomic=atomic, collect_sql=collect_sql)
        return super()._schema_editor(atomic, collect_sql)
