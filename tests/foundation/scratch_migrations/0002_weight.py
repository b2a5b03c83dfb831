# ruff: noqa: N999, RUF012
from tortoise import fields, migrations

from models import ddl


class Migration(migrations.Migration):
    dependencies = [("scratch", "0001_initial")]

    operations = [
        ddl.AddField(model_name="Thing", name="weight", field=fields.IntField(null=True, db_index=True)),
        ddl.insert_only("thing"),
    ]
