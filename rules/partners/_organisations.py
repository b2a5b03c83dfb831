"""Organisations: partners are registered, disabled while something is wrong, and enabled again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from models.commissions import PartnerAccount
from models.partners import Partner
from models.sql import SQL, insert
from models.units import WHOLE, BasisPoints, ReasonCode, is_plain
from rules import audit
from rules.actors import Actor
from rules.recognition import changes
from rules.refusals import NotFound, Refusal
from rules.transactions import transaction

NAME_MAX = 80
NO_FEE = BasisPoints(0)


@dataclass(eq=False)
class PartnerNameTaken(Refusal):
    """Another partner goes by this name."""

    zh = "该合作伙伴名称已被使用。"
    field = ("name",)


@dataclass(eq=False)
class PartnerNameInvalid(Refusal):
    """A partner's name has 1 to 80 printable characters, and no spaces around it."""

    zh = "合作伙伴名称应为 1 至 80 个可打印字符，首尾不留空格。"
    field = ("name",)


@dataclass(eq=False)
class PartnerFeeInvalid(Refusal):
    """A fee is 0 to 9,999 basis points of what is settled."""

    zh = "手续费应为结算额的 0 至 9999 个基点。"
    field = ("feeBps",)


def check_name(name: str) -> None:
    """Refuse what is no name.

    Raises: PartnerNameInvalid.
    """
    if not 0 < len(name) <= NAME_MAX or name != name.strip() or not is_plain(name):
        raise PartnerNameInvalid


NAMED = SQL("SELECT id FROM partner WHERE name = $1")


@transaction
async def register(name: str, *, fee_bps: BasisPoints = NO_FEE, actor: Actor, now: datetime) -> UUID:
    """Register a partner organisation, of whose settlements a fee is kept.

    Raises: PartnerNameInvalid, PartnerNameTaken, PartnerFeeInvalid.
    """
    check_name(name)
    if not 0 <= fee_bps < WHOLE:
        raise PartnerFeeInvalid
    if await NAMED.value(name):
        raise PartnerNameTaken
    partner_id = uuid4()
    await insert(Partner, [{"id": partner_id, "name": name, "created_at": now}])
    await insert(PartnerAccount, [{"partner_id": partner_id, "fee_bps": fee_bps}])
    facts = {"partner": str(partner_id), "fee_bps": fee_bps}
    await audit.note(actor, "partner.register", facts=facts, now=now)
    return partner_id


ONE = SQL("SELECT id, disabled_at FROM partner WHERE id = $1 FOR UPDATE")
DISABLE = SQL("UPDATE partner SET disabled_at = $2 WHERE id = $1")


@transaction
async def disable(partner_id: UUID, *, reason: ReasonCode, actor: Actor, now: datetime) -> bool:
    """Let a partner's keys open nothing, in every process within a second. Says whether they did until now.

    Raises: NotFound.
    """
    return await _switch(partner_id, now, "partner.disable", reason, actor, now)


@transaction
async def enable(partner_id: UUID, *, reason: ReasonCode, actor: Actor, now: datetime) -> bool:
    """Let a disabled partner's keys open again what they did. Says whether it was disabled.

    Raises: NotFound.
    """
    return await _switch(partner_id, None, "partner.enable", reason, actor, now)


async def _switch(
    partner_id: UUID, disabled_at: datetime | None, action: str, reason: ReasonCode, actor: Actor, now: datetime
) -> bool:
    row = await ONE.row(partner_id)
    if row is None:
        raise NotFound
    if (row["disabled_at"] is None) == (disabled_at is None):
        return False
    await DISABLE.run(partner_id, disabled_at)
    changes()
    await audit.note(actor, action, reason=reason, facts={"partner": str(partner_id)}, now=now)
    return True


ALL = SQL("SELECT id, name FROM partner ORDER BY name LIMIT $1", fans_out="an operator looks at all partners")


async def listed(most: int) -> list[dict[str, Any]]:
    """The partner organisations, by their names."""
    return await ALL.rows(most)
