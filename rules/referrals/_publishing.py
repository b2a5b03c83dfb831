"""Publishing: a version of a campaign comes into force, and every version is kept."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from models.referral_rewards import ReferralBudget
from models.referrals import ReferralCampaign
from models.sql import SQL, insert
from models.units import BALANCE_MAX
from rules import audit, lint, programme
from rules.actors import Actor
from rules.idempotency import NOBODYS, Key, Slip
from rules.lint import Severity
from rules.policy import plain
from rules.programme import NoProgramme
from rules.referrals._campaign import Campaign, ReferralCampaignInvalid, check, parsed
from rules.refusals import NotFound, Refusal
from rules.transactions import transaction

CAMPAIGNS_MAX = 100
"""How many codes of campaigns there may be."""


@dataclass(eq=False)
class ReferralCampaignChanged(Refusal):
    """The campaign is not at the version it was expected to be at."""

    zh = "推荐活动的版本已变更。"
    field = ("expectedVersion",)
    version: int


@dataclass(eq=False)
class ReferralCampaignUnlawful(Refusal):
    """The law or WeChat forbids this campaign: `campaignLint` says by which rule."""

    zh = "该活动违反法律或微信平台规则，请查看 campaignLint 的检查结果。"
    findings: str


@dataclass(frozen=True, slots=True)
class Published:
    """A version that was published."""

    campaign: Campaign
    replayed: bool = False


IN_TURN = SQL("SELECT one FROM programme WHERE one = 1 FOR UPDATE")
LAST = SQL("SELECT COALESCE(MAX(version), 0) AS version FROM referral_campaign WHERE code = $1")
CODES = SQL("SELECT COUNT(DISTINCT code) AS n FROM referral_campaign")


@transaction
async def publish(
    wanted: Campaign, *, expected_version: int | None = None, key: Key, actor: Actor, now: datetime
) -> Published:
    """Bring a campaign into force, or its next version. Who is bound already keeps to theirs.

    `expected_version` is the newest there is, 0 for none. One ends by a version whose `ends_at` has come.

    Raises: NotFound, IdempotencyKeyReused, ReferralCampaignInvalid, ReferralActUnavailable,
    ReferralCampaignUnlawful, ReferralCampaignChanged.
    """
    if await IN_TURN.row() is None:
        raise NoProgramme(NoProgramme.__doc__)
    told = plain(replace(wanted, version=0))
    slip = Slip(NOBODYS, actor, key, "referral-campaign.publish", (told, expected_version))
    if earlier := await slip.recall():
        return Published(await campaign(earlier["code"], earlier["version"]), replayed=True)
    check(wanted)
    _check_lawful(told)
    last = await LAST.value(wanted.code)
    if expected_version is not None and expected_version != last:
        raise ReferralCampaignChanged(last)
    await _check_known(wanted, is_new=not last)
    done = replace(wanted, version=last + 1, starts_at=wanted.starts_at or now)
    await insert(ReferralCampaign, [_row(done, actor, now)])
    await _budget(done)
    facts = {"campaign": done.code, "version": done.version}
    await audit.note(actor, slip.operation, facts=facts, now=now)
    await slip.keep({"code": done.code, "version": done.version}, now)
    return Published(done)


def _check_lawful(told: dict[str, Any]) -> None:
    """Raises: ReferralCampaignUnlawful."""
    found = [each for each in lint.findings(told) if each.severity is Severity.BLOCKS]
    if found:
        raise ReferralCampaignUnlawful(", ".join(dict.fromkeys(each.code.value for each in found)))


def _row(done: Campaign, actor: Actor, now: datetime) -> dict[str, object]:
    starts = done.starts_at or now
    return {
        "code": done.code,
        "version": done.version,
        "document": orjson.dumps(plain(done)).decode(),
        "starts_at": starts,
        "ends_at": done.ends_at if done.ends_at is None else max(done.ends_at, starts),
        "published_at": now,
        "published_by": actor.principal,
    }


PARTNERS = SQL("SELECT COUNT(*) AS n FROM partner WHERE id = ANY($1::uuid[])")


async def _check_known(wanted: Campaign, *, is_new: bool) -> None:
    """Refuse what names a tier or a partner there is not, or is one campaign too many.

    Raises: ReferralCampaignInvalid, NotFound.
    """
    only = {UUID(each) for each in wanted.partner.only}
    if only and await PARTNERS.value(list(only)) != len(only):
        raise NotFound
    ladder = {rung.code for rung in (await programme.terms()).ladder}
    named = {each.tier for side in (wanted.referrer, wanted.referee) for each in side.by_tier}
    if unknown := sorted(named - ladder):
        raise ReferralCampaignInvalid(f"There is no tier {unknown[0]}.")
    if is_new and await CODES.value() >= CAMPAIGNS_MAX:
        raise ReferralCampaignInvalid(f"There are {CAMPAIGNS_MAX} campaigns at most.")


USED = SQL("SELECT used FROM referral_budget WHERE campaign = $1 FOR UPDATE")
WIDEN = SQL("UPDATE referral_budget SET budget = $2 WHERE campaign = $1 RETURNING campaign")


async def _budget(done: Campaign) -> None:
    """Give the campaign's budget its width. Raises: ReferralCampaignInvalid, when more was given already."""
    width = BALANCE_MAX if done.budget is None else done.budget
    used = await USED.value(done.code)
    if used is None:
        await insert(ReferralBudget, [{"campaign": done.code, "budget": width}])
    elif used > width:
        raise ReferralCampaignInvalid(f"Of this budget {used} points are given already.")
    else:
        await WIDEN.row(done.code, width)


OF_VERSION = SQL("SELECT document FROM referral_campaign WHERE code = $1 AND version = $2")


async def campaign(code: str, version: int) -> Campaign:
    """A version of a campaign.

    Raises: NotFound.
    """
    told = await OF_VERSION.value(code, version)
    if told is None:
        raise NotFound
    return parsed(told)


NEWEST = SQL(
    "SELECT c.document FROM referral_campaign c WHERE NOT EXISTS (SELECT 1 FROM referral_campaign n"
    " WHERE n.code = c.code AND n.version > c.version) ORDER BY c.code"
)


async def newest() -> list[Campaign]:
    """The newest version of each campaign, by their codes."""
    return [parsed(row["document"]) for row in await NEWEST.rows()]


def meant(
    known: list[Campaign], code: str | None, at: datetime, *, partner_id: UUID | None = None
) -> Campaign | None:
    """The campaign by which a code binds at that moment: its own, or the highest that runs; None for none.

    A partner's code never binds by a campaign that is for others.
    """
    running = [
        each
        for each in known
        if each.runs(at) and (code is None or each.code == code) and each.partner.are_for(partner_id)
    ]
    return max(running, key=lambda each: (each.priority, each.code), default=None)
