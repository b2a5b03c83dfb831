"""The points policy: every version that was published, and the one in force on the programme. It only adds."""

from models import ddl
from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint


class Migration(ddl.Migration):
    dependencies = [('models', '0008_two_books')]

    initial = False

    operations = [
        ddl.CreateModel(
            name='PointsPolicyVersion',
            fields=[
                ('version', fields.IntField(primary_key=True, unique=True, db_index=True, generated=False)),
                ('policy', fields.TextField(unique=False)),
                ('published_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'points_policy', 'app': 'models', 'constraints': [CheckConstraint(check='version > 0', name='points_policy_version')], 'pk_attr': 'version', 'table_description': 'A points policy as it was published. Written once, never changed.'},
            bases=['Model'],
        ),
        ddl.AddField(
            model_name='Programme',
            name='points_policy',
            field=fields.TextField(null=True, unique=False),
        ),
        ddl.AddField(
            model_name='Programme',
            name='points_policy_version',
            field=fields.IntField(null=True),
        ),
        ddl.insert_only("points_policy"),
    ]
