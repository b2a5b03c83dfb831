"""Plans: a page is a range of one index, so that it costs what it shows, however long its list is.

PostgreSQL is asked for the plan it keeps for any values, and told that sorting and scanning cost a fortune: what it
still sorts or scans, it has no index for. SQLite has no statistics: what it plans here it plans everywhere.
"""

import re
from copy import copy
from datetime import timedelta
from itertools import combinations
from typing import Any, cast
from uuid import UUID

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection

from models.engine.combining import combined
from models.listing import Listing
from models.reading import SHOWINGS, Rows, made
from models.sql import SQL, Statement
from rules import audit
from rules.points import _purse
from rules.purchases import _orders
from schema import approvals
from schema.members import _lists
from schema.points import _expiring, _ledger
from schema.purchases import _purchase
from tests.people import NOON, adjust, member, programme
from tests.schema.asking import CLERK, ask

LISTINGS: dict[str, Listing[Any]] = {
    "points_entry_seq": _ledger.ENTRIES,
    "purchase_member": _purchase.PAGES,
    "approval_member": approvals.PAGES,
    "audit_log_about": audit.ABOUT,
}
MEMBERS = {
    "all": "member_created",
    "state": "member_state",
    "state, then tier": "member_state",
    "tier": "growth_account_known",
    "tier, then state": "growth_account_known",
}
CHOICES = {"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off", "enable_sort": "off"}
RIVALS = """SET LOCAL session_replication_role = replica;
INSERT INTO audit_log (id, at, actor_kind, action, member_id, facts)
  SELECT gen_random_uuid(), now() + n * interval '1 second', 'STAFF', 'x', md5((n % 97)::text)::uuid, '{}'
  FROM generate_series(1, 1000) n;
INSERT INTO approval (id, kind, state, member_id, facts, reason, requested_by, requested_at, expires_at)
  SELECT gen_random_uuid(), 'POINTS_ADJUST', 'PENDING', md5((n % 97)::text)::uuid, '{}', 'x', gen_random_uuid(),
  now(), now() FROM generate_series(1, 1000) n;
ANALYZE audit_log; ANALYZE approval"""
"""Rows where another index has the same order for all members: among few rows it is as good."""

LEDGERS = """SET LOCAL session_replication_role = replica;
INSERT INTO points_transaction (id, member_id, kind, points, cause, actor_kind, effective_at, created_at)
  SELECT md5(n::text)::uuid, md5((n % 997)::text)::uuid, 'EARN', 1, n::text, 'SYSTEM', now(), now()
  FROM generate_series(1, 10000) n;
INSERT INTO points_entry (id, transaction_id, member_id, seq, bucket, delta, balance_after, counter)
  SELECT md5(n::text)::uuid, md5(n::text)::uuid, md5((n % 997)::text)::uuid, n, 'AVAILABLE', 1, 1, 'ISSUANCE'
  FROM generate_series(1, 10000) n;
ANALYZE points_transaction; ANALYZE points_entry"""
"""So many lines that a member's are not few."""

LOTS = """SET LOCAL session_replication_role = replica;
INSERT INTO points_lot (id, member_id, transaction_id, granted, remaining, held, active, expires_at)
  SELECT md5(n::text)::uuid, md5((n % 97)::text)::uuid, md5(n::text)::uuid, 1,
  CASE WHEN n % 20 = 0 THEN 1 ELSE 0 END, 0, true, now() FROM generate_series(1, 10000) n;
ANALYZE points_lot"""
"""Lots that are mostly spent, as they are in any ledger: among few, all lots are as good as the open ones."""

SMALL = {"tier", "json_each", "soon"}
"""What may be read whole: the ladder, a list that is given, and what a page was found to hold."""


async def plan(statement: Statement, rivals: str = RIVALS) -> list[str]:
    """How the database goes about a statement, whatever the values are."""
    client: BaseDBAsyncClient = get_connection("default")
    count = len(set(re.findall(r"\$(\d+)", statement.postgres)))
    if client.capabilities.dialect == "sqlite":
        rows = await client.execute_query_dict(f"EXPLAIN QUERY PLAN {statement.sqlite}", [None] * count)
        return [row["detail"] for row in rows]
    async with client._in_transaction() as transaction:
        await transaction.execute_script(rivals)
        for name, value in CHOICES.items():
            await transaction.execute_script(f"SET LOCAL {name} = {value}")
        await transaction.execute_script(f"PREPARE planned AS {statement.postgres}")
        rows = await transaction.execute_query_dict(f"EXPLAIN EXECUTE planned({', '.join(['NULL'] * count)})")
        await transaction.execute_script("DEALLOCATE planned")
        await transaction.rollback()
        return [row["QUERY PLAN"] for row in rows]


