"""The programme: one row of terms, and the stores it runs in."""

from uuid import uuid4

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class Programme(Model):
    """The terms of the one programme this database serves."""

    one = fields.SmallIntField(primary_key=True, generated=False)
    name = fields.CharField(max_length=80)
    currency = fields.CharField(max_length=3)
    """ISO 4217. Every purchase is in this currency."""
    timezone = fields.CharField(max_length=64)
    """IANA name. Days, months and expiry dates are reckoned here."""
    earn_points = fields.BigIntField()
    earn_minor = fields.BigIntField()
    """A purchase earns floor(eligible minor units * earn_points / earn_minor), per order."""
    expire_months = fields.SmallIntField(null=True)
    """Points earned now expire this many months later, at local midnight. Null means never."""
    restore_grace_days = fields.SmallIntField(default=7)
    """Points returned to a lot that has expired live this many days more. Zero means they are forfeit."""
    adjust_proof_points = fields.BigIntField(null=True)
    """Adjusting more points than this by hand asks staff to prove themselves anew. Null means never."""
    adjust_approval_points = fields.BigIntField(null=True)
    """Adjusting more points than this by hand asks for a second person. Null means never."""
    points_policy_version = fields.IntField(null=True)
    """The version of the points policy in force. Null while none was ever published."""
    points_policy = fields.TextField(null=True)
    """That policy as JSON, as it was published: read by every rule, so that no rule has to look for it."""
    earn_rules = fields.TextField(null=True)
    """The earn rules in force, as JSON: what `earn_rule` says, ready to read. Null while there is none."""
    tier_scheme = fields.TextField(null=True)
    """The newest of the published schemes of tiers, as JSON. Null where none was ever published."""
    key_check = fields.CharField(max_length=64)
    """Tells the master key this database was made with, without telling the key."""
    created_at = fields.DatetimeField()

    class Meta:
        table = "programme"
        constraints = (
            CheckConstraint(name="programme_is_one", check="one = 1"),
            CheckConstraint(name="programme_earn_rate", check="earn_points >= 0 AND earn_minor > 0"),
            CheckConstraint(name="programme_expire_months", check="expire_months BETWEEN 1 AND 120"),
            CheckConstraint(name="programme_adjust_proof", check="adjust_proof_points >= 0"),
            CheckConstraint(name="programme_adjust_approval", check="adjust_approval_points >= 0"),
            CheckConstraint(name="programme_restore_grace", check="restore_grace_days BETWEEN 0 AND 366"),
        )


class PointsPolicyVersion(Model):
    """A points policy as it was published. Written once, never changed."""

    version = fields.IntField(primary_key=True, generated=False)
    policy = fields.TextField()
    """The policy as JSON."""
    published_at = fields.DatetimeField()

    class Meta:
        table = "points_policy"
        constraints = (CheckConstraint(name="points_policy_version", check="version > 0"),)


class Store(Model):
    """A shop of the programme, where cashiers work."""

    id = fields.UUIDField(primary_key=True, default=uuid4)
    code = fields.CharField(max_length=32, unique=True)
    name = fields.CharField(max_length=80)

    class Meta:
        table = "store"
