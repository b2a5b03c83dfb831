"""Verify: every invariant has a corruption planted for it, and notices it."""

import json
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient

from models.earning import EarnRuleKind
from models.engine.sqlite import statements
from models.invariants import INVARIANTS, SHOWN, Violation, _first, _plain, violations
from models.staff import StaffRole
from models.units import Points, ReasonCode
from rules import approvals, finance, gifts, jobs, points, staff, tiers, webhooks
from rules.actors import SYSTEM, Actor, ActorKind
from rules.points import Adjustment
from rules.policy import Activation, ActivationMode, Expiry, ExpiryMode, Span
from rules.webhooks import Outcome, Wish
from tests import guard
from tests.ladder import YEARLY, hand_out, pay, plan, scheme, use
from tests.people import (
    DAY,
    NOON,
    adjust,
    balance,
    buy,
    caps,
    capture,
    freeze,
    fresh_key,
    give_back,
    hand,
    leave,
    member,
    merge,
    programme,
    proven,
    publish,
    redeem,
    refund,
    rule,
    set_aside,
    unfreeze,
)
from tests.stories.corruptions import CORRUPTIONS
from tests.stories.partner_corruptions import PARTNERED, the_partner
from tests.stories.referral_corruptions import REFERRED, the_friends
from tests.stories.tier_corruptions import TIERED


@pytest.fixture
async def unbarred(database: BaseDBAsyncClient) -> AsyncIterator[None]:
    """The ledgers accept UPDATE during the test, as if somebody with the owner's rights were at work."""
    with guard.recorder.paused():
        if database.capabilities.dialect == "sqlite":
            lifted = await database.execute_query_dict(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%_no_update'"
            )
            lift = [f"DROP TRIGGER {trigger['name']}" for trigger in lifted]
            lower = [trigger["sql"] for trigger in lifted]
        else:
            lifted = await database.execute_query_dict(
                "SELECT c.relname AS name FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
                " WHERE t.tgname = c.relname || '_no_update'"
            )
            lift = [f"ALTER TABLE {found['name']} DISABLE TRIGGER {found['name']}_no_update" for found in lifted]
            lower = [text.replace("DISABLE", "ENABLE") for text in lift]
        assert len(lift) >= 5
        for statement in lift:
            await database.execute_query(statement)
    yield
    with guard.recorder.paused():
        for statement in lower:
            await database.execute_query(statement)


async def by_two(member_id: UUID, delta: int) -> None:
    """One of the staff asks for an adjustment, and another approves it."""
    ann = Actor(ActorKind.STAFF, str(await staff.hire("ann", "hash", StaffRole.CS, now=NOON)))
    bo = Actor(ActorKind.STAFF, str(await staff.hire("bo", "hash", StaffRole.ADMIN, now=NOON)))
    wanted = Adjustment(delta, ReasonCode("GOODWILL"))
    asked = await approvals.request(member_id, wanted, key=fresh_key(), actor=ann, now=NOON)
    await approvals.approve(member_id, asked.approval_id, key=fresh_key(), actor=proven(bo), now=NOON)


async def the_books() -> tuple[UUID, UUID]:
    """Mei climbed, bought, redeemed, returned, held and was refunded; Wang was frozen and thawed, and owes points.

    Hua was two members. A webhook endpoint was told how Mei came.
    """
    await programme(expire_months=1)
    await told_elsewhere()
    mei, wang = await member("Mei"), await member("Wang")
    await buy(mei, 7_00, ref="sweets", at=NOON - timedelta(days=60))
    await buy(mei, 2_000_00, ref="sofa")
    await buy(mei, 100_00, 50_00, ref="coat")
    spent = await redeem(mei, 40)
    await give_back(mei, spent.transaction_id, 15)
    await capture(mei, (await set_aside(mei, 30)).hold_id, 20, at=NOON + timedelta(seconds=30))
    await set_aside(mei, 25, lasting=timedelta(minutes=1), at=NOON - timedelta(minutes=2))
    await set_aside(mei, 10)
    await by_two(mei, -60)
    await refund("coat", {"A": 60_00, "B": 40_00})
    await buy(wang, 30_00, ref="tea")
    await redeem(wang, 30)
    await refund("tea", {"A": 30_00})
    await freeze(wang)
    await buy(wang, 20_00, ref="rice")
    await unfreeze(wang)
    await freeze(wang)
    await buy(wang, 5_00, ref="salt")
    await and_then(mei)
    await finance.bring_up_to_date(NOON + timedelta(days=2))
    return mei, wang


