"""Migration operations that make what the models declare, alike on SQLite and PostgreSQL.

Tortoise 1.1.9 forgets `Meta.constraints` when it creates a table and `db_index` when it adds a column, and
refuses partial unique indexes. Migration files use these in place of Tortoise's operations of the same name.
"""

from collections.abc import Sequence
from typing import Any, cast

from tortoise.indexes import Index
from tortoise.migrations import migration, operations
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.migrations.schema_editor.base import BaseSchemaEditor
from tortoise.migrations.schema_generator.state import State
from tortoise.models import Model


class CreateModel(operations.CreateModel):
    """Create a table with its CHECK constraints and its named, possibly partial, unique indexes."""

    async def database_forward(
        self, app_label: str, old_state: State, new_state: State, state_editor: BaseSchemaEditor | None = None
    ) -> None:
        """Create the table."""
        if state_editor is None:
            return
        del old_state
        model = new_state.apps.get_model(f"{app_label}.{self.name}")
        declared = model._meta.constraints
        checks = [
            state_editor.CHECK_CONSTRAINT_CREATE_TEMPLATE.format(name=each.name, check=each.check)
            for each in declared
            if isinstance(each, CheckConstraint)
        ]
        # create_model() puts what this returns inside CREATE TABLE (…)
        state_editor._get_inner_statements = lambda: checks  # type: ignore[method-assign]
        try:
            await state_editor.create_model(model)
        finally:
            del state_editor._get_inner_statements
        for each in declared:
            if isinstance(each, UniqueConstraint):
                await state_editor._run_sql(unique_index(state_editor, model, each))


class AddField(operations.AddField):
    """Add a column and, for `db_index=True`, its index."""

    async def database_forward(
        self, app_label: str, old_state: State, new_state: State, state_editor: BaseSchemaEditor | None = None
    ) -> None:
        """Add the column."""
        await super().database_forward(app_label, old_state, new_state, state_editor)
        if state_editor is None:
            return
        model = new_state.apps.get_model(f"{app_label}.{self.model_name}")
        field = model._meta.fields_map[self.name]
        if field.index and not field.unique:
            await state_editor._run_sql(state_editor._get_index_sql(model, [field.source_field or self.name]))


class AddConstraint(operations.AddConstraint):
    """Add a CHECK constraint (SQLite rebuilds the table) or a unique index, partial if it has a condition."""

    async def database_forward(
        self, app_label: str, old_state: State, new_state: State, state_editor: BaseSchemaEditor | None = None
    ) -> None:
        """Add the constraint."""
        if state_editor is None:
            return
        if not isinstance(self.constraint, UniqueConstraint):
            await super().database_forward(app_label, old_state, new_state, state_editor)
            return
        model = new_state.apps.get_model(f"{app_label}.{self.model_name}")
        await state_editor._run_sql(unique_index(state_editor, model, self.constraint))

    async def database_backward(
        self, app_label: str, old_state: State, new_state: State, state_editor: BaseSchemaEditor | None = None
    ) -> None:
        """Remove the constraint."""
        if state_editor is None:
            return
        if not isinstance(self.constraint, UniqueConstraint):
            await super().database_backward(app_label, old_state, new_state, state_editor)
            return
        await state_editor._run_sql(f'DROP INDEX "{self.constraint.name}"')


class RemoveConstraint(operations.RemoveConstraint):
    """Remove a CHECK constraint, or the unique index that `CreateModel` and `AddConstraint` make."""

    async def database_forward(
        self, app_label: str, old_state: State, new_state: State, state_editor: BaseSchemaEditor | None = None
    ) -> None:
        """Remove the constraint."""
        if state_editor is None:
            return
        constraint = self._resolve_constraint(old_state.models[app_label, self.model_name])
        if isinstance(constraint, CheckConstraint):
            await super().database_forward(app_label, old_state, new_state, state_editor)
            return
        await state_editor._run_sql(f'DROP INDEX "{constraint.name}"')


AddIndex = operations.AddIndex
RemoveIndex = operations.RemoveIndex
"""These of Tortoise do what they say."""


class PartialIndex(Index):
    """An index of those rows alone for which a condition holds; Tortoise's own knows only what equals a value."""

    def __init__(self, *, fields: Sequence[str], name: str, condition: str) -> None:
        super().__init__(fields=list(fields), name=name)
        self.condition = condition
        self.extra = f" WHERE {condition}"

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """How a migration writes it down."""
        path, args, given = super().deconstruct()
        return path, args, {**given, "condition": self.condition}


