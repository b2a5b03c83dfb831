"""What a tier took off the price in points when they were set aside. It only adds."""

from models import ddl
from tortoise import fields


class Migration(ddl.Migration):
    dependencies = [('models', '0016_failing_runs'), ('models', '0016_leaving')]

    initial = False

    operations = [
        ddl.AddField(
            model_name='PointsHold',
            name='discount_bps',
            field=fields.IntField(null=True),
        ),
    ]
