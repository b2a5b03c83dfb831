"""What partners earn by the orders of those whom they brought, and their settlements. It only adds."""

from models import ddl
import uuid
from models.commissions import CommissionState, SettlementState
from tortoise.fields.base import OnDelete
from uuid_utils.compat import uuid7
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

class Migration(ddl.Migration):
    dependencies = [('models', '0023_written_off')]

    initial = False

    operations = [
        ddl.CreateModel(
            name='PartnerAccount',
            fields=[
                ('partner', fields.OneToOneField('models.Partner', source_field='partner_id', primary_key=True, db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('event_id', fields.UUIDField(default=uuid.UUID('00000000-0000-0000-0000-000000000000'))),
                ('owed_minor', fields.BigIntField(default=0)),
                ('fee_bps', fields.IntField(default=0)),
            ],
            options={'table': 'partner_account', 'app': 'models', 'constraints': [CheckConstraint(check='owed_minor >= 0', name='partner_account_owes'), CheckConstraint(check='fee_bps BETWEEN 0 AND 10000', name='partner_account_fee')], 'pk_attr': 'partner_id', 'table_description': "What is held while a partner's commissions change, and what it has to give back."},
            bases=['Model'],
        ),
        ddl.CreateModel(
            name='PartnerSettlement',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('partner', fields.ForeignKeyField('models.Partner', source_field='partner_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('month', fields.DateField()),
                ('state', fields.CharEnumField(description='', enum_type=SettlementState, max_length=10)),
                ('commissions', fields.IntField()),
                ('referees', fields.IntField()),
                ('earned_minor', fields.BigIntField()),
                ('netted_minor', fields.BigIntField()),
                ('fee_minor', fields.BigIntField()),
                ('payable_minor', fields.BigIntField()),
                ('made_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('decided_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('decided_by', fields.UUIDField(null=True)),
                ('reason', fields.CharField(null=True, max_length=40)),
                ('paid_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('paid_by', fields.UUIDField(null=True)),
                ('payment_ref', fields.CharField(null=True, max_length=100)),
            ],
            options={'table': 'partner_settlement', 'app': 'models', 'constraints': [UniqueConstraint(fields=('partner_id', 'month'), name='partner_settlement_month'), CheckConstraint(check='referees >= 5 AND commissions >= referees', name='partner_settlement_least'), CheckConstraint(check='earned_minor > 0 AND netted_minor >= 0 AND fee_minor >= 0 AND payable_minor > 0 AND payable_minor = earned_minor - netted_minor - fee_minor', name='partner_settlement_sums'), CheckConstraint(check="(state = 'READY') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL) AND (state = 'REJECTED') = (reason IS NOT NULL)", name='partner_settlement_decided'), CheckConstraint(check="(state = 'PAID') = (paid_at IS NOT NULL) AND (paid_at IS NULL) = (paid_by IS NULL) AND (paid_at IS NULL) = (payment_ref IS NULL) AND (paid_by IS NULL OR paid_by <> decided_by)", name='partner_settlement_paid')], 'pk_attr': 'id', 'table_description': 'What a partner is paid for a month. Its sums do not change: later refunds are netted from the next one.'},
            bases=['Model'],
        ),
        ddl.CreateModel(
            name='Commission',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('partner', fields.ForeignKeyField('models.Partner', source_field='partner_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('purchase_id', fields.UUIDField()),
                ('referee_id', fields.UUIDField()),
                ('campaign', fields.CharField(max_length=32)),
                ('campaign_version', fields.IntField()),
                ('bps', fields.IntField()),
                ('frozen_days', fields.IntField()),
                ('gross_minor', fields.BigIntField()),
                ('refunded_minor', fields.BigIntField(default=0)),
                ('amount_minor', fields.BigIntField()),
                ('settled_minor', fields.BigIntField(null=True)),
                ('state', fields.CharEnumField(description='', enum_type=CommissionState, max_length=10)),
                ('ordered_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('frozen_until', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('settlement', fields.ForeignKeyField('models.PartnerSettlement', source_field='settlement_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
            ],
            options={'table': 'commission', 'app': 'models', 'constraints': [UniqueConstraint(fields=('partner_id', 'purchase_id'), name='commission_once'), CheckConstraint(check='bps BETWEEN 0 AND 10000 AND frozen_days >= 0 AND gross_minor >= 0 AND refunded_minor BETWEEN 0 AND gross_minor AND amount_minor BETWEEN 0 AND gross_minor', name='commission_amounts'), CheckConstraint(check="(settlement_id IS NULL) = (settled_minor IS NULL) AND (state NOT IN ('SETTLING', 'PAID') OR settlement_id IS NOT NULL) AND (state NOT IN ('ESTIMATED', 'FROZEN', 'AVAILABLE') OR settlement_id IS NULL) AND (state NOT IN ('FROZEN', 'AVAILABLE', 'SETTLING', 'PAID') OR frozen_until IS NOT NULL) AND (state <> 'REVERSED' OR amount_minor = 0)", name='commission_stands')], 'indexes': [Index(fields=['partner_id', 'referee_id'], name='commission_referee'), Index(fields=['partner_id', 'state', 'frozen_until'], name='commission_state'), Index(fields=['state', 'frozen_until'], name='commission_due'), Index(fields=['settlement_id'], name='commission_settlement')], 'pk_attr': 'id', 'table_description': 'What a partner earns by an order of somebody whom it brought: basis points of what is not refunded.'},
            bases=['Model'],
        ),
        ddl.AddField(
            model_name='PartnerBooks',
            name='accrued_id',
            field=fields.UUIDField(default=uuid.UUID('00000000-0000-0000-0000-000000000000')),
        ),
    ]
