"""What levels gave once to whoever rose to them. It only adds."""

from models import ddl
from tortoise.fields.base import OnDelete
from uuid_utils.compat import uuid7
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint


class Migration(ddl.Migration):
    dependencies = [('models', '0017_prices')]

    initial = False

    operations = [
        ddl.CreateModel(
            name='BenefitGrant',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('member', fields.ForeignKeyField('models.Member', source_field='member_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('benefit', fields.CharField(max_length=20)),
                ('tier', fields.ForeignKeyField('models.Tier', source_field='tier_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('period', fields.CharField(max_length=10)),
                ('points', fields.BigIntField()),
                ('transaction', fields.ForeignKeyField('models.PointsTransaction', source_field='transaction_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('won_by_id', fields.UUIDField()),
                ('won_seq', fields.BigIntField()),
                ('granted_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'benefit_grant', 'app': 'models', 'constraints': [UniqueConstraint(fields=('member_id', 'benefit', 'tier_id', 'period'), name='benefit_grant_once'), CheckConstraint(check='points > 0', name='benefit_grant_gives')], 'indexes': [Index(fields=['member_id', 'transaction_id'], name='benefit_grant_moved')], 'pk_attr': 'id', 'table_description': 'What a level gave a member once in a cycle: written once, never changed.'},
            bases=['Model'],
        ),
        ddl.insert_only("benefit_grant"),
    ]
