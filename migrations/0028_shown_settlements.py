"""A commission knows whether its partner has seen it in a settlement that was rejected then. It only adds."""

from models import ddl
from tortoise import fields


class Migration(ddl.Migration):
    dependencies = [('models', '0027_staff_members')]

    initial = False

    operations = [
        ddl.AddField(
            model_name='Commission',
            name='shown',
            field=fields.BooleanField(null=True),
        ),
    ]
