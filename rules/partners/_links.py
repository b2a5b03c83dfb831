"""Links: the codes by which a partner brings members, one for each channel and campaign it wishes to tell apart."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from models.sql import SQL
from rules import audit, referrals
from rules.actors import Actor
from rules.idempotency import Key, Slip
from rules.partners._account import hold
from rules.partners._statistics import CELLS_MAX
from rules.refusals import NotFound, Refusal
from rules.transactions import transaction

LINKS_MAX = CELLS_MAX - 1
"""How many links a partner has at most, those that are retired among them: so many cells do statistics have, and
one for all that is told without a channel."""


@dataclass(eq=False)
class PartnerLinkLimit(Refusal):
    """This partner has as many links as there may be."""

    zh = "该合作伙伴的推广链接数量已达上限。"
    limit: int


COUNT = SQL("SELECT COUNT(*) AS n FROM referral_code WHERE partner_id = $1", fans_out="a partner's links are few")


@transaction
async def open_link(
    partner_id: UUID, channel: str, campaign: str | None = None, *, key: Key, actor: Actor, now: datetime
) -> str:
    """A new link of a partner, and its code. The same key is always answered by the same one.

    Raises: NotFound, IdempotencyKeyReused, PartnerLinkLimit, ReferralChannelInvalid, ReferralCampaignUnknown.
    """
    await hold(partner_id)
    slip = Slip(partner_id, actor, key, "partner.open_link", (channel, campaign))
    if earlier := await slip.recall():
        return str(earlier["code"])
    if await COUNT.value(partner_id) >= LINKS_MAX:
        raise PartnerLinkLimit(LINKS_MAX)
    if campaign is not None:
        await referrals.check_campaign(campaign, partner_id)
    made = await referrals.open_code(channel, partner_id=partner_id, campaign=campaign, now=now)
    facts = {"partner": str(partner_id), "channel": channel, "campaign": campaign}
    await audit.note(actor, slip.operation, facts=facts, now=now)
    await slip.keep({"code": made.code}, now)
    return made.code


WHOSE = SQL("SELECT partner_id FROM referral_code WHERE code = $1")


@transaction
async def retire_link(partner_id: UUID, code: str, *, actor: Actor, now: datetime) -> bool:
    """Have a partner's link bring nobody any more. Says whether it did until now.

    Raises: NotFound.
    """
    await hold(partner_id)
    if await WHOSE.value(code) != partner_id:
        raise NotFound
    if not await referrals.retire_code(code, now):
        return False
    facts = {"partner": str(partner_id)}
    await audit.note(actor, "partner.retire_link", facts=facts, now=now)
    return True
