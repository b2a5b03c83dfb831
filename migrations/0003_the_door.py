"""What the door needs: logins, codes, counters of tries, allowances, invitations, approvals, trusted documents."""

from models import ddl
from models.approvals import ApprovalKind, ApprovalState
from models.credentials import PrincipalKind
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from uuid_utils.compat import uuid7
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

LOGINS_SO_FAR = [
    "INSERT INTO login (id, principal_kind, principal_id, created_at, seen_at)"
    " SELECT family, principal_kind, principal_id, MIN(created_at), MAX(created_at) FROM token"
    " WHERE revoked_at IS NULL GROUP BY family, principal_kind, principal_id"
]


class Migration(ddl.Migration):
    dependencies = [('models', '0002_insert_only')]

    initial = False

    operations = [
        ddl.CreateModel(
            name='Approval',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('kind', fields.CharEnumField(description='', enum_type=ApprovalKind, max_length=20)),
                ('state', fields.CharEnumField(description='', enum_type=ApprovalState, max_length=10)),
                ('member', fields.ForeignKeyField('models.Member', source_field='member_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('facts', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('reason', fields.CharField(max_length=40)),
                ('note', fields.BinaryField(null=True)),
                ('requested_by', fields.UUIDField()),
                ('requested_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('expires_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('decided_by', fields.UUIDField(null=True)),
                ('decided_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('decision_reason', fields.CharField(null=True, max_length=40)),
                ('transaction_id', fields.UUIDField(null=True)),
            ],
            options={'table': 'approval', 'app': 'models', 'constraints': [CheckConstraint(check="(state = 'PENDING') = (decided_at IS NULL)", name='approval_decided'), CheckConstraint(check="state NOT IN ('APPROVED', 'REJECTED') OR (decided_by IS NOT NULL AND decided_by <> requested_by)", name='approval_two_people'), CheckConstraint(check="(state = 'APPROVED') = (transaction_id IS NOT NULL)", name='approval_done')], 'indexes': [Index(fields=['state', 'id'], name='approval_state'), Index(fields=['member_id', 'id'], name='approval_member')], 'pk_attr': 'id', 'table_description': 'One request, and what became of it. Nobody decides on their own.'},
            bases=['Model'],
        ),
        ddl.CreateModel(
            name='Attempt',
            fields=[
                ('subject', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ('failures', fields.IntField()),
                ('last_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('free_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'attempt', 'app': 'models', 'constraints': [CheckConstraint(check='failures > 0', name='attempt_failures')], 'indexes': [Index(fields=['last_at'], name='attempt_last')], 'pk_attr': 'subject', 'table_description': 'Wrong tries at one thing from one place, lately. A right one forgets them.'},
            bases=['Model'],
        ),
        ddl.CreateModel(
            name='Document',
            fields=[
                ('sha256', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ('name', fields.CharField(max_length=120)),
                ('source', fields.TextField(unique=False)),
                ('registered_by', fields.CharField(max_length=60)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('withdrawn_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'document', 'app': 'models', 'pk_attr': 'sha256', 'table_description': 'A registered operation. Its text never changes, since its hash is its name.'},
            bases=['Model'],
        ),
        ddl.CreateModel(
            name='Login',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('principal_kind', fields.CharEnumField(description='', enum_type=PrincipalKind, max_length=8)),
                ('principal_id', fields.UUIDField()),
                ('device', fields.CharField(null=True, max_length=80)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('seen_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('proven_until', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('ended_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'login', 'app': 'models', 'constraints': [CheckConstraint(check='seen_at >= created_at', name='login_seen')], 'indexes': [Index(fields=['principal_id', 'created_at'], name='login_principal')], 'pk_attr': 'id', 'table_description': 'One login of a member or of staff: on which device, and since when. All its tokens are its family.'},
            bases=['Model'],
        ),
        ddl.CreateModel(
            name='MemberCode',
            fields=[
                ('digest', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ('member_id', fields.UUIDField()),
                ('expires_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('used_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('used_by', fields.CharField(null=True, max_length=60)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'member_code', 'app': 'models', 'constraints': [CheckConstraint(check='(used_at IS NULL) = (used_by IS NULL)', name='member_code_used')], 'indexes': [Index(fields=['expires_at'], name='member_code_expires')], 'pk_attr': 'digest', 'table_description': 'A code a member shows at the counter: for a minute, and for one reader.'},
            bases=['Model'],
        ),
        ddl.CreateModel(
            name='RateBucket',
            fields=[
                ('principal', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=80)),
                ('level', fields.BigIntField()),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'rate_bucket', 'app': 'models', 'constraints': [CheckConstraint(check='level >= 0', name='rate_bucket_level')], 'indexes': [Index(fields=['at'], name='rate_bucket_at')], 'pk_attr': 'principal', 'table_description': "How much of a principal's allowance is used up, settled between the server's processes."},
            bases=['Model'],
        ),
        ddl.CreateModel(
            name='StaffInvitation',
            fields=[
                ('digest', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ('staff', fields.ForeignKeyField('models.Staff', source_field='staff_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('expires_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('used_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'staff_invitation', 'app': 'models', 'indexes': [Index(fields=['staff_id'], name='staff_invitation_staff')], 'pk_attr': 'digest', 'table_description': 'A one-time link by which a person activates their account, or sets it up anew.'},
            bases=['Model'],
        ),
        ddl.AddField(
            model_name='ApiKey',
            name='holder',
            field=fields.CharField(null=True, max_length=160),
        ),
        ddl.AddField(
            model_name='ApiKey',
            name='last_used_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ddl.AddField(
            model_name='ApiKey',
            name='networks',
            field=fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads),
        ),
        ddl.AddField(
            model_name='ApiKey',
            name='scopes',
            field=fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads),
        ),
        ddl.AddField(
            model_name='ApiKey',
            name='slot',
            field=fields.SmallIntField(null=True),
        ),
        ddl.AddConstraint(
            model_name='ApiKey',
            constraint=UniqueConstraint(fields=('holder', 'slot'), name='api_key_slot'),
        ),
        ddl.AddConstraint(
            model_name='ApiKey',
            constraint=CheckConstraint(check='slot IN (1, 2)', name='api_key_slots'),
        ),
        ddl.AddField(
            model_name='AuditLog',
            name='network',
            field=fields.CharField(null=True, max_length=45),
        ),
        ddl.AddIndex(
            model_name='AuditLog',
            index=Index(fields=['actor_id', 'at', 'id'], name='audit_log_actor'),
        ),
        ddl.AddIndex(
            model_name='AuditLog',
            index=Index(fields=['action', 'at', 'id'], name='audit_log_action'),
        ),
        ddl.AddIndex(
            model_name='AuditLog',
            index=Index(fields=['request_id', 'at', 'id'], name='audit_log_request'),
        ),
        ddl.AddField(
            model_name='Member',
            name='merged_into_id',
            field=fields.UUIDField(null=True),
        ),
        ddl.AddConstraint(
            model_name='Member',
            constraint=CheckConstraint(check="(state = 'MERGED') = (merged_into_id IS NOT NULL)", name='member_merged'),
        ),
        ddl.AddIndex(
            model_name='Member',
            index=Index(fields=['merged_into_id'], name='member_merged_into'),
        ),
        ddl.AddField(
            model_name='Programme',
            name='adjust_approval_points',
            field=fields.BigIntField(null=True),
        ),
        ddl.AddField(
            model_name='Programme',
            name='adjust_proof_points',
            field=fields.BigIntField(null=True),
        ),
        ddl.AddConstraint(
            model_name='Programme',
            constraint=CheckConstraint(check='adjust_proof_points >= 0', name='programme_adjust_proof'),
        ),
        ddl.AddConstraint(
            model_name='Programme',
            constraint=CheckConstraint(check='adjust_approval_points >= 0', name='programme_adjust_approval'),
        ),
        ddl.AddField(
            model_name='Token',
            name='issued_for',
            field=fields.CharField(null=True, max_length=64),
        ),
        ddl.AddField(
            model_name='Token',
            name='used_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ddl.AddField(
            model_name='Staff',
            name='totp_sealed',
            field=fields.BinaryField(null=True),
        ),
        ddl.AddField(
            model_name='Staff',
            name='totp_step',
            field=fields.BigIntField(null=True),
        ),
        ddl.RunDialectSQL({"sqlite": LOGINS_SO_FAR, "postgres": LOGINS_SO_FAR}, {"sqlite": [], "postgres": []}),
    ]
