"""Binding: who brought a new member, by the code they brought or the touches of their device, or by staff."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from models.referrals import ReferralState
from models.sql import SQL
from models.units import ReasonCode
from rules import audit, heirs, members
from rules.actors import Actor
from rules.idempotency import Key, Slip
from rules.outbox import Event, tell
from rules.referrals._campaign import Attribution, Campaign
from rules.referrals._codes import Code, find_code, find_codes
from rules.referrals._course import Course, Referral
from rules.referrals._keeping import keep
from rules.referrals._looking import look, queue_up
from rules.referrals._objecting import Objection, objection_to, objection_to_staff
from rules.referrals._publishing import meant, newest
from rules.referrals._touching import KEPT_FOR, device_hash, touches
from rules.refusals import Refusal
from rules.transactions import transaction


@dataclass(eq=False)
class ReferralNotPossible(Refusal):
    """This member cannot be bound to that referrer."""

    zh = "无法建立推荐关系。"
    reason: str


@dataclass(frozen=True, slots=True)
class Came:
    """How somebody came to register: the code they brought, the device they use."""

    code: str | None = None
    device: str | None = None


@dataclass(frozen=True, slots=True)
class Whence:
    """By whose code somebody came, on which channel, under which campaign."""

    code: Code
    channel: str
    campaign: Campaign


async def came_by(referee_id: UUID, came: Came, *, now: datetime) -> tuple[Objection | None, list[Event]]:
    """Bind a held member who has just registered to whoever brought them; what stands against it, if anything does.

    A code they brought is their last touch. What is in the way keeps nobody from registering.
    """
    found = await _whence(came, now)
    if isinstance(found, Objection):
        return found, []
    whose = found.code
    if objection := await objection_to(referee_id, whose.referrer_id):
        return objection, []
    referrer_id = whose.referrer_id and await heirs.heir_of(whose.referrer_id)
    device = None if came.device is None else device_hash(came.device)
    told = {"partner_id": whose.partner_id, "code": whose.code, "channel": found.channel, "device_hash": device}
    await queue_up(device, now)
    course = _begun(referee_id, found.campaign, "CODE", now, referrer_id=referrer_id, **told)
    await look(course)
    course.doubt(now)
    return None, await _kept(course)


async def _whence(came: Came, now: datetime) -> Whence | Objection:
    """By whose code somebody came: by the last of their touches, or the first of those under its campaign."""
    known = await newest()
    said = [] if came.code is None else [(came.code, None, now)]
    touched = [] if came.device is None else await touches(came.device, now - KEPT_FOR, first=False)
    found = await _running([*said, *touched], known, now)
    if not found:
        return Objection.CAMPAIGN_NOT_RUNNING if await _is_code(came) else Objection.NOT_FOUND
    last, _ = found[0]
    if last.campaign.attribution is Attribution.MANUAL:
        return Objection.MANUAL
    if last.campaign.attribution is Attribution.LAST_TOUCH_WINDOW:
        return _within(found[:1], now)
    is_permanent = last.campaign.attribution is Attribution.FIRST_TOUCH_PERMANENT
    since = now - (KEPT_FOR if is_permanent else timedelta(days=last.campaign.window_days))
    early = [] if came.device is None else await touches(came.device, since, first=True)
    firsts = [each for each in await _running([*early, *said], known, now) if each[0].campaign == last.campaign]
    firsts += found[:1]
    return firsts[0][0] if is_permanent else _within(firsts, now)


async def _is_code(came: Came) -> bool:
    found = None if came.code is None else await find_code(came.code)
    return found is not None and found.retired_at is None


async def _running(
    told: Sequence[tuple[str, str | None, datetime]], known: list[Campaign], now: datetime
) -> list[tuple[Whence, datetime]]:
    """Those of the touches that are of live codes under campaigns that run, with when they were."""
    codes = await find_codes({said for said, _, _ in told})
    found: list[tuple[Whence, datetime]] = []
    for said, channel, at in told:
        code = codes.get(said)
        campaign = None if code is None else _campaign_of(code, known, now)
        if code is not None and campaign is not None:
            found.append((Whence(code, channel or code.channel, campaign), at))
    return found


def _campaign_of(code: Code, known: list[Campaign], now: datetime) -> Campaign | None:
    """The campaign by which a code brings somebody at that moment; None where it brings nobody."""
    return None if code.retired_at else meant(known, code.campaign, now, partner_id=code.partner_id)


def _within(found: Sequence[tuple[Whence, datetime]], now: datetime) -> Whence | Objection:
    """The first of these that lies within its campaign's window."""
    fresh = [each for each, at in found if at > now - timedelta(days=each.campaign.window_days)]
    return fresh[0] if fresh else Objection.NOT_FOUND


