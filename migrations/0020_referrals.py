"""Referrals: campaigns, codes, touches, who brought whom, and what that gave. It only adds."""

from models import ddl
from tortoise.migrations import operations as ops
from models.ddl import PartialIndex
from models.referral_rewards import RewardOutcome, RewardSide, TallyPeriod
from models.referrals import ReferralState, ReferralStep
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from uuid_utils.compat import uuid7
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint


class Migration(ddl.Migration):
    dependencies = [('models', '0019_absorbed')]

    initial = False

    operations = [
        ddl.CreateModel(
            name='IdentityTombstone',
            fields=[
                ('digest', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'identity_tombstone', 'app': 'models', 'pk_attr': 'digest', 'table_description': "That somebody by a name was a member and was erased: a keyed hash of the name's hash, and nothing else."},
            bases=['Model'],
        ),
        ddl.CreateModel(
            name='Referral',
            fields=[
                ('referee', fields.OneToOneField('models.Member', source_field='referee_id', primary_key=True, db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('referrer_id', fields.UUIDField(null=True)),
                ('partner', fields.ForeignKeyField('models.Partner', source_field='partner_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('pair', fields.CharField(null=True, max_length=80)),
                ('code', fields.CharField(null=True, max_length=16)),
                ('channel', fields.CharField(null=True, max_length=32)),
                ('campaign', fields.CharField(max_length=32)),
                ('campaign_version', fields.IntField()),
                ('state', fields.CharEnumField(description='', enum_type=ReferralState, max_length=12)),
                ('cause', fields.CharField(max_length=40)),
                ('bound_by', fields.CharField(null=True, max_length=60)),
                ('device_hash', fields.CharField(null=True, max_length=64)),
                ('bound_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('valid_until', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('qualifies_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('qualified_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('claw_back_until', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('purchase_id', fields.UUIDField(null=True)),
                ('spent_minor', fields.BigIntField(default=0)),
                ('seq', fields.IntField()),
                ('score', fields.SmallIntField(default=0)),
                ('evidence', fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)),
                ('reward_skipped', fields.CharField(null=True, max_length=20)),
            ],
            options={'table': 'referral', 'app': 'models', 'constraints': [CheckConstraint(check='(referrer_id IS NULL) <> (partner_id IS NULL)', name='referral_whose'), CheckConstraint(check='referrer_id <> referee_id', name='referral_of_another'), CheckConstraint(check='referrer_id IS NULL OR pair IS NOT NULL', name='referral_paired'), UniqueConstraint(fields=('pair',), name='referral_pair'), CheckConstraint(check='valid_until > bound_at', name='referral_lasts'), CheckConstraint(check='seq > 0 AND campaign_version > 0', name='referral_counted'), CheckConstraint(check='score >= 0', name='referral_scored'), CheckConstraint(check="(qualified_at IS NULL) = (claw_back_until IS NULL) AND (state NOT IN ('QUALIFIED', 'REWARDED', 'CLAWED_BACK') OR qualified_at IS NOT NULL)", name='referral_qualified')], 'indexes': [Index(fields=['referrer_id', 'bound_at', 'referee_id'], name='referral_referrer'), Index(fields=['partner_id', 'bound_at', 'referee_id'], name='referral_partner'), Index(fields=['device_hash', 'bound_at'], name='referral_device'), Index(fields=['bound_at', 'referee_id'], name='referral_listed'), Index(fields=['state', 'bound_at', 'referee_id'], name='referral_state'), PartialIndex(fields=['valid_until', 'referee_id'], name='referral_open', condition="state IN ('BOUND', 'REVIEW')")], 'pk_attr': 'referee_id', 'table_description': 'Who brought a member, and how far it has come. There is one level: who brought the referrer is not said.'},
            bases=['Model'],
        ),
        ddl.CreateModel(
            name='ReferralBudget',
            fields=[
                ('campaign', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                ('budget', fields.BigIntField()),
                ('used', fields.BigIntField(default=0)),
            ],
            options={'table': 'referral_budget', 'app': 'models', 'constraints': [CheckConstraint(check='used BETWEEN 0 AND budget', name='referral_budget_range')], 'pk_attr': 'campaign', 'table_description': 'How many points the rewards of a campaign hold of its budget. One row for all, which is locked last.'},
            bases=['Model'],
        ),
        ddl.CreateModel(
            name='ReferralCampaign',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('code', fields.CharField(max_length=32)),
                ('version', fields.IntField()),
                ('document', fields.TextField(unique=False)),
                ('starts_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('ends_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('published_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('published_by', fields.CharField(max_length=60)),
            ],
            options={'table': 'referral_campaign', 'app': 'models', 'constraints': [UniqueConstraint(fields=('code', 'version'), name='referral_campaign_version'), CheckConstraint(check='version > 0', name='referral_campaign_counted'), CheckConstraint(check='ends_at >= starts_at', name='referral_campaign_ends')], 'pk_attr': 'id', 'table_description': 'One version of a campaign: written once, never changed. The newest of a code is in force.'},
            bases=['Model'],
        ),
        ddl.CreateModel(
            name='ReferralCode',
            fields=[
                ('code', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=16)),
                ('referrer_id', fields.UUIDField(null=True)),
                ('partner', fields.ForeignKeyField('models.Partner', source_field='partner_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('channel', fields.CharField(max_length=32)),
                ('campaign', fields.CharField(null=True, max_length=32)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('retired_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'referral_code', 'app': 'models', 'constraints': [CheckConstraint(check='(referrer_id IS NULL) <> (partner_id IS NULL)', name='referral_code_whose'), UniqueConstraint(fields=('channel', 'referrer_id'), name='referral_code_channel', condition='retired_at IS NULL')], 'indexes': [Index(fields=['referrer_id', 'created_at', 'code'], name='referral_code_referrer'), Index(fields=['partner_id', 'created_at', 'code'], name='referral_code_partner')], 'pk_attr': 'code', 'table_description': 'A code by which a member or a partner recommends the programme on one channel.'},
            bases=['Model'],
        ),
        ddl.CreateModel(
            name='ReferralDebt',
            fields=[
                ('member', fields.OneToOneField('models.Member', source_field='member_id', primary_key=True, db_index=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('owed', fields.BigIntField()),
            ],
            options={'table': 'referral_debt', 'app': 'models', 'constraints': [CheckConstraint(check='owed >= 0', name='referral_debt_range')], 'pk_attr': 'member_id', 'table_description': 'What a member owes of referral rewards that could not be taken back: kept of later ones.'},
            bases=['Model'],
        ),
        ddl.CreateModel(
            name='ReferralEvent',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('member', fields.ForeignKeyField('models.Member', source_field='member_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('seq', fields.IntField()),
                ('kind', fields.CharEnumField(description='', enum_type=ReferralStep, max_length=12)),
                ('cause', fields.CharField(max_length=40)),
                ('referrer_id', fields.UUIDField(null=True)),
                ('partner_id', fields.UUIDField(null=True)),
                ('code', fields.CharField(null=True, max_length=16)),
                ('channel', fields.CharField(null=True, max_length=32)),
                ('campaign', fields.CharField(max_length=32)),
                ('campaign_version', fields.IntField()),
                ('purchase_id', fields.UUIDField(null=True)),
                ('gross_minor', fields.BigIntField(default=0)),
                ('refund_minor', fields.BigIntField(default=0)),
                ('points', fields.BigIntField(default=0)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'referral_event', 'app': 'models', 'constraints': [UniqueConstraint(fields=('member_id', 'seq'), name='referral_event_seq'), CheckConstraint(check='seq > 0', name='referral_event_counted'), CheckConstraint(check='gross_minor >= 0 AND refund_minor >= 0', name='referral_event_amounts'), CheckConstraint(check='(referrer_id IS NULL) <> (partner_id IS NULL)', name='referral_event_whose')], 'indexes': [Index(fields=['member_id', 'purchase_id'], name='referral_event_purchase')], 'pk_attr': 'id', 'table_description': 'One thing that happened to a referral: written once, in the order of ids. Whose it is, is the referee.'},
            bases=['Model'],
        ),
        ddl.CreateModel(
            name='ReferralReward',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('member', fields.ForeignKeyField('models.Member', source_field='member_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('cause', fields.CharField(max_length=120)),
                ('side', fields.CharEnumField(description='', enum_type=RewardSide, max_length=12)),
                ('outcome', fields.CharEnumField(description='', enum_type=RewardOutcome, max_length=12)),
                ('reason', fields.CharField(null=True, max_length=20)),
                ('referee_id', fields.UUIDField(null=True)),
                ('campaign', fields.CharField(max_length=32)),
                ('campaign_version', fields.IntField()),
                ('points', fields.BigIntField(default=0)),
                ('growth', fields.BigIntField(default=0)),
                ('netted', fields.BigIntField(default=0)),
                ('owed', fields.BigIntField(default=0)),
                ('transaction_id', fields.UUIDField(null=True)),
                ('reverses_id', fields.UUIDField(null=True)),
                ('local_day', fields.DateField()),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'referral_reward', 'app': 'models', 'constraints': [UniqueConstraint(fields=('cause',), name='referral_reward_cause'), CheckConstraint(check="CASE outcome WHEN 'TAKEN_BACK' THEN points <= 0 AND growth <= 0 AND netted = 0 AND owed >= 0 WHEN 'SKIPPED' THEN points = 0 AND growth = 0 AND netted = 0 AND owed = 0 ELSE points >= 0 AND growth >= 0 AND netted >= 0 AND owed = 0 END", name='referral_reward_range'), CheckConstraint(check='(points = 0) = (transaction_id IS NULL)', name='referral_reward_moved'), CheckConstraint(check="(outcome = 'SKIPPED') = (reason IS NOT NULL)", name='referral_reward_skipped'), CheckConstraint(check="(outcome = 'TAKEN_BACK') = (reverses_id IS NOT NULL)", name='referral_reward_reverses'), CheckConstraint(check="(side = 'MILESTONE') = (referee_id IS NULL)", name='referral_reward_referee')], 'indexes': [Index(fields=['member_id', 'id'], name='referral_reward_member'), Index(fields=['member_id', 'transaction_id'], name='referral_reward_movement')], 'pk_attr': 'id', 'table_description': 'What a referral gave one member, did not give them, or took back: written once, never changed.'},
            bases=['Model'],
        ),
        ddl.CreateModel(
            name='ReferralMilestone',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('member', fields.ForeignKeyField('models.Member', source_field='member_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('campaign', fields.CharField(max_length=32)),
                ('milestone', fields.IntField()),
                ('cycle', fields.DateField()),
                ('reward', fields.ForeignKeyField('models.ReferralReward', source_field='reward_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('reached_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('revoked_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'referral_milestone', 'app': 'models', 'constraints': [UniqueConstraint(fields=('member_id', 'campaign', 'milestone', 'cycle'), name='referral_milestone_once'), CheckConstraint(check='milestone > 0', name='referral_milestone_counted')], 'pk_attr': 'id', 'table_description': 'A milestone a referrer has reached in one cycle. It is never given twice in it, also if it was taken back.'},
            bases=['Model'],
        ),
        ddl.CreateModel(
            name='ReferralTally',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('member', fields.ForeignKeyField('models.Member', source_field='member_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('campaign', fields.CharField(max_length=32)),
                ('period', fields.CharEnumField(description='', enum_type=TallyPeriod, max_length=12)),
                ('starts_on', fields.DateField()),
                ('rewarded', fields.IntField(default=0)),
                ('qualified', fields.IntField(default=0)),
            ],
            options={'table': 'referral_tally', 'app': 'models', 'constraints': [UniqueConstraint(fields=('member_id', 'campaign', 'period', 'starts_on'), name='referral_tally_once'), CheckConstraint(check='rewarded >= 0 AND qualified >= 0', name='referral_tally_range')], 'pk_attr': 'id', 'table_description': 'How many referrals of a referrer were rewarded in one period, and how many have qualified and still have.'},
            bases=['Model'],
        ),
        ddl.CreateModel(
            name='ReferralTouch',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('code', fields.CharField(max_length=16)),
                ('channel', fields.CharField(max_length=32)),
                ('campaign', fields.CharField(null=True, max_length=32)),
                ('partner_id', fields.UUIDField(null=True)),
                ('device_hash', fields.CharField(max_length=64)),
                ('once', fields.CharField(max_length=64)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'referral_touch', 'app': 'models', 'constraints': [UniqueConstraint(fields=('once',), name='referral_touch_once')], 'indexes': [Index(fields=['device_hash', 'id'], name='referral_touch_device'), Index(fields=['at'], name='referral_touch_at')], 'pk_attr': 'id', 'table_description': 'Somebody, nobody knows who, came by way of a code: written once. It holds neither address nor person.'},
            bases=['Model'],
        ),
        *(ddl.insert_only(table) for table in ("referral_campaign", "referral_event", "referral_reward")),
    ]
