"""Claw-backs say what they need not take, since it had been written off; days say what they left. It only adds."""

from models import ddl
from tortoise import fields


class Migration(ddl.Migration):
    dependencies = [('models', '0022_partner_books')]

    initial = False

    operations = [
        ddl.AddField(
            model_name='PointsTransaction',
            name='written_off',
            field=fields.BigIntField(null=True),
        ),
        ddl.AddField(
            model_name='PointsDay',
            name='lost',
            field=fields.BigIntField(null=True),
        ),
    ]
