"""Movements that belong together, lots that came from another member, a ledger by kind and period. It only adds."""

from models import ddl
from tortoise import fields
from tortoise.indexes import Index


class Migration(ddl.Migration):
    dependencies = [("models", "0007_holds")]

    initial = False

    operations = [
        ddl.AddField(
            model_name="PointsTransaction",
            name="group_id",
            field=fields.UUIDField(null=True),
        ),
        ddl.AddField(
            model_name="PointsTransaction",
            name="counterpart_id",
            field=fields.UUIDField(null=True),
        ),
        ddl.AddIndex(
            model_name="PointsTransaction",
            index=Index(fields=["member_id", "kind", "effective_at", "id"], name="points_transaction_kind"),
        ),
        ddl.AddField(
            model_name="PointsLot",
            name="origin_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
    ]
