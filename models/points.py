"""Points: one account per member, the lots it is made of, and the ledger that explains every point."""

from enum import StrEnum
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model
from uuid_utils.compat import uuid7

from models.ddl import PartialIndex
from models.members import Member
from models.units import growth_field, points_field


class PointsKind(StrEnum):
    """Why points moved."""

    EARN = "EARN"
    BONUS = "BONUS"
    REDEEM = "REDEEM"
    RETURN = "RETURN"
    CLAWBACK = "CLAWBACK"
    ADJUST_IN = "ADJUST_IN"
    ADJUST_OUT = "ADJUST_OUT"
    ACTIVATE = "ACTIVATE"
    CANCEL_PENDING = "CANCEL_PENDING"
    RESTORE = "RESTORE"
    EXPIRE = "EXPIRE"
    HOLD = "HOLD"
    RELEASE = "RELEASE"
    TRANSFER_OUT = "TRANSFER_OUT"
    TRANSFER_IN = "TRANSFER_IN"
    MERGE_OUT = "MERGE_OUT"
    MERGE_IN = "MERGE_IN"
    FORFEIT = "FORFEIT"
    GRANT = "GRANT"
    REFERRAL = "REFERRAL"


class Bucket(StrEnum):
    """Which part of an account an entry moved."""

    AVAILABLE = "AVAILABLE"
    PENDING = "PENDING"
    HELD = "HELD"
    DEBT = "DEBT"


class Counter(StrEnum):
    """The counter-account of an entry: where the points came from, or went."""

    ISSUANCE = "ISSUANCE"
    REDEMPTION = "REDEMPTION"
    EXPIRY = "EXPIRY"
    ADJUSTMENT = "ADJUSTMENT"
    TRANSFER = "TRANSFER"
    """Another member."""
    FORFEITURE = "FORFEITURE"
    """Given up by leaving."""
    MERGE = "MERGE"
    """Another account of somebody who turned out to be one person."""
    INTERNAL = "INTERNAL"


class HoldState(StrEnum):
    """What has become of points set aside."""

    HELD = "HELD"
    CAPTURED = "CAPTURED"
    PARTIALLY_CAPTURED = "PARTIALLY_CAPTURED"
    RELEASED = "RELEASED"
    EXPIRED = "EXPIRED"


class WaitsFor(StrEnum):
    """What pending points wait for, besides a thaw."""

    TIME = "TIME"
    COMPLETION = "COMPLETION"


class PointsAccount(Model):
    """A member's points. Always the sum of the account's entries, and of its lots."""

    member: fields.OneToOneRelation[Member] = fields.OneToOneField(
        "models.Member", related_name=False, on_delete=fields.RESTRICT, primary_key=True
    )
    member_id: UUID
    available = points_field(default=0)
    """May still hold lots that have expired and await their EXPIRE entry. What is shown leaves them out."""
    pending = points_field(default=0)
    held = points_field(default=0)
    debt = points_field(default=0)
    seq = fields.BigIntField(default=0)
    """How many entries there are."""
    lifetime_earned = points_field(default=0)
    """Earned and bonus points and rewards of referrals, less claw-backs."""
    lifetime_spent = points_field(default=0)
    """Redeemed points, less returns."""
    lifetime_expired = points_field(default=0)
    slid = fields.JSONField[dict[str, str] | None](null=True)
    """Until when lots of a sliding lifetime live, by their span: moved by each activity, so that no lot is."""

    class Meta:
        table = "points_account"
        constraints = (
            CheckConstraint(name="points_available_range", check="available BETWEEN 0 AND 1000000000000"),
            CheckConstraint(name="points_pending_range", check="pending BETWEEN 0 AND 1000000000000"),
            CheckConstraint(name="points_held_range", check="held BETWEEN 0 AND 1000000000000"),
            CheckConstraint(name="points_debt_range", check="debt BETWEEN 0 AND 1000000000000"),
            CheckConstraint(name="points_debt_is_repaid_first", check="available = 0 OR debt = 0"),
            CheckConstraint(name="points_seq", check="seq >= 0"),
        )


