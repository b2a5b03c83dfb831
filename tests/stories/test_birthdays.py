"""Birthday gifts: once a year in the month of a birthday, and nothing that is written tells the day."""

import asyncio
import re
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import require_context

from models.invariants import violations
from models.points import PointsKind
from models.sql import SQL
from models.units import ReasonCode
from rules import gifts, jobs, lifecycle, members
from rules.gifts import _birthdays
from rules.members import Profile
from rules.transactions import transaction
from tests import guard
from tests.ladder import scheme
from tests.people import (
    CLERK,
    DAY,
    NOON,
    balance,
    buy,
    freeze,
    fresh_key,
    leave,
    member,
    merge,
    movements,
    programme,
    proven,
    unfreeze,
)

FEBRUARY = NOON - 30 * DAY
BORN = date(1990, 3, 17)
CAKE = {"kind": "BIRTHDAY_GIFT", "value": 20}
FEAST = {"kind": "BIRTHDAY_GIFT", "value": 100}
GIVES = {"BASIC": [CAKE], "SILVER": [CAKE], "GOLD": [FEAST]}


def at(year: int, month: int, day: int = 1) -> datetime:
    """A moment of a day."""
    return datetime(year, month, day, 4, tzinfo=UTC)


async def born(day: date = BORN, name: str = "Mei", *, told: datetime = FEBRUARY) -> UUID:
    """A member who told their birthday in time."""
    return await member(name, at=told, birthday=day)


async def given(who: UUID) -> list[int]:
    """The gifts a member got."""
    return [points for kind, points in await movements(who) if kind == PointsKind.GRANT]


async def celebrated(*moments: datetime) -> None:
    """The job runs at these moments."""
    for moment in moments:
        await gifts.celebrate({}, moment)


async def test_whoever_was_born_in_this_month_gets_the_gift_of_the_tier_they_hold_once_a_year() -> None:
    await programme()
    await scheme(at=FEBRUARY, benefits=GIVES)
    mei, wang, lan = await born(), await born(name="Wang"), await born(date(1990, 4, 17), "Lan")
    await buy(wang, 5_000_00)
    await celebrated(NOON, NOON + DAY, NOON + 21 * DAY)
    assert [await given(each) for each in (mei, wang, lan)] == [[20], [100], []]
    stands = await balance(mei)
    assert (stands["available"], stands["lifetime_earned"], stands["growth"]) == (20, 0, 0)
    await celebrated(at(2026, 4), at(2026, 5), at(2027, 3))
    assert [await given(each) for each in (mei, wang, lan)] == [[20, 20], [100, 100], [20]]
    assert await violations() == []


async def test_where_no_tier_gives_anything_no_profile_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    await programme()
    await scheme(at=FEBRUARY)
    await born()
    monkeypatch.setattr(_birthdays, "open_profiles", None)
    await celebrated(NOON)


async def test_who_rises_within_the_month_gets_the_gift_of_the_first_tier_that_gives_one() -> None:
    await programme()
    await scheme(at=FEBRUARY, benefits={"GOLD": [FEAST]})
    mei = await born()
    await celebrated(NOON)
    await buy(mei, 5_000_00)
    await celebrated(NOON + DAY, NOON + 2 * DAY)
    assert await given(mei) == [100]


async def test_a_birthday_that_is_told_in_its_own_month_is_for_the_next_year() -> None:
    await programme()
    await scheme(at=FEBRUARY, benefits=GIVES)
    mei, wang = await born(told=NOON), await member("Wang", at=FEBRUARY)
    await members.tell_profile(wang, Profile(birthday=BORN), now=NOON)
    await celebrated(NOON, at(2027, 3))
    assert await given(mei) == await given(wang) == [20]


async def test_a_changed_birthday_gives_no_second_gift_within_twelve_months() -> None:
    await programme()
    await scheme(at=FEBRUARY, benefits=GIVES)
    mei = await born(date(1990, 12, 5))
    await celebrated(at(2026, 12, 2))
    await members.tell_profile(mei, Profile(birthday=date(1990, 1, 5)), now=at(2026, 12, 3))
    await celebrated(at(2027, 1, 2), at(2027, 12, 2))
    assert await given(mei) == [20]
    await celebrated(at(2028, 1, 2))
    assert await given(mei) == [20, 20]
    assert await violations() == []


async def test_saying_the_same_birthday_again_changes_nothing() -> None:
    await programme()
    await scheme(at=FEBRUARY, benefits=GIVES)
    mei = await born()
    await members.tell_profile(mei, Profile(display_name="May", birthday=BORN), now=NOON)
    await celebrated(NOON)
    assert await given(mei) == [20]


async def test_who_was_born_on_a_leap_day_has_their_gift_every_february() -> None:
    await programme()
    await scheme(at=FEBRUARY, benefits=GIVES)
    mei = await born(date(1992, 2, 29), told=at(2026, 1, 5))
    await celebrated(at(2026, 2, 28), at(2026, 3, 1), at(2027, 2, 1), at(2028, 2, 29))
    assert await given(mei) == [20, 20, 20]


