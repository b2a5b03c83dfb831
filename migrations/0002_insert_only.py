"""The ledgers and the audit log are written once: the database itself bars UPDATE and DELETE."""

from models import ddl

LEDGERS = (
    "points_transaction",
    "points_entry",
    "points_lot_move",
    "points_note",
    "growth_entry",
    "tier_change",
    "audit_log",
)


class Migration(ddl.Migration):
    dependencies = [("models", "0001_the_house")]
    operations = [ddl.insert_only(table) for table in LEDGERS]
