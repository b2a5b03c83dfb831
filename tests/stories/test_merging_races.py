"""Merging at once: many callers, and whatever else happens to the two meanwhile, end as if in turn."""

import asyncio
from collections import Counter
from collections.abc import Awaitable
from typing import Any
from uuid import UUID

from models.invariants import violations
from rules.points import InsufficientPoints
from rules.refusals import MemberMerged
from tests.people import adjust, balance, buy, fresh_key, member, merge, programme, redeem, refund
from tests.stories.test_races import outcomes


async def worth(*members: UUID) -> int:
    """What some members have together."""
    found = [await balance(each) for each in members]
    return sum(each["available"] + each["pending"] + each["held"] - each["debt"] for each in found)


async def test_one_pair_merged_by_20_callers_at_once_is_merged_once() -> None:
    await programme()
    mei, twin = await member("Mei"), await member("Mei, too")
    await buy(twin, 100_00)
    won, refused = await outcomes(merge(twin, mei) for _ in range(20))
    assert (len(won), refused) == (1, Counter({MemberMerged.code(): 19}))
    assert (await balance(mei))["available"] == 100
    assert await violations() == []


async def test_one_request_sent_20_times_at_once_is_one_merge() -> None:
    await programme()
    mei, twin = await member("Mei"), await member("Mei, too")
    await buy(twin, 100_00)
    key = fresh_key()
    won, refused = await outcomes(merge(twin, mei, key=key) for _ in range(20))
    assert not refused
    assert (len({each.merge_id for each in won}), sum(each.replayed for each in won)) == (1, 19)


async def test_a_triangle_merged_at_once_is_one_member_in_the_end() -> None:
    await programme()
    for _round in range(5):
        people = [await member(f"Mei {number}") for number in range(3)]
        for number, who in enumerate(people):
            await buy(who, (number + 1) * 100_00)
        pairs = [(people[number], people[(number + 1) % 3]) for number in range(3)] * 2
        won, refused = await outcomes(merge(*pair) for pair in pairs)
        assert len(won) == 2, "the third would have closed the circle"
        assert set(refused) == {MemberMerged.code()}
        assert await worth(*people) == 600
        assert sorted([(await balance(who))["available"] for who in people]) == [0, 0, 600]
    assert await violations() == []


async def test_a_pair_merged_both_ways_at_once_is_one_member() -> None:
    await programme()
    mei, twin = await member("Mei"), await member("Mei, too")
    for who in (mei, twin):
        await buy(who, 100_00)
    won, refused = await outcomes(merge(*pair) for pair in [(mei, twin), (twin, mei)] * 8)
    assert (len(won), sum(refused.values())) == (1, 15)
    assert sorted([(await balance(who))["available"] for who in (mei, twin)]) == [0, 200]


async def test_whatever_happens_to_two_who_are_merged_meanwhile_lands_once() -> None:
    await programme()
    for turn in range(4):
        mei, twin = await member("Mei"), await member("Mei, too")
        for who, name in ((mei, "m"), (twin, "t")):
            await buy(who, 300_00, ref=f"{name}-{turn}")
        calls: list[Awaitable[Any]] = [
            *(redeem(who, 10) for who in (mei, twin) for _ in range(5)),
            *(buy(who, 50_00) for who in (mei, twin) for _ in range(3)),
            *(adjust(who, -7) for who in (mei, twin)),
            *(refund(f"{name}-{turn}", {"A": 100_00}) for name in "mt" for _ in range(2)),
        ]
        calls.insert(turn * 5, merge(twin, mei))
        done = await asyncio.gather(*calls, return_exceptions=True)
        expected = 600
        for place, each in enumerate(done):
            if isinstance(each, MemberMerged | InsufficientPoints):
                continue
            assert not isinstance(each, BaseException), each
            at = place - (place > turn * 5)
            if place != turn * 5:
                expected += -10 if at < 10 else 50 if at < 16 else -7 if at < 18 else -100
        assert await worth(mei, twin) == expected
        assert await worth(twin) == 0
    assert await violations() == []
