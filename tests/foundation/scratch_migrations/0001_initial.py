# ruff: noqa: N999, RUF012
from uuid import uuid4

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from models import ddl
from tests.foundation.scratch import Colour


class Migration(migrations.Migration):
    initial = True

    operations = [
        ddl.CreateModel(
            name="Box",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("volume", fields.BigIntField(default=0)),
            ],
            options={
                "table": "box",
                "app": "scratch",
                "constraints": [CheckConstraint(check="volume >= 0", name="box_volume_not_negative")],
                "pk_attr": "id",
                "table_description": "A box; of a volume; that holds things.",
            },
            bases=["Model"],
        ),
        ddl.CreateModel(
            name="Rule",
            fields=[("one", fields.SmallIntField(generated=False, primary_key=True, unique=True, db_index=True))],
            options={
                "table": "rule",
                "app": "scratch",
                "pk_attr": "one",
                "table_description": "The one rule there is; its key is given, not generated.",
            },
            bases=["Model"],
        ),
        ddl.CreateModel(
            name="Thing",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                (
                    "box",
                    fields.ForeignKeyField(
                        "scratch.Box",
                        source_field="box_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("name", fields.CharField(max_length=8)),
                (
                    "colour",
                    fields.CharEnumField(description="", enum_type=Colour, max_length=8, default=Colour.RED),
                ),
                ("made_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("whole", fields.BooleanField(default=True)),
                ("notes", fields.JSONField(default=dict)),
            ],
            options={
                "table": "thing",
                "app": "scratch",
                "constraints": [
                    CheckConstraint(check="name <> ''", name="thing_named"),
                    UniqueConstraint(fields=("box_id", "name"), name="thing_name", condition="whole"),
                ],
                "indexes": [Index(fields=["box_id", "id"], name="thing_box_id")],
                "pk_attr": "id",
                "table_description": "What lies in a box.",
            },
            bases=["Model"],
        ),
    ]
