"""Webhook endpoints of partners, and what they are told. It adds, and lets each partner have slots of its own.

The database itself holds the wall: a delivery to a partner's endpoint is of an event of that partner. A process of
the version before knows of no such endpoints, and would put members' events on their way to them.
"""

from models import ddl
from models.webhooks import PartnerEventKind
from tortoise.fields.base import OnDelete
from uuid_utils.compat import uuid7
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

CROSSES = (
    "{0}.type <> 'WEBHOOK_TEST' AND CASE WHEN e.partner_id IS NULL THEN {0}.member_id IS NULL"
    " ELSE {0}.member_id IS NOT NULL OR NOT EXISTS (SELECT 1 FROM partner_event p WHERE p.id = {0}.event_id"
    " AND p.partner_id = e.partner_id) END"
)
SAYS = "webhook_delivery tells somebody what is not theirs"
WALL = ddl.RunDialectSQL(
    {
        "sqlite": [
            "CREATE TRIGGER webhook_delivery_is_theirs AFTER INSERT ON webhook_delivery WHEN EXISTS (SELECT 1"
            f" FROM webhook_endpoint e WHERE e.id = NEW.endpoint_id AND {CROSSES.format('NEW')})"
            f" BEGIN SELECT RAISE(ABORT, '{SAYS}'); END"
        ],
        "postgres": [
            "CREATE FUNCTION webhook_delivery_is_theirs() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " IF EXISTS (SELECT 1 FROM added a JOIN webhook_endpoint e ON e.id = a.endpoint_id"
            f" WHERE {CROSSES.format('a')}) THEN"
            f" RAISE EXCEPTION '{SAYS}' USING ERRCODE = 'check_violation'; END IF; RETURN NULL; END $$",
            # once for all rows of a statement: for each by itself, it took as long as writing it
            "CREATE TRIGGER webhook_delivery_is_theirs AFTER INSERT ON webhook_delivery"
            " REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION webhook_delivery_is_theirs()",
        ],
    },
    {
        "sqlite": ["DROP TRIGGER webhook_delivery_is_theirs"],
        "postgres": [
            "DROP TRIGGER webhook_delivery_is_theirs ON webhook_delivery",
            "DROP FUNCTION webhook_delivery_is_theirs()",
        ],
    },
)


class Migration(ddl.Migration):
    dependencies = [('models', '0025_guards')]

    initial = False

    operations = [
        ddl.CreateModel(
            name='PartnerEvent',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('partner', fields.ForeignKeyField('models.Partner', source_field='partner_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('settlement', fields.ForeignKeyField('models.PartnerSettlement', source_field='settlement_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('type', fields.CharEnumField(description='', enum_type=PartnerEventKind, max_length=40)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'partner_event', 'app': 'models', 'constraints': [UniqueConstraint(fields=('settlement_id', 'type'), name='partner_event_once')], 'indexes': [Index(fields=['partner_id', 'id'], name='partner_event_told')], 'pk_attr': 'id', 'table_description': 'Something that happened to a settlement of a partner, written in the transaction in which it happened.'},
            bases=['Model'],
        ),
        ddl.insert_only('partner_event'),
        ddl.RemoveConstraint(
            model_name='WebhookEndpoint',
            name='webhook_endpoint_slot',
            fields=None,
        ),
        ddl.AddField(
            model_name='WebhookEndpoint',
            name='partner',
            field=fields.ForeignKeyField('models.Partner', source_field='partner_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT),
        ),
        ddl.AddConstraint(
            model_name='WebhookEndpoint',
            constraint=CheckConstraint(check='partner_id IS NULL OR slot <= 5', name='webhook_endpoint_partner_slots'),
        ),
        ddl.AddConstraint(
            model_name='WebhookEndpoint',
            constraint=UniqueConstraint(fields=('slot',), name='webhook_endpoint_slot', condition='partner_id IS NULL AND slot IS NOT NULL'),
        ),
        ddl.AddConstraint(
            model_name='WebhookEndpoint',
            constraint=UniqueConstraint(fields=('partner_id', 'slot'), name='webhook_endpoint_partner_slot'),
        ),
        WALL,
    ]
