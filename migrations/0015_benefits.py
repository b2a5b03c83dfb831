"""Each use of what a tier gives. It only adds."""

from models import ddl
from tortoise.fields.base import OnDelete
from uuid_utils.compat import uuid7
from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint


class Migration(ddl.Migration):
    dependencies = [('models', '0014_merging')]

    initial = False

    operations = [
        ddl.CreateModel(
            name='BenefitUse',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('member', fields.ForeignKeyField('models.Member', source_field='member_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('benefit', fields.CharField(max_length=20)),
                ('code', fields.CharField(max_length=32)),
                ('period', fields.CharField(max_length=7)),
                ('number', fields.IntField()),
                ('tier', fields.ForeignKeyField('models.Tier', source_field='tier_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('used_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'benefit_use', 'app': 'models', 'constraints': [UniqueConstraint(fields=('member_id', 'benefit', 'code', 'period', 'number'), name='benefit_use_once'), CheckConstraint(check='number >= 1', name='benefit_use_number')], 'pk_attr': 'id', 'table_description': 'One use of a benefit: written once, never changed.'},
            bases=['Model'],
        ),
        ddl.insert_only("benefit_use"),
    ]
