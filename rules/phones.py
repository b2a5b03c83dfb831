"""Phones: how a number that WeChat vouches for finds its member, and makes a shell and a member one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from models.members import MemberState
from models.sql import SQL
from rules import credentials, heirs, members, referrals
from rules.members import Identity
from rules.outbox import Event, tell
from rules.refusals import Busy, Refusal
from rules.transactions import transaction


@dataclass(eq=False)
class PhoneTaken(Refusal):
    """This phone number is another member's. Customer service can help."""

    zh = "该手机号属于另一位会员，请联系客服。"
    field = ("phoneCode",)


@dataclass(eq=False)
class PhoneCodeRefused(Refusal):
    """This phone code is unknown, used or expired. Let the member press the button again."""

    zh = "手机号授权码无效、已使用或已过期，请重新获取。"
    field = ("phoneCode",)


@dataclass(eq=False)
class PhoneLookupsSpent(Refusal):
    """No more phone numbers can be asked of WeChat today."""

    zh = "今日获取手机号的次数已用完，请明天再试。"
    retryable = True
    field = ("phoneCode",)


PROVEN = SQL("SELECT id FROM member_identity WHERE member_id = $1 AND kind = 'PHONE' AND verified LIMIT 1")


async def has_proven(member_id: UUID) -> bool:
    """Whether a member has a phone that is proven to be theirs: then nobody pays to ask for it again."""
    return await PROVEN.row(member_id) is not None


async def is_wanted(identities: Sequence[Identity]) -> bool:
    """Whether the phone of whoever logs in with these identities is yet to be asked for."""
    for each in identities:
        if whose := await members.find(each):
            return not await has_proven(whose)
    return True


@transaction
async def link(member_id: UUID, phone: Identity, *, now: datetime) -> UUID:
    """Who the owner of a proven phone and somebody who logged in are from now on: one member.

    Somebody whom only a silent login knows becomes the member whose phone it is; their logins end. The member who
    logged in likewise takes over whom only their phone was known of. Two members who both have something are left
    for a merge, and so are two whom WeChat knows as two people: a number that changed hands opens no account.

    Raises: NotFound, PhoneTaken, MemberNotActive, MemberMerged, Busy.
    """
    owner = await members.find(phone) or member_id
    held = {each: await members.hold(each) for each in sorted({member_id, owner})}
    if await members.find(phone) not in (None, owner):
        raise Busy
    for each in held.values():
        refused = members.inactivity(each.state, frozen_may=True)
        if refused and each.state is not MemberState.PENDING:
            raise refused
    whole = member_id if owner == member_id else await _whole(member_id, owner)
    for shell in held.keys() - {whole}:
        await _absorb(shell, whole, now)
    await members.attach(whole, [phone], now)
    await tell(whole, await referrals.proven(whole, now), now)
    return whole


async def _whole(member_id: UUID, owner: UUID) -> UUID:
    """Which of two held members stays, the other being a shell."""
    if await heirs.are_two(member_id, owner):
        raise PhoneTaken
    if await _is_shell(member_id):
        return owner
    if await _is_shell(owner):
        return member_id
    raise PhoneTaken


UNTOUCHED = SQL(
    "SELECT m.id FROM member m JOIN points_account a ON a.member_id = m.id"
    " JOIN growth_account g ON g.member_id = m.id"
    " WHERE m.id = $1 AND m.state = 'PENDING' AND a.seq = 0 AND g.seq = 0"
)
BOUGHT = SQL("SELECT id FROM purchase WHERE member_id = $1 LIMIT 1")


async def _is_shell(member_id: UUID) -> bool:
    """Whether a member is only known: never enrolled, with no purchase, no points and no growth."""
    return await UNTOUCHED.row(member_id) is not None and await BOUGHT.row(member_id) is None


BECOME = SQL("UPDATE member SET state = 'MERGED', merged_into_id = $2 WHERE id = $1 RETURNING id")
ABSORB = SQL("UPDATE member SET has_absorbed = TRUE WHERE id = $1")


async def _absorb(shell: UUID, whole: UUID, now: datetime) -> None:
    """A held shell is from now on a held member."""
    await heirs.hand_names_over(shell, whole)
    await BECOME.row(shell, whole)
    await ABSORB.run(whole)
    await credentials.forget(shell, now)
    await tell(shell, [Event("member.merged", {"into": str(whole)})], now)
    await tell(whole, [Event("member.absorbed", {"from": str(shell)})], now)
