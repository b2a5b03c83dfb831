"""Statistics of partners: what touches, members and orders come to, counted once, told by groups of five people."""

from collections import defaultdict
from datetime import datetime, timedelta
from itertools import count as numbers
from random import Random  # noqa: TID251  a seed of its own
from typing import Any
from uuid import UUID

import pytest

from models.credentials import KeyScope, PrincipalKind
from models.invariants import violations
from models.partners import LEAST
from models.sql import SQL
from rules import partners
from rules.actors import Principal
from rules.jobs import TASKS
from rules.partners._statistics import SUMMED, TOLD, WHOLE
from tests.bringing import Brought, bring, campaign, organisation, touch
from tests.people import NOON, programme
from tests.schema.asking import OWNER, PARTNER, ask

FIGURES = (
    "touches uniqueTouches registered qualified orders grossMinor refunds refundMinor netMinor rewardPoints"
    " rewardCostMinor conversionBps"
)
STATS = f"""query($from: Date, $to: Date, $by: PartnerStatsBy!) {{ partner {{
  stats(from: $from, to: $to, by: $by) {{
    from to asOf total {{ {FIGURES} }} cells {{ day channel campaign {FIGURES} }}
  }}
}} }}"""
WAITS = SQL("SELECT amount FROM partner_pool WHERE figure = 'ORDER'", fans_out="a test looks")
MOMENTS = SQL("UPDATE partner_books SET touched_at = $1, happened_at = $2")
SOON, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NOTHING = dict.fromkeys(FIGURES.split())


def calling(partner_id: UUID, *scopes: KeyScope) -> Principal:
    return Principal(PrincipalKind.PARTNER, str(partner_id), scopes=frozenset(scopes) or None)


async def told(
    partner_id: UUID, by: str = "DAY", *, at: datetime = NOON + SOON, given: dict[str, str] | None = None
) -> Any:
    who = calling(partner_id, KeyScope.STATISTICS_READ)
    return (await ask(STATS, {"by": by, **(given or {})}, who=who, at=at))["partner"]["stats"]


def some(figures: dict[str, Any]) -> dict[str, Any]:
    """The figures that are told."""
    return {name: value for name, value in figures.items() if value is not None}


async def test_what_links_came_to_is_told_by_day_channel_and_campaign() -> None:
    await programme()
    await campaign()
    bamboo = await organisation()
    await touch(bamboo, [f"d{n % 6}" for n in range(8)])
    for number, each in enumerate(await bring(bamboo, 6)):
        await each.orders_for(100_00, NOON)
        if number < 5:
            await each.happens("QUALIFIED", NOON)
            await each.gives_back(10_00, NOON)
    assert await partners.bring_up_to_date(NOON + SOON) == 8 + 2 * 6 + 10
    stats = await told(bamboo)
    assert (stats["from"], stats["to"], stats["asOf"]) == ("2026-02-09", "2026-03-10", "2026-03-10T04:00:40Z")
    assert stats["total"] == {
        "touches": 8,
        "uniqueTouches": 6,
        "registered": 6,
        "qualified": 5,
        "orders": 6,
        "grossMinor": 600_00,
        "refunds": 5,
        "refundMinor": 50_00,
        "netMinor": 550_00,
        "rewardPoints": None,
        "rewardCostMinor": 27_50,
        "conversionBps": 8_333,
    }
    [day] = stats["cells"]
    assert day == {**stats["total"], "day": "2026-03-10", "channel": None, "campaign": None}
    [channel] = (await told(bamboo, "CHANNEL"))["cells"]
    assert (channel["channel"], channel["day"], channel["grossMinor"]) == ("POSTER", None, 600_00)
    assert (await told(bamboo, "CAMPAIGN"))["cells"][0]["campaign"] == "TEA"


def as_told(sums: dict[str, int]) -> dict[str, int | None]:
    """What is told of the sums of a cell, reckoned apart: nothing of a family in which there is nobody."""
    trade, back, cost = sums["buyers"] > 0, sums["refunders"] > 0, sums["gross_cost"] - sums["refund_cost"]
    both = sums["registered"] and sums["qualified"]
    return {
        "touches": sums["touches"] or None,
        "unique_touches": sums["unique_touches"] if sums["touches"] else None,
        "registered": sums["registered"] or None,
        "qualified": sums["qualified"] or None,
        "orders": sums["orders"] if trade else None,
        "gross_minor": sums["gross_minor"] if trade else None,
        "refunds": sums["refunds"] if back else None,
        "refund_minor": sums["refund_minor"] if back else None,
        "net_minor": sums["gross_minor"] - sums["refund_minor"] if trade else None,
        "reward_points": sums["reward_points"] if sums["rewarded"] else None,
        "reward_cost_minor": cost // WHOLE if trade else None,
        "conversion_bps": sums["qualified"] * WHOLE // sums["registered"] if both else None,
    }


