"""Unmerging: who was merged by mistake has again what they had, as long as it can be told apart."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from models.invariants import violations
from models.members import IdentityKind
from models.sql import SQL
from models.units import ReasonCode
from rules import finance, lifecycle, members
from rules.lifecycle import Merged, UnmergeNotPossible
from rules.members import Profile
from tests.lengths import examples, is_long
from tests.people import (
    CLERK,
    DAY,
    NOON,
    SHOP,
    adjust,
    balance,
    buy,
    freeze,
    fresh_key,
    leave,
    lots,
    member,
    merge,
    programme,
    proven,
    redeem,
    refund,
)

IDENTITIES = SQL("SELECT id, kind, mask, value_hash FROM member_identity WHERE member_id = $1 ORDER BY id")
MEMBER = SQL("SELECT state, merged_into_id FROM member WHERE id = $1")


async def unmerge(who: UUID, at: Any = NOON) -> Merged:
    why = ReasonCode("TWO_PEOPLE")
    return await lifecycle.unmerge(who, reason=why, key=fresh_key(), actor=proven(CLERK, at=at), now=at)


async def whole(who: UUID) -> dict[str, Any]:
    """All that a merge may move of a member, but for how many lines of the ledger there are."""
    figures = {name: value for name, value in (await balance(who)).items() if name != "seq"}
    open_lots = [lot for lot in await lots(who) if lot["remaining"]]
    names = await IDENTITIES.rows(who)
    return {
        **figures,
        "lots": open_lots,
        "names": names,
        "told": await members.profile_of(who),
        **(await MEMBER.row(who) or {}),
    }


async def test_both_have_again_what_they_had() -> None:
    await programme(expire_months=2)
    card = members.identity(IdentityKind.CARD, "", "c-17")
    mei = await member("Mei")
    told = Profile("Old Mei", "https://pictures.example/m.jpg")
    twin, _ = await lifecycle.enroll(None, [card], told, actor=SHOP, now=NOON)
    await buy(mei, 500_00)
    await buy(twin, 600_00, at=NOON - DAY)
    await adjust(twin, 50)
    before = [await whole(who) for who in (mei, twin)]
    await merge(twin, mei)
    assert (await balance(mei))["tier"] == "SILVER"
    await unmerge(twin)
    assert [await whole(who) for who in (mei, twin)] == before
    await merge(twin, mei)
    await unmerge(twin)
    assert [await whole(who) for who in (mei, twin)] == before
    await finance.bring_up_to_date(NOON + 2 * DAY)
    assert await violations() == []


@pytest.mark.parametrize(
    ("reason", "days"), [("SPENT", 0), ("ORDERS", 0), ("TOO_LATE", 31), ("MOVED_ON", 0), ("DEBT", 0)]
)
async def test_what_cannot_be_told_apart_any_more_stays_one(reason: str, days: int) -> None:
    await programme()
    mei, twin = await member("Mei"), await member("Mei, too")
    await buy(twin, 300_00, ref="tea")
    if reason == "DEBT":
        await buy(mei, 100_00, ref="cup")
        await redeem(mei, 100)
        await refund("cup", {"A": 100_00})
    await merge(twin, mei)
    if reason == "SPENT":
        await redeem(mei, 1)
    if reason == "ORDERS":
        await buy(mei, 1_00)
        await adjust(mei, 1)
        await refund("tea", {"A": 1_00})
    if reason == "MOVED_ON":
        await leave(mei)
    with pytest.raises(UnmergeNotPossible) as refused:
        await unmerge(twin, NOON + timedelta(days=days))
    assert refused.value.reason in (reason, "SPENT")
    assert await violations() == []


async def test_a_merge_can_be_undone_for_thirty_days_to_the_moment() -> None:
    await programme()
    for late, is_possible in ((timedelta(0), True), (timedelta(milliseconds=1), False)):
        old, new = await member("Old"), await member("New")
        await merge(old, new)
        done = unmerge(old, NOON + 30 * DAY + late)
        if is_possible:
            assert (await done).member_id == old
        else:
            with pytest.raises(UnmergeNotPossible) as refused:
                await done
            assert refused.value.reason == "TOO_LATE"


async def test_what_was_never_merged_is_not_undone() -> None:
    await programme()
    mei, twin = await member("Mei"), await member("Mei, too")
    with pytest.raises(UnmergeNotPossible):
        await unmerge(mei)
    await merge(twin, mei)
    await unmerge(twin)
    with pytest.raises(UnmergeNotPossible) as refused:
        await unmerge(twin)
    assert refused.value.reason == "NOT_MERGED"


async def test_what_the_other_earned_since_stays_theirs() -> None:
    await programme()
    mei, twin = await member("Mei"), await member("Mei, too")
    await buy(twin, 300_00)
    await merge(twin, mei)
    await buy(mei, 70_00)
    await unmerge(twin)
    assert [(await balance(who))["available"] for who in (mei, twin)] == [70, 300]


LIFE = st.lists(
    st.tuples(st.sampled_from(["buy", "adjust", "redeem", "refund"]), st.integers(0, 1), st.integers(1, 120)),
    max_size=10,
)


async def live(both: list[UUID], life: list[tuple[str, int, int]]) -> None:
    """What two members did, a deed a day."""
    refs: list[tuple[str, int]] = []
    for turn, (deed, who, size) in enumerate(life):
        at = NOON + turn * DAY
        if deed == "buy":
            refs.append((f"order-{both[who]}-{turn}", size * 100))
            await buy(both[who], size * 100, ref=refs[-1][0], at=at)
        elif deed == "adjust":
            await adjust(both[who], size, at=at)
        elif deed == "redeem" and (await balance(both[who]))["available"] >= size:
            await redeem(both[who], size, at=at)
        elif deed == "refund" and refs:
            ref, paid = refs.pop()
            await refund(ref, {"A": paid}, at=at)


@settings(
    max_examples=examples(20),
    deadline=None,
    derandomize=not is_long(),
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(life=LIFE, is_frozen=st.booleans())
async def test_whatever_two_members_did_before_a_merge_and_its_end_leave_no_trace(
    life: list[tuple[str, int, int]], is_frozen: bool
) -> None:
    await programme(expire_months=1)
    both = [await member("Mei"), await member("Mei, too")]
    await live(both, life)
    now = NOON + len(life) * DAY
    if is_frozen:
        for who in both:
            await freeze(who, at=now)
        await buy(both[1], 30_00, at=now)
    before = [await whole(who) for who in both]
    owes = any(each["debt"] for each in before)
    await merge(both[1], both[0], at=now)
    if owes:
        return
    await unmerge(both[1], now)
    assert [await whole(who) for who in both] == before
    assert await violations() == []
