"""Members: how they are found, held and recognised, and what may be told of them."""

import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import orjson
import phonenumbers

from models.members import IdentityKey, IdentityKind, Member, MemberIdentity, MemberState
from models.sql import SQL, insert
from models.units import is_plain
from rules import keyring, programme, vault
from rules.refusals import MemberFrozen, MemberMerged, MemberNotActive, NotFound, Refusal
from rules.transactions import transaction

VALUE_MAX = 128
NAMESPACE_MAX = 64
NAME_MAX = 40
URL_MAX = 300
WECHAT = {IdentityKind.WECHAT_OPENID, IdentityKind.WECHAT_UNIONID}
"""What WeChat knows somebody by; of each app or open platform a person has one."""

REGION = "CN"
"""Where a phone number without a country code is dialled."""

SHOWN_FIRST, SHOWN_LAST = 3, 4
"""How much of a number a mask shows: 138****1234."""


@dataclass(eq=False)
class IdentityConflict(Refusal):
    """These identities belong to different members."""

    zh = "这些身份标识分属不同会员。"
    field = ("identities",)
    member_ids: tuple[UUID, ...]


@dataclass(eq=False)
class IdentityUnverified(Refusal):
    """An unverified phone cannot be added to a member who already has another."""

    zh = "未验证的手机号不能添加到已有手机号的会员。"
    field = ("identities",)


@dataclass(eq=False)
class IdentityInvalid(Refusal):
    """This identity cannot be read as what it claims to be."""

    zh = "身份标识格式无效。"
    field = ("identities",)
    kind: IdentityKind


@dataclass(eq=False)
class ProfileInvalid(Refusal):
    """This part of the profile cannot be kept as it is."""

    zh = "资料内容无效。"
    part: str


