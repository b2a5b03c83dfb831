"""Plans that give a tier for a price, and what members have paid for them. It only adds."""

from models import ddl
from tortoise.fields.base import OnDelete
from uuid_utils.compat import uuid7
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint


class Migration(ddl.Migration):
    dependencies = [('models', '0012_lifetimes')]

    initial = False

    operations = [
        ddl.CreateModel(
            name='MembershipKey',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('source', fields.CharField(max_length=64)),
                ('payment_ref', fields.CharField(max_length=100)),
                ('member_id', fields.UUIDField()),
                ('membership_id', fields.UUIDField()),
            ],
            options={'table': 'membership_key', 'app': 'models', 'constraints': [UniqueConstraint(fields=('source', 'payment_ref'), name='membership_key_payment')], 'pk_attr': 'id', 'table_description': 'Whose a payment is: its reference at its source, unique across members.'},
            bases=['Model'],
        ),
        ddl.CreateModel(
            name='MembershipPlan',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('code', fields.CharField(max_length=32)),
                ('version', fields.IntField()),
                ('name', fields.CharField(max_length=80)),
                ('price_minor', fields.BigIntField()),
                ('duration_days', fields.IntField()),
                ('tier', fields.ForeignKeyField('models.Tier', source_field='tier_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('on_sale', fields.BooleanField()),
                ('published_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'membership_plan', 'app': 'models', 'constraints': [UniqueConstraint(fields=('code', 'version'), name='membership_plan_version'), CheckConstraint(check='version >= 1 AND price_minor >= 0 AND duration_days BETWEEN 1 AND 3660', name='membership_plan_terms')], 'pk_attr': 'id', 'table_description': 'One published version of a plan: written once, never changed. The newest of its code is the one on sale.'},
            bases=['Model'],
        ),
        ddl.CreateModel(
            name='Membership',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('member', fields.ForeignKeyField('models.Member', source_field='member_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('plan', fields.ForeignKeyField('models.MembershipPlan', source_field='plan_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('source', fields.CharField(max_length=64)),
                ('payment_ref', fields.CharField(max_length=100)),
                ('paid_minor', fields.BigIntField()),
                ('starts_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('ends_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('paid_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('refunded_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'membership', 'app': 'models', 'constraints': [CheckConstraint(check='ends_at >= starts_at', name='membership_lasts'), CheckConstraint(check='paid_minor >= 0', name='membership_paid')], 'indexes': [Index(fields=['member_id', 'id'], name='membership_member')], 'pk_attr': 'id', 'table_description': 'One payment for a plan, and the time it bought. Renewals follow one another without a gap.'},
            bases=['Model'],
        ),
        ddl.insert_only("membership_plan"),
    ]
