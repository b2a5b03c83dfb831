"""Tables: each has an owner, ledgers are written once, and no statement visits owners without a reason."""

from collections.abc import Mapping

import pytest
from tortoise.connection import get_connection
from tortoise.context import require_context
from tortoise.exceptions import BaseORMException
from tortoise.fields.relational import ForeignKeyFieldInstance
from tortoise.models import Model

import schema.root  # noqa: F401  every statement of the house is made
from models import engine, sql
from models.owners import OWNERS, Owner
from models.sql import SQL
from tests import guard, referring
from tests.bringing import partner_with_books
from tests.ladder import furnish
from tests.people import buy, caps, member, programme, publish, redeem, rule

LEDGERS = {
    "audit_log",
    "benefit_grant",
    "benefit_use",
    "earn_award",
    "earn_count",
    "growth_entry",
    "membership_plan",
    "partner_event",
    "points_entry",
    "points_lot_move",
    "points_note",
    "points_policy",
    "points_transaction",
    "referral_campaign",
    "referral_event",
    "referral_reward",
    "tier_change",
    "tier_scheme",
}
"""Written once: the database itself bars UPDATE and DELETE."""


def models() -> dict[str, type[Model]]:
    """Every model of the house, by its table."""
    found = [model for each in (require_context().apps or {}).values() for model in each.values()]
    return {model._meta.db_table: model for model in found}


def misowned(tables: Mapping[str, type[Model]], owners: Mapping[str, Owner]) -> list[str]:
    """What is wrong between the tables and the list of their owners."""
    wrong = [f"{table} has no owner" for table in tables.keys() - owners.keys()]
    wrong += [f"{table} is owned and does not exist" for table in owners.keys() - tables.keys()]
    for table in tables.keys() & owners.keys():
        columns = set(tables[table]._meta.fields_db_projection.values())
        owner = owners[table]
        if owner.column is not None and owner.column not in columns:
            wrong.append(f"{table} has no column {owner.column}")
        if owner.kind == "shared" and table != "audit_log" and "member_id" in columns:
            wrong.append(f"{table} is shared and names a member")
        if owner.kind == "member" and owner.column is None:
            wrong.append(f"{table} does not say which column names the member")
    return sorted(wrong)


async def test_every_table_has_an_owner_and_the_column_that_names_it() -> None:
    assert misowned(models(), OWNERS) == []


async def test_a_table_without_an_owner_is_found() -> None:
    careless = {
        **OWNERS,
        "member": Owner("member", "member_id"),
        "purchase": Owner("shared"),
        "ghost": Owner("shared"),
    }
    del careless["tier"]
    assert misowned(models(), careless) == [
        "ghost is owned and does not exist",
        "member has no column member_id",
        "purchase is shared and names a member",
        "tier has no owner",
    ]


async def test_a_reference_never_crosses_from_one_member_to_another_kind_of_owner() -> None:
    for table, model in models().items():
        for name in model._meta.fk_fields | model._meta.o2o_fields:
            field = model._meta.fields_map[name]
            assert isinstance(field, ForeignKeyFieldInstance)
            parent = OWNERS[field.related_model._meta.db_table]
            assert parent.kind in ("shared", OWNERS[table].kind), f"{table}.{name}"


async def test_the_ledgers_are_the_tables_that_are_barred(dialect: str) -> None:
    catalogue = {
        "sqlite": "SELECT tbl_name AS name FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%_no_update'",
        "postgres": "SELECT c.relname AS name FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
        " WHERE t.tgname LIKE '%_no_update'",
    }
    rows = await get_connection("default").execute_query_dict(catalogue[dialect])
    assert {row["name"] for row in rows} == LEDGERS


@pytest.mark.usefixtures("deletes_barred")
async def test_nothing_written_in_a_ledger_is_changed_or_deleted() -> None:
    await programme()
    await rule(caps=caps(day=150))
    mei = await member("Mei")
    await buy(mei, 200_00)
    await redeem(mei, 50, note="for the green tea")
    await publish()
    await furnish(mei)
    await referring.furnish(mei)
    await partner_with_books(mei)
    versions = dict.fromkeys(("points_policy", "tier_scheme"), "version")
    for table in sorted(LEDGERS):
        assert await SQL(f"SELECT COUNT(*) AS n FROM {table}").value() > 0, table
        column = ({"points_note": "member_id"} | versions).get(table, "id")
        for attack in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"):
            with pytest.raises(BaseORMException, match=f"{table} is insert-only"):
                await SQL(attack).run()


async def test_the_guard_hears_what_the_house_sends() -> None:
    assert engine.observer is guard.recorder
    before = len(guard.recorder.of_the_house)
    await programme()
    await buy(await member("Mei"), 100_00)
    assert len(guard.recorder.of_the_house) >= before
    assert any('INSERT INTO "points_entry"' in text for text in guard.recorder.of_the_house)
    assert guard.offences(OWNERS) == []


def test_every_statement_that_fans_out_says_why() -> None:
    assert len(sql.fanning_out) > 10
    assert [each.postgres for each in sql.fanning_out if len((each.fans_out or "").split()) < 2] == []
