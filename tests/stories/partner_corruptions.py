"""Corruptions of what partners are told, and the partner on whose books they are planted."""

from datetime import timedelta
from uuid import UUID

from models.sql import SQL
from models.staff import StaffRole
from rules import partners, webhooks
from rules.actors import SYSTEM, Actor, ActorKind
from rules.webhooks import Wish
from tests.bringing import bring, campaign, organisation, touch
from tests.people import NOON, fresh_key, programme

SETTLEMENT = SQL("SELECT id FROM partner_settlement", fans_out="a test looks")

POOL = "id = (SELECT id FROM partner_pool WHERE figure = '{0}')"

TOLD = "type = 'settlement.approved'"
"""The delivery by which the partner is told of its settlement."""

ENDPOINT = (
    "SELECT e.id FROM webhook_endpoint e JOIN partner moon ON moon.name = 'Moon Radio' WHERE e.partner_id {0}"
)
PARTNERED: dict[str, list[str]] = {
    "partner days are counted": [
        "UPDATE partner_day SET registered = registered + 1 WHERE registered > 0",
        "UPDATE partner_day SET qualified = qualified + 1 WHERE qualified > 0",
        "UPDATE partner_day SET orders = orders + 1 WHERE orders > 0",
        "UPDATE partner_day SET gross_minor = gross_minor + 1 WHERE orders > 0",
        "UPDATE partner_day SET gross_cost = gross_cost - 1 WHERE orders > 0",
        "UPDATE partner_day SET refund_minor = refund_minor - 1 WHERE refunds > 0",
        f"UPDATE partner_pool SET number = number + 1 WHERE {POOL.format('REGISTERED')}",
        f"DELETE FROM partner_pool WHERE {POOL.format('ORDER')}",
        "UPDATE partner_books SET event_id = '00000000-0000-0000-0000-000000000000'",
        "DELETE FROM partner_day WHERE registered > 0",
    ],
    "partner touches are counted": [
        "UPDATE partner_day SET touches = touches - 1 WHERE touches > 0",
        f"DELETE FROM partner_pool WHERE {POOL.format('TOUCH')}",
    ],
    "partner pools wait": [
        """UPDATE partner_pool SET people = '["a", "b", "c", "d", "e"]', number = 9""",
        "UPDATE partner_pool SET people = '[]'",
        f"UPDATE partner_pool SET firsts = number + 1 WHERE {POOL.format('TOUCH')}",
    ],
    "commissions follow orders": [
        "UPDATE commission SET amount_minor = amount_minor - 1 WHERE state = 'FROZEN'",
        "UPDATE commission SET refunded_minor = 0 WHERE state = 'FROZEN'",
        "DELETE FROM commission WHERE state = 'FROZEN'",
        "UPDATE commission SET bps = 2 * bps, amount_minor = 2 * amount_minor WHERE state = 'FROZEN'",
        "UPDATE commission SET state = 'REVERSED', amount_minor = 0 WHERE state = 'FROZEN'",
        "UPDATE commission SET state = 'AVAILABLE', frozen_until = ordered_at WHERE state = 'ESTIMATED'",
    ],
    "settlements add up": [
        "UPDATE partner_settlement SET earned_minor = earned_minor + 1, fee_minor = fee_minor + 1",
        "UPDATE partner_settlement SET referees = referees + 1, commissions = commissions + 1",
        "UPDATE commission SET state = 'PAID' WHERE state = 'SETTLING'",
        "UPDATE commission SET state = 'AVAILABLE', settlement_id = NULL, settled_minor = NULL"
        " WHERE state = 'SETTLING'",
    ],
    "deliveries tell events": [
        f"UPDATE webhook_delivery SET endpoint_id = ({ENDPOINT.format('= moon.id')}) WHERE {TOLD}",
        f"UPDATE webhook_delivery SET endpoint_id = ({ENDPOINT.format('IS NULL')}) WHERE {TOLD}",
        f"UPDATE webhook_delivery SET type = 'settlement.paid' WHERE {TOLD}",
        f"UPDATE webhook_delivery SET event_id = id WHERE {TOLD}",
        f"UPDATE webhook_delivery SET member_id = (SELECT id FROM member LIMIT 1) WHERE {TOLD}",
        # what happened to a member, on its way to a partner
        "UPDATE webhook_delivery SET (member_id, event_id, type) = (SELECT member_id, id, type FROM outbox_event"
        f" ORDER BY id LIMIT 1) WHERE {TOLD}",
    ],
    "partners are told how settlements went": [
        "UPDATE partner_settlement SET state = 'READY', decided_by = NULL, decided_at = NULL",
        "UPDATE partner_settlement SET state = 'REJECTED', reason = 'WRONG'",
        "UPDATE partner_settlement SET state = 'PAID', paid_by = id, paid_at = decided_at, payment_ref = 'bank-1'",
        "UPDATE partner_event SET type = 'settlement.paid'",
        "UPDATE partner_event SET type = 'settlement.rejected'",
        "UPDATE partner_event SET partner_id = (SELECT id FROM partner WHERE name = 'Moon Radio')",
    ],
    "partners owe what was refunded": [
        "UPDATE partner_account SET owed_minor = owed_minor + 1",
        "UPDATE commission SET settled_minor = settled_minor + 1 WHERE state = 'SETTLING'",
    ],
}


async def the_partner() -> None:
    """Six members came by the partner's posters and bought; one came by its radio show, and one device did.

    What they brought is in a settlement; a month later two more came, of whom one has yet to qualify.
    """
    await programme()
    await campaign()
    bamboo = await organisation()
    await touch(bamboo, [f"d{n}" for n in range(6)])
    await touch(bamboo, ["d7"], channel="RADIO")
    for each in [*await bring(bamboo, 6), *await bring(bamboo, 1, channel="RADIO")]:
        await each.orders_for(100_00, NOON)
        await each.happens("QUALIFIED", NOON)
        await each.gives_back(10_00, NOON)
    await partners.bring_up_to_date(NOON + timedelta(minutes=1))
    await partners.accrue(NOON + timedelta(hours=1))
    await partners.bring_settlements(NOON + timedelta(days=25))
    await _told_elsewhere(bamboo)
    [last, waiting] = await bring(bamboo, 2, NOON + timedelta(days=25))
    await waiting.orders_for(100_00, NOON + timedelta(days=25))
    await last.happens("QUALIFIED", NOON + timedelta(days=25))
    await last.orders_for(100_00, NOON + timedelta(days=25))
    await last.gives_back(50_00, NOON + timedelta(days=25))
    await partners.accrue(NOON + timedelta(days=26))


async def _told_elsewhere(bamboo: UUID) -> None:
    """The partner's endpoint is told that its settlement is approved; another's, and the programme's, are not."""
    at = NOON + timedelta(days=25)
    for each in (bamboo, await organisation("Moon Radio"), None):
        wish = Wish("https://partner.example/hook", partner_id=each)
        await webhooks.add(wish, key=fresh_key(), actor=SYSTEM, now=at)
    ann = Actor(ActorKind.STAFF, str(UUID(int=1)), StaffRole.ADMIN, proven_until=at + timedelta(days=1))
    await partners.approve_settlement(bamboo, await SETTLEMENT.value(), actor=ann, now=at)
