"""Indexes by which a page costs what it shows, however long its list is. It only adds."""

from models import ddl
from models.ddl import PartialIndex
from tortoise import fields
from tortoise.indexes import Index

KNOWN_SO_FAR = [
    "UPDATE growth_account SET known_since = (SELECT m.created_at FROM member m WHERE m.id = growth_account.member_id)"
]


class Migration(ddl.Migration):
    dependencies = [('models', '0003_the_door')]

    initial = False

    operations = [
        ddl.AddIndex(
            model_name='AuditLog',
            index=Index(fields=['member_id', 'at', 'id'], name='audit_log_about'),
        ),
        ddl.AddField(
            model_name='GrowthAccount',
            name='known_since',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ddl.RunDialectSQL({"sqlite": KNOWN_SO_FAR, "postgres": KNOWN_SO_FAR}, {"sqlite": [], "postgres": []}),
        ddl.AddIndex(
            model_name='GrowthAccount',
            index=Index(fields=['tier_id', 'known_since', 'member_id'], name='growth_account_known'),
        ),
        ddl.AddIndex(
            model_name='Member',
            index=Index(fields=['state', 'created_at', 'id'], name='member_state'),
        ),
        ddl.AddIndex(
            model_name='PointsLot',
            index=PartialIndex(fields=['member_id', 'expires_at', 'id'], name='points_lot_open', condition='remaining > 0 OR held > 0'),
        ),
    ]
