"""Webhooks, and which events nobody has looked at yet. It adds, and drops an index that nothing was read by."""

from models import ddl
from models.ddl import PartialIndex
from models.webhooks import DeliveryState, DisabledWhy, EndpointState, Failure
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from uuid_utils.compat import uuid7
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint


class Migration(ddl.Migration):
    dependencies = [('models', '0004_flat_lists')]

    initial = False

    operations = [
        ddl.CreateModel(
            name='WebhookEndpoint',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('slot', fields.SmallIntField(null=True)),
                ('url', fields.CharField(max_length=1000)),
                ('description', fields.CharField(max_length=200)),
                ('types', fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)),
                ('state', fields.CharEnumField(description='', enum_type=EndpointState, max_length=8)),
                ('disabled_why', fields.CharEnumField(null=True, description='', enum_type=DisabledWhy, max_length=8)),
                ('secret', fields.BinaryField(null=True)),
                ('previous_secret', fields.BinaryField(null=True)),
                ('previous_until', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('active_since', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('since_id', fields.UUIDField()),
                ('failing_since', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('last_delivered_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'webhook_endpoint', 'app': 'models', 'constraints': [UniqueConstraint(fields=('slot',), name='webhook_endpoint_slot'), CheckConstraint(check='slot BETWEEN 1 AND 20', name='webhook_endpoint_slots'), CheckConstraint(check="(state = 'DELETED') = (slot IS NULL) AND (state = 'DELETED') = (secret IS NULL)", name='webhook_endpoint_live'), CheckConstraint(check="(state = 'DISABLED') = (disabled_why IS NOT NULL)", name='webhook_endpoint_disabled'), CheckConstraint(check='(previous_secret IS NULL) = (previous_until IS NULL)', name='webhook_endpoint_overlap')], 'pk_attr': 'id', 'table_description': 'Where events are told. Its secrets are sealed. A deleted one stays as a line, without them.'},
            bases=['Model'],
        ),
        ddl.CreateModel(
            name='WebhookDelivery',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('endpoint', fields.ForeignKeyField('models.WebhookEndpoint', source_field='endpoint_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('event_id', fields.UUIDField()),
                ('member_id', fields.UUIDField(null=True)),
                ('type', fields.CharField(max_length=60)),
                ('state', fields.CharEnumField(description='', enum_type=DeliveryState, max_length=9)),
                ('due_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('attempts', fields.SmallIntField(default=0)),
                ('fence', fields.IntField(default=0)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('finished_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'webhook_delivery', 'app': 'models', 'constraints': [UniqueConstraint(fields=('endpoint_id', 'event_id'), name='webhook_delivery_once'), CheckConstraint(check='attempts >= 0 AND fence >= attempts', name='webhook_delivery_attempts'), CheckConstraint(check="(state = 'PENDING') = (finished_at IS NULL)", name='webhook_delivery_ended')], 'indexes': [PartialIndex(fields=['endpoint_id', 'due_at'], name='webhook_delivery_due', condition="state = 'PENDING'"), Index(fields=['endpoint_id', 'created_at', 'id'], name='webhook_delivery_listed'), Index(fields=['state', 'finished_at'], name='webhook_delivery_finished')], 'pk_attr': 'id', 'table_description': 'One event on its way to one endpoint. An event that is only a test has no member.'},
            bases=['Model'],
        ),
        ddl.CreateModel(
            name='WebhookAttempt',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('endpoint_id', fields.UUIDField()),
                ('delivery', fields.ForeignKeyField('models.WebhookDelivery', source_field='delivery_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('number', fields.IntField()),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('duration_ms', fields.IntField()),
                ('status', fields.SmallIntField(null=True)),
                ('failure', fields.CharEnumField(null=True, description='', enum_type=Failure, max_length=20)),
            ],
            options={'table': 'webhook_attempt', 'app': 'models', 'constraints': [UniqueConstraint(fields=('delivery_id', 'number'), name='webhook_attempt_once'), CheckConstraint(check='(status IS NULL) = (failure IS NOT NULL)', name='webhook_attempt_told'), CheckConstraint(check='duration_ms >= 0 AND number > 0', name='webhook_attempt_took')], 'pk_attr': 'id', 'table_description': 'One try at a delivery. Of the answer only its status is kept.'},
            bases=['Model'],
        ),
        ddl.RemoveIndex(
            model_name='OutboxEvent',
            name='outbox_event_bucket',
        ),
        ddl.AddField(
            model_name='OutboxEvent',
            name='told_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ddl.AddIndex(
            model_name='OutboxEvent',
            index=PartialIndex(fields=['id'], name='outbox_event_untold', condition='told_at IS NULL'),
        ),
    ]
