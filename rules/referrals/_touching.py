"""Touches: that somebody came by way of a code, without a word of who it was."""

from datetime import datetime, timedelta

from models.referrals import ReferralTouch
from models.sql import SQL, insert
from rules import attempts, vault
from rules.attempts import TooManyAttempts
from rules.idempotency import Key
from rules.referrals._codes import CHANNEL, ReferralChannelInvalid, find_code
from rules.transactions import transaction

DEVICE_MAX = 128
DEVICE, ONCE = "referral device", "referral touch"
"""What a device and a request are marked for."""

PER_DEVICE, PER_NETWORK = 60, 2_000
"""How many touches an hour are written down of one device, and of one network."""

KEPT_FOR = timedelta(days=400)
"""How long touches are kept: the longest window, and a month."""


def device_hash(device: str) -> str:
    """What a device is known by. Nothing of it can be read back."""
    return vault.unlocked().mark(DEVICE, device)


@transaction
async def touch(
    said: str, device: str, *, channel: str | None = None, network: str | None, key: Key, now: datetime
) -> None:
    """Write down that a device came by way of a code. An unknown or a retired one is answered like any other.

    Whoever comes may name a channel of a member's code; a partner's link has its own, by which it is told figures.
    Too many of one device or one network are refused alike, whatever their codes.

    Raises: ReferralChannelInvalid, TooManyAttempts.
    """
    if channel is not None and not CHANNEL.fullmatch(channel):
        raise ReferralChannelInvalid
    whose = device_hash(device[:DEVICE_MAX])
    for what, who, most in ((DEVICE, whose, PER_DEVICE), (ONCE, network or "", PER_NETWORK)):
        if await attempts.count(what, who, now=now) > most:
            raise TooManyAttempts(int(attempts.CEILING_FOR.total_seconds()))
    found = await find_code(said)
    if found is None or found.retired_at is not None:
        return
    row = {
        "code": found.code,
        "channel": found.channel if found.partner_id else channel or found.channel,
        "campaign": found.campaign,
        "partner_id": found.partner_id,
        "device_hash": whose,
        "once": vault.unlocked().mark(ONCE, whose, found.code, key),
        "at": now,
    }
    await insert(ReferralTouch, [row], ignore_conflicts=True)


TOUCHES = SQL(
    "SELECT code, channel, at FROM referral_touch WHERE device_hash = $1 AND at > $2 ORDER BY at, id LIMIT $3"
)
LAST_TOUCHES = SQL(
    "SELECT code, channel, at FROM referral_touch WHERE device_hash = $1 AND at > $2"
    " ORDER BY at DESC, id DESC LIMIT $3"
)
TOUCHES_READ = 50


async def touches(device: str, since: datetime, *, first: bool) -> list[tuple[str, str, datetime]]:
    """The touches of a device since a moment, from the first on or from the last back: code, channel, when."""
    read = TOUCHES if first else LAST_TOUCHES
    rows = await read.rows(device_hash(device[:DEVICE_MAX]), since, TOUCHES_READ)
    return [(row["code"], row["channel"], row["at"]) for row in rows]
