"""Referring, for the tests: campaigns, codes, and those who come by them.

`await campaign(hold_days=0)` publishes one; `lan = await friend(await code(mei))` registers somebody by Mei's code,
and `await work()` is a worker who does all that is due about referrals.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from models.referrals import (
    IdentityTombstone,
    ReferralCode,
)
from models.sql import SQL, insert
from models.staff import StaffRole
from models.units import Points, ReasonCode
from rules import jobs, lifecycle, partners, referrals
from rules.actors import SYSTEM, Actor, ActorKind
from rules.idempotency import Key
from rules.jobs import TASKS
from rules.members import Profile
from rules.policy import ClawBack, ClawBackPolicy
from rules.referrals import Bound, Came, Campaign, Milestone, Published, QualifyingAct, Reward
from tests.people import CLERK, NOON, SHOP, buy, fresh_key, member, phone, publish, redeem, refund

LEAD = Actor(ActorKind.STAFF, "00000000-0000-4000-8000-00000000000a", role=StaffRole.ADMIN)


def told(**parts: Any) -> Campaign:
    """A campaign: 100 points for whoever brings somebody, 20 for them, when their first order is paid."""
    usual: dict[str, Any] = {
        "code": "FRIENDS",
        "name": "Bring a friend",
        "act": QualifyingAct.FIRST_ORDER_PAID,
        "hold_days": 0,
        "referrer": Reward(Points(100)),
        "referee": Reward(Points(20)),
    }
    return Campaign(**{**usual, **parts})


async def campaign(*, at: datetime = NOON, **parts: Any) -> Published:
    """A campaign in force."""
    return await referrals.publish(told(**parts), key=fresh_key(), actor=LEAD, now=at)


async def code(member_id: UUID, channel: str = referrals.USUAL, *, at: datetime = NOON) -> str:
    """A member's code for a channel."""
    return (await referrals.own_code(member_id, channel, now=at)).code


async def touch(
    said: str,
    device: str = "phone-1",
    *,
    channel: str | None = None,
    network: str | None = "203.0.113.0/24",
    key: Key | None = None,
    at: datetime = NOON,
) -> None:
    """A device comes by way of a code."""
    await referrals.touch(said, device, channel=channel, network=network, key=key or fresh_key(), now=at)


async def friend(
    said: str | None = None, *, device: str | None = None, number: str | None = None, at: datetime = NOON
) -> UUID:
    """Somebody registers with a code, or by the touches of their device."""
    came = Came(said, device)
    who, _ = await lifecycle.enroll(None, [phone(number)], Profile(), came=came, actor=SHOP, now=at)
    return who


async def bound(member_id: UUID, said: str, *, key: Key | None = None, at: datetime = NOON) -> Bound:
    """Staff bind a member to whose code it is."""
    why = ReasonCode("FORGOT_CODE")
    return await referrals.bind(member_id, said, reason=why, key=key or fresh_key(), actor=CLERK, now=at)


NAMES = ("referrals.mature", "referrals.reward", "referrals.claw_back")


async def work(at: datetime = NOON) -> int:
    """A worker does all that is due about referrals by then; how many jobs that were."""
    did = 0
    while leases := [lease for name in NAMES if (lease := await jobs.claim(name, now=at))]:
        for lease in leases:
            await TASKS[lease.name].work(lease.facts, at)
            await jobs.finish(lease, now=at)
            did += 1
    return did


STANDS = SQL("SELECT state, cause, reward_skipped FROM referral WHERE referee_id = $1")
STEPS = SQL("SELECT kind FROM referral_event WHERE member_id = $1 ORDER BY seq")
GIVEN = SQL("SELECT side, outcome, reason, points FROM referral_reward WHERE member_id = $1 ORDER BY id")


async def state(referee_id: UUID) -> str | None:
    """Where a referral stands; None where there is none."""
    row = await STANDS.row(referee_id)
    return None if row is None else str(row["state"])


async def steps(referee_id: UUID) -> list[str]:
    """What happened to a referral, in its order."""
    return [row["kind"] for row in await STEPS.rows(referee_id)]


async def given(member_id: UUID) -> list[tuple[str, str, int]]:
    """A member's rewards: of which side, what became of them, and the points."""
    return [(row["side"], row["outcome"], row["points"]) for row in await GIVEN.rows(member_id)]


async def furnish(referrer_id: UUID, *, owes: bool = False) -> None:
    """A row in every table of referrals: a friend who was rewarded, and one whom a partner brought."""
    await campaign(milestones=(Milestone(1, Points(5)),))
    said = await code(referrer_id)
    await touch(said)
    await buy(await friend(said), 10_00, ref="furnished")
    await work()
    partner_id = await partners.register("Tea Club", actor=SYSTEM, now=NOON)
    theirs = {"code": "CDEFGHJK23", "channel": "POSTER", "created_at": NOON, "referrer_id": None}
    await insert(ReferralCode, [{**theirs, "partner_id": partner_id}])
    await friend("CDEFGHJK23")
    await insert(IdentityTombstone, [{"digest": "somebody", "created_at": NOON}])
    if owes:
        await _owing()


async def _owing() -> None:
    """Somebody has spent a reward before it was taken back."""
    await publish(claw_back=ClawBack(ClawBackPolicy.CLAMP))
    su = await member("Su")
    await buy(await friend(await code(su)), 10_00, ref="given back")
    await work()
    await redeem(su, 100)
    await refund("given back", {"A": 10_00})
    await work()
