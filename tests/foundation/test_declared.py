"""The house's own tables: what the models declare is what the migrated database has."""

from collections.abc import AsyncIterator

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import require_context
from tortoise.indexes import Index
from tortoise.models import Model

from models import migrate
from models.database import database as configuration
from models.database import opened
from models.sql import column_kinds

CATALOGUE = {
    "sqlite": "SELECT name, coalesce(sql, '') AS text FROM sqlite_master",
    "postgres": "SELECT indexname AS name, indexdef AS text FROM pg_indexes "
    "UNION ALL SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
    "UNION ALL SELECT tablename, '' FROM pg_tables",
}


@pytest.fixture
async def house(empty_url: str) -> AsyncIterator[BaseDBAsyncClient]:
    """The house's tables, made by its migrations."""
    await migrate.migrate(empty_url)
    async with opened(configuration(empty_url)) as client:
        yield client


def models() -> list[type[Model]]:
    """Every model of the house."""
    return [model for each in (require_context().apps or {}).values() for model in each.values()]


def declared(model: type[Model]) -> set[str]:
    """The names of a model's table, constraints and indexes."""
    indexes = {index.name for index in model._meta.indexes if isinstance(index, Index) and index.name}
    return {model._meta.db_table, *indexes, *(each.name for each in model._meta.constraints)}


async def test_every_declared_constraint_and_index_exists(house: BaseDBAsyncClient, dialect: str) -> None:
    rows = await house.execute_query_dict(CATALOGUE[dialect])
    names = {row["name"] for row in rows}
    texts = "\n".join(row["text"] for row in rows)
    missing = {
        name
        for model in models()
        for name in declared(model)
        if name not in names and f'CONSTRAINT "{name}"' not in texts
    }
    assert missing == set()
    assert len(models()) > 1


async def test_no_name_is_used_twice(house: BaseDBAsyncClient) -> None:
    names = [name for model in models() for name in declared(model)]
    assert sorted(set(names)) == sorted(names)


async def test_columns_of_one_name_hold_one_kind_of_thing(house: BaseDBAsyncClient) -> None:
    assert {name: kinds for name, kinds in column_kinds().items() if len(kinds) > 1} == {}


async def test_the_migrations_are_what_the_models_declare(house: BaseDBAsyncClient, empty_url: str) -> None:
    assert await migrate.drift() == []
    assert await migrate.pending(empty_url) == []
