"""How points come to life and how long they live: what lots wait for and how they slide; warnings. It only adds."""

from models import ddl
from models.ddl import PartialIndex
from models.points import PointsKind, WaitsFor
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from uuid_utils.compat import uuid7
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint


class Migration(ddl.Migration):
    dependencies = [('models', '0011_tiers')]

    initial = False

    operations = [
        ddl.CreateModel(
            name='PointsWarning',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('member', fields.ForeignKeyField('models.Member', source_field='member_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('expires_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('days', fields.SmallIntField()),
                ('points', fields.BigIntField()),
                ('told_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'points_warning', 'app': 'models', 'constraints': [CheckConstraint(check='points > 0 AND days > 0', name='points_warning_tells'), UniqueConstraint(fields=('member_id', 'expires_at', 'days'), name='points_warning_once')], 'indexes': [Index(fields=['expires_at'], name='points_warning_over')], 'pk_attr': 'id', 'table_description': 'That a member was told of points that expire at a moment, so many days before. Each is told once.'},
            bases=['Model'],
        ),
        ddl.AddField(
            model_name='PointsAccount',
            name='slid',
            field=fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads),
        ),
        ddl.AddField(
            model_name='PointsHold',
            name='grace_until',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ddl.AddField(
            model_name='PointsLot',
            name='cancels_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ddl.AddField(
            model_name='PointsLot',
            name='growth',
            field=fields.BigIntField(null=True),
        ),
        ddl.AddField(
            model_name='PointsLot',
            name='lifetime',
            field=fields.TextField(null=True, unique=False),
        ),
        ddl.AddField(
            model_name='PointsLot',
            name='policy_version',
            field=fields.IntField(null=True),
        ),
        ddl.AddField(
            model_name='PointsLot',
            name='slides',
            field=fields.CharField(null=True, max_length=8),
        ),
        ddl.AddField(
            model_name='PointsLot',
            name='thaws',
            field=fields.BooleanField(null=True),
        ),
        ddl.AddField(
            model_name='PointsLot',
            name='waits_for',
            field=fields.CharEnumField(null=True, description='', enum_type=WaitsFor, max_length=12),
        ),
        ddl.AddIndex(
            model_name='PointsLot',
            index=PartialIndex(fields=['member_id', 'activates_at', 'cancels_at'], name='points_lot_waiting', condition='NOT active AND waits_for IS NOT NULL AND remaining > 0'),
        ),
        ddl.Widen(
            model_name='PointsTransaction',
            name='kind',
            field=fields.CharEnumField(description='', enum_type=PointsKind, max_length=16),
        ),
        ddl.AddField(
            model_name='PointsTransaction',
            name='lost',
            field=fields.BigIntField(null=True),
        ),
    ]
