"""Objections: what stands against binding somebody to whoever is said to have brought them."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from models.members import MemberState
from models.referrals import IdentityTombstone
from models.sql import SQL, insert
from rules import heirs, members, vault
from rules.actors import Actor, ActorKind

LEVELS = 20
"""How far up it is looked whether somebody was brought by whom they would bring."""

TOMBSTONE = "identity tombstone"


class Objection(StrEnum):
    """Why somebody is not bound."""

    NOT_FOUND = "NOT_FOUND"
    CAMPAIGN_NOT_RUNNING = "CAMPAIGN_NOT_RUNNING"
    MANUAL = "MANUAL"
    SELF = "SELF"
    CYCLE = "CYCLE"
    NOT_NEW = "NOT_NEW"
    DUPLICATE = "DUPLICATE"
    BOUND_ALREADY = "BOUND_ALREADY"
    STAFF = "STAFF"


STATE_OF = SQL("SELECT state FROM member WHERE id = $1")
UP = SQL("SELECT referrer_id FROM referral WHERE referee_id = $1")
BOUGHT = SQL(
    "SELECT id FROM purchase WHERE member_id = ANY($1::uuid[]) AND paid_at IS NOT NULL LIMIT 1",
    fans_out="a first order is a person's, whichever member they were",
)
BURIED = SQL(
    "SELECT digest FROM identity_tombstone WHERE digest = ANY($1::text[]) LIMIT 1",
    fans_out="whoever was erased by one of these names was a member before",
)
NAMES = SQL("SELECT value_hash FROM member_identity WHERE member_id = $1 AND kind IN ('PHONE', 'WECHAT_UNIONID')")
IS_BOUND = SQL("SELECT referee_id FROM referral WHERE referee_id = $1")


async def objection_to(referee_id: UUID, referrer_id: UUID | None) -> Objection | None:
    """What stands against binding a held member to a member, or to a partner; None when nothing does."""
    return await _to_referee(referee_id) or (await _to_referrer(referee_id, referrer_id) if referrer_id else None)


OWN = SQL("SELECT as_member_id FROM staff WHERE id = $1")


async def objection_to_staff(actor: Actor, referee_id: UUID, referrer_id: UUID | None) -> Objection | None:
    """What stands against that somebody of the staff binds them: that one of the two is themselves."""
    own = await OWN.value(UUID(actor.id)) if actor.kind is ActorKind.STAFF else None
    if own is None:
        return None
    is_own = await heirs.heir_of(own) in (referee_id, referrer_id and await heirs.heir_of(referrer_id))
    return Objection.STAFF if is_own else None


async def _to_referee(referee_id: UUID) -> Objection | None:
    """Nobody is brought twice, nor who was a member before, also under another name, or has bought anything."""
    if await IS_BOUND.row(referee_id):
        return Objection.BOUND_ALREADY
    if await BURIED.row([tombstone(row["value_hash"]) for row in await NAMES.rows(referee_id)]):
        return Objection.DUPLICATE
    if await BOUGHT.row([referee_id, *await members.absorbed(referee_id)]):
        return Objection.NOT_NEW
    return None


async def _to_referrer(referee_id: UUID, referrer_id: UUID) -> Objection | None:
    """Nobody brings themselves, nor whoever brought them, also by way of others; only a member brings anybody."""
    whose = await heirs.heir_of(referrer_id)
    if whose == referee_id:
        return Objection.SELF
    if await STATE_OF.value(whose) != MemberState.ACTIVE.value:
        return Objection.NOT_FOUND
    return Objection.CYCLE if await _is_above(referee_id, whose) else None


async def _is_above(member_id: UUID, below: UUID) -> bool:
    """Whether a member stands among those by way of whom another was brought."""
    above = await UP.value(below)
    for _level in range(LEVELS):
        if above is None:
            return False
        above = await heirs.heir_of(above)
        if above == member_id:
            return True
        above = await UP.value(above)
    return False


def tombstone(value_hash: str) -> str:
    """What is kept of a name whose owner was erased: nothing that could be compared with anything else."""
    return vault.unlocked().mark(TOMBSTONE, value_hash)


DEVICES_GONE = SQL(
    "UPDATE referral SET device_hash = NULL WHERE referee_id = ANY($1::uuid[]) AND device_hash IS NOT NULL",
    fans_out="who somebody was before a merge is forgotten with them",
)


STAFF_GONE = SQL("UPDATE staff SET as_member_id = NULL WHERE as_member_id = ANY($1::uuid[])")


async def bury(member_id: UUID, now: datetime) -> None:
    """Keep of a held member who is being erased that somebody by their names was a member, and no more."""
    them = [member_id, *await members.absorbed(member_id)]
    await DEVICES_GONE.run(them)
    await STAFF_GONE.run(them)
    rows = [{"digest": tombstone(row["value_hash"]), "created_at": now} for row in await NAMES.rows(member_id)]
    await insert(IdentityTombstone, rows, ignore_conflicts=True)