class PointsTransaction(Model):
    """One movement with one cause: written once, never changed."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "models.Member", related_name=False, on_delete=fields.RESTRICT
    )
    member_id: UUID
    kind = fields.CharEnumField(PointsKind, max_length=16, description="")
    points = points_field()
    """What the movement did to the member's worth: balances up or down, debt counted against them."""
    lost = points_field(null=True)
    """What a claw-back should have taken besides and did not, by the policy. Null: nothing."""
    written_off = points_field(null=True)
    """What it need not take, since it had expired or was forfeited: that very purchase's. Null: nothing."""
    cause = fields.CharField(max_length=240)
    """The fact behind it. The same fact never moves points twice."""
    reverses_id = fields.UUIDField(null=True)
    """The transaction this one takes back, in part or whole."""
    group_id = fields.UUIDField(null=True)
    """What two members' movements have in common that are one: both sides of a transfer, or of a merge."""
    counterpart_id = fields.UUIDField(null=True)
    """The other of the two members."""
    purchase_id = fields.UUIDField(null=True)
    actor_kind = fields.CharField(max_length=12)
    actor_id = fields.CharField(max_length=40, null=True)
    store_id = fields.UUIDField(null=True)
    reason = fields.CharField(max_length=40, null=True)
    """A reason code. Free text never stands in the ledger."""
    request_id = fields.CharField(max_length=64, null=True)
    effective_at = fields.DatetimeField()
    """When it happened."""
    created_at = fields.DatetimeField()
    """When it was written."""

    class Meta:
        table = "points_transaction"
        indexes = (
            Index(name="points_transaction_purchase", fields=("member_id", "purchase_id")),
            Index(name="points_transaction_reverses", fields=("member_id", "reverses_id")),
            Index(name="points_transaction_kind", fields=("member_id", "kind", "effective_at", "id")),
        )
        constraints = (UniqueConstraint(name="points_transaction_cause", fields=("member_id", "cause")),)


class PointsEntry(Model):
    """One line of the ledger: written once, never changed, never deleted."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    transaction: fields.ForeignKeyRelation[PointsTransaction] = fields.ForeignKeyField(
        "models.PointsTransaction", related_name=False, on_delete=fields.RESTRICT
    )
    transaction_id: UUID
    member_id = fields.UUIDField()
    seq = fields.BigIntField()
    bucket = fields.CharEnumField(Bucket, max_length=12, description="")
    delta = points_field()
    balance_after = points_field()
    """The bucket's balance after this line."""
    counter = fields.CharEnumField(Counter, max_length=12, description="")

    class Meta:
        table = "points_entry"
        indexes = (Index(name="points_entry_transaction", fields=("transaction_id",)),)
        constraints = (
            CheckConstraint(name="points_entry_moves", check="delta <> 0"),
            CheckConstraint(name="points_entry_after", check="balance_after >= 0"),
            UniqueConstraint(name="points_entry_seq", fields=("member_id", "seq")),
        )


class PointsLot(Model):
    """Points that came together and expire together. Spent soonest expiry first."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "models.Member", related_name=False, on_delete=fields.RESTRICT
    )
    member_id: UUID
    transaction: fields.ForeignKeyRelation[PointsTransaction] = fields.ForeignKeyField(
        "models.PointsTransaction", related_name=False, on_delete=fields.RESTRICT
    )
    transaction_id: UUID
    purchase_id = fields.UUIDField(null=True)
    granted = points_field()
    remaining = points_field()
    """Unspent and not held. Pending while the lot is not active."""
    held = points_field(default=0)
    active = fields.BooleanField()
    activates_at = fields.DatetimeField(null=True)
    """When the points became available, or will by themselves. Null while that is not known."""
    waits_for = fields.CharEnumField(WaitsFor, max_length=12, null=True, description="")
    """What they waited for, or wait for, by the policy. Null: for nothing, or for a thaw alone."""
    thaws = fields.BooleanField(null=True)
    """Whether they wait for a thaw besides: they were earned while the member was frozen."""
    cancels_at = fields.DatetimeField(null=True)
    """When they are cancelled unless they become available before."""
    growth = growth_field(null=True)
    """The growth value that lands once they become available."""
    expires_at = fields.DatetimeField(null=True)
    """The first moment the points are worth nothing, unless they slide. Null means never, or not known yet."""
    slides = fields.CharField(max_length=8, null=True)
    """The span after the member's last activity for which they live at least: `M12`. Null: they do not slide."""
    lifetime = fields.TextField(null=True)
    """How their expiry is reckoned once they become available, as JSON, where that moment is not known."""
    policy_version = fields.IntField(null=True)
    """The points policy they came under. Null for none."""
    origin_at = fields.DatetimeField(null=True)
    """When the points were first earned, where they came from another member. Null: when this lot came."""
    from_lot_id = fields.UUIDField(null=True)
    """The other member's lot they came out of."""

    class Meta:
        table = "points_lot"
        indexes = (
            Index(name="points_lot_member", fields=("member_id", "expires_at", "id")),
            PartialIndex(
                name="points_lot_open",
                fields=("member_id", "expires_at", "id"),
                condition="remaining > 0 OR held > 0",
            ),
            PartialIndex(
                name="points_lot_waiting",
                fields=("member_id", "activates_at", "cancels_at"),
                condition="NOT active AND waits_for IS NOT NULL AND remaining > 0",
            ),
            Index(name="points_lot_transaction", fields=("transaction_id",)),
        )
        constraints = (
            CheckConstraint(
                name="points_lot_range",
                check="granted > 0 AND remaining >= 0 AND held >= 0 AND remaining + held <= granted",
            ),
        )


