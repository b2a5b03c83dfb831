"""What is due for those who leave, or asked to be erased. It only adds."""

from models import ddl
from models.ddl import PartialIndex
from models.members import MemberState
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint

class Migration(ddl.Migration):
    dependencies = [('models', '0015_benefits')]

    initial = False

    operations = [
        ddl.CreateModel(
            name='MemberLeaving',
            fields=[
                ('member', fields.OneToOneField('models.Member', source_field='member_id', primary_key=True, db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('state', fields.CharEnumField(description='', enum_type=MemberState, max_length=16)),
                ('left_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('forfeits_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('erases_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'member_leaving', 'app': 'models', 'constraints': [CheckConstraint(check='left_at IS NOT NULL OR erases_at IS NOT NULL', name='member_leaving_why'), CheckConstraint(check='forfeits_at IS NULL OR forfeits_at >= left_at', name='member_leaving_after')], 'indexes': [PartialIndex(fields=['forfeits_at', 'member_id'], name='member_leaving_forfeit', condition='forfeits_at IS NOT NULL'), PartialIndex(fields=['erases_at', 'member_id'], name='member_leaving_erase', condition='erases_at IS NOT NULL')], 'pk_attr': 'member_id', 'table_description': 'What is due for a member who left, or asked to be erased. Who comes back has none.'},
            bases=['Model'],
        ),
    ]
