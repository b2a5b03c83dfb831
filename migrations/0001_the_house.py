from models import ddl
from tortoise.migrations import operations as ops
from models.credentials import PrincipalKind, TokenUse
from models.jobs import JobState
from models.members import IdentityKind, MemberState
from models.points import Bucket, Counter, PointsKind
from models.purchases import EventState, PurchaseEventKind, PurchaseState
from models.staff import StaffRole
from models.tiers import TierCause
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from uuid import uuid4
from uuid_utils.compat import uuid7
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint


class Migration(ddl.Migration):
    initial = True

    operations = [
        ddl.CreateModel(
            name="AuditLog",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("actor_kind", fields.CharField(max_length=12)),
                ("actor_id", fields.CharField(null=True, max_length=40)),
                ("role", fields.CharField(null=True, max_length=20)),
                ("store_id", fields.UUIDField(null=True)),
                ("action", fields.CharField(max_length=60)),
                ("member_id", fields.UUIDField(null=True)),
                ("reason", fields.CharField(null=True, max_length=40)),
                ("request_id", fields.CharField(null=True, max_length=64)),
                ("facts", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
            ],
            options={
                "table": "audit_log",
                "app": "models",
                "indexes": [
                    Index(fields=["member_id", "id"], name="audit_log_member"),
                    Index(fields=["at", "id"], name="audit_log_at"),
                ],
                "pk_attr": "id",
                "table_description": "One act of staff, a partner or a service. Written once, never changed, without personal data.",
            },
            bases=["Model"],
        ),
        ddl.CreateModel(
            name="IdempotencyKey",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("owner_id", fields.UUIDField()),
                ("principal", fields.CharField(max_length=60)),
                ("key", fields.CharField(max_length=128)),
                ("operation", fields.CharField(max_length=60)),
                ("fingerprint", fields.CharField(max_length=64)),
                ("response", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "idempotency_key",
                "app": "models",
                "constraints": [
                    UniqueConstraint(fields=("owner_id", "principal", "key"), name="idempotency_key_once")
                ],
                "indexes": [Index(fields=["created_at"], name="idempotency_key_created")],
                "pk_attr": "id",
                "table_description": "One answered request, stored in the transaction that did what it asked.",
            },
            bases=["Model"],
        ),
        ddl.CreateModel(
            name="IdentityKey",
            fields=[
                ("value_hash", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("member_id", fields.UUIDField()),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "identity_key",
                "app": "models",
                "indexes": [Index(fields=["member_id"], name="identity_key_member")],
                "pk_attr": "value_hash",
                "table_description": "Whose an identity is: a keyed hash of kind, namespace and value, unique across members.",
            },
            bases=["Model"],
        ),
        ddl.CreateModel(
            name="Job",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("name", fields.CharField(max_length=80)),
                ("cause", fields.CharField(max_length=200)),
                ("facts", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("state", fields.CharEnumField(description="", enum_type=JobState, max_length=8)),
                ("due_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("attempts", fields.SmallIntField(default=0)),
                ("fence", fields.IntField(default=0)),
                ("last_error", fields.CharField(null=True, max_length=400)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("finished_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "job",
                "app": "models",
                "constraints": [
                    UniqueConstraint(fields=("name", "cause"), name="job_once"),
                    CheckConstraint(check="attempts >= 0 AND fence >= 0", name="job_attempts"),
                    CheckConstraint(check="(state = 'READY') = (finished_at IS NULL)", name="job_finished"),
                ],
                "indexes": [Index(fields=["state", "due_at"], name="job_due")],
                "pk_attr": "id",
                "table_description": "One piece of work. The same cause is enqueued once, ever.",
            },
            bases=["Model"],
        ),
        ddl.CreateModel(
            name="Member",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("state", fields.CharEnumField(description="", enum_type=MemberState, max_length=16)),
                ("event_seq", fields.BigIntField(default=0)),
                ("profile", fields.BinaryField(null=True)),
                ("joined_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "member",
                "app": "models",
                "constraints": [
                    CheckConstraint(check="event_seq >= 0", name="member_event_seq"),
                    CheckConstraint(
                        check="state <> 'ACTIVE' OR joined_at IS NOT NULL", name="member_active_has_joined"
                    ),
                ],
                "indexes": [Index(fields=["created_at", "id"], name="member_created")],
                "pk_attr": "id",
                "table_description": "A person in the programme. The row is the lock of everything the member owns.",
            },
            bases=["Model"],
        ),
        ddl.CreateModel(
            name="GrowthEntry",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                (
                    "member",
                    fields.ForeignKeyField(
                        "models.Member",
                        source_field="member_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("seq", fields.BigIntField()),
                ("delta", fields.BigIntField()),
                ("growth_after", fields.BigIntField()),
                ("cause", fields.CharField(max_length=240)),
                ("purchase_id", fields.UUIDField(null=True)),
                ("effective_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "growth_entry",
                "app": "models",
                "constraints": [
                    CheckConstraint(check="delta <> 0", name="growth_entry_moves"),
                    CheckConstraint(check="growth_after >= 0", name="growth_entry_after"),
                    UniqueConstraint(fields=("member_id", "seq"), name="growth_entry_seq"),
                    UniqueConstraint(fields=("member_id", "cause"), name="growth_entry_cause"),
                ],
                "indexes": [Index(fields=["member_id", "purchase_id"], name="growth_entry_purchase")],
                "pk_attr": "id",
                "table_description": "One movement of growth value: written once, never changed.",
            },
            bases=["Model"],
        ),
        ddl.CreateModel(
            name="MemberIdentity",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                (
                    "member",
                    fields.ForeignKeyField(
                        "models.Member",
                        source_field="member_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("kind", fields.CharEnumField(description="", enum_type=IdentityKind, max_length=16)),
                ("namespace", fields.CharField(max_length=64)),
                ("value_hash", fields.CharField(max_length=64)),
                ("sealed", fields.BinaryField()),
                ("mask", fields.CharField(max_length=80)),
                ("verified", fields.BooleanField()),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "member_identity",
                "app": "models",
                "constraints": [UniqueConstraint(fields=("member_id", "value_hash"), name="member_identity_once")],
                "indexes": [Index(fields=["member_id", "id"], name="member_identity_member")],
                "pk_attr": "id",
                "table_description": "One identity of a member: sealed value, mask to show, and the hash it is found by.",
            },
            bases=["Model"],
        ),
        ddl.CreateModel(
            name="MemberKey",
            fields=[
                (
                    "member",
                    fields.OneToOneField(
                        "models.Member",
                        source_field="member_id",
                        primary_key=True,
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("wrapped", fields.BinaryField()),
            ],
            options={
                "table": "member_key",
                "app": "models",
                "pk_attr": "member_id",
                "table_description": "The key that seals one member's personal data, itself wrapped by the master key.",
            },
            bases=["Model"],
        ),
        ddl.CreateModel(
            name="OutboxEvent",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                (
                    "member",
                    fields.ForeignKeyField(
                        "models.Member",
                        source_field="member_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("seq", fields.BigIntField()),
                ("transaction_id", fields.UUIDField(null=True)),
                ("bucket", fields.SmallIntField()),
                ("type", fields.CharField(max_length=60)),
                ("body", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "outbox_event",
                "app": "models",
                "constraints": [
                    UniqueConstraint(fields=("member_id", "seq"), name="outbox_event_seq"),
                    CheckConstraint(check="bucket BETWEEN 0 AND 15", name="outbox_event_bucket_range"),
                ],
                "indexes": [Index(fields=["bucket", "id"], name="outbox_event_bucket")],
                "pk_attr": "id",
                "table_description": "One event of one member, numbered without gaps. Holds no personal data.",
            },
            bases=["Model"],
        ),
        ddl.CreateModel(
            name="Partner",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("name", fields.CharField(unique=True, max_length=80)),
            ],
            options={
                "table": "partner",
                "app": "models",
                "pk_attr": "id",
                "table_description": "An organisation that brings members and reads its own statistics.",
            },
            bases=["Model"],
        ),
        ddl.CreateModel(
            name="PointsAccount",
            fields=[
                (
                    "member",
                    fields.OneToOneField(
                        "models.Member",
                        source_field="member_id",
                        primary_key=True,
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("available", fields.BigIntField(default=0)),
                ("pending", fields.BigIntField(default=0)),
                ("held", fields.BigIntField(default=0)),
                ("debt", fields.BigIntField(default=0)),
                ("seq", fields.BigIntField(default=0)),
                ("lifetime_earned", fields.BigIntField(default=0)),
                ("lifetime_spent", fields.BigIntField(default=0)),
                ("lifetime_expired", fields.BigIntField(default=0)),
            ],
            options={
                "table": "points_account",
                "app": "models",
                "constraints": [
                    CheckConstraint(check="available BETWEEN 0 AND 1000000000000", name="points_available_range"),
                    CheckConstraint(check="pending BETWEEN 0 AND 1000000000000", name="points_pending_range"),
                    CheckConstraint(check="held BETWEEN 0 AND 1000000000000", name="points_held_range"),
                    CheckConstraint(check="debt BETWEEN 0 AND 1000000000000", name="points_debt_range"),
                    CheckConstraint(check="available = 0 OR debt = 0", name="points_debt_is_repaid_first"),
                    CheckConstraint(check="seq >= 0", name="points_seq"),
                ],
                "pk_attr": "member_id",
                "table_description": "A member's points. Always the sum of the account's entries, and of its lots.",
            },
            bases=["Model"],
        ),
        ddl.CreateModel(
            name="PointsTransaction",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                (
                    "member",
                    fields.ForeignKeyField(
                        "models.Member",
                        source_field="member_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("kind", fields.CharEnumField(description="", enum_type=PointsKind, max_length=12)),
                ("points", fields.BigIntField()),
                ("cause", fields.CharField(max_length=240)),
                ("reverses_id", fields.UUIDField(null=True)),
                ("purchase_id", fields.UUIDField(null=True)),
                ("actor_kind", fields.CharField(max_length=12)),
                ("actor_id", fields.CharField(null=True, max_length=40)),
                ("store_id", fields.UUIDField(null=True)),
                ("reason", fields.CharField(null=True, max_length=40)),
                ("request_id", fields.CharField(null=True, max_length=64)),
                ("effective_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "points_transaction",
                "app": "models",
                "constraints": [UniqueConstraint(fields=("member_id", "cause"), name="points_transaction_cause")],
                "indexes": [
                    Index(fields=["member_id", "purchase_id"], name="points_transaction_purchase"),
                    Index(fields=["member_id", "reverses_id"], name="points_transaction_reverses"),
                ],
                "pk_attr": "id",
                "table_description": "One movement with one cause: written once, never changed.",
            },
            bases=["Model"],
        ),
        ddl.CreateModel(
            name="PointsEntry",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                (
                    "transaction",
                    fields.ForeignKeyField(
                        "models.PointsTransaction",
                        source_field="transaction_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("member_id", fields.UUIDField()),
                ("seq", fields.BigIntField()),
                ("bucket", fields.CharEnumField(description="", enum_type=Bucket, max_length=12)),
                ("delta", fields.BigIntField()),
                ("balance_after", fields.BigIntField()),
                ("counter", fields.CharEnumField(description="", enum_type=Counter, max_length=12)),
            ],
            options={
                "table": "points_entry",
                "app": "models",
                "constraints": [
                    CheckConstraint(check="delta <> 0", name="points_entry_moves"),
                    CheckConstraint(check="balance_after >= 0", name="points_entry_after"),
                    UniqueConstraint(fields=("member_id", "seq"), name="points_entry_seq"),
                ],
                "indexes": [Index(fields=["transaction_id"], name="points_entry_transaction")],
                "pk_attr": "id",
                "table_description": "One line of the ledger: written once, never changed, never deleted.",
            },
            bases=["Model"],
        ),
        ddl.CreateModel(
            name="PointsLot",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                (
                    "member",
                    fields.ForeignKeyField(
                        "models.Member",
                        source_field="member_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "transaction",
                    fields.ForeignKeyField(
                        "models.PointsTransaction",
                        source_field="transaction_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("purchase_id", fields.UUIDField(null=True)),
                ("granted", fields.BigIntField()),
                ("remaining", fields.BigIntField()),
                ("held", fields.BigIntField(default=0)),
                ("active", fields.BooleanField()),
                ("activates_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "points_lot",
                "app": "models",
                "constraints": [
                    CheckConstraint(
                        check="granted > 0 AND remaining >= 0 AND held >= 0 AND remaining + held <= granted",
                        name="points_lot_range",
                    )
                ],
                "indexes": [
                    Index(fields=["member_id", "expires_at", "id"], name="points_lot_member"),
                    Index(fields=["transaction_id"], name="points_lot_transaction"),
                ],
                "pk_attr": "id",
                "table_description": "Points that came together and expire together. Spent soonest expiry first.",
            },
            bases=["Model"],
        ),
        ddl.CreateModel(
            name="PointsLotMove",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("member_id", fields.UUIDField()),
                (
                    "lot",
                    fields.ForeignKeyField(
                        "models.PointsLot",
                        source_field="lot_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "transaction",
                    fields.ForeignKeyField(
                        "models.PointsTransaction",
                        source_field="transaction_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("d_remaining", fields.BigIntField()),
                ("d_held", fields.BigIntField(default=0)),
            ],
            options={
                "table": "points_lot_move",
                "app": "models",
                "constraints": [
                    CheckConstraint(check="d_remaining <> 0 OR d_held <> 0", name="points_lot_move_moves")
                ],
                "indexes": [
                    Index(fields=["lot_id"], name="points_lot_move_lot"),
                    Index(fields=["member_id", "transaction_id"], name="points_lot_move_transaction"),
                ],
                "pk_attr": "id",
                "table_description": "What a transaction did to a lot: which lots paid for what. Written once, never changed.",
            },
            bases=["Model"],
        ),
        ddl.CreateModel(
            name="PointsNote",
            fields=[
                (
                    "transaction",
                    fields.OneToOneField(
                        "models.PointsTransaction",
                        source_field="transaction_id",
                        primary_key=True,
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("member_id", fields.UUIDField()),
                ("sealed", fields.BinaryField()),
            ],
            options={
                "table": "points_note",
                "app": "models",
                "indexes": [Index(fields=["member_id"], name="points_note_member")],
                "pk_attr": "transaction_id",
                "table_description": "What a person wrote about a movement, sealed with the member's key and kept out of the ledger.",
            },
            bases=["Model"],
        ),
        ddl.CreateModel(
            name="Programme",
            fields=[
                ("one", fields.SmallIntField(generated=False, primary_key=True, unique=True, db_index=True)),
                ("name", fields.CharField(max_length=80)),
                ("currency", fields.CharField(max_length=3)),
                ("timezone", fields.CharField(max_length=64)),
                ("earn_points", fields.BigIntField()),
                ("earn_minor", fields.BigIntField()),
                ("expire_months", fields.SmallIntField(null=True)),
                ("restore_grace_days", fields.SmallIntField(default=7)),
                ("key_check", fields.CharField(max_length=64)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "programme",
                "app": "models",
                "constraints": [
                    CheckConstraint(check="one = 1", name="programme_is_one"),
                    CheckConstraint(check="earn_points >= 0 AND earn_minor > 0", name="programme_earn_rate"),
                    CheckConstraint(check="expire_months BETWEEN 1 AND 120", name="programme_expire_months"),
                    CheckConstraint(check="restore_grace_days BETWEEN 0 AND 366", name="programme_restore_grace"),
                ],
                "pk_attr": "one",
                "table_description": "The terms of the one programme this database serves.",
            },
            bases=["Model"],
        ),
        ddl.CreateModel(
            name="Purchase",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                (
                    "member",
                    fields.ForeignKeyField(
                        "models.Member",
                        source_field="member_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("source", fields.CharField(max_length=64)),
                ("order_ref", fields.CharField(max_length=100)),
                ("state", fields.CharEnumField(description="", enum_type=PurchaseState, max_length=20)),
                ("channel", fields.CharField(null=True, max_length=64)),
                ("store_id", fields.UUIDField(null=True)),
                ("currency", fields.CharField(max_length=3)),
                ("goods_minor", fields.BigIntField()),
                ("shipping_minor", fields.BigIntField(default=0)),
                ("by_points_minor", fields.BigIntField(default=0)),
                ("refunded_minor", fields.BigIntField(default=0)),
                ("ordered_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("paid_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "purchase",
                "app": "models",
                "constraints": [
                    UniqueConstraint(fields=("member_id", "source", "order_ref"), name="purchase_order"),
                    CheckConstraint(
                        check="goods_minor >= 0 AND shipping_minor >= 0 AND by_points_minor BETWEEN 0 AND goods_minor",
                        name="purchase_amounts",
                    ),
                    CheckConstraint(
                        check="refunded_minor BETWEEN 0 AND goods_minor", name="purchase_refund_within_paid"
                    ),
                    CheckConstraint(
                        check="(paid_at IS NULL) = (state IN ('CREATED', 'CANCELLED'))",
                        name="purchase_paid_has_time",
                    ),
                ],
                "indexes": [Index(fields=["member_id", "ordered_at", "id"], name="purchase_member")],
                "pk_attr": "id",
                "table_description": "One order of one member.",
            },
            bases=["Model"],
        ),
        ddl.CreateModel(
            name="PurchaseEvent",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("member_id", fields.UUIDField()),
                (
                    "purchase",
                    fields.ForeignKeyField(
                        "models.Purchase",
                        source_field="purchase_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("kind", fields.CharEnumField(description="", enum_type=PurchaseEventKind, max_length=12)),
                ("event_ref", fields.CharField(max_length=100)),
                ("state", fields.CharEnumField(description="", enum_type=EventState, max_length=8)),
                ("occurred_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("refund_minor", fields.BigIntField(default=0)),
                ("body", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "purchase_event",
                "app": "models",
                "constraints": [
                    UniqueConstraint(
                        fields=("member_id", "purchase_id", "kind", "event_ref"), name="purchase_event_once"
                    ),
                    CheckConstraint(check="refund_minor >= 0", name="purchase_event_refund"),
                ],
                "pk_attr": "id",
                "table_description": "One thing a shop reported about an order. The same report never takes effect twice.",
            },
            bases=["Model"],
        ),
        ddl.CreateModel(
            name="PurchaseKey",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("source", fields.CharField(max_length=64)),
                ("order_ref", fields.CharField(max_length=100)),
                ("member_id", fields.UUIDField()),
                ("purchase_id", fields.UUIDField()),
            ],
            options={
                "table": "purchase_key",
                "app": "models",
                "constraints": [UniqueConstraint(fields=("source", "order_ref"), name="purchase_key_order")],
                "pk_attr": "id",
                "table_description": "Whose an order is: the shop's own reference, unique across members.",
            },
            bases=["Model"],
        ),
        ddl.CreateModel(
            name="PurchaseLine",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ("member_id", fields.UUIDField()),
                (
                    "purchase",
                    fields.ForeignKeyField(
                        "models.Purchase",
                        source_field="purchase_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("line_ref", fields.CharField(max_length=64)),
                ("sku", fields.CharField(null=True, max_length=64)),
                ("name", fields.CharField(null=True, max_length=200)),
                ("quantity", fields.IntField()),
                ("paid_minor", fields.BigIntField()),
                ("refunded_minor", fields.BigIntField(default=0)),
            ],
            options={
                "table": "purchase_line",
                "app": "models",
                "constraints": [
                    UniqueConstraint(fields=("member_id", "purchase_id", "line_ref"), name="purchase_line_once"),
                    CheckConstraint(
                        check="quantity > 0 AND paid_minor >= 0 AND refunded_minor BETWEEN 0 AND paid_minor",
                        name="purchase_line_amounts",
                    ),
                ],
                "pk_attr": "id",
                "table_description": "One line of an order.",
            },
            bases=["Model"],
        ),
        ddl.CreateModel(
            name="Store",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("code", fields.CharField(unique=True, max_length=32)),
                ("name", fields.CharField(max_length=80)),
            ],
            options={
                "table": "store",
                "app": "models",
                "pk_attr": "id",
                "table_description": "A shop of the programme, where cashiers work.",
            },
            bases=["Model"],
        ),
        ddl.CreateModel(
            name="ApiKey",
            fields=[
                ("key_id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=16)),
                ("digest", fields.CharField(max_length=64)),
                ("kind", fields.CharEnumField(description="", enum_type=PrincipalKind, max_length=8)),
                ("name", fields.CharField(max_length=80)),
                ("source", fields.CharField(null=True, max_length=64)),
                (
                    "store",
                    fields.ForeignKeyField(
                        "models.Store",
                        source_field="store_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "partner",
                    fields.ForeignKeyField(
                        "models.Partner",
                        source_field="partner_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("expires_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("revoked_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "api_key",
                "app": "models",
                "constraints": [
                    CheckConstraint(
                        check="(kind = 'PARTNER' AND partner_id IS NOT NULL AND source IS NULL) OR (kind = 'SERVICE' AND source IS NOT NULL AND partner_id IS NULL)",
                        name="api_key_belongs",
                    )
                ],
                "pk_attr": "key_id",
                "table_description": "A key of a partner or a service, kept as the SHA-256 of its secret.",
            },
            bases=["Model"],
        ),
        ddl.CreateModel(
            name="Staff",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("username", fields.CharField(unique=True, max_length=64)),
                ("password_hash", fields.CharField(max_length=200)),
                ("role", fields.CharEnumField(description="", enum_type=StaffRole, max_length=20)),
                (
                    "store",
                    fields.ForeignKeyField(
                        "models.Store",
                        source_field="store_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("active", fields.BooleanField(default=True)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "staff",
                "app": "models",
                "constraints": [
                    CheckConstraint(
                        check="role <> 'CASHIER' OR store_id IS NOT NULL", name="staff_cashier_has_store"
                    )
                ],
                "pk_attr": "id",
                "table_description": "A person who works for the programme.",
            },
            bases=["Model"],
        ),
        ddl.CreateModel(
            name="Tier",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("code", fields.CharField(unique=True, max_length=32)),
                ("name", fields.CharField(max_length=80)),
                ("rank", fields.SmallIntField(unique=True)),
                ("threshold", fields.BigIntField(unique=True)),
                ("earn_multiplier_bps", fields.IntField(default=10000)),
                ("redeem_limit_points", fields.BigIntField(null=True)),
            ],
            options={
                "table": "tier",
                "app": "models",
                "constraints": [
                    CheckConstraint(check="rank >= 0 AND (rank > 0) = (threshold > 0)", name="tier_rank"),
                    CheckConstraint(check="threshold BETWEEN 0 AND 1000000000000", name="tier_threshold"),
                    CheckConstraint(check="earn_multiplier_bps BETWEEN 10000 AND 1000000", name="tier_multiplier"),
                    CheckConstraint(check="redeem_limit_points > 0", name="tier_redeem_limit"),
                ],
                "pk_attr": "id",
                "table_description": "One rung of the ladder, with the benefits it carries.",
            },
            bases=["Model"],
        ),
        ddl.CreateModel(
            name="GrowthAccount",
            fields=[
                (
                    "member",
                    fields.OneToOneField(
                        "models.Member",
                        source_field="member_id",
                        primary_key=True,
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("growth", fields.BigIntField(default=0)),
                ("seq", fields.BigIntField(default=0)),
                (
                    "tier",
                    fields.ForeignKeyField(
                        "models.Tier",
                        source_field="tier_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("tier_since", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "growth_account",
                "app": "models",
                "constraints": [
                    CheckConstraint(check="growth BETWEEN 0 AND 1000000000000", name="growth_never_negative"),
                    CheckConstraint(check="seq >= 0", name="growth_seq"),
                ],
                "indexes": [Index(fields=["tier_id"], name="growth_account_tier")],
                "pk_attr": "member_id",
                "table_description": "A member's growth value and the tier it earned them. Always the sum of the growth entries.",
            },
            bases=["Model"],
        ),
        ddl.CreateModel(
            name="TierChange",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                (
                    "member",
                    fields.ForeignKeyField(
                        "models.Member",
                        source_field="member_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "from_tier",
                    fields.ForeignKeyField(
                        "models.Tier",
                        source_field="from_tier_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "to_tier",
                    fields.ForeignKeyField(
                        "models.Tier",
                        source_field="to_tier_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("cause", fields.CharEnumField(description="", enum_type=TierCause, max_length=16)),
                ("purchase_id", fields.UUIDField(null=True)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "tier_change",
                "app": "models",
                "constraints": [
                    CheckConstraint(check="(cause = 'JOINED') = (from_tier_id IS NULL)", name="tier_change_joined")
                ],
                "indexes": [Index(fields=["member_id", "id"], name="tier_change_member")],
                "pk_attr": "id",
                "table_description": "A step on the ladder: written once, never changed.",
            },
            bases=["Model"],
        ),
        ddl.CreateModel(
            name="Token",
            fields=[
                ("digest", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("use", fields.CharEnumField(description="", enum_type=TokenUse, max_length=8)),
                ("principal_kind", fields.CharEnumField(description="", enum_type=PrincipalKind, max_length=8)),
                ("principal_id", fields.UUIDField()),
                ("family", fields.UUIDField()),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("spent_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("revoked_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "token",
                "app": "models",
                "constraints": [
                    CheckConstraint(check="use = 'REFRESH' OR spent_at IS NULL", name="token_only_refresh_is_spent")
                ],
                "indexes": [
                    Index(fields=["family"], name="token_family"),
                    Index(fields=["expires_at"], name="token_expires"),
                ],
                "pk_attr": "digest",
                "table_description": "An opaque token, kept as its SHA-256.",
            },
            bases=["Model"],
        ),
    ]