@dataclass(frozen=True, slots=True)
class Identity:
    """A name a member is known by outside the programme, in its one canonical form."""

    kind: IdentityKind
    namespace: str
    value: str
    verified: bool = False

    @property
    def mask(self) -> str:
        """What may be shown of it: a phone as everybody masks one, of anything else a third at most."""
        if self.kind is IdentityKind.PHONE:
            digits = self.value.removeprefix("+86")
            return f"{digits[:SHOWN_FIRST]}****{digits[-SHOWN_LAST:]}"
        return "****" + self.value[len(self.value) - min(SHOWN_LAST, len(self.value) // 3) :]

    @property
    def hash(self) -> str:
        """The keyed hash it is found by."""
        return vault.unlocked().index(self.kind, self.namespace, self.value)


@dataclass(slots=True)
class Profile:
    """What a member says of themselves. Personal data: kept sealed, never in events or logs.

    It is not frozen, since that makes it twice as dear to make, and a page of members shows fifty.
    """

    display_name: str | None = None
    avatar_url: str | None = None
    birthday: date | None = None
    birthday_told_on: date | None = None
    """The day on which they last said another birthday than before; None where an older release kept it."""


@dataclass(slots=True)
class Held:
    """A member whose row is locked until the transaction ends."""

    id: UUID
    state: MemberState
    joined_at: datetime | None


def identity(kind: IdentityKind, namespace: str, value: str, *, verified: bool = False) -> Identity:
    """An identity in its canonical form: phones in E.164, cards in capitals, all in NFC.

    Raises: IdentityInvalid.
    """
    text = unicodedata.normalize("NFC", value).strip()
    where = unicodedata.normalize("NFC", namespace).strip()
    if kind is IdentityKind.PHONE:
        text, where = _phone(text), ""
    elif kind is IdentityKind.CARD:
        capitals = unicodedata.normalize("NFKC", text).upper()
        text = unicodedata.normalize("NFKC", capitals).strip()
    if not (0 < len(text) <= VALUE_MAX and len(where) <= NAMESPACE_MAX and is_plain(text + where)):
        raise IdentityInvalid(kind)
    return Identity(kind, where, text, verified)


def _phone(text: str) -> str:
    """A phone number in E.164."""
    try:
        number = phonenumbers.parse(text, REGION)
    except phonenumbers.NumberParseException as error:
        raise IdentityInvalid(IdentityKind.PHONE) from error
    # the parser skips what is no part of a number, and an extension is somebody else's telephone
    # (and of nothing but noughts it takes one away each time)
    is_possible = number.national_number and is_plain(text) and phonenumbers.is_possible_number(number)
    if number.extension or not is_possible:
        raise IdentityInvalid(IdentityKind.PHONE)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _is_https(url: str) -> bool:
    """Whether an address is one a client may load an image from."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.netloc)


def check_profile(profile: Profile, *, today: date) -> Profile:
    """A profile as it may be kept: trimmed and in NFC.

    Raises: ProfileInvalid.
    """
    name = profile.display_name and unicodedata.normalize("NFC", profile.display_name).strip()
    if name is not None and not (0 < len(name) <= NAME_MAX and is_plain(name)):
        raise ProfileInvalid("displayName")
    url = profile.avatar_url
    if url is not None and not (len(url) <= URL_MAX and is_plain(url) and _is_https(url)):
        raise ProfileInvalid("avatarUrl")
    if profile.birthday is not None and not date(1900, 1, 1) <= profile.birthday <= today:
        raise ProfileInvalid("birthday")
    return Profile(name, url, profile.birthday, profile.birthday and today)


def birthday_at(profile: Profile, day: date) -> date | None:
    """The birthday, as far as it counts on a day: what is said of it counts from the next month on."""
    told = profile.birthday_told_on
    return profile.birthday if told is None or told < day.replace(day=1) else None


def inactivity(state: MemberState, *, frozen_may: bool = False) -> Refusal | None:
    """Why a member in that state may not act; None when they may."""
    if state is MemberState.ACTIVE or (frozen_may and state is MemberState.FROZEN):
        return None
    if state is MemberState.FROZEN:
        return MemberFrozen()
    if state is MemberState.MERGED:
        return MemberMerged(None)
    return MemberNotActive(state.value)


HOLD = SQL("SELECT id, state, joined_at FROM member WHERE id = $1 FOR NO KEY UPDATE")


async def hold(member_id: UUID) -> Held:
    """Lock a member, and with the row all that is theirs, until the transaction ends.

    Raises: NotFound.
    """
    row = await HOLD.row(member_id)
    if row is None:
        raise NotFound
    return Held(row["id"], MemberState(row["state"]), row["joined_at"])


EXISTS = SQL("SELECT id FROM member WHERE id = $1")


async def existing(member_id: UUID) -> UUID:
    """The id, of a member there is.

    Raises: NotFound.
    """
    if await EXISTS.value(member_id) is None:
        raise NotFound
    return member_id


WHOSE = SQL("SELECT member_id FROM identity_key WHERE value_hash = $1")


async def find(who: Identity) -> UUID | None:
    """Whose an identity is; None when it is nobody's."""
    found: UUID | None = await WHOSE.value(who.hash)
    return found


async def owners(identities: Sequence[Identity]) -> list[UUID]:
    """The members these identities belong to, each once."""
    found = {whose: None for each in identities if (whose := await find(each))}
    return sorted(found)


async def create(state: MemberState, now: datetime) -> Held:
    """A new member, whose key is in the key store before they exist. The caller opens their accounts."""
    member_id = await keyring.take()
    joined = now if state is MemberState.ACTIVE else None
    await insert(Member, [{"id": member_id, "state": state, "joined_at": joined, "created_at": now}])
    return Held(member_id, state, joined)


PROVE = SQL(
    "UPDATE member_identity SET verified = true WHERE member_id = $1 AND value_hash = $2 AND NOT verified"
    " RETURNING id"
)
OF_KIND = SQL("SELECT value_hash FROM member_identity WHERE member_id = $1 AND kind = $2")


async def attach(member_id: UUID, identities: Sequence[Identity], now: datetime) -> int:
    """Give a held member identities nobody has yet; of those they have, one that is now proven is marked so.

    Raises: IdentityUnverified.
    """
    added = 0
    for who in identities:
        hashed = who.hash
        if await WHOSE.value(hashed) == member_id:
            added += who.verified and await PROVE.row(member_id, hashed) is not None
            continue
        if who.kind is IdentityKind.PHONE and not who.verified and await OF_KIND.row(member_id, who.kind.value):
            raise IdentityUnverified
        await insert(IdentityKey, [{"value_hash": hashed, "member_id": member_id, "created_at": now}])
        await insert(MemberIdentity, [await _sealed(member_id, who, hashed, now)])
        added += 1
    return added


OTHERS = SQL(
    "SELECT id FROM member_identity WHERE member_id = $1 AND kind = $2 AND namespace = $3 AND value_hash <> $4"
    " AND verified LIMIT 1"
)


async def is_another(member_id: UUID, identities: Sequence[Identity]) -> bool:
    """Whether a member is known to WeChat as somebody else than whom these proven identities mean.

    A phone number changes hands; a WeChat account does not. So whoever has a member's number, but not their
    openid of the same app, is no more than somebody with that number.
    """
    proven = [each for each in identities if each.verified and each.kind in WECHAT]
    rivals = [await OTHERS.row(member_id, each.kind.value, each.namespace, each.hash) for each in proven]
    return any(rivals)


async def _sealed(member_id: UUID, who: Identity, hashed: str, now: datetime) -> dict[str, Any]:
    wrapped = await wrapped_key(member_id)
    return {
        "member_id": member_id,
        "kind": who.kind,
        "namespace": who.namespace,
        "value_hash": hashed,
        "sealed": vault.unlocked().seal(wrapped, member_id, "identity", who.value),
        "mask": who.mask,
        "verified": who.verified,
        "created_at": now,
    }


async def wrapped_key(member_id: UUID) -> bytes:
    """A member's wrapped key.

    Raises: NotFound, when they were erased.
    """
    found = await keyring.wrapped(member_id)
    if found is None:
        raise NotFound
    return found


async def wrapped_keys(member_ids: Sequence[UUID]) -> dict[UUID, bytes]:
    """The wrapped keys of these members, without those whose key is gone."""
    return await keyring.wrapped_of(member_ids)


KEEP_PROFILE = SQL("UPDATE member SET profile = $2 WHERE id = $1 RETURNING id")
PROFILE = SQL("SELECT profile FROM member WHERE id = $1")


async def keep_profile(member_id: UUID, profile: Profile) -> None:
    """Seal and store a held member's profile."""
    told = orjson.dumps({name: value for name, value in asdict(profile).items() if value is not None})
    wrapped = await wrapped_key(member_id)
    sealed = vault.unlocked().seal(wrapped, member_id, "profile", told.decode())
    await KEEP_PROFILE.row(member_id, sealed)


async def profile_of(member_id: UUID) -> Profile:
    """What a member says of themselves."""
    [found] = open_profiles([(member_id, await keyring.wrapped(member_id), await PROFILE.value(member_id))])
    return found


def open_profiles(sealed: Sequence[tuple[UUID, bytes | None, bytes | None]]) -> list[Profile]:
    """The profiles behind members' keys and what they seal; empty where nothing was told, or the key is gone."""
    texts = vault.unlocked().open_all("profile", sealed)
    return [Profile() if text is None else _profile(orjson.loads(text)) for text in texts]


def _profile(told: dict[str, Any]) -> Profile:
    born, since = told.get("birthday"), told.get("birthday_told_on")
    return Profile(
        told.get("display_name"),
        told.get("avatar_url"),
        born and date.fromisoformat(born),
        since and date.fromisoformat(since),
    )


@transaction
async def tell_profile(member_id: UUID, profile: Profile, *, now: datetime) -> None:
    """A member changes what they say of themselves; what is left out stays as it was.

    Raises: NotFound, MemberFrozen, MemberNotActive, MemberMerged, ProfileInvalid.
    """
    held = await hold(member_id)
    if refused := inactivity(held.state):
        raise refused
    terms = await programme.terms()
    told = check_profile(profile, today=terms.local_day(now))
    before = await profile_of(member_id)
    born = told if told.birthday not in (None, before.birthday) else before
    merged = Profile(
        told.display_name or before.display_name,
        told.avatar_url or before.avatar_url,
        born.birthday,
        born.birthday_told_on,
    )
    await keep_profile(member_id, merged)


ABSORBED = SQL(
    "SELECT id FROM member WHERE merged_into_id = ANY($1::uuid[])",
    fans_out="who was found to be somebody else is forgotten with them",
)


async def absorbed(member_id: UUID) -> list[UUID]:
    """Who a member was besides, before they were found to be one; also by way of others."""
    found: list[UUID] = []
    last = [member_id]
    while last:
        last = [row["id"] for row in await ABSORBED.rows(last)]
        found += last
    return found


FORGET_NAMES = SQL("DELETE FROM member_identity WHERE member_id = $1")
FORGET_HASHES = SQL(
    "DELETE FROM identity_key WHERE member_id = $1", fans_out="the names of one member are unique across all"
)
FORGET = SQL("UPDATE member SET state = 'ERASED', profile = NULL WHERE id = $1 RETURNING id")


async def forget(member_id: UUID) -> None:
    """A held member becomes ERASED: nothing tells any more who they were, and their names are anybody's."""
    await FORGET_NAMES.run(member_id)
    await FORGET_HASHES.run(member_id)
    await FORGET.row(member_id)