class PointsLotMove(Model):
    """What a transaction did to a lot: which lots paid for what. Written once, never changed."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    member_id = fields.UUIDField()
    lot: fields.ForeignKeyRelation[PointsLot] = fields.ForeignKeyField(
        "models.PointsLot", related_name=False, on_delete=fields.RESTRICT
    )
    lot_id: UUID
    transaction: fields.ForeignKeyRelation[PointsTransaction] = fields.ForeignKeyField(
        "models.PointsTransaction", related_name=False, on_delete=fields.RESTRICT
    )
    transaction_id: UUID
    d_remaining = points_field()
    d_held = points_field(default=0)
    hold_id = fields.UUIDField(null=True)
    """The hold that points were set aside for, or taken out of; null where none was."""

    class Meta:
        table = "points_lot_move"
        indexes = (
            Index(name="points_lot_move_lot", fields=("lot_id",)),
            PartialIndex(
                name="points_lot_move_hold", fields=("member_id", "hold_id"), condition="hold_id IS NOT NULL"
            ),
            Index(name="points_lot_move_transaction", fields=("member_id", "transaction_id")),
        )
        constraints = (CheckConstraint(name="points_lot_move_moves", check="d_remaining <> 0 OR d_held <> 0"),)


class PointsHold(Model):
    """Points set aside for a checkout until a moment: taken in part or whole, given back, or given up."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "models.Member", related_name=False, on_delete=fields.RESTRICT
    )
    member_id: UUID
    transaction: fields.ForeignKeyRelation[PointsTransaction] = fields.ForeignKeyField(
        "models.PointsTransaction", related_name=False, on_delete=fields.RESTRICT
    )
    """The movement that set them aside."""
    transaction_id: UUID
    amount = points_field()
    captured = points_field(default=0)
    released = points_field(default=0)
    state = fields.CharEnumField(HoldState, max_length=20, description="")
    reason = fields.CharField(max_length=40)
    """A reason code: what for."""
    purchase_id = fields.UUIDField(null=True)
    order_ref = fields.CharField(max_length=100, null=True)
    """What the shop calls the order, for people and for its back end; nothing is looked up by it."""
    actor_kind = fields.CharField(max_length=12)
    actor_id = fields.CharField(max_length=40, null=True)
    source = fields.CharField(max_length=64, null=True)
    """The service that set them aside, by the name its orders go by; null for anybody else."""
    store_id = fields.UUIDField(null=True)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    """The first moment at which nothing can be taken any more."""
    grace_until = fields.DatetimeField(null=True)
    """Until when points live that are released and have expired meanwhile. Null: they are forfeit."""
    discount_bps = fields.IntField(null=True)
    """What the member's tier took off the price in points when they were set aside. Null: nothing."""
    closed_at = fields.DatetimeField(null=True)
    """When it ended; of one that expired, when that was written."""

    class Meta:
        table = "points_hold"
        indexes = (
            Index(name="points_hold_member", fields=("member_id", "id")),
            Index(name="points_hold_state", fields=("member_id", "state", "id")),
            PartialIndex(name="points_hold_due", fields=("expires_at", "id"), condition="state = 'HELD'"),
        )
        constraints = (
            CheckConstraint(
                name="points_hold_range",
                check="amount > 0 AND captured >= 0 AND released >= 0 AND captured + released <= amount",
            ),
            CheckConstraint(
                name="points_hold_adds_up",
                check="CASE state WHEN 'HELD' THEN captured = 0 AND released = 0 WHEN 'CAPTURED'"
                " THEN captured = amount WHEN 'PARTIALLY_CAPTURED' THEN captured > 0 AND released > 0"
                " AND captured + released = amount ELSE released = amount END",
            ),
            CheckConstraint(name="points_hold_closed", check="(state = 'HELD') = (closed_at IS NULL)"),
            CheckConstraint(name="points_hold_lasts", check="expires_at > created_at"),
        )


class PointsWarning(Model):
    """That a member was told of points that expire at a moment, so many days before. Each is told once."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "models.Member", related_name=False, on_delete=fields.RESTRICT
    )
    member_id: UUID
    expires_at = fields.DatetimeField()
    days = fields.SmallIntField()
    points = points_field()
    told_at = fields.DatetimeField()

    class Meta:
        table = "points_warning"
        indexes = (Index(name="points_warning_over", fields=("expires_at",)),)
        constraints = (
            CheckConstraint(name="points_warning_tells", check="points > 0 AND days > 0"),
            UniqueConstraint(name="points_warning_once", fields=("member_id", "expires_at", "days")),
        )


class PointsNote(Model):
    """What a person wrote about a movement, sealed with the member's key and kept out of the ledger."""

    transaction: fields.OneToOneRelation[PointsTransaction] = fields.OneToOneField(
        "models.PointsTransaction", related_name=False, on_delete=fields.RESTRICT, primary_key=True
    )
    transaction_id: UUID
    member_id = fields.UUIDField()
    sealed = fields.BinaryField()

    class Meta:
        table = "points_note"
        indexes = (Index(name="points_note_member", fields=("member_id",)),)
