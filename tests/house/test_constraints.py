"""Constraints: each one the models declare is attacked on the running database, and holds."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from tortoise.connection import get_connection
from tortoise.exceptions import IntegrityError
from tortoise.fields.relational import ForeignKeyFieldInstance
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.models import Model

from models.approvals import Approval, ApprovalKind, ApprovalState
from models.credentials import Attempt, Login, MemberCode, PrincipalKind, RateBucket
from models.documents import Document
from models.earning import EarnRuleKind
from models.jobs import Job, JobState
from models.members import MemberKey
from models.points import PointsWarning
from models.sql import SQL, insert
from models.staff import Staff, StaffInvitation, StaffRole
from models.units import Points, ReasonCode
from rules import credentials, finance, keys, lifecycle, staff, webhooks
from rules.actors import SYSTEM
from rules.earning import Choice
from rules.keys import Holder
from rules.webhooks import Outcome, Wish
from tests import ladder, referring
from tests.bringing import partner_with_books
from tests.house.attacks import ATTACKS as USUAL
from tests.house.attacks import Attack, change, tables
from tests.house.partner_attacks import PARTNERED
from tests.people import (
    NOON,
    buy,
    caps,
    capture,
    freeze,
    fresh_key,
    member,
    merge,
    programme,
    publish,
    redeem,
    refund,
    release,
    rule,
    set_aside,
)

ATTACKS = USUAL | PARTNERED
MOMENT = "'2030-01-01 00:00:00+00:00'"


def declared() -> dict[str, tuple[str, ...]]:
    """Every constraint of the models, with the columns of those that say what is unique."""
    found: dict[str, tuple[str, ...]] = {}
    for table, model in tables().items():
        for each in model._meta.constraints:
            found[str(each.name)] = tuple(each.fields) if isinstance(each, UniqueConstraint) else ()
        for name, column in model._meta.fields_db_projection.items():
            if model._meta.fields_map[name].unique and not model._meta.fields_map[name].pk:
                found[f"{table}.{column}"] = (column,)
    return found


def words(name: str, table: str, columns: tuple[str, ...], dialect: str) -> str:
    """What the database says when the constraint holds."""
    if not columns:
        return f"CHECK constraint failed: {name}" if dialect == "sqlite" else f'violates check constraint "{name}"'
    if dialect == "sqlite":
        return "UNIQUE constraint failed: " + ", ".join(f"{table}.{column}" for column in columns)
    return f"Key ({', '.join(columns)})=("


@pytest.fixture
async def furnished() -> None:
    """At least one row in every table."""
    await programme()
    await publish()
    await _by_rules()
    await referring.furnish(mei := await member("Mei"), owes=True)
    await buy(mei, 1_500_00, ref="tea-1")
    await refund("tea-1", {"A": 100_00})
    await redeem(mei, 50, note="for the green tea")
    await set_aside(mei, 5)
    await release(mei, (await set_aside(mei, 10)).hold_id)
    await capture(mei, (await set_aside(mei, 10)).hold_id)
    await capture(mei, (await set_aside(mei, 10)).hold_id, 4)
    await freeze(await member("Lan"))
    await _merge(mei)
    store = await staff.open_store("SH01", "Shanghai")
    await staff.hire("wang", "x", StaffRole.CASHIER, store_id=store, now=NOON)
    partner = await partner_with_books(mei)
    await credentials.log_in(PrincipalKind.MEMBER, mei, actor=SYSTEM, now=NOON)
    for holder in (Holder.partner(partner), Holder.service("shop", store)):
        await keys.issue(holder, name="key", environment="test", actor=SYSTEM, now=NOON)
    await _furnish_the_door(mei)
    await ladder.furnish(mei)
    await finance.bring_up_to_date(NOON + timedelta(days=2))
    await insert(MemberKey, [{"member_id": mei, "wrapped": b"from before there was a key store"}])
    job = {"name": "tidy", "cause": "once", "facts": {}, "due_at": NOON, "created_at": NOON}
    await insert(Job, [{**job, "state": JobState.READY}])


async def _by_rules() -> None:
    """A rule of each kind, so that what is bought is awarded, and counted by caps and a budget."""
    await rule("DOUBLE", EarnRuleKind.BONUS_MULTIPLIER)
    await rule("TEN", EarnRuleKind.BONUS_POINTS, budget=Points(500), caps=caps(day=90))
    await rule("TEA", EarnRuleKind.BASE_RATE, skus=Choice(frozenset({"tea"})))
    await rule("ALL", EarnRuleKind.CAPS, caps=caps(month=90_000))


async def _merge(mei: UUID) -> None:
    twin = await member("Mei, too")
    await buy(twin, 10_00)
    await merge(twin, mei)
    await lifecycle.opt_out(await member("Lin"), reason=ReasonCode("LEFT"), actor=SYSTEM, now=NOON)


async def _furnish_the_door(mei: UUID) -> None:
    """A row of each table that the door needs, written without its rules."""
    [wang] = await Staff.all().values_list("id", flat=True)
    soon = NOON + timedelta(minutes=1)
    await insert(MemberCode, [{"digest": "code", "member_id": mei, "expires_at": soon, "created_at": NOON}])
    await insert(Attempt, [{"subject": "somebody", "failures": 1, "last_at": NOON, "free_at": soon}])
    await insert(RateBucket, [{"principal": "MEMBER:mei", "level": 10, "at": NOON}])
    told = {"member_id": mei, "expires_at": soon, "days": 30, "points": 5, "told_at": NOON}
    await insert(PointsWarning, [told])
    await insert(StaffInvitation, [{"digest": "link", "staff_id": wang, "expires_at": soon, "created_at": NOON}])
    text = {"sha256": "hash", "name": "Home", "source": "{ me { id } }", "registered_by": "wang"}
    await insert(Document, [{**text, "created_at": NOON}])
    await insert(
        Approval,
        [
            {
                "kind": ApprovalKind.POINTS_ADJUST,
                "state": ApprovalState.PENDING,
                "member_id": mei,
                "facts": {"delta": 9_000},
                "reason": "GOODWILL",
                "requested_by": wang,
                "requested_at": NOON,
                "expires_at": soon,
            }
        ],
    )
    added = await webhooks.add(Wish("https://shop.example/hook"), key=fresh_key(), actor=SYSTEM, now=NOON)
    await webhooks.send_test(added.endpoint_id, actor=SYSTEM, now=NOON)
    [parcel] = await webhooks.claim(added.endpoint_id, 1, now=NOON)
    await webhooks.report(parcel, Outcome(500, None, timedelta(seconds=1)), now=NOON)
    if not await Login.exists():
        seen = {"created_at": NOON, "seen_at": NOON}
        await insert(
            Login,
            [{"id": uuid4(), "principal_kind": PrincipalKind.MEMBER, "principal_id": mei, **seen}],
        )


async def fails(text: str, expected: str) -> str | None:
    """What is wrong with an attack: None when the database refused it for the expected reason."""
    try:
        changed = await SQL(text).run()
    except IntegrityError as error:
        return None if expected in str(error) else f"{text}: refused for another reason: {error}"
    return f"{text}: {changed} rows written"


async def test_every_constraint_is_attacked() -> None:
    assert sorted(declared().keys() - ATTACKS.keys()) == []
    assert sorted(ATTACKS.keys() - declared().keys()) == []


@pytest.mark.usefixtures("furnished")
async def test_every_constraint_holds(dialect: str) -> None:
    broken = [
        await fails(attack.text, words(name, attack.table, declared()[name], dialect))
        for name, attacks in ATTACKS.items()
        for attack in attacks
    ]
    assert [each for each in broken if each] == []


@pytest.mark.usefixtures("furnished")
async def test_an_attack_that_succeeds_is_seen(dialect: str) -> None:
    harmless = change("points_account", available="available")
    expected = words("points_available_range", "points_account", (), dialect)
    assert (await fails(harmless.text, expected) or "").endswith("17 rows written")
    elsewhere = change("points_account", available="-1")
    assert "another reason" in (await fails(elsewhere.text, "violates nothing") or "")


@pytest.mark.usefixtures("furnished")
async def test_every_required_column_refuses_nothing(dialect: str) -> None:
    expected = {"sqlite": "NOT NULL constraint failed: {0}.{1}", "postgres": 'null value in column "{1}"'}[dialect]
    broken = []
    for table, model in tables().items():
        for name, column in model._meta.fields_db_projection.items():
            if not model._meta.fields_map[name].null and not model._meta.fields_map[name].pk:
                attack = Attack("again", table, {column: "NULL"})
                broken.append(await fails(attack.text, expected.format(table, column)))
    assert [each for each in broken if each] == []
    assert len(broken) > 100


@pytest.mark.usefixtures("furnished")
async def test_every_row_is_the_only_one_of_its_key(dialect: str) -> None:
    broken = []
    for table, model in tables().items():
        key = model._meta.db_pk_column
        expected = words(f"{table}.{key}", table, (key,), dialect)
        broken.append(await fails(Attack("again", table, _elsewhere(model, keep=key)).text, expected))
    assert [each for each in broken if each] == []


@pytest.mark.usefixtures("furnished")
async def test_every_reference_finds_its_row(dialect: str) -> None:
    expected = {"sqlite": "FOREIGN KEY constraint failed", "postgres": "violates foreign key constraint"}[dialect]
    broken = []
    for table, model in tables().items():
        for name in model._meta.fk_fields | model._meta.o2o_fields:
            reference = model._meta.fields_map[name]
            assert isinstance(reference, ForeignKeyFieldInstance)
            column = str(reference.source_field)
            values = {**_elsewhere(model, keep=column), column: f"'{uuid4()}'"}
            if (key := model._meta.db_pk_column) != column:
                values[key] = f"'{str(uuid4())[:16]}'" if table in ("api_key", "referral_code") else f"'{uuid4()}'"
            attack = Attack("again", table, values, where=f'"{column}" IS NOT NULL')
            broken.append(await fails(attack.text, expected))
    assert [each for each in broken if each] == []
    assert len(broken) > 15


def _elsewhere(model: type[Model], *, keep: str) -> dict[str, str]:
    """Values that keep a copied row clear of every unique constraint but the one under attack."""
    values: dict[str, Any] = {}
    uniques = [columns for name, columns in declared().items() if columns and _is_of(model, name)]
    for columns in uniques:
        references = {str(model._meta.fields_map[each].source_field) for each in model._meta.fk_fields}
        for column in [each for each in columns if each != keep and each not in references][:1]:
            values[column] = _another(type(model._meta.fields_map[column]).__name__, column)
    # what is unique only while something is not there
    conditions = [str(getattr(each, "condition", None)) for each in model._meta.constraints]
    values |= {each.removesuffix(" IS NULL"): MOMENT for each in conditions if each.endswith(" IS NULL")}
    return values


def _another(kind: str, column: str) -> str:
    if "UUID" in kind:
        return f"'{uuid4()}'"
    if "Date" in kind:
        return "'2031-01-01 00:00:00+00:00'" if "time" in kind else "'2031-01-01'"
    return f'"{column}" + {1 if column == "slot" else 7777}' if "Int" in kind else "'elsewhere'"


def _is_of(model: type[Model], name: str) -> bool:
    names = {str(each.name) for each in model._meta.constraints}
    return name in names or name.startswith(f"{model._meta.db_table}.")


async def test_the_attacks_run_on_the_database_of_the_run(dialect: str) -> None:
    assert get_connection("default").capabilities.dialect == dialect
