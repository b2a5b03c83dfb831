"""Merges: who became whom, with all it takes to undo it, and which lots came out of which. It only adds."""

from models import ddl
from models.members import MemberState
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from uuid_utils.compat import uuid7
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

class Migration(ddl.Migration):
    dependencies = [('models', '0013_memberships')]

    initial = False

    operations = [
        ddl.CreateModel(
            name='MemberMerge',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('member', fields.ForeignKeyField('models.Member', source_field='member_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('into_id', fields.UUIDField()),
                ('merged_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('undone_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('state', fields.CharEnumField(description='', enum_type=MemberState, max_length=16)),
                ('growth', fields.BigIntField()),
                ('stood', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('out_id', fields.UUIDField(null=True)),
                ('in_id', fields.UUIDField(null=True)),
                ('identities', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('filled', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
            ],
            options={'table': 'member_merge', 'app': 'models', 'constraints': [UniqueConstraint(fields=('member_id',), name='member_merge_open', condition='undone_at IS NULL'), CheckConstraint(check='member_id <> into_id', name='member_merge_two'), CheckConstraint(check='growth >= 0', name='member_merge_growth'), CheckConstraint(check='(out_id IS NULL) = (in_id IS NULL)', name='member_merge_pair'), CheckConstraint(check='undone_at >= merged_at', name='member_merge_undone')], 'indexes': [Index(fields=['member_id', 'id'], name='member_merge_member'), Index(fields=['into_id', 'id'], name='member_merge_into')], 'pk_attr': 'id', 'table_description': 'One merge of a member into another, with all that is needed to undo it. No personal data.'},
            bases=['Model'],
        ),
        ddl.AddField(
            model_name='PointsLot',
            name='from_lot_id',
            field=fields.UUIDField(null=True),
        ),
    ]
