"""Points set aside for a checkout, and the lots they were set aside of. It only adds."""

from models import ddl
from models.ddl import PartialIndex
from models.points import HoldState
from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from uuid_utils.compat import uuid7


class Migration(ddl.Migration):
    dependencies = [('models', '0006_finance')]

    initial = False

    operations = [
        ddl.CreateModel(
            name='PointsHold',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('member', fields.ForeignKeyField('models.Member', source_field='member_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('transaction', fields.ForeignKeyField('models.PointsTransaction', source_field='transaction_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('amount', fields.BigIntField()),
                ('captured', fields.BigIntField(default=0)),
                ('released', fields.BigIntField(default=0)),
                ('state', fields.CharEnumField(description='', enum_type=HoldState, max_length=20)),
                ('reason', fields.CharField(max_length=40)),
                ('purchase_id', fields.UUIDField(null=True)),
                ('order_ref', fields.CharField(null=True, max_length=100)),
                ('actor_kind', fields.CharField(max_length=12)),
                ('actor_id', fields.CharField(null=True, max_length=40)),
                ('source', fields.CharField(null=True, max_length=64)),
                ('store_id', fields.UUIDField(null=True)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('expires_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('closed_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'points_hold', 'app': 'models', 'constraints': [CheckConstraint(check='amount > 0 AND captured >= 0 AND released >= 0 AND captured + released <= amount', name='points_hold_range'), CheckConstraint(check="CASE state WHEN 'HELD' THEN captured = 0 AND released = 0 WHEN 'CAPTURED' THEN captured = amount WHEN 'PARTIALLY_CAPTURED' THEN captured > 0 AND released > 0 AND captured + released = amount ELSE released = amount END", name='points_hold_adds_up'), CheckConstraint(check="(state = 'HELD') = (closed_at IS NULL)", name='points_hold_closed'), CheckConstraint(check='expires_at > created_at', name='points_hold_lasts')], 'indexes': [Index(fields=['member_id', 'id'], name='points_hold_member'), Index(fields=['member_id', 'state', 'id'], name='points_hold_state'), PartialIndex(fields=['expires_at', 'id'], name='points_hold_due', condition="state = 'HELD'")], 'pk_attr': 'id', 'table_description': 'Points set aside for a checkout until a moment: taken in part or whole, given back, or given up.'},
            bases=['Model'],
        ),
        ddl.AddField(
            model_name='PointsLotMove',
            name='hold_id',
            field=fields.UUIDField(null=True),
        ),
        ddl.AddIndex(
            model_name='PointsLotMove',
            index=PartialIndex(fields=['member_id', 'hold_id'], name='points_lot_move_hold', condition='hold_id IS NOT NULL'),
        ),
    ]
