"""Members know whether others were merged into them. It only adds, and tells it of the merges there were."""

from models import ddl
from models.ddl import RunDialectSQL
from tortoise import fields

TOLD = "UPDATE member SET has_absorbed = TRUE WHERE id IN (SELECT merged_into_id FROM member WHERE merged_into_id IS NOT NULL)"


class Migration(ddl.Migration):
    dependencies = [('models', '0018_gifts')]

    initial = False

    operations = [
        ddl.AddField(
            model_name='Member',
            name='has_absorbed',
            field=fields.BooleanField(null=True),
        ),
        RunDialectSQL({"sqlite": [TOLD], "postgres": [TOLD]}),
    ]