def read_whole(told: list[str]) -> set[str]:
    """The tables that a plan reads from beginning to end."""
    found = (re.search(r"\bSCAN (\w+)|Seq Scan on (\w+)", line) for line in told)
    return {each[1] or each[2] for each in found if each} - SMALL


def is_sorted(told: list[str]) -> bool:
    """Whether a plan sorts what it read."""
    return any("TEMP B-TREE" in line or re.search(r"\bSort\b", line) for line in told)


async def kinds(text: str) -> list[str]:
    """What PostgreSQL takes the parameters of a text to be."""
    client: BaseDBAsyncClient = get_connection("default")
    async with client._in_transaction() as transaction:
        await transaction.execute_script(f"PREPARE asked AS {text}")
        [row] = await transaction.execute_query_dict(
            "SELECT parameter_types::text[] AS kinds FROM pg_prepared_statements WHERE name = 'asked'"
        )
        await transaction.execute_script("DEALLOCATE asked")
        await transaction.rollback()
        return cast("list[str]", row["kinds"])


COMBINING = [
    each for each in made if each.combines and each.on == "default" and each.room.partition(".")[0] != "tests"
]
DECIDING = [_purse.TO_SPEND, _purse.TO_HOLD, _orders.PURSE_AND_ORDER]


@pytest.mark.parametrize("reading", COMBINING)
async def test_what_is_asked_together_is_looked_up_for_each(reading: Rows[Any], dialect: str) -> None:
    if dialect == "sqlite":
        pytest.skip("SQLite is asked for each by itself")
    several = Statement(combined(reading.postgres, await kinds(reading.postgres)))
    told = await plan(several, f"{RIVALS};{LOTS}")
    assert read_whole(told) <= {"partner_books"}, told
    assert "Nested Loop" in told[0]
    assert re.search(r"Function Scan on (unnest )?asked", told[1])


@pytest.mark.parametrize("reading", DECIDING)
async def test_what_commands_of_one_moment_decide_on_is_looked_up_for_each(reading: SQL, dialect: str) -> None:
    if dialect == "sqlite":
        pytest.skip("SQLite is asked for each by itself")
    several = Statement(combined(reading.postgres, await kinds(reading.postgres)))
    told = await plan(several, f"{RIVALS};{LOTS}")
    # of the programme there is one row
    assert read_whole(told) <= {"programme"}, told
    assert "Nested Loop" in told[0]
    assert re.search(r"Function Scan on (unnest )?asked", told[1])


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("index", LISTINGS)
async def test_a_page_of_a_member_is_a_range_of_an_index(index: str, backwards: bool) -> None:
    told = await plan(LISTINGS[index].one[backwards])
    assert (read_whole(told), is_sorted(told)) == (set(), False), told
    assert index in "".join(told)


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("index", LISTINGS)
async def test_pages_of_several_members_are_a_range_for_each(index: str, backwards: bool, dialect: str) -> None:
    listing = LISTINGS[index]
    told = await plan(listing.many[backwards])
    assert read_whole(told) == set(), told
    assert index in "".join(told)
    if dialect == "sqlite":
        # what is shown is sorted there; what it is chosen from is not
        [chosen] = [place for place, line in enumerate(told) if line.startswith("CORRELATED LIST")]
        assert re.search(rf"SEARCH nth USING (COVERING )?INDEX {index} ", told[chosen + 1]), told
        assert [line for line in told if "TEMP" in line] == ["USE TEMP B-TREE FOR ORDER BY"], told
    else:
        assert not is_sorted(told), told


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("several", [False, True])
async def test_a_page_of_a_statement_is_a_range_of_an_index_for_each_kind(
    several: bool, backwards: bool, dialect: str
) -> None:
    told = await plan((_ledger.STATEMENT.many if several else _ledger.STATEMENT.one)[backwards], LEDGERS)
    assert read_whole(told) <= {"n", "placed"}, told
    place = next(place for place, line in enumerate(told) if "points_transaction_kind" in line)
    if dialect == "sqlite":
        # what is shown is sorted there; what it is chosen from is not
        found = r"SEARCH x USING COVERING INDEX points_transaction_kind \(member_id=\? AND kind=\? AND effective_at"
        assert re.search(found, told[place]), told
        assert told[place - 1].startswith("CORRELATED LIST"), told
        assert "SEARCH e USING INDEX points_entry_transaction (transaction_id=?)" in told
    else:
        assert "Index Only Scan" in told[place], told
        assert "effective_at >= " in told[place + 1], told
        assert "Limit" in told[place - 1], told
        assert "points_entry_transaction" in "".join(told), told
        assert "points_entry_seq" not in "".join(told), told


