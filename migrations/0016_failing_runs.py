"""When an endpoint last failed, so that an old failure is told from a run of them. It only adds."""

from models import ddl
from tortoise import fields


class Migration(ddl.Migration):
    dependencies = [('models', '0015_benefits')]

    initial = False

    operations = [
        ddl.AddField(
            model_name='WebhookEndpoint',
            name='last_failed_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
    ]