async def test_each_figure_is_told_of_its_own_people_and_rounded_down() -> None:
    chance = Random(7)
    cases = [{name: chance.choice((0, 0, 5, 7, 12_345, 99_999)) for name in SUMMED} for _ in range(60)]
    cells = " UNION ALL ".join(
        "SELECT " + ", ".join([f"{place} AS place", *(f"{value} AS {name}" for name, value in each.items())])
        for place, each in enumerate(cases)
    )
    figures = ", ".join(f"{what} AS {name}" for name, what in TOLD.items())
    rows = await SQL(f"SELECT {figures} FROM ({cells}) d ORDER BY place").rows()
    assert rows == [as_told(each) for each in cases]
    assert any((row["reward_cost_minor"] or 0) < 0 for row in rows)


async def test_fewer_than_five_people_are_nobody() -> None:
    await programme()
    await campaign()
    bamboo = await organisation()
    await touch(bamboo, ["a", "a", "b", "c", "d"])
    for each in await bring(bamboo, 4):
        for _ in range(3):
            await each.orders_for(100_00, NOON)
    await partners.bring_up_to_date(NOON + SOON)
    stats = await told(bamboo)
    assert (stats["total"], stats["cells"]) == (NOTHING, [])
    assert stats["asOf"]


@pytest.mark.parametrize(
    ("touched_at", "happened_at", "as_of"),
    [
        (NOON, NOON + HOUR, "2026-03-10T04:00:00Z"),
        (NOON + HOUR, NOON, "2026-03-10T04:00:00Z"),
        (NOON + HOUR, None, "2026-03-10T05:00:00Z"),
        (None, NOON + HOUR, "2026-03-10T05:00:00Z"),
    ],
)
async def test_all_is_counted_up_to_the_earlier_of_two_moments(
    touched_at: datetime | None, happened_at: datetime | None, as_of: str
) -> None:
    await programme()
    await campaign()
    bamboo = await organisation()
    await touch(bamboo, ["a", "b", "c", "d", "e"])
    await partners.bring_up_to_date(NOON + SOON)
    await MOMENTS.run(touched_at, happened_at)
    stats = await told(bamboo)
    assert (stats["asOf"], len(stats["cells"])) == (as_of, 1)


async def test_nothing_is_told_where_nothing_was_counted() -> None:
    await programme()
    bamboo = await organisation()
    assert await partners.bring_up_to_date(NOON) == 0
    stats = await told(bamboo)
    assert (stats["asOf"], stats["total"], stats["cells"]) == (None, NOTHING, [])


async def test_a_day_that_is_over_never_changes() -> None:
    await programme()
    await campaign()
    bamboo = await organisation()
    await bring(bamboo, 5)
    await partners.bring_up_to_date(NOON + SOON)
    tomorrow = NOON + DAY
    await partners.bring_up_to_date(tomorrow)
    await bring(bamboo, 6, NOON)
    await partners.bring_up_to_date(tomorrow + SOON)
    cells = (await told(bamboo, at=tomorrow + SOON))["cells"]
    assert [(each["day"], each["registered"]) for each in cells] == [("2026-03-10", 5), ("2026-03-11", 6)]
    only = await told(bamboo, at=tomorrow + SOON, given={"from": "2026-03-10", "to": "2026-03-10"})
    assert some(only["total"]) == {"registered": 5}


async def test_what_is_fresh_waits_for_those_who_began_before() -> None:
    await programme()
    bamboo = await organisation()
    await touch(bamboo, [f"d{n}" for n in range(5)])
    assert await partners.bring_up_to_date(NOON + timedelta(seconds=19)) == 0
    assert await partners.bring_up_to_date(NOON + timedelta(seconds=20)) == 5
    assert await partners.bring_up_to_date(NOON + timedelta(seconds=21)) == 0
    assert TASKS["partners.count"].every == timedelta(seconds=30)


async def test_a_device_is_unique_once_a_day() -> None:
    await programme()
    bamboo = await organisation()
    for at in (NOON, NOON + HOUR, NOON + DAY):
        await touch(bamboo, [f"d{n}" for n in range(5)], at)
        await partners.bring_up_to_date(at + SOON)
    cells = (await told(bamboo, at=NOON + DAY))["cells"]
    assert [(each["touches"], each["uniqueTouches"]) for each in cells] == [(10, 5), (5, 5)]


async def test_touches_and_members_of_others_are_not_counted() -> None:
    await programme()
    await campaign()
    bamboo, moon = await organisation(), await organisation("Moon Radio")
    await touch(None, [f"d{n}" for n in range(9)])
    await bring(moon, 5)
    assert await partners.bring_up_to_date(NOON + SOON) == 14
    assert (await told(bamboo))["total"] == NOTHING
    assert some((await told(moon))["total"]) == {"registered": 5}


