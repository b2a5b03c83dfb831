"""Partners bring members: a link, five phones, five orders, and what becomes of them, by the real rules alone."""

from datetime import timedelta
from uuid import UUID

from models.credentials import PrincipalKind
from models.sql import SQL
from models.staff import StaffRole
from models.units import BasisPoints
from rules import partners
from rules.actors import SYSTEM, Actor, ActorKind, Principal
from rules.referrals import PartnerTerms
from tests import referring
from tests.people import NOON, buy, fresh_key, programme, refund
from tests.schema.asking import ask

DAY = timedelta(days=1)
STATS = """{ partner { stats(by: CHANNEL) { cells { channel campaign touches uniqueTouches registered qualified
  orders grossMinor refunds refundMinor netMinor rewardPoints rewardCostMinor conversionBps } } } }"""
MADE = SQL("SELECT id FROM partner_settlement WHERE partner_id = $1")
SETTLED = "{ partner { settlements { nodes { month state dueMinor } } } }"


async def test_what_a_partners_link_brings_is_told_and_settled() -> None:
    await programme()
    await referring.campaign(partner=PartnerTerms(BasisPoints(500), 15))
    bamboo = await partners.register("Bamboo Books", actor=SYSTEM, now=NOON)
    caller = Principal(PrincipalKind.PARTNER, str(bamboo))
    said = await partners.open_link(bamboo, "POSTER", key=fresh_key(), actor=SYSTEM, now=NOON)
    for number in range(5):
        await referring.touch(said, f"phone-{number}", network=f"203.0.{number}.0/24")
        friend = await referring.friend(device=f"phone-{number}")
        await buy(friend, 100_00, ref=f"tea-{number}")
    await referring.work()
    await refund("tea-0", {"A": 10_00})
    later = NOON + timedelta(minutes=1)
    await partners.bring_up_to_date(later)
    [cell] = (await ask(STATS, who=caller, at=later))["partner"]["stats"]["cells"]
    assert cell == {
        "channel": "POSTER",
        "campaign": None,
        "touches": 5,
        "uniqueTouches": 5,
        "registered": 5,
        "qualified": 5,
        "orders": 5,
        "grossMinor": 500_00,
        "refunds": None,
        "refundMinor": None,
        "netMinor": 500_00,
        "rewardPoints": 100,
        "rewardCostMinor": 25_00,
        "conversionBps": 10_000,
    }
    april = NOON + 25 * DAY
    await partners.accrue(april)
    assert await partners.bring_settlements(april) == 1
    assert (await ask(SETTLED, who=caller, at=april))["partner"]["settlements"]["nodes"] == [], "not approved yet"
    made = await MADE.value(bamboo)
    ann = Actor(ActorKind.STAFF, str(UUID(int=1)), StaffRole.ADMIN, proven_until=april + DAY)
    await partners.approve_settlement(bamboo, made, actor=ann, now=april)
    [settlement] = (await ask(SETTLED, who=caller, at=april))["partner"]["settlements"]["nodes"]
    assert settlement == {"month": "2026-03-01", "state": "APPROVED", "dueMinor": 24_50}