async def and_then(mei: UUID) -> None:
    """The policy is published, points are earned by rules and wait; staff give some to Zhao; Hua was two."""
    await publish()
    await by_rules()
    await hand(mei, await member("Zhao"), 7)
    await of_one_person()
    await waiting()


async def by_rules() -> None:
    """Li earned by rules with caps and a budget, and was refunded."""
    await rule("DOUBLE", EarnRuleKind.BONUS_MULTIPLIER)
    await rule("TEN", EarnRuleKind.BONUS_POINTS, budget=Points(18), caps=caps(day=15, lifetime=100))
    li = await member("Li")
    await buy(li, 80_00, ref="cups")
    await buy(li, 80_00, ref="more cups")
    await refund("cups", {"A": 40_00})


async def waiting() -> None:
    """Zhou earned twice while points waited a day and slid: what came first is there, with its growth."""
    await publish(
        activation=Activation(ActivationMode.AFTER_DAYS, days=1), expiry=Expiry(ExpiryMode.SLIDING, 2, Span.MONTH)
    )
    zhou = await member("Zhou")
    await buy(zhou, 40_00, ref="rye", at=NOON - timedelta(days=3))
    await adjust(zhou, 1)
    while lease := await jobs.claim(points.LAND, now=NOON):
        await jobs.TASKS[points.LAND].work(lease.facts, NOON)
        await jobs.finish(lease, now=NOON)
    await buy(zhou, 10_00, ref="oats")


async def of_one_person() -> None:
    """Hua was two members, and an order of the one she is no longer is refunded."""
    hua, twin = await member("Hua"), await member("Hua, too")
    await buy(twin, 1_200_00, ref="bowls")
    await merge(twin, hua)
    await refund("bowls", {"A": 100_00})
    await leave(await member("Lu"))


async def told_elsewhere() -> None:
    """An endpoint took what happened to a member, and was tried out."""
    added = await webhooks.add(Wish("https://shop.example/hook"), key=fresh_key(), actor=SYSTEM, now=NOON)
    await member("Li")
    await webhooks.spread(NOON)
    for parcel in await webhooks.claim(added.endpoint_id, 100, now=NOON):
        await webhooks.report(parcel, Outcome(200, None, timedelta(seconds=1)), now=NOON)
    await webhooks.send_test(added.endpoint_id, actor=SYSTEM, now=NOON)


class UndoneError(Exception):
    """Ends a transaction whose writes are not to last."""


async def plant(client: BaseDBAsyncClient, sql: str, mei: UUID, wang: UUID) -> None:
    """Corrupt the books, by something the database itself lets through."""
    for statement in statements(sql.format(mei=f"'{mei}'", wang=f"'{wang}'")):
        changed, _ = await client.execute_query(statement)
        assert changed, f"nothing was corrupted by {statement}"


async def finds(client: BaseDBAsyncClient, name: str) -> bool:
    """Whether the query of an invariant finds a row."""
    [invariant] = [each for each in INVARIANTS if each.name == name]
    query = _plain(invariant.query)
    if client.capabilities.dialect == "postgres":
        query = invariant.postgres or invariant.query
    return bool(await client.execute_query_dict(query))


async def missed(
    database: BaseDBAsyncClient, planted: dict[str, list[str]], mei: UUID, wang: UUID
) -> list[tuple[str, str]]:
    """The corruptions that their invariants do not find."""
    found = []
    for name, sql in [(name, sql) for name, ways in planted.items() for sql in ways]:
        with suppress(UndoneError):
            async with database._in_transaction() as corrupt:
                await plant(corrupt, sql, mei, wang)
                if not await finds(corrupt, name):
                    found.append((name, sql))
                raise UndoneError
    return found


async def test_the_books_are_right_before_anybody_corrupts_them() -> None:
    mei, wang = await the_books()
    assert await violations() == []
    told = {name: (await balance(mei))[name] for name in ("available", "debt", "tier", "lifetime_expired")}
    assert told == {"available": 1933, "debt": 0, "tier": "SILVER", "lifetime_expired": 7}
    wangs = await balance(wang)
    assert (wangs["debt"], wangs["pending"]) == (10, 5)


async def test_every_corruption_is_found_by_its_invariant(database: BaseDBAsyncClient, unbarred: None) -> None:
    mei, wang = await the_books()
    assert await missed(database, CORRUPTIONS, mei, wang) == []


@pytest.mark.corrupts
@pytest.mark.usefixtures("unbarred")
async def test_every_corruption_of_a_partners_books_is_noticed(database: BaseDBAsyncClient) -> None:
    await the_partner()
    assert await violations() == []
    assert await missed(database, PARTNERED, UUID(int=0), UUID(int=0)) == []


