"""Corruptions of referrals, and the members on whose books they are planted."""

from uuid import UUID

from models.units import Growth, Points
from rules.policy import ClawBack, ClawBackPolicy
from rules.referrals import Caps, Milestone, Reward
from tests.people import DAY, NOON, buy, member, programme, publish, redeem, refund
from tests.referring import campaign, code, friend, work

NOBODY = "'00000000-0000-4000-8000-00000000dead'"
GRANTED = "side = 'REFERRER' AND outcome = 'GRANTED'"

REFERRED: dict[str, list[str]] = {
    "referrals are told": [
        "UPDATE referral SET state = 'BOUND' WHERE state = 'REWARDED'",
        "UPDATE referral SET seq = seq + 1",
        "UPDATE referral SET spent_minor = spent_minor + 1",
        "UPDATE referral_event SET seq = 99 WHERE kind = 'BOUND'",
        "UPDATE referral_event SET gross_minor = gross_minor + 1 WHERE kind = 'ORDER'",
        "UPDATE referral_event SET referrer_id = {wang} WHERE kind = 'ORDER'",
        "DELETE FROM referral_event WHERE kind = 'COST'",
        "DELETE FROM referral WHERE state = 'CLAWED_BACK'",
    ],
    "referrals go one way": [
        "UPDATE referral SET referrer_id = (SELECT r.referee_id FROM referral r WHERE r.state = 'REWARDED')"
        " WHERE state = 'CLAWED_BACK';"
        "UPDATE referral SET referrer_id = (SELECT r.referee_id FROM referral r WHERE r.state = 'CLAWED_BACK')"
        " WHERE state = 'REWARDED'",
        "UPDATE referral SET pair = 'two others' WHERE state = 'REWARDED'",
    ],
    "rewards are of referrals": [
        f"UPDATE referral_reward SET referee_id = {NOBODY} WHERE {GRANTED}",
        "UPDATE referral SET state = 'REWARDED' WHERE state = 'CLAWED_BACK'",
        "UPDATE referral_reward SET cause = 'another' WHERE outcome = 'TAKEN_BACK' AND side = 'REFERRER'",
        "UPDATE referral SET state = 'BOUND', qualified_at = NULL, claw_back_until = NULL WHERE state = 'REWARDED'",
        "DELETE FROM referral_reward WHERE side = 'REFERRER' AND referee_id = (SELECT r.referee_id FROM referral r"
        " WHERE r.state = 'REWARDED')",
    ],
    "suspicions wait": [
        "UPDATE referral SET review_until = bound_at WHERE state = 'REWARDED'",
        "UPDATE referral SET state = 'REVIEW', score = 60 WHERE state = 'REWARDED'",
        "UPDATE referral SET state = 'REJECTED', score = 60 WHERE state = 'REWARDED'",
    ],
    "rewards are points": [
        f"UPDATE referral_reward SET points = points + 1 WHERE {GRANTED}",
        f"UPDATE referral_reward SET transaction_id = {NOBODY} WHERE {GRANTED}",
        "UPDATE referral_reward SET points = 0, transaction_id = NULL WHERE side = 'REFEREE'",
    ],
    "referrals are counted": [
        "UPDATE referral_tally SET rewarded = rewarded + 1 WHERE period = 'LIFETIME'",
        "UPDATE referral_tally SET qualified = qualified + 1 WHERE period = 'LIFETIME'",
        "UPDATE referral_tally SET qualified = 0 WHERE period = 'DAY'",
        "DELETE FROM referral_tally WHERE period = 'DAY'",
    ],
    "budgets of referrals are counted": [
        "UPDATE referral_budget SET used = used + 1",
        "UPDATE referral_debt SET owed = owed + 1",
        "DELETE FROM referral_debt",
    ],
    "what is kept of rewards was given": [
        "UPDATE referral_reward SET outcome = 'NETTED', points = 0, growth = 0, netted = 1, transaction_id = NULL"
        " WHERE side = 'REFEREE' AND outcome = 'GRANTED'",
    ],
    "written off once": ["UPDATE points_transaction SET written_off = 1000 WHERE kind = 'CLAWBACK'"],
    "milestones were reached": [
        "UPDATE referral_milestone SET revoked_at = NULL",
        f"UPDATE referral_milestone SET reward_id = (SELECT r.id FROM referral_reward r WHERE {GRANTED}"
        " AND r.member_id = {mei} LIMIT 1)",
        "UPDATE referral_milestone SET member_id = {wang}",
    ],
}


async def the_friends() -> tuple[UUID, UUID]:
    """Mei brought three: one was rewarded, one clawed back when she had spent it, one is beyond her cap."""
    await programme()
    await publish(claw_back=ClawBack(ClawBackPolicy.CLAMP))
    milestones = (Milestone(3, Points(30)),)
    await campaign(
        caps=Caps(day=2), budget=Points(1_000), milestones=milestones, referrer=Reward(Points(100), Growth(3))
    )
    mei, wang = await member("Mei"), await member("Wang")
    said = await code(mei)
    for ref in ("first", "second", "third"):
        await buy(await friend(said), 50_00, ref=ref)
    await work()
    await redeem(mei, 225)
    await refund("second", {"A": 50_00}, at=NOON + DAY)
    await work(NOON + DAY)
    return mei, wang