PROVEN = SQL("SELECT id FROM member_identity WHERE member_id = $1 AND verified LIMIT 1")


async def _is_proven(member_id: UUID) -> bool:
    return await PROVEN.row(member_id) is not None


def _begun(referee_id: UUID, campaign: Campaign, cause: str, now: datetime, **whose: Any) -> Course:
    """The course of a referral that has just begun."""
    found = Referral(
        referee_id=referee_id,
        campaign=campaign.code,
        campaign_version=campaign.version,
        state=ReferralState.BOUND,
        cause=cause,
        bound_at=now,
        valid_until=now + timedelta(days=campaign.valid_days),
        qualifies_at=None,
        qualified_at=None,
        claw_back_until=None,
        purchase_id=None,
        spent_minor=0,
        seq=0,
        score=0,
        evidence=None,
        cleared=None,
        review_until=None,
        reward_skipped=None,
        **{"bound_by": None, "device_hash": None, **whose},
    )
    course = Course(found, campaign, now)
    course.turn(ReferralState.BOUND, cause, now)
    return course


async def _kept(course: Course) -> list[Event]:
    """Have a referral written that has just begun, with what it has come to already."""
    found = course.referral
    if await _is_proven(found.referee_id):
        course.registered(course.now)
    course.pass_time()
    pair = None if found.referrer_id is None else ":".join(sorted((str(found.referrer_id), str(found.referee_id))))
    return keep(course, {"pair": pair})


@dataclass(frozen=True, slots=True)
class Bound:
    """A member who was bound by staff."""

    referee_id: UUID
    replayed: bool = False


@transaction
async def bind(referee_id: UUID, said: str, *, reason: ReasonCode, key: Key, actor: Actor, now: datetime) -> Bound:
    """Staff bind a member to the owner of a code. Orders they have paid before count for nothing.

    Raises: NotFound, IdempotencyKeyReused, MemberNotActive, MemberMerged, MemberFrozen, ReferralNotPossible.
    """
    held = await members.hold(referee_id)
    slip = Slip(referee_id, actor, key, "referral.bind", (said, reason))
    if await slip.recall() is not None:
        return Bound(referee_id, replayed=True)
    if refused := members.inactivity(held.state):
        raise refused
    code = await find_code(said)
    campaign = None if code is None else _campaign_of(code, await newest(), now)
    if code is None or campaign is None:
        raise ReferralNotPossible((Objection.NOT_FOUND if code is None else Objection.CAMPAIGN_NOT_RUNNING).value)
    own = await objection_to_staff(actor, referee_id, code.referrer_id)
    if objection := own or await objection_to(referee_id, code.referrer_id):
        raise ReferralNotPossible(objection.value)
    referrer_id = code.referrer_id and await heirs.heir_of(code.referrer_id)
    whose = {"referrer_id": referrer_id, "partner_id": code.partner_id, "bound_by": actor.principal}
    told = {"code": code.code, "channel": code.channel}
    course = _begun(referee_id, campaign, "STAFF", now, **whose, **told)
    await look(course)
    course.doubt(now)
    await tell(referee_id, await _kept(course), now)
    facts = {"campaign": campaign.code, "version": campaign.version}
    await audit.note(actor, slip.operation, member_id=referee_id, reason=reason, facts=facts, now=now)
    await slip.keep({}, now)
    return Bound(referee_id)
