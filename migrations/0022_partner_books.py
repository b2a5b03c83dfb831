"""What came of partners' links: told by days, and waiting until enough people stand behind it. It only adds."""

from models import ddl
import uuid
from models.partners import Family
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from uuid_utils.compat import uuid7
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

class Migration(ddl.Migration):
    dependencies = [('models', '0021_partners')]

    initial = False

    operations = [
        ddl.CreateModel(
            name='PartnerBooks',
            fields=[
                ('one', fields.SmallIntField(primary_key=True, unique=True, db_index=True, generated=False)),
                ('turn', fields.BigIntField(default=0)),
                ('touch_id', fields.UUIDField(default=uuid.UUID('00000000-0000-0000-0000-000000000000'))),
                ('event_id', fields.UUIDField(default=uuid.UUID('00000000-0000-0000-0000-000000000000'))),
                ('touched_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('happened_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'partner_books', 'app': 'models', 'constraints': [CheckConstraint(check='one = 1', name='partner_books_are_one'), CheckConstraint(check='turn >= 0', name='partner_books_turn')], 'pk_attr': 'one', 'table_description': 'How far touches and referral events have been counted.'},
            bases=['Model'],
        ),
        ddl.CreateModel(
            name='PartnerDay',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('partner', fields.ForeignKeyField('models.Partner', source_field='partner_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('day', fields.DateField()),
                ('channel', fields.CharField(max_length=32)),
                ('campaign', fields.CharField(max_length=32)),
                ('touchers', fields.BigIntField(default=0)),
                ('touches', fields.BigIntField(default=0)),
                ('unique_touches', fields.BigIntField(default=0)),
                ('registered', fields.BigIntField(default=0)),
                ('qualified', fields.BigIntField(default=0)),
                ('buyers', fields.BigIntField(default=0)),
                ('orders', fields.BigIntField(default=0)),
                ('gross_minor', fields.BigIntField(default=0)),
                ('gross_cost', fields.BigIntField(default=0)),
                ('refunders', fields.BigIntField(default=0)),
                ('refunds', fields.BigIntField(default=0)),
                ('refund_minor', fields.BigIntField(default=0)),
                ('refund_cost', fields.BigIntField(default=0)),
                ('rewarded', fields.BigIntField(default=0)),
                ('reward_points', fields.BigIntField(default=0)),
            ],
            options={'table': 'partner_day', 'app': 'models', 'constraints': [UniqueConstraint(fields=('partner_id', 'day', 'channel', 'campaign'), name='partner_day_once'), CheckConstraint(check='(touchers >= 5 OR (touchers = 0 AND touches = 0 AND unique_touches = 0)) AND (registered >= 5 OR registered = 0) AND (qualified >= 5 OR qualified = 0) AND (buyers >= 5 OR (buyers = 0 AND orders = 0 AND gross_minor = 0 AND gross_cost = 0)) AND (refunders >= 5 OR (refunders = 0 AND refunds = 0 AND refund_minor = 0 AND refund_cost = 0)) AND (rewarded >= 5 OR (rewarded = 0 AND reward_points = 0))', name='partner_day_least')], 'pk_attr': 'id', 'table_description': 'What a partner may be told of one day, channel and campaign: behind each number stand five people or none.'},
            bases=['Model'],
        ),
        ddl.CreateModel(
            name='PartnerPool',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('partner', fields.ForeignKeyField('models.Partner', source_field='partner_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('figure', fields.CharEnumField(description='', enum_type=Family, max_length=12)),
                ('channel', fields.CharField(max_length=32)),
                ('campaign', fields.CharField(max_length=32)),
                ('since', fields.DateField()),
                ('people', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('number', fields.BigIntField()),
                ('firsts', fields.BigIntField(default=0)),
                ('amount', fields.BigIntField(default=0)),
                ('cost', fields.BigIntField(default=0)),
            ],
            options={'table': 'partner_pool', 'app': 'models', 'constraints': [UniqueConstraint(fields=('partner_id', 'figure', 'channel', 'campaign'), name='partner_pool_once'), CheckConstraint(check='number > 0', name='partner_pool_waits')], 'indexes': [Index(fields=['since'], name='partner_pool_since')], 'pk_attr': 'id', 'table_description': 'What waits until five people stand behind it, of one family, channel and campaign. It is told to nobody.'},
            bases=['Model'],
        ),
    ]
