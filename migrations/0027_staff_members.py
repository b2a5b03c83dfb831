"""An account of the staff may say who they are as a member. It only adds."""

from models import ddl
from models.ddl import PartialIndex
from tortoise import fields


class Migration(ddl.Migration):
    dependencies = [('models', '0026_partner_webhooks')]

    initial = False

    operations = [
        ddl.AddField(
            model_name='Staff',
            name='as_member_id',
            field=fields.UUIDField(null=True),
        ),
        ddl.AddIndex(
            model_name='Staff',
            index=PartialIndex(fields=['as_member_id'], name='staff_member', condition='as_member_id IS NOT NULL'),
        ),
    ]