async def test_the_gift_of_a_frozen_member_waits_and_who_has_left_gets_none() -> None:
    await programme()
    await scheme(at=FEBRUARY, benefits=GIVES)
    mei, wang, lan = [await born(name=name) for name in ("Mei", "Wang", "Lan")]
    await freeze(mei)
    await leave(wang)
    await lifecycle.erase(lan, reason=ReasonCode("MEMBER_ASKED"), actor=proven(CLERK), now=NOON)
    await celebrated(NOON)
    assert [await given(each) for each in (mei, wang, lan)] == [[20], [], []]
    assert [(await balance(mei))[each] for each in ("available", "pending")] == [0, 20]
    await unfreeze(mei)
    assert (await balance(mei))["available"] == 20
    assert await violations() == []


async def test_two_who_are_one_get_one_gift_and_two_who_are_parted_keep_it() -> None:
    await programme()
    await scheme(at=FEBRUARY, benefits=GIVES)
    mei, twin = await born(), await born(date(1990, 2, 17), "Mei, too", told=at(2026, 1, 5))
    await celebrated(FEBRUARY)
    await merge(twin, mei)
    await celebrated(NOON)
    assert (await given(mei), await given(twin)) == ([], [20])
    why, who = ReasonCode("TWO_PEOPLE"), proven(CLERK)
    await lifecycle.unmerge(twin, reason=why, key=fresh_key(), actor=who, now=NOON)
    await celebrated(NOON + DAY, at(2027, 2), at(2027, 3))
    assert (await given(mei), await given(twin)) == ([20, 20], [20, 20])
    assert await violations() == []


async def test_a_birthday_that_came_by_a_merge_goes_with_the_day_it_was_told_on() -> None:
    await programme()
    await scheme(at=FEBRUARY, benefits=GIVES)
    mei, twin = await member("Mei", at=FEBRUARY), await born(name="Mei, too", told=NOON)
    await merge(twin, mei)
    await celebrated(NOON)
    assert await given(mei) == []
    await celebrated(at(2027, 3))
    assert await given(mei) == [20]


@transaction
async def kept_of_old(who: UUID) -> None:
    """A birthday, as a release kept it that did not note when it was told."""
    await members.keep_profile(who, Profile(birthday=BORN))


async def test_a_birthday_of_an_older_release_counts_also_after_a_merge_with_one_that_is_new() -> None:
    await programme()
    await scheme(at=FEBRUARY, benefits=GIVES)
    mei, twin = await member("Mei", at=FEBRUARY), await born(name="Mei, too", told=NOON)
    await kept_of_old(mei)
    await merge(twin, mei)
    await celebrated(NOON)
    assert await given(mei) == [20]


async def test_runs_side_by_side_and_runs_that_are_cut_short_give_everybody_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await programme()
    await scheme(at=FEBRUARY, benefits=GIVES)
    them = [await born(name=f"Mei {place}") for place in range(7)]
    monkeypatch.setattr(_birthdays, "BATCH", 2)
    monkeypatch.setattr(_birthdays, "BATCHES_MAX", 2)
    await asyncio.gather(*(gifts.celebrate({}, NOON) for _ in range(3)))
    assert sorted([await given(each) for each in them]) == [[], [], [], [20], [20], [20], [20]]
    promised = 0
    while lease := await jobs.claim("gifts.birthdays", now=NOON):
        await gifts.celebrate(lease.facts, NOON)
        await jobs.finish(lease, now=NOON)
        promised += 1
    assert promised == 1
    assert [await given(each) for each in them] == [[20]] * 7
    assert await violations() == []


SPOIL = SQL("UPDATE member SET profile = $2 WHERE id = $1")


async def test_a_profile_that_does_not_open_keeps_nobody_else_from_their_gift() -> None:
    await programme()
    await scheme(at=FEBRUARY, benefits=GIVES)
    mei, wang = await born(), await born(name="Wang")
    with guard.recorder.paused():
        await SPOIL.run(mei, b"\x01" + bytes(40))
    with pytest.raises(gifts.CelebrationIncomplete):
        await celebrated(NOON)
    assert (await given(mei), await given(wang)) == ([], [20])


async def test_nothing_that_is_written_tells_the_day(database: BaseDBAsyncClient) -> None:
    await programme()
    await scheme(at=FEBRUARY, benefits=GIVES)
    mei = await born()
    await jobs.open_slots(NOON)
    await celebrated(NOON)
    assert await given(mei) == [20]
    tables = [model._meta.db_table for each in (require_context().apps or {}).values() for model in each.values()]
    with guard.recorder.paused():
        for table in tables:
            told = str(await database.execute_query_dict(f'SELECT * FROM "{table}"'))
            assert re.search(r"\b1990-\d\d\b|\b03-17\b|\b\d{4}-\d\d-17\b", told) is None, table
