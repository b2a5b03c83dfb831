"""Schemes of tiers as versions, and tiers that time may change. It only adds."""

from models import ddl
from models.ddl import PartialIndex
from models.tiers import TierSource
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint


class Migration(ddl.Migration):
    dependencies = [('models', '0010_earning')]

    initial = False

    operations = [
        ddl.CreateModel(
            name='TierScheme',
            fields=[
                ('version', fields.IntField(primary_key=True, unique=True, db_index=True, generated=False)),
                ('document', fields.TextField(unique=False)),
                ('published_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('published_by', fields.CharField(max_length=60)),
            ],
            options={'table': 'tier_scheme', 'app': 'models', 'constraints': [CheckConstraint(check='version >= 1', name='tier_scheme_version')], 'pk_attr': 'version', 'table_description': 'One published version of the scheme of tiers: written once, never changed.'},
            bases=['Model'],
        ),
        ddl.AddField(
            model_name='GrowthAccount',
            name='changes_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ddl.AddField(
            model_name='GrowthAccount',
            name='deferred_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ddl.AddField(
            model_name='GrowthAccount',
            name='deferred_tier_id',
            field=fields.UUIDField(null=True),
        ),
        ddl.AddField(
            model_name='GrowthAccount',
            name='earned_since',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ddl.AddField(
            model_name='GrowthAccount',
            name='earned_tier_id',
            field=fields.UUIDField(null=True),
        ),
        ddl.AddField(
            model_name='GrowthAccount',
            name='grace_until',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ddl.AddField(
            model_name='GrowthAccount',
            name='granted_since',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ddl.AddField(
            model_name='GrowthAccount',
            name='granted_tier_id',
            field=fields.UUIDField(null=True),
        ),
        ddl.AddField(
            model_name='GrowthAccount',
            name='granted_until',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ddl.AddField(
            model_name='GrowthAccount',
            name='paid_since',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ddl.AddField(
            model_name='GrowthAccount',
            name='paid_tier_id',
            field=fields.UUIDField(null=True),
        ),
        ddl.AddField(
            model_name='GrowthAccount',
            name='paid_until',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ddl.AddField(
            model_name='GrowthAccount',
            name='tier_expires_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ddl.AddField(
            model_name='GrowthAccount',
            name='tier_steps',
            field=fields.BigIntField(null=True),
        ),
        ddl.AddIndex(
            model_name='GrowthAccount',
            index=PartialIndex(fields=['changes_at', 'member_id'], name='growth_account_due', condition='changes_at IS NOT NULL'),
        ),
        ddl.AddIndex(
            model_name='GrowthEntry',
            index=Index(fields=['member_id', 'effective_at', 'delta'], name='growth_entry_window'),
        ),
        ddl.AddField(
            model_name='Programme',
            name='tier_scheme',
            field=fields.TextField(null=True, unique=False),
        ),
        ddl.AddIndex(
            model_name='Purchase',
            index=Index(fields=['member_id', 'paid_at'], name='purchase_paid'),
        ),
        ddl.AddField(
            model_name='TierChange',
            name='ended_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ddl.AddField(
            model_name='TierChange',
            name='ends_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ddl.AddField(
            model_name='TierChange',
            name='graced_until',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ddl.AddField(
            model_name='TierChange',
            name='own_from_id',
            field=fields.UUIDField(null=True),
        ),
        ddl.AddField(
            model_name='TierChange',
            name='own_to_id',
            field=fields.UUIDField(null=True),
        ),
        ddl.AddField(
            model_name='TierChange',
            name='reason',
            field=fields.CharField(null=True, max_length=40),
        ),
        ddl.AddField(
            model_name='TierChange',
            name='seq',
            field=fields.BigIntField(null=True),
        ),
        ddl.AddField(
            model_name='TierChange',
            name='source',
            field=fields.CharEnumField(null=True, description='', enum_type=TierSource, max_length=8),
        ),
        ddl.AddConstraint(
            model_name='TierChange',
            constraint=UniqueConstraint(fields=('member_id', 'seq'), name='tier_change_seq'),
        ),
        ddl.insert_only("tier_scheme"),
    ]