@pytest.mark.parametrize(("by", "backwards", "whole"), _lists.LIST)
async def test_a_list_of_members_is_a_range_of_an_index(by: str, backwards: bool, whole: bool) -> None:
    told = await plan(_lists.LIST[by, backwards, whole])
    assert (read_whole(told), is_sorted(told)) == (set(), False), told
    assert MEMBERS[by] in "".join(told)


async def test_what_expires_is_read_from_the_lots_that_are_open() -> None:
    for statement in (_expiring.EXPIRING, _expiring.EXPIRING_OF_SEVERAL, _ledger.ACCOUNTS):
        told = await plan(statement, LOTS)
        assert read_whole(told) == set(), told
        assert "points_lot_open" in "".join(told)
        # a lot that slides ends later than its own column says, so a member's few open lots are sorted
        assert not is_sorted(told) or statement is not _ledger.ACCOUNTS, told


async def test_members_of_one_tier_and_state_are_listed_newest_first() -> None:
    await programme()
    people = [await member(f"Member {number}", at=NOON + timedelta(minutes=number)) for number in range(4)]
    document = "query($f: MembersFilter, $a: String) { members(filter: $f, first: 2, after: $a) { %s } }"
    shown = "nodes { createdAt } pageInfo { endCursor hasNextPage }"
    for chosen in ({"tierCode": "BASIC"}, {"state": "ACTIVE"}, {"state": "ACTIVE", "tierCode": "BASIC"}, {}):
        seen: list[str] = []
        page: dict[str, Any] = {"pageInfo": {"endCursor": None}}
        for _ in range(2):
            after = page["pageInfo"]["endCursor"]
            page = (await ask(document % shown, {"f": chosen, "a": after}, who=CLERK))["members"]
            seen += [node["createdAt"] for node in page["nodes"]]
        assert seen == sorted(seen, reverse=True)
        assert (len(seen), page["pageInfo"]["hasNextPage"]) == (len(people), False)
    for nobody in ({"state": "FROZEN"}, {"state": "FROZEN", "tierCode": "BASIC"}, {"tierCode": ""}):
        assert (await ask(document % "nodes { id }", {"f": nobody}, who=CLERK))["members"]["nodes"] == []


async def test_whoever_is_asked_for_twice_is_shown_twice() -> None:
    await programme()
    mei, wang = await member("Mei"), await member("Wang")
    for who in (mei, mei, wang):
        await adjust(who, 10)
    once = await _ledger.ENTRIES.pages([mei, wang, mei, UUID(int=9)], most=5)
    assert [[row.seq for row in page] for page in once] == [[2, 1], [1], [2, 1], []]
    more = await _ledger.ENTRIES.pages([wang, mei], most=1, beyond=[1], backwards=True)
    assert [[row.seq for row in page] for page in more] == [[], [2]]


async def test_of_ledgers_only_what_is_shown_is_read() -> None:
    await programme()
    mei, wang = await member("Mei"), await member("Wang")
    for who in (mei, wang):
        await adjust(who, 10)
    shown = frozenset({"kind", "purchase_id"})
    for whose in ([mei, wang], [mei]):
        [[line], *_] = await _ledger.ENTRIES.pages(whose, most=5, shown=shown)
        assert (line.kind, line.purchase_id, line.key) == ("ADJUST_IN", None, (1,))
        with pytest.raises(AttributeError):
            _ = line.recorded_at
    whole = _ledger.ENTRIES.one[False]
    for told in ({"kind", "movement"}, {"says"}, {*_ledger.EntryRow.__annotations__, "id"}):
        assert whole.showing(frozenset(told)) is whole


async def test_a_query_has_statements_for_a_few_sets_of_attributes_only() -> None:
    query: Rows[Any] = copy(_ledger.ENTRIES.one[False])
    query._showing = {}
    columns = ("kind", "bucket", "points", "reason")
    sets = [frozenset(each) for number in (1, 2) for each in combinations(columns, number)]
    assert sum(query.showing(each) is not query for each in sets) == SHOWINGS
    assert len(query._showing) == SHOWINGS < len(sets)
