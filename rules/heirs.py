"""Heirs: who a merged member is now, how both are held at once, and whose their names are."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from models.members import MemberIdentity, MemberState
from models.sql import SQL, insert
from models.units import new_id
from models.writing import Moved
from rules import members, vault
from rules.members import Held
from rules.refusals import NotFound

LINKS_MAX = 1_000
"""How many merges may follow one another. Each takes a member out of the programme, so nobody comes near."""

INTO = SQL("SELECT merged_into_id FROM member WHERE id = $1")


async def heir_of(member_id: UUID) -> UUID:
    """Who a member is now, by way of others too; they themselves, unless they were merged."""
    return [member_id, *await line_of(member_id)][-1]


async def line_of(member_id: UUID) -> list[UUID]:
    """Whom a member has become by merges, one after another; the last is who they are now."""
    found: list[UUID] = []
    for _link in range(LINKS_MAX):
        into = await INTO.value(member_id)
        if into is None:
            return found
        found.append(into)
        member_id = into
    raise AssertionError("Members who were merged in a circle.")


async def besides(member_id: UUID, heir_id: UUID) -> list[UUID]:
    """Whoever else a member is or was, as members who were merged into the same one."""
    return [each for each in (heir_id, *await members.absorbed(heir_id)) if each != member_id]


WERE = SQL(
    "SELECT id, merged_into_id FROM member WHERE merged_into_id = ANY($1::uuid[])",
    fans_out="what a page of members has of who they were is found by whom those became",
)


async def persons(member_ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """Whom each of these members is made of: themselves, and whoever was merged into them, by way of others too."""
    found = {each: [each] for each in member_ids}
    last = {each: [each] for each in found}
    for _link in range(LINKS_MAX):
        were = [(row["id"], one) for row in await WERE.rows(list(last)) for one in last[row["merged_into_id"]]]
        last = {}
        for was, one in were:
            found[one].append(was)
            last.setdefault(was, []).append(one)
        if not last:
            return found
    raise AssertionError("Members who were merged in a circle.")


LINKS = SQL(
    "SELECT id, merged_into_id FROM member WHERE id = ANY($1::uuid[]) AND merged_into_id IS NOT NULL",
    fans_out="a page of members shows who those are now that were merged",
)


async def heirs_of(member_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Who those of these members are now that were merged."""
    found: dict[UUID, UUID] = {}
    asked = list(member_ids)
    for _link in range(LINKS_MAX):
        links = {row["id"]: row["merged_into_id"] for row in await LINKS.rows(asked)}
        if not links:
            return found
        found = {was: links.get(now, now) for was, now in found.items()} | ({} if found else links)
        asked = list(set(found.values()))
    raise AssertionError("Members who were merged in a circle.")


async def hold_with(one: UUID, other: UUID | None) -> tuple[Held, Held | None]:
    """Lock a member, and another if there is one: None where there is not. It may be one who is both.

    Whoever locks two does it here, in the order of their ids.

    Raises: NotFound, when the first is not there.
    """
    held: dict[UUID, Held] = {}
    for each in sorted({one, other or one}):
        try:
            held[each] = await members.hold(each)
        except NotFound:
            if each == one:
                raise
    return held[one], held.get(other) if other else None


async def hold_both(one: UUID, other: UUID) -> tuple[Held, Held]:
    """Lock two members who must both be there, or one who is both.

    Raises: NotFound.
    """
    held, beside = await hold_with(one, other)
    if beside is None:
        raise NotFound
    return held, beside


async def hold(member_id: UUID) -> tuple[Held, Held]:
    """Lock a member and who they are now: the same, unless they were merged.

    Raises: NotFound; Moved, when they became somebody else, or themselves again, before they were locked.
    """
    expected = await heir_of(member_id)
    held, heir = await hold_both(member_id, expected)
    # while the last of them is held, none before them becomes anybody else
    if heir.state is MemberState.MERGED or (held is not heir and await heir_of(member_id) != expected):
        raise Moved
    return held, heir


RIVALS = SQL(
    "SELECT a.id FROM member_identity a JOIN member_identity b ON b.member_id = $2 AND b.kind = a.kind"
    " AND b.namespace = a.namespace AND b.value_hash <> a.value_hash AND b.verified"
    " WHERE a.member_id = $1 AND a.verified AND a.kind IN ('WECHAT_OPENID', 'WECHAT_UNIONID') LIMIT 1"
)


async def are_two(one: UUID, other: UUID) -> bool:
    """Whether WeChat knows two members as two people."""
    return await RIVALS.row(one, other) is not None


IDENTITY = "id, kind, namespace, value_hash, sealed, mask, verified, created_at"
GIVE = SQL(f"DELETE FROM member_identity WHERE member_id = $1 RETURNING {IDENTITY}")  # noqa: S608  a constant
GIVE_SOME = SQL(
    f"DELETE FROM member_identity WHERE member_id = $1 AND id = ANY($2::uuid[]) RETURNING {IDENTITY}"  # noqa: S608
)
REKEY = SQL("UPDATE identity_key SET member_id = $2 WHERE value_hash = $1")


async def hand_names_over(giver: UUID, taker: UUID, only: Mapping[UUID, UUID] | None = None) -> dict[UUID, UUID]:
    """All identities of one held member are another's, also held, sealed with the other's key: old ids by new ones.

    With `only`, these are given back: new ids by old ones.
    """
    old, new, safe = await members.wrapped_key(giver), await members.wrapped_key(taker), vault.unlocked()
    given = await GIVE.rows(giver) if only is None else await GIVE_SOME.rows(giver, list(only))
    rows = sorted(given, key=lambda row: (row["created_at"], row["value_hash"]))
    were = {}
    for row in rows:
        fresh = new_id() if only is None else only[row["id"]]
        were[fresh], row["id"] = row["id"], fresh
        value = safe.open(old, giver, "identity", row["sealed"])
        row |= {"member_id": taker, "sealed": safe.seal(new, taker, "identity", value)}
        await REKEY.run(row["value_hash"], taker)
    await insert(MemberIdentity, rows)
    return were
