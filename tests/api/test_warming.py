"""Warming: the statements of hot paths are known to every connection before the first request."""

import pytest

from api import warming
from api.documents import Asked, Library
from models.sql import SQL
from rules import credentials, documents
from rules.actors import SYSTEM
from rules.documents import Trusted
from schema import examining
from schema.executing import GRAPH
from tests.people import NOON

WAITING = SQL(
    "SELECT count(*) AS n FROM pg_stat_activity"
    " WHERE datname = current_database() AND state <> 'idle' AND pid <> pg_backend_pid()"
)


async def test_what_is_read_as_rows_anywhere_is_known_before_the_first_request() -> None:
    found = warming.readings()
    assert credentials.TOKEN in found
    assert len({id(each) for each in found}) == len(found)
    await warming.ready(Library())


async def test_the_server_waits_for_nothing_once_it_knows_the_statements(dialect: str) -> None:
    if dialect == "sqlite":
        pytest.skip("SQLite has no server")
    await warming.ready(Library())
    assert await WAITING.value() == 0


HOME, PAGE = "query Home { me { state } }", "query Page($first: Int!) { staff(first: $first) { nodes { id } } }"
GONE, WITHDRAWN = "query Gone { nothing }", "query Tiers { tiers { code } }"


async def test_registered_documents_are_compiled_before_the_first_request(statements: list[str]) -> None:
    told = [Trusted.of(each, each.split()[1]) for each in (HOME, PAGE, GONE, WITHDRAWN)]
    await documents.register(told, actor=SYSTEM, now=NOON)
    await documents.withdraw(told[-1].sha256, actor=SYSTEM, now=NOON)
    examining.remembered.cache_clear()
    library = Library()
    await warming.ready(library)
    known = examining.remembered(GRAPH).trusted
    assert set(known) == {HOME, PAGE, GONE}
    plans = [known[source].named[name].plan for source, name in ((HOME, "Home"), (PAGE, "Page"))]
    assert all(plan and "def " in plan.source() for plan in plans)
    statements.clear()
    found = await library.find(Asked(None, told[0].sha256), strictly=True)
    assert (found.source, found.trusted, statements) == (HOME, told[0].name, [])