async def test_two_who_count_at_once_count_each_event_once(monkeypatch: pytest.MonkeyPatch) -> None:
    await programme()
    await campaign()
    bamboo = await organisation()
    await bring(bamboo, 5)
    enter, rivals = partners._entering.enter, numbers()

    async def overtaken(*args: Any, **more: Any) -> bool:
        if next(rivals) == 1:
            monkeypatch.setattr(partners._entering, "enter", enter)
            await partners.bring_up_to_date(NOON + SOON)
        return await enter(*args, **more)

    monkeypatch.setattr(partners._entering, "enter", overtaken)
    await partners.bring_up_to_date(NOON + SOON)
    assert some((await told(bamboo))["total"]) == {"registered": 5}


@pytest.mark.parametrize(("first", "last"), [("2026-03-02", "2026-03-01"), ("2025-03-09", "2026-03-10")])
async def test_statistics_cover_a_year_at_most(first: str, last: str) -> None:
    await programme()
    bamboo = await organisation()
    answer = await ask(STATS, {"by": "DAY", "from": first, "to": last}, who=calling(bamboo))
    assert answer.codes == ["BAD_USER_INPUT"]
    year = await told(bamboo, given={"from": "2025-03-10", "to": "2026-03-10"})
    assert year["from"] == "2025-03-10"


async def test_statistics_need_their_scope_and_are_ones_own() -> None:
    await programme()
    await campaign()
    bamboo = await organisation()
    await bring(bamboo, 5)
    await partners.bring_up_to_date(NOON + SOON)
    for scope in (KeyScope.LINKS_WRITE, KeyScope.SETTLEMENTS_READ):
        answer = await ask(STATS, {"by": "DAY"}, who=calling(bamboo, scope))
        assert set(answer.codes) == {"FORBIDDEN"}
    assert (await ask(STATS, {"by": "DAY"}, who=PARTNER))["partner"] is None
    listed = "{ partners { nodes { name stats(by: DAY) { total { registered } } } } }"
    assert (await ask(listed, who=OWNER))["partners"]["nodes"] == [
        {"name": "Bamboo Books", "stats": {"total": {"registered": 5}}}
    ]


DAYS = SQL("SELECT SUM(gross_minor)::bigint AS told FROM partner_day")
POOLS = SQL("SELECT COALESCE(SUM(amount), 0)::bigint AS waits FROM partner_pool WHERE figure = 'ORDER'")


async def test_who_comes_after_a_group_was_told_is_not_taken_for_who_waited_before_it() -> None:
    await programme()
    await campaign()
    bamboo = await organisation()
    first, *middle, last = await bring(bamboo, 6)
    await first.orders_for(1_00, NOON)
    await partners.bring_up_to_date(NOON + SOON)
    for each in middle:
        await each.orders_for(10_00, NOON + HOUR)
    await last.orders_for(1000_00, NOON + DAY)
    await partners.bring_up_to_date(NOON + DAY + HOUR)
    assert await WAITS.value() == 1000_00
    assert await violations() == []


async def test_no_difference_of_two_answers_tells_of_fewer_than_five_people() -> None:
    """Orders are worth powers of two: an answer tells which are in it. See tests/rules/test_grouping.py."""
    await programme()
    await campaign()
    await campaign("SPRING")
    bamboo = await organisation()
    crowd: list[Brought] = []
    for channel, code, number in (("POSTER", "TEA", 7), ("RADIO", "TEA", 3), ("VIDEO", "SPRING", 4)):
        crowd += await bring(bamboo, number, NOON - DAY, channel=channel, campaign=code)
    buyers: list[UUID] = []
    answers: set[int] = set()
    for step in range(12):
        at = NOON + step * 8 * HOUR
        for each in crowd[step % 4 :: 3]:
            if len(buyers) < 40:
                await each.orders_for(1 << len(buyers), at)
                buyers.append(each.id)
        await partners.bring_up_to_date(at + SOON)
        answers |= await all_answers(bamboo, at + SOON)
    told_of = defaultdict(set)
    for number, who in enumerate(buyers):
        if any(signature := tuple(answer >> number & 1 for answer in sorted(answers))):
            told_of[signature].add(who)
    assert len(told_of) > 2
    assert min(map(len, told_of.values())) >= LEAST
    assert await DAYS.value() + await POOLS.value() == (1 << len(buyers)) - 1


async def all_answers(partner_id: UUID, at: datetime) -> set[int]:
    """What a partner is told in turnover, of the last days one by one, in pairs and all together, by everything."""
    found = set()
    today = at.date()
    stretches = [(ago, length) for ago in range(4) for length in (1, 2, 5)]
    for ago, length in stretches:
        given = {"from": f"{today - (ago + length - 1) * DAY}", "to": f"{today - ago * DAY}"}
        for by in ("DAY", "CHANNEL", "CAMPAIGN"):
            stats = await told(partner_id, by, at=at, given=given)
            found |= {each["grossMinor"] or 0 for each in (stats["total"], *stats["cells"])}
    return found
