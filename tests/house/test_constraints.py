"""Constraints: each one the models declare is attacked on the running database, and holds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from tortoise.connection import get_connection
from tortoise.context import require_context
from tortoise.exceptions import IntegrityError
from tortoise.fields.relational import ForeignKeyFieldInstance
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.models import Model

from models.approvals import Approval, ApprovalKind, ApprovalState
from models.credentials import Attempt, Login, MemberCode, PrincipalKind, RateBucket
from models.documents import Document
from models.jobs import Job, JobState
from models.members import MemberKey
from models.sql import SQL, insert
from models.staff import Staff, StaffInvitation, StaffRole
from rules import credentials, finance, keys, staff, webhooks
from rules.actors import SYSTEM
from rules.keys import Holder
from rules.webhooks import Outcome, Wish
from tests.people import (
    NOON,
    buy,
    capture,
    freeze,
    fresh_key,
    member,
    programme,
    redeem,
    refund,
    release,
    set_aside,
)

TOO_MUCH = "1000000000001"
WITHOUT_IDS = "api_key token points_account points_books points_closing growth_account programme".split()  # noqa: SIM905


@dataclass(frozen=True)
class Attack:
    """A statement that breaks one constraint: rows of a table changed, or one of them written once more."""

    verb: str
    table: str
    values: Mapping[str, str] = field(default_factory=dict)
    where: str = "TRUE"

    @property
    def text(self) -> str:
        if self.verb == "change":
            changes = ", ".join(f'"{column}" = {value}' for column, value in self.values.items())
            return f'UPDATE "{self.table}" SET {changes} WHERE {self.where}'
        columns = tables()[self.table]._meta.fields_db_projection.values()
        told = ", ".join(self.values.get(column, f'"{column}"') for column in columns)
        names = ", ".join(f'"{column}"' for column in columns)
        row = f'SELECT * FROM "{self.table}" WHERE {self.where} LIMIT 1'
        return f'INSERT INTO "{self.table}" ({names}) SELECT {told} FROM ({row}) one'


def change(table: str, where: str = "TRUE", **values: str) -> Attack:
    return Attack("change", table, values, where)


def again(table: str, **values: str) -> Attack:
    """One row more, like one there is but for a new id and these values."""
    fresh = {"id": f"'{uuid4()}'"} if table not in WITHOUT_IDS else {}
    return Attack("again", table, {**fresh, **values})


ATTACKS: dict[str, tuple[Attack, ...]] = {
    "programme_is_one": (again("programme", one="2"),),
    "programme_earn_rate": (change("programme", earn_points="-1"), change("programme", earn_minor="0")),
    "programme_expire_months": (change("programme", expire_months="0"), change("programme", expire_months="121")),
    "programme_restore_grace": (
        change("programme", restore_grace_days="-1"),
        change("programme", restore_grace_days="367"),
    ),
    "programme_adjust_proof": (change("programme", adjust_proof_points="-1"),),
    "programme_adjust_approval": (change("programme", adjust_approval_points="-1"),),
    "store.code": (again("store"),),
    "member_merged": (
        change("member", "state = 'ACTIVE'", merged_into_id="id"),
        change("member", "state = 'ACTIVE'", state="'MERGED'"),
    ),
    "member_event_seq": (change("member", event_seq="-1"),),
    "member_active_has_joined": (change("member", "state = 'ACTIVE'", joined_at="NULL"),),
    "member_identity_once": (again("member_identity"),),
    "growth_never_negative": (change("growth_account", growth="-1"), change("growth_account", growth=TOO_MUCH)),
    "growth_seq": (change("growth_account", seq="-1"),),
    "growth_entry_moves": (again("growth_entry", seq="99", cause="'x'", delta="0"),),
    "growth_entry_after": (again("growth_entry", seq="99", cause="'x'", growth_after="-1"),),
    "growth_entry_seq": (again("growth_entry", cause="'x'"),),
    "growth_entry_cause": (again("growth_entry", seq="99"),),
    "tier.code": (again("tier", rank="99", threshold="99"),),
    "tier.rank": (change("tier", "rank = 2", rank="1"),),
    "tier.threshold": (change("tier", "rank = 2", threshold="1000"),),
    "tier_rank": (change("tier", "rank = 1", threshold="0"), change("tier", "rank = 2", rank="-1")),
    "tier_threshold": (change("tier", "rank = 2", threshold=TOO_MUCH),),
    "tier_multiplier": (change("tier", earn_multiplier_bps="9999"), change("tier", earn_multiplier_bps="1000001")),
    "tier_redeem_limit": (change("tier", redeem_limit_points="0"),),
    "tier_change_joined": (again("tier_change", cause="'UPGRADED'", from_tier_id="NULL"),),
    "points_available_range": (
        change("points_account", available="-1"),
        change("points_account", available=TOO_MUCH),
    ),
    "points_pending_range": (change("points_account", pending="-1"), change("points_account", pending=TOO_MUCH)),
    "points_held_range": (change("points_account", held="-1"), change("points_account", held=TOO_MUCH)),
    "points_debt_range": (
        change("points_account", available="0", debt="-1"),
        change("points_account", available="0", debt=TOO_MUCH),
    ),
    "points_debt_is_repaid_first": (change("points_account", available="1", debt="1"),),
    "points_seq": (change("points_account", seq="-1"),),
    "points_books_are_one": (again("points_books", one="2"),),
    "points_books_turn": (change("points_books", turn="-1"),),
    "points_day_once": (again("points_day"),),
    "points_day_moves": (change("points_day", movements="0"),),
    "points_cohort_once": (again("points_cohort"),),
    "points_outlook_once": (again("points_outlook"),),
    "points_outlook_open": (change("points_outlook", points="0"),),
    "points_entry_moves": (again("points_entry", seq="99", delta="0"),),
    "points_entry_after": (again("points_entry", seq="99", balance_after="-1"),),
    "points_entry_seq": (again("points_entry"),),
    "points_transaction_cause": (again("points_transaction"),),
    "points_lot_range": (
        change("points_lot", granted="0", remaining="0"),
        change("points_lot", remaining="-1"),
        change("points_lot", held="-1"),
        change("points_lot", remaining="granted + 1"),
        change("points_lot", remaining="granted", held="1"),
    ),
    "points_hold_range": (
        change("points_hold", "state = 'HELD'", amount="0"),
        change("points_hold", "state = 'RELEASED'", captured="-1"),
        change("points_hold", "state = 'RELEASED'", captured="1"),
        change("points_hold", "state = 'CAPTURED'", released="-1"),
        change("points_hold", "state = 'CAPTURED'", released="1"),
    ),
    "points_hold_adds_up": (
        change("points_hold", "state = 'HELD'", captured="1"),
        change("points_hold", "state = 'HELD'", released="1"),
        change("points_hold", "state = 'CAPTURED'", captured="1"),
        change("points_hold", "state = 'PARTIALLY_CAPTURED'", captured="0"),
        change("points_hold", "state = 'PARTIALLY_CAPTURED'", released="0"),
        change("points_hold", "state = 'CAPTURED'", state="'EXPIRED'"),
        change("points_hold", "state = 'CAPTURED'", state="'RELEASED'"),
    ),
    "points_hold_closed": (
        change("points_hold", "state = 'HELD'", closed_at="created_at"),
        change("points_hold", "state = 'CAPTURED'", closed_at="NULL"),
    ),
    "points_hold_lasts": (change("points_hold", expires_at="created_at"),),
    "points_lot_move_moves": (again("points_lot_move", d_remaining="0"),),
    "purchase_order": (again("purchase"),),
    "purchase_amounts": (
        change("purchase", goods_minor="-1", refunded_minor="0"),
        change("purchase", shipping_minor="-1"),
        change("purchase", by_points_minor="-1"),
        change("purchase", by_points_minor="goods_minor + 1"),
    ),
    "purchase_refund_within_paid": (
        change("purchase", refunded_minor="-1"),
        change("purchase", refunded_minor="goods_minor + 1"),
    ),
    "purchase_paid_has_time": (
        change("purchase", "state <> 'CREATED'", paid_at="NULL"),
        change("purchase", "state <> 'CREATED'", state="'CREATED'"),
    ),
    "purchase_key_order": (again("purchase_key"),),
    "purchase_line_once": (again("purchase_line"),),
    "purchase_line_amounts": (
        change("purchase_line", quantity="0"),
        change("purchase_line", paid_minor="-1", refunded_minor="0"),
        change("purchase_line", refunded_minor="-1"),
        change("purchase_line", refunded_minor="paid_minor + 1"),
    ),
    "purchase_event_once": (again("purchase_event"),),
    "purchase_event_refund": (change("purchase_event", refund_minor="-1"),),
    "partner.name": (again("partner"),),
    "staff.username": (again("staff"),),
    "staff_cashier_has_store": (again("staff", username="'x'", role="'CASHIER'", store_id="NULL"),),
    "api_key_belongs": (
        change("api_key", "kind = 'PARTNER'", source="'shop'"),
        change("api_key", "kind = 'PARTNER'", partner_id="NULL"),
        change("api_key", "kind = 'SERVICE'", source="NULL"),
        change("api_key", kind="'MEMBER'"),
    ),
    "api_key_slot": (again("api_key", key_id="'another'"),),
    "api_key_slots": (change("api_key", slot="0"), change("api_key", slot="3")),
    "login_seen": (change("login", seen_at="'2000-01-01 00:00:00+00:00'"),),
    "member_code_used": (change("member_code", used_at="created_at"), change("member_code", used_by="'x'")),
    "attempt_failures": (change("attempt", failures="0"),),
    "rate_bucket_level": (change("rate_bucket", level="-1"),),
    "approval_decided": (
        change("approval", decided_at="requested_at"),
        change("approval", state="'WITHDRAWN'"),
    ),
    "approval_two_people": (
        change("approval", state="'REJECTED'", decided_at="requested_at", decided_by="requested_by"),
        change("approval", state="'REJECTED'", decided_at="requested_at"),
    ),
    "approval_done": (
        change("approval", transaction_id="id"),
        change("approval", state="'APPROVED'", decided_at="requested_at", decided_by="member_id"),
    ),
    "token_only_refresh_is_spent": (change("token", "use = 'ACCESS'", spent_at="created_at"),),
    "idempotency_key_once": (again("idempotency_key"),),
    "outbox_event_seq": (again("outbox_event"),),
    "outbox_event_bucket_range": (change("outbox_event", bucket="16"), change("outbox_event", bucket="-1")),
    "webhook_endpoint_slot": (again("webhook_endpoint"),),
    "webhook_endpoint_slots": (change("webhook_endpoint", slot="0"), change("webhook_endpoint", slot="21")),
    "webhook_endpoint_live": (
        change("webhook_endpoint", state="'DELETED'"),
        change("webhook_endpoint", slot="NULL"),
        change("webhook_endpoint", secret="NULL"),
    ),
    "webhook_endpoint_disabled": (
        change("webhook_endpoint", state="'DISABLED'"),
        change("webhook_endpoint", disabled_why="'STAFF'"),
    ),
    "webhook_endpoint_overlap": (change("webhook_endpoint", previous_until="created_at"),),
    "webhook_delivery_once": (again("webhook_delivery"),),
    "webhook_delivery_attempts": (
        change("webhook_delivery", attempts="-1"),
        change("webhook_delivery", attempts="fence + 1"),
    ),
    "webhook_delivery_ended": (
        change("webhook_delivery", "state = 'PENDING'", state="'DEAD'"),
        change("webhook_delivery", "state = 'PENDING'", finished_at="created_at"),
    ),
    "webhook_attempt_once": (again("webhook_attempt"),),
    "webhook_attempt_told": (
        change("webhook_attempt", status="NULL"),
        change("webhook_attempt", failure="'TIMED_OUT'"),
    ),
    "webhook_attempt_took": (change("webhook_attempt", duration_ms="-1"), change("webhook_attempt", number="0")),
    "job_once": (again("job"),),
    "job_attempts": (change("job", attempts="-1"), change("job", fence="-1")),
    "job_finished": (change("job", "state = 'READY'", state="'DONE'"), change("job", finished_at="created_at")),
}
"""What breaks each constraint, by its name; a unique column goes by `table.column`."""


def tables() -> dict[str, type[Model]]:
    found = [model for each in (require_context().apps or {}).values() for model in each.values()]
    return {model._meta.db_table: model for model in found}


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
    mei = await member("Mei")
    await buy(mei, 1_500_00, ref="tea-1")
    await refund("tea-1", {"A": 100_00})
    await redeem(mei, 50, note="for the green tea")
    await set_aside(mei, 5)
    await release(mei, (await set_aside(mei, 10)).hold_id)
    await capture(mei, (await set_aside(mei, 10)).hold_id)
    await capture(mei, (await set_aside(mei, 10)).hold_id, 4)
    await freeze(await member("Lan"))
    store = await staff.open_store("SH01", "Shanghai")
    await staff.hire("wang", "x", StaffRole.CASHIER, store_id=store, now=NOON)
    partner = await staff.register("Bamboo Books")
    await credentials.log_in(PrincipalKind.MEMBER, mei, actor=SYSTEM, now=NOON)
    for holder in (Holder.partner(partner), Holder.service("shop", store)):
        await keys.issue(holder, name="key", environment="test", actor=SYSTEM, now=NOON)
    await _furnish_the_door(mei)
    await finance.bring_up_to_date(NOON + timedelta(days=2))
    await insert(MemberKey, [{"member_id": mei, "wrapped": b"from before there was a key store"}])
    job = {"name": "tidy", "cause": "once", "facts": {}, "due_at": NOON, "created_at": NOON}
    await insert(Job, [{**job, "state": JobState.READY}])


async def _furnish_the_door(mei: UUID) -> None:
    """A row of each table that the door needs, written without its rules."""
    [wang] = await Staff.all().values_list("id", flat=True)
    soon = NOON + timedelta(minutes=1)
    await insert(MemberCode, [{"digest": "code", "member_id": mei, "expires_at": soon, "created_at": NOON}])
    await insert(Attempt, [{"subject": "somebody", "failures": 1, "last_at": NOON, "free_at": soon}])
    await insert(RateBucket, [{"principal": "MEMBER:mei", "level": 10, "at": NOON}])
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
    assert (await fails(harmless.text, expected) or "").endswith("2 rows written")
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
                values[key] = f"'{str(uuid4())[:16]}'" if table == "api_key" else f"'{uuid4()}'"
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
    return values


def _another(kind: str, column: str) -> str:
    if "UUID" in kind:
        return f"'{uuid4()}'"
    return f'"{column}" + {1 if column == "slot" else 7777}' if "Int" in kind else "'elsewhere'"


def _is_of(model: type[Model], name: str) -> bool:
    names = {str(each.name) for each in model._meta.constraints}
    return name in names or name.startswith(f"{model._meta.db_table}.")


async def test_the_attacks_run_on_the_database_of_the_run(dialect: str) -> None:
    assert get_connection("default").capabilities.dialect == dialect