class Widen(operations.AlterField):
    """Let a text column take longer texts. SQLite keeps texts of any length: its table is not rebuilt for it."""

    async def database_forward(
        self, app_label: str, old_state: State, new_state: State, state_editor: BaseSchemaEditor | None = None
    ) -> None:
        """Widen the column."""
        del old_state
        if state_editor is None or state_editor.DIALECT == "sqlite":
            return
        model = new_state.apps.get_model(f"{app_label}.{self.model_name}")
        wide = cast("Any", model._meta.fields_map[self.name])
        table, column = model._meta.db_table, wide.source_field or self.name
        await state_editor._run_sql(
            f'ALTER TABLE "{table}" ALTER COLUMN "{column}" TYPE VARCHAR({wide.max_length})'
        )


Statements = dict[str, list[str]]
"""SQL statements by dialect: `sqlite` and `postgres`."""


class RunDialectSQL(operations.RunPython):
    """Run statements written for each dialect; unlike RunSQL it never splits one at its semicolons."""

    def __init__(self, forward: Statements, backward: Statements | None = None) -> None:
        super().__init__(_runner(forward), _runner(backward) if backward is not None else None)


def _runner(statements: Statements) -> Any:
    async def run(_apps: object, editor: BaseSchemaEditor) -> None:
        for statement in statements[editor.DIALECT]:
            if editor.collect_sql:
                editor.collected_sql.append(statement)
            else:
                await editor.client.execute_query(statement)

    return run


def insert_only(table: str) -> RunDialectSQL:
    """Bar UPDATE and DELETE on a ledger's table, for everyone and for good.

    Two triggers: `<table>_no_update` and `<table>_no_delete` (and on PostgreSQL `<table>_no_truncate`). They
    are apart so that a test suite can lift the bar on DELETE in its own throw-away database with
    `allow_delete` and keep the bar on UPDATE. Lifting it is DDL, which an application's role need not be
    allowed; there is no switch that a query could turn.
    """
    update = {
        "sqlite": [_sqlite_bar(table, "UPDATE")],
        "postgres": [
            "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "RAISE EXCEPTION '% is insert-only', TG_TABLE_NAME USING ERRCODE = 'check_violation'; END $$",
            _postgres_bar(table, "UPDATE", "ROW"),
            _postgres_bar(table, "TRUNCATE", "STATEMENT"),
        ],
    }
    back = {
        "sqlite": [f"DROP TRIGGER {table}_no_update"],
        "postgres": [f"DROP TRIGGER {table}_no_{each} ON {table}" for each in ("update", "truncate")],
    }
    forbid, allow = forbid_delete(table), allow_delete(table)
    return RunDialectSQL(
        {dialect: update[dialect] + forbid[dialect] for dialect in update},
        {dialect: back[dialect] + allow[dialect] for dialect in back},
    )


def forbid_delete(table: str) -> Statements:
    """The statements that bar DELETE on the table."""
    return {"sqlite": [_sqlite_bar(table, "DELETE")], "postgres": [_postgres_bar(table, "DELETE", "ROW")]}


def allow_delete(table: str) -> Statements:
    """The statements that lift the bar on DELETE: for a test suite's own database and for an owner's DDL."""
    return {
        "sqlite": [f"DROP TRIGGER {table}_no_delete"],
        "postgres": [f"DROP TRIGGER {table}_no_delete ON {table}"],
    }


def _sqlite_bar(table: str, verb: str) -> str:
    return (
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is insert-only'); END"
    )


def _postgres_bar(table: str, verb: str, each: str) -> str:
    return (
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
        f"FOR EACH {each} EXECUTE FUNCTION refuse_change()"
    )


def unique_index(editor: BaseSchemaEditor, model: type[Model], constraint: UniqueConstraint) -> str:
    """The statement that makes a unique constraint, as an index: both dialects allow a condition on one."""
    columns = ", ".join(
        editor.quote(column) for column in editor._resolve_fields_to_columns(model, constraint.fields)
    )
    where = f" WHERE {constraint.condition}" if constraint.condition else ""
    return f'CREATE UNIQUE INDEX "{constraint.name}" ON "{model._meta.db_table}" ({columns}){where}'


FORWARD = (CreateModel, AddField, AddIndex, AddConstraint, RunDialectSQL)
"""Operations that, going forward, never look at what there was before them."""


class Migration(migration.Migration):
    """A migration that copies what there was only for operations that look at it.

    Tortoise 1.1.9 copies all models before each operation, which takes three quarters of a first start's migration.
    """

    async def apply(
        self,
        state: State,
        *,
        dry_run: bool = False,
        schema_editor: BaseSchemaEditor | None = None,
        collect_sql: bool = False,
    ) -> State:
        """Apply the operations, in their order."""
        if dry_run or collect_sql or schema_editor is None:
            return await super().apply(state, dry_run=dry_run, schema_editor=schema_editor, collect_sql=collect_sql)
        transactions = schema_editor.client.capabilities.supports_transactions
        for operation in self.operations:
            before = state if isinstance(operation, FORWARD) else state.clone()
            operation.state_forward(self.app_label, state)
            await self._run_database_forward(operation, before, state, schema_editor, transactions)
        state.validate_relations_initialized()
        return state
