"""Since when a partner is there, and since when it is disabled. It only adds."""

from models import ddl
from tortoise import fields


class Migration(ddl.Migration):
    dependencies = [('models', '0020_referrals')]

    initial = False

    operations = [
        ddl.AddField(
            model_name='Partner',
            name='created_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ddl.AddField(
            model_name='Partner',
            name='disabled_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
    ]