@pytest.mark.corrupts
@pytest.mark.usefixtures("unbarred")
async def test_every_corruption_of_a_referral_is_found_by_its_invariant(database: BaseDBAsyncClient) -> None:
    mei, wang = await the_friends()
    assert await violations() == []
    assert await missed(database, REFERRED, mei, wang) == []


async def the_ladder() -> tuple[UUID, UUID]:
    """Mei had gifts for gold and two birthdays and is in her grace; Wang, with no growth, was granted silver.

    Hua was two members: of what they paid for gold is over, and silver runs on.
    """
    await programme()
    rolling = {"kind": "ROLLING", "days": 30}
    gift = {"kind": "UPGRADE_GIFT", "value": 50}
    cake = {"kind": "BIRTHDAY_GIFT", "value": 20}
    given = {"SILVER": [gift], "GOLD": [gift, cake, {"kind": "EXCLUSIVE_ACCESS", "code": "LOUNGE"}]}
    await scheme(window=rolling, validity=YEARLY, grace_days=30, downgrade_mode="REASSESS", benefits=given)
    mei, wang = await member("Mei", at=NOON - DAY * 30, birthday=date(1990, 3, 17)), await member("Wang")
    await buy(mei, 5_000_00)
    await hand_out()
    for moment in (NOON, NOON.replace(year=2027)):
        await gifts.celebrate({}, moment)
    goodwill = ReasonCode("GOODWILL")
    until = NOON + timedelta(days=900)
    await tiers.grant(wang, "SILVER", until, reason=goodwill, key=fresh_key(), actor=SYSTEM, now=NOON)
    later = NOON + timedelta(days=400)
    await plan()
    await plan("WHITE", tier="SILVER", days=500)
    hua, twin = await member("Hua"), await member("Twin")
    await pay(hua, "WHITE")
    await pay(twin)
    await merge(twin, hua)
    await tiers.review({}, later)
    for _ in range(2):
        await pay(wang, at=later)
        await use(mei, at=later)
    return mei, wang


async def test_every_corruption_of_a_tier_is_found_by_its_invariant(
    database: BaseDBAsyncClient, unbarred: None
) -> None:
    mei, wang = await the_ladder()
    assert await violations() == []
    assert await missed(database, TIERED, mei, wang) == []


@pytest.mark.corrupts
@pytest.mark.parametrize("name", ["balances", "refunds are told by line", "answers are real", "members are whole"])
async def test_verify_tells_what_is_broken_and_where(
    database: BaseDBAsyncClient, unbarred: None, name: str
) -> None:
    mei, wang = await the_books()
    await plant(database, CORRUPTIONS[name][0], mei, wang)
    found = [each for each in await violations() if each.name == name]
    assert found
    assert {each.says for each in found} == {each.says for each in INVARIANTS if each.name == name}
    assert all(each.row for each in found)


async def planned(client: BaseDBAsyncClient, query: str) -> dict[str, Any]:
    """How PostgreSQL goes about a query."""
    [row] = await client.execute_query_dict(f"EXPLAIN (FORMAT JSON) {query}")
    [told] = json.loads(row["QUERY PLAN"])
    plan: dict[str, Any] = told["Plan"]
    return plan


async def test_postgres_looks_for_a_few_rows_as_it_would_for_all(database: BaseDBAsyncClient) -> None:
    if database.capabilities.dialect == "sqlite":
        pytest.skip("SQLite is not told how many rows will be fetched")
    for each in INVARIANTS:
        query = each.postgres or each.query
        every, few = await planned(database, query), await planned(database, _first(query))
        assert (few["Node Type"], few["Plan Rows"] <= SHOWN) == ("Limit", True), each.name
        assert few["Plans"][0]["Subplan Name"] == "CTE broken", each.name
        assert few["Plans"][0]["Total Cost"] == every["Total Cost"], each.name


def test_each_invariant_has_a_corruption_and_a_name_of_its_own() -> None:
    names = [each.name for each in INVARIANTS]
    assert len(set(names)) == len(names)
    assert set(names) == CORRUPTIONS.keys() | TIERED.keys() | PARTNERED.keys() | REFERRED.keys(), (
        "plant a corruption for each invariant in tests/stories/corruptions.py"
    )


@pytest.mark.corrupts
async def test_of_a_broken_invariant_only_so_many_rows_are_told(database: BaseDBAsyncClient) -> None:
    await programme()
    for number in range(SHOWN + 5):
        await member(f"Member {number}")
    await database.execute_query("UPDATE member SET event_seq = event_seq + 1")
    found = await violations()
    assert [each.name for each in found] == ["event sequence"] * SHOWN
    assert isinstance(found[0], Violation)
