"""Earn rules, what each gave, and how much of caps and budgets is used. It only adds."""

from models import ddl
from models.earning import AwardKind, CapPeriod, EarnRuleKind
from tortoise.fields.base import OnDelete
from uuid_utils.compat import uuid7
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

class Migration(ddl.Migration):
    dependencies = [('models', '0009_points_policy')]

    initial = False

    operations = [
        ddl.CreateModel(
            name='EarnBudget',
            fields=[
                ('code', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                ('budget', fields.BigIntField()),
                ('used', fields.BigIntField(default=0)),
            ],
            options={'table': 'earn_budget', 'app': 'models', 'constraints': [CheckConstraint(check='used BETWEEN 0 AND budget', name='earn_budget_range')], 'pk_attr': 'code', 'table_description': "How much of a rule's budget its purchases hold. One row for all members: it is the last to be locked."},
            bases=['Model'],
        ),
        ddl.CreateModel(
            name='EarnRule',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('code', fields.CharField(max_length=32)),
                ('version', fields.IntField()),
                ('kind', fields.CharEnumField(description='', enum_type=EarnRuleKind, max_length=20)),
                ('name', fields.CharField(max_length=80)),
                ('points', fields.BigIntField(null=True)),
                ('minor', fields.BigIntField(null=True)),
                ('multiplier_bps', fields.IntField(null=True)),
                ('terms', fields.TextField(unique=False)),
                ('published_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('ended_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'earn_rule', 'app': 'models', 'constraints': [UniqueConstraint(fields=('code', 'version'), name='earn_rule_version'), UniqueConstraint(fields=('code',), name='earn_rule_in_force', condition='ended_at IS NULL'), CheckConstraint(check='version > 0', name='earn_rule_counted'), CheckConstraint(check='ended_at >= published_at', name='earn_rule_ends'), CheckConstraint(check="CASE kind WHEN 'BASE_RATE' THEN points >= 0 AND minor > 0 AND multiplier_bps IS NULL WHEN 'BONUS_POINTS' THEN points > 0 AND minor IS NULL AND multiplier_bps IS NULL WHEN 'BONUS_MULTIPLIER' THEN points IS NULL AND minor IS NULL AND multiplier_bps > 10000 ELSE points IS NULL AND minor IS NULL AND multiplier_bps IS NULL END", name='earn_rule_gives')], 'pk_attr': 'id', 'table_description': 'One version of a rule. Nothing of it ever changes but that it ends.'},
            bases=['Model'],
        ),
        ddl.CreateModel(
            name='EarnAward',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('member', fields.ForeignKeyField('models.Member', source_field='member_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('purchase', fields.ForeignKeyField('models.Purchase', source_field='purchase_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('place', fields.SmallIntField()),
                ('kind', fields.CharEnumField(description='', enum_type=AwardKind, max_length=20)),
                ('rule', fields.ForeignKeyField('models.EarnRule', source_field='rule_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('basis', fields.BigIntField()),
                ('wanted', fields.BigIntField()),
                ('points', fields.BigIntField()),
                ('transaction_id', fields.UUIDField(null=True)),
                ('capped_by', fields.JSONField()),
            ],
            options={'table': 'earn_award', 'app': 'models', 'constraints': [UniqueConstraint(fields=('member_id', 'purchase_id', 'place'), name='earn_award_place'), UniqueConstraint(fields=('member_id', 'purchase_id', 'rule_id'), name='earn_award_of_rule'), CheckConstraint(check='wanted > 0 AND points BETWEEN 0 AND wanted', name='earn_award_range'), CheckConstraint(check='(points > 0) = (transaction_id IS NOT NULL)', name='earn_award_moved'), CheckConstraint(check="(kind IN ('BASE', 'TIER')) = (rule_id IS NULL)", name='earn_award_of')], 'indexes': [Index(fields=['member_id', 'transaction_id'], name='earn_award_transaction')], 'pk_attr': 'id', 'table_description': "What one rule, the programme's base or the tier gave for a purchase: written once, never changed."},
            bases=['Model'],
        ),
        ddl.CreateModel(
            name='EarnCount',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('member_id', fields.UUIDField()),
                ('award', fields.ForeignKeyField('models.EarnAward', source_field='award_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('transaction_id', fields.UUIDField()),
                ('code', fields.CharField(max_length=32)),
                ('period', fields.CharEnumField(description='', enum_type=CapPeriod, max_length=12)),
                ('starts_on', fields.DateField()),
                ('used', fields.BigIntField()),
            ],
            options={'table': 'earn_count', 'app': 'models', 'constraints': [UniqueConstraint(fields=('member_id', 'award_id', 'transaction_id', 'code', 'period'), name='earn_count_once'), CheckConstraint(check='used <> 0', name='earn_count_uses')], 'indexes': [Index(fields=['member_id', 'award_id'], name='earn_count_award'), Index(fields=['member_id', 'code', 'period', 'starts_on'], name='earn_count_usage')], 'pk_attr': 'id', 'table_description': 'What one movement used of a cap or a budget, or gave back: written once, never changed.'},
            bases=['Model'],
        ),
        ddl.CreateModel(
            name='EarnUsage',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('member', fields.ForeignKeyField('models.Member', source_field='member_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('code', fields.CharField(max_length=32)),
                ('period', fields.CharEnumField(description='', enum_type=CapPeriod, max_length=12)),
                ('starts_on', fields.DateField()),
                ('used', fields.BigIntField()),
                ('most', fields.BigIntField()),
            ],
            options={'table': 'earn_usage', 'app': 'models', 'constraints': [UniqueConstraint(fields=('member_id', 'code', 'period', 'starts_on'), name='earn_usage_once'), CheckConstraint(check='used BETWEEN 0 AND most', name='earn_usage_range')], 'pk_attr': 'id', 'table_description': 'How much of one cap a member has used in one period. Always the sum of its counts.'},
            bases=['Model'],
        ),
        ddl.AddField(
            model_name='Programme',
            name='earn_rules',
            field=fields.TextField(null=True, unique=False),
        ),
        ddl.AddField(
            model_name='PurchaseLine',
            name='categories',
            field=fields.JSONField(null=True),
        ),
        ddl.insert_only('earn_award'),
        ddl.insert_only('earn_count'),
    ]
