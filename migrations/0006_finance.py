"""The books of finance: how far the ledger is counted, days, cohorts, closings, the outlook. It only adds."""

from models import ddl
import uuid
from models.finance import Term
from uuid_utils.compat import uuid7
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

class Migration(ddl.Migration):
    dependencies = [('models', '0005_webhooks')]

    initial = False

    operations = [
        ddl.CreateModel(
            name='PointsBooks',
            fields=[
                ('one', fields.SmallIntField(primary_key=True, unique=True, db_index=True, generated=False)),
                ('turn', fields.BigIntField(default=0)),
                ('counted_id', fields.UUIDField(default=uuid.UUID('00000000-0000-0000-0000-000000000000'))),
                ('counted_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('closed_day', fields.DateField(null=True)),
            ],
            options={'table': 'points_books', 'app': 'models', 'constraints': [CheckConstraint(check='one = 1', name='points_books_are_one'), CheckConstraint(check='turn >= 0', name='points_books_turn')], 'pk_attr': 'one', 'table_description': 'How far the ledger has been counted.'},
            bases=['Model'],
        ),
        ddl.CreateModel(
            name='PointsClosing',
            fields=[
                ('day', fields.DateField(primary_key=True, unique=True, db_index=True)),
                ('ends_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('counted_id', fields.UUIDField()),
                ('points', fields.BigIntField()),
                ('open_points', fields.BigIntField()),
                ('closed_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'points_closing', 'app': 'models', 'indexes': [Index(fields=['ends_at'], name='points_closing_ends')], 'pk_attr': 'day', 'table_description': 'A closed day, and where the programme stood at its end.'},
            bases=['Model'],
        ),
        ddl.CreateModel(
            name='PointsCohort',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('booked', fields.DateField()),
                ('cohort', fields.DateField()),
                ('kind', fields.CharField(max_length=24)),
                ('points', fields.BigIntField()),
            ],
            options={'table': 'points_cohort', 'app': 'models', 'constraints': [UniqueConstraint(fields=('kind', 'cohort', 'booked'), name='points_cohort_once')], 'indexes': [Index(fields=['booked'], name='points_cohort_booked')], 'pk_attr': 'id', 'table_description': 'What was done in one month to the points that came in one month, by the kind of movement.'},
            bases=['Model'],
        ),
        ddl.CreateModel(
            name='PointsDay',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('day', fields.DateField()),
                ('kind', fields.CharField(max_length=24)),
                ('movements', fields.BigIntField()),
                ('points', fields.BigIntField()),
                ('open_points', fields.BigIntField()),
            ],
            options={'table': 'points_day', 'app': 'models', 'constraints': [UniqueConstraint(fields=('kind', 'day'), name='points_day_once'), CheckConstraint(check='movements > 0', name='points_day_moves')], 'indexes': [Index(fields=['day'], name='points_day_day')], 'pk_attr': 'id', 'table_description': 'What the movements of one kind came to on one day of the programme. Never changed once the day is closed.'},
            bases=['Model'],
        ),
        ddl.CreateModel(
            name='PointsOutlook',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('day', fields.DateField()),
                ('cohort', fields.DateField()),
                ('term', fields.CharEnumField(description='', enum_type=Term, max_length=12)),
                ('points', fields.BigIntField()),
            ],
            options={'table': 'points_outlook', 'app': 'models', 'constraints': [UniqueConstraint(fields=('term', 'cohort', 'day'), name='points_outlook_once'), CheckConstraint(check='points > 0', name='points_outlook_open')], 'indexes': [Index(fields=['day'], name='points_outlook_day')], 'pk_attr': 'id', 'table_description': 'How many points of a cohort were open when a day was closed, by how long they live.'},
            bases=['Model'],
        ),
    ]
