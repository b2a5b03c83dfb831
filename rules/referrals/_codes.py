"""Codes: by which a member or a partner recommends the programme, one for each channel."""

import re
import secrets
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from models.referrals import CODE_MAX, ReferralCode
from models.sql import SQL
from models.writing import add
from rules import members
from rules.referrals._publishing import newest
from rules.refusals import Refusal
from rules.transactions import transaction

LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without those that are taken for each other: 0 and O, 1, I and L."""

LENGTH = 10
"""Some 50 bits: nobody guesses one that is counted after so many tries."""

CHANNEL = re.compile(rf"[A-Z0-9_]{{1,{CODE_MAX}}}")
USUAL = "LINK"
"""The channel of a code for which nobody named one."""

CHANNELS_MAX = 20
"""How many codes a member has at most."""

SCENE = "r="
"""How a mini-program's scene begins that carries a code: of its 32 characters 12 are used."""


@dataclass(eq=False)
class ReferralChannelInvalid(Refusal):
    """A channel is 1 to 32 capitals, digits and underscores."""

    zh = "渠道代码无效。"
    field = ("channel",)


@dataclass(eq=False)
class ReferralChannelLimit(Refusal):
    """There are no more channels for one member."""

    zh = "渠道数量已达上限。"
    field = ("channel",)
    limit: int


@dataclass(eq=False)
class ReferralCampaignUnknown(Refusal):
    """There is no such referral campaign."""

    zh = "推荐活动不存在。"
    field = ("campaign",)


@dataclass(frozen=True, slots=True)
class Code:
    """A code, and whose it is."""

    code: str
    referrer_id: UUID | None
    partner_id: UUID | None
    channel: str
    campaign: str | None
    created_at: datetime
    retired_at: datetime | None = None

    @property
    def scene(self) -> str:
        """What a mini-program's code carries as its scene."""
        return SCENE + self.code


COLUMNS = "code, referrer_id, partner_id, channel, campaign, created_at, retired_at"
FIND = SQL(
    "SELECT c.code, c.referrer_id, c.partner_id, c.channel, c.campaign, c.created_at, COALESCE(c.retired_at,"
    " p.disabled_at) AS retired_at FROM referral_code c LEFT JOIN partner p ON p.id = c.partner_id"
    " WHERE c.code = ANY($1::text[])",
    fans_out="a code is found by itself, whosever it is",
)
OF_MEMBER = SQL(
    f"SELECT {COLUMNS} FROM referral_code WHERE referrer_id = $1 AND retired_at IS NULL"  # noqa: S608  constants
    " ORDER BY created_at, code LIMIT 100",
    fans_out="a member's codes are found by whose they are",
)


def spelled(said: str) -> str | None:
    """The code somebody typed, scanned or brought as a scene; None for what cannot be one."""
    text = unicodedata.normalize("NFKC", said[: 4 * LENGTH]).strip().upper().removeprefix(SCENE.upper())
    return text if len(text) == LENGTH and set(text) <= set(LETTERS) else None


async def find_code(said: str) -> Code | None:
    """The code that is meant; None when there is none such. A disabled partner's is retired until it is enabled."""
    return (await find_codes([said])).get(said)


async def find_codes(said: Iterable[str]) -> dict[str, Code]:
    """The codes that are meant by what was said, as far as there are such."""
    texts = {each: text for each in said if (text := spelled(each)) is not None}
    rows = await FIND.rows(sorted({*texts.values()})) if texts else []
    codes = {row["code"]: Code(**row) for row in rows}
    return {each: codes[text] for each, text in texts.items() if text in codes}


async def codes_of(member_id: UUID) -> list[Code]:
    """A member's codes that are in use, the oldest first."""
    return [Code(**row) for row in await OF_MEMBER.rows(member_id)]


async def check_campaign(code: str, partner_id: UUID | None = None) -> None:
    """Refuse a code for a campaign there is not, or for one of other partners, which nobody is told apart.

    Raises: ReferralCampaignUnknown.
    """
    if not any(each.code == code and each.partner.are_for(partner_id) for each in await newest()):
        raise ReferralCampaignUnknown


async def open_code(
    channel: str,
    *,
    referrer_id: UUID | None = None,
    partner_id: UUID | None = None,
    campaign: str | None,
    now: datetime,
) -> Code:
    """Have a fresh code written, within a command that holds whose it is.

    Raises: ReferralChannelInvalid.
    """
    if not CHANNEL.fullmatch(channel):
        raise ReferralChannelInvalid
    text = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
    row: dict[str, Any] = {
        "code": text,
        "referrer_id": referrer_id,
        "partner_id": partner_id,
        "channel": channel,
        "campaign": campaign,
        "created_at": now,
    }
    add(ReferralCode, [row])
    return Code(**row)


RETIRE = SQL("UPDATE referral_code SET retired_at = $2 WHERE code = $1 AND retired_at IS NULL RETURNING code")


async def retire_code(code: str, now: datetime) -> bool:
    """A code brings nobody any more, within a command. Says no when it had been retired before."""
    return await RETIRE.row(code, now) is not None


@transaction
async def own_code(member_id: UUID, channel: str = USUAL, *, now: datetime) -> Code:
    """A member's code for a channel: the one they have, or a fresh one. It costs nothing and asks for no purchase.

    Raises: NotFound, MemberFrozen, MemberNotActive, MemberMerged, ReferralChannelInvalid, ReferralChannelLimit.
    """
    held = await members.hold(member_id)
    if refused := members.inactivity(held.state):
        raise refused
    if not CHANNEL.fullmatch(channel):
        raise ReferralChannelInvalid
    known = await codes_of(member_id)
    if found := next((each for each in known if each.channel == channel), None):
        return found
    if len(known) >= CHANNELS_MAX:
        raise ReferralChannelLimit(CHANNELS_MAX)
    return await open_code(channel, referrer_id=member_id, campaign=None, now=now)
