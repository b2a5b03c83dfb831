"""Trusted documents over HTTP: how a request names one, who may send what, and by which method."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from api.documents import ABSENT_MAX, Asked, Library
from api.graphql import Endpoint
from models.credentials import PrincipalKind
from models.staff import StaffRole
from rules import credentials, documents, keys, partners, staff
from rules.actors import SYSTEM
from rules.documents import Trusted, digest
from rules.keys import Holder
from schema import examining
from schema.root import schema
from tests.api.house import GRAPHQL, JSON, PRODUCTION, Caller, Reply, built, calling
from tests.people import NOON, member, programme

HOME = "query Home { me { state } }"
PAGE = "query Page($first: Int!) { me { points { entries(first: $first) { nodes { points } } } } }"
TIERS = "query Tiers { tiers { code } }"
RENAME = 'mutation Rename { memberProfileUpdate(input: {profile: {displayName: "M"}}) { userErrors { code } } }'
SECOND = 1.0
REGISTER = "mutation($i: DocumentRegisterInput!) { documentRegister(input: $i) { registered userErrors { code } } }"
WITHDRAW = "mutation($i: DocumentWithdrawInput!) { documentWithdraw(input: $i) { userErrors { code } } }"


@dataclass
class Ticks:
    """A clock of seconds that stands until it is moved."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class House:
    """Processes of one deployment, each with a library of its own, on one clock."""

    stack: AsyncExitStack
    patch: pytest.MonkeyPatch
    ticks: Ticks = field(default_factory=Ticks)

    async def process(self, **environment: str) -> Caller:
        app = await self.stack.enter_async_context(built(environment))
        library_of(app)._clock = self.ticks
        return await self.stack.enter_async_context(calling(app, self.patch))

    async def production(self, **environment: str) -> Caller:
        return await self.process(**PRODUCTION, **environment)


def library_of(app: Starlette) -> Library:
    [endpoint] = [each.endpoint for each in app.routes if isinstance(getattr(each, "endpoint", None), Endpoint)]  # type: ignore[attr-defined]
    found: Library = endpoint.library
    return found


@pytest.fixture
async def house(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        yield House(stack, monkeypatch)


async def as_mei() -> str:
    await programme()
    mei = await member("Mei")
    return (await credentials.log_in(PrincipalKind.MEMBER, mei, actor=SYSTEM, now=NOON)).access


async def as_lead(role: StaffRole = StaffRole.ADMIN) -> str:
    who = await staff.hire(role.lower(), "x", role, now=NOON)
    return (await credentials.log_in(PrincipalKind.STAFF, who, actor=SYSTEM, now=NOON)).access


async def trust(*sources: str) -> None:
    told = [Trusted.of(each, each.split()[1]) for each in sources]
    await documents.register(told, actor=SYSTEM, now=NOON)


async def send(
    caller: Caller, body: dict[str, Any], token: str | None = None, *, accept: str = GRAPHQL, get: bool = False
) -> Reply:
    headers = {"accept": accept} | ({"authorization": f"Bearer {token}"} if token else {})
    if not get:
        return await caller.send(json=body, headers=headers)
    params = {name: part if isinstance(part, str) else json.dumps(part) for name, part in body.items()}
    return await caller.send("GET", params=params, headers=headers)


def apollo(source: str, **more: Any) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest(source)}}, **more}


WAYS: dict[str, Callable[..., dict[str, Any]]] = {
    "Apollo's extension": apollo,
    "GraphQL over HTTP's documentId": lambda source, **more: {"documentId": f"sha256:{digest(source)}", **more},
    "a plain documentId": lambda source, **more: {"documentId": digest(source), **more},
    "codegen's hash in Apollo's extension": lambda source, **more: {
        "extensions": {"persistedQuery": {"version": 1, "sha256Hash": f"sha256:{digest(source)}"}},
        **more,
    },
    "both": lambda source, **more: {**apollo(source), "documentId": digest(source), **more},
    "its text": lambda source, **more: {"query": source, **more},
    "its text and its hash": lambda source, **more: apollo(source, query=source, **more),
}


@pytest.mark.parametrize("way", WAYS)
async def test_a_member_runs_a_trusted_document_in_whatever_way_it_is_named(house: House, way: str) -> None:
    mei, process = await as_mei(), await house.production()
    await trust(HOME, PAGE)
    assert (await send(process, WAYS[way](HOME), mei))["me"] == {"state": "ACTIVE"}
    told = WAYS[way](PAGE, variables={"first": 1}, operationName="Page")
    assert (await send(process, told, mei))["me"]["points"]["entries"]["nodes"] == []
    assert (await send(process, WAYS[way](HOME, operationName="Nobody"), mei)).codes == ["BAD_REQUEST"]


async def test_in_production_members_run_nothing_else(house: House) -> None:
    mei, process = await as_mei(), await house.production()
    await trust(HOME)
    for body in ({"query": TIERS}, {"query": HOME + " "}, {"query": "{"}, apollo(TIERS, query=TIERS)):
        for accept, status in ((GRAPHQL, 400), (JSON, 200)):
            refused = await send(process, body, mei, accept=accept)
            assert (refused.status, refused.codes) == (status, ["FORBIDDEN"])
            assert "documentRegister" in refused.body["errors"][0]["message"]
    assert (await send(process, {"query": TIERS}, mei)).codes == ["FORBIDDEN"]
    assert (await send(process, apollo(TIERS), mei)).codes == ["PERSISTED_QUERY_NOT_FOUND"], "it was not remembered"


async def test_the_others_send_what_they_like_within_the_limits(house: House) -> None:
    await as_mei()
    process = await house.production()
    partner = await partners.register("Bamboo Books", actor=SYSTEM, now=NOON)
    shop, theirs = [
        (await keys.issue(holder, name="a key", environment="prod", actor=SYSTEM, now=NOON)).secret
        for holder in (Holder.service("shop"), Holder.partner(partner))
    ]
    for token in (None, shop, theirs, await as_lead(), await as_lead(StaffRole.ANALYST)):
        for body in ({"query": TIERS}, apollo(TIERS, query=TIERS)):
            assert len((await send(process, body, token))["tiers"]) == 3
    assert (await send(process, {"query": HOME})).codes == ["UNAUTHENTICATED"]
    assert (await send(process, {"query": "{ " + "a: __typename " * 31 + "}"})).codes == ["OPERATION_TOO_COMPLEX"]


@pytest.mark.parametrize(("production", "only", "code"), [(True, "off", None), (False, "on", "FORBIDDEN")])
async def test_whether_members_are_held_to_it_is_a_setting(
    house: House, production: bool, only: str, code: str | None
) -> None:
    mei = await as_mei()
    start = house.production if production else house.process
    process = await start(LOYALTY_TRUSTED_ONLY=only)
    assert (await send(process, {"query": TIERS}, mei)).codes == ([code] if code else [])


async def test_an_unknown_hash_is_answered_in_the_words_apollos_clients_wait_for(house: House) -> None:
    mei = await as_mei()
    for process in (await house.production(), await house.process()):
        for accept, status in ((GRAPHQL, 400), (JSON, 200)):
            for get in (True, False):
                reply = await send(process, apollo(TIERS), mei, accept=accept, get=get)
                assert (reply.status, reply.codes) == (status, ["PERSISTED_QUERY_NOT_FOUND"])
                [error] = reply.body["errors"]
                assert error["message"] == "PersistedQueryNotFound"
                assert error["extensions"]["requestId"] == reply.headers["x-request-id"]
                assert "data" not in reply.body


MISNAMED: list[dict[str, Any]] = [
    apollo(HOME, query=TIERS),
    {"documentId": digest(HOME), "query": TIERS},
    {**apollo(HOME), "documentId": digest(TIERS)},
    {"documentId": ""},
    {"documentId": "sha256:"},
    {"documentId": "x" * 64},
    {"documentId": digest(HOME).upper()},
    {"documentId": "md5:" + "0" * 32},
    {"documentId": "sha256:sha256:" + digest(HOME)},
    {"extensions": {"persistedQuery": "x"}},
    {"extensions": {"persistedQuery": {}}},
    {"extensions": {"persistedQuery": {"version": 2, "sha256Hash": digest(HOME)}}},
    {"extensions": {"persistedQuery": {"version": 1}}},
    {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": 7}}},
    {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest(HOME)[:-1]}}},
]


@pytest.mark.parametrize("body", MISNAMED)
async def test_a_document_that_is_named_wrongly_is_a_bad_request(house: House, body: dict[str, Any]) -> None:
    await trust(HOME, TIERS)
    for process in (await house.production(), await house.process()):
        for get in (True, False):
            reply = await send(process, body, get=get)
            assert (reply.status, reply.codes) == (400, ["BAD_REQUEST"]), reply.text
    assert (await send(process, {"documentId": 7})).codes == ["BAD_REQUEST"]
    assert (await send(process, {"documentId": None, "query": "{ __typename }"})).codes == []


async def test_what_is_registered_is_trusted_at_once_here_and_within_a_second_elsewhere(house: House) -> None:
    mei, lead = await as_mei(), await as_lead()
    here, elsewhere = await house.production(), await house.production()
    for process in (here, elsewhere):
        assert (await send(process, apollo(HOME), mei)).codes == ["PERSISTED_QUERY_NOT_FOUND"]
    house.ticks.now += 0.01
    registered = await here.ask(REGISTER, {"i": {"documents": [{"source": HOME}]}}, token=lead)
    assert registered["documentRegister"] == {"registered": 1, "userErrors": []}
    house.ticks.now += 0.01
    assert (await send(here, apollo(HOME), mei)).codes == []
    assert (await send(elsewhere, apollo(HOME), mei)).codes == ["PERSISTED_QUERY_NOT_FOUND"], "still believed"
    house.ticks.now += SECOND
    assert (await send(elsewhere, apollo(HOME), mei)).codes == []


async def test_what_is_withdrawn_is_refused_at_once_here_and_within_a_second_elsewhere(house: House) -> None:
    mei, lead = await as_mei(), await as_lead()
    await trust(HOME)
    here, elsewhere = await house.production(), await house.production()
    for process in (here, elsewhere):
        assert (await send(process, apollo(HOME), mei)).codes == []
    withdrawn = await here.ask(WITHDRAW, {"i": {"sha256": digest(HOME)}}, token=lead)
    assert withdrawn["documentWithdraw"] == {"userErrors": []}
    house.ticks.now += 0.01
    assert (await send(here, apollo(HOME), mei)).codes == ["PERSISTED_QUERY_NOT_FOUND"]
    assert (await send(here, {"query": HOME}, mei)).codes == ["FORBIDDEN"]
    house.ticks.now += SECOND
    assert (await send(elsewhere, {"query": HOME}, mei)).codes == ["FORBIDDEN"]
    assert (await send(elsewhere, apollo(HOME), mei)).codes == ["PERSISTED_QUERY_NOT_FOUND"]


async def test_development_remembers_what_a_client_sends_with_its_hash(house: House) -> None:
    mei, process = await as_mei(), await house.process()
    assert (await send(process, apollo(HOME), mei)).codes == ["PERSISTED_QUERY_NOT_FOUND"]
    assert (await send(process, {"query": HOME}, mei)).codes == []
    assert (await send(process, apollo(HOME), mei)).codes == ["PERSISTED_QUERY_NOT_FOUND"], "no hash was sent"
    assert (await send(process, apollo(HOME, query=HOME), mei)).codes == []
    assert (await send(process, apollo(HOME), mei))["me"] == {"state": "ACTIVE"}
    assert (await send(process, apollo(HOME), mei, get=True))["me"] == {"state": "ACTIVE"}


async def test_nothing_is_remembered_where_members_run_trusted_documents_only(house: House) -> None:
    await programme()
    lead = await as_lead()
    for process in (await house.process(LOYALTY_TRUSTED_ONLY="on"), await house.production()):
        assert (await send(process, apollo(TIERS, query=TIERS), lead)).codes == []
        assert (await send(process, apollo(TIERS), lead)).codes == ["PERSISTED_QUERY_NOT_FOUND"]


async def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.documents.REMEMBERED_CHARACTERS", 100)
    library = Library(remembers=True)
    texts = [f"{{ a{place:02}: __typename }}" for place in range(10)]
    for each in texts:
        await library.find(Asked(each, digest(each)), strictly=False)
    assert list(library._remembered.values()) == texts[-5:]


async def test_hashes_nobody_registered_are_asked_for_once_and_remembered_within_bounds(
    statements: list[str],
) -> None:
    library = Library(clock=Ticks())
    for _ in range(3):
        assert await library.trusted("0" * 64) is None
    assert len(statements) == 1
    for place in range(ABSENT_MAX + 1):
        library._note(f"{place:064}", None, 0.0)
    assert len(library._absent) == ABSENT_MAX


async def test_a_trusted_document_is_examined_once_and_read_once_a_second(
    house: House, statements: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    mei, process = await as_mei(), await house.production()
    await trust(HOME)
    examining.remembered.cache_clear()
    assert (await send(process, apollo(HOME), mei)).codes == []
    monkeypatch.setattr(examining, "_examine", lambda *_: pytest.fail("examined again"))
    statements.clear()
    for _ in range(5):
        assert (await send(process, apollo(HOME), mei)).codes == []
    assert [each for each in statements if "FROM document" in each] == []
    house.ticks.now += SECOND
    for _ in range(5):
        assert (await send(process, {"query": HOME}, mei)).codes == []
    assert len([each for each in statements if "FROM document" in each]) == 1


async def test_a_withdrawn_document_is_kept_no_longer_than_any_other() -> None:
    await trust(HOME)
    ticks = Ticks()
    library = Library(clock=ticks)
    assert await library.trusted(digest(HOME))
    assert HOME in examining.remembered(schema._schema).trusted
    await documents.withdraw(digest(HOME), actor=SYSTEM, now=NOON)
    ticks.now += SECOND
    assert await library.trusted(digest(HOME)) is None
    assert HOME not in examining.remembered(schema._schema).trusted
    assert library.names() == frozenset()


async def test_open_documents_of_staff_are_looked_up_nowhere(house: House, statements: list[str]) -> None:
    lead, process = await as_lead(), await house.production()
    await send(process, {"query": "{ __typename }"}, lead)
    assert [each for each in statements if "FROM document" in each] == []


async def test_production_answers_a_get_of_a_trusted_query_whoever_asks(house: House) -> None:
    mei, lead, process = await as_mei(), await as_lead(), await house.production()
    await trust(HOME, PAGE, TIERS, RENAME)
    for way in ("Apollo's extension", "GraphQL over HTTP's documentId", "a plain documentId", "its text"):
        assert (await send(process, WAYS[way](HOME), mei, get=True))["me"] == {"state": "ACTIVE"}
        for token in (None, lead):
            assert len((await send(process, WAYS[way](TIERS), token, get=True))["tiers"]) == 3
    told = apollo(PAGE, variables={"first": 1})
    assert (await send(process, told, mei, get=True))["me"]["points"]["entries"]["nodes"] == []
    for token in (None, mei, lead):
        for body in ({"query": "{ __typename }"}, {"query": "{"}, apollo(RENAME), {"query": RENAME}):
            reply = await send(process, body, token, get=True)
            assert reply.status == 405 or reply.codes == ["UNAUTHENTICATED"], reply.text
            if reply.status == 405:
                assert (reply.headers["allow"], reply.codes) == ("POST", ["BAD_REQUEST"])


async def test_no_get_writes(house: House) -> None:
    mei = await as_mei()
    await trust(RENAME)
    for process in (await house.production(), await house.process()):
        for way in WAYS.values():
            reply = await send(process, way(RENAME), mei, get=True)
            assert (reply.status, reply.headers["allow"], reply.codes) == (405, "POST", ["BAD_REQUEST"])


async def test_a_browser_that_names_a_document_is_answered_and_not_shown_graphiql(house: House) -> None:
    await as_mei()
    await trust(TIERS)
    process = await house.process()
    reply = await process.send(
        "GET", params={"documentId": digest(TIERS)}, headers={"accept": "text/html,application/json;q=0.9"}
    )
    assert (reply.status, reply.media) == (200, JSON)


async def test_the_names_of_what_is_trusted_are_known(tmp_path: Path, house: House) -> None:
    path = tmp_path / "persisted-documents.json"
    path.write_text(json.dumps({digest(TIERS): TIERS}))
    await trust(HOME)
    async with built({**PRODUCTION, "LOYALTY_DOCUMENTS": str(path)}) as app:
        library = library_of(app)
        assert library.names() == {"Tiers"}
        await library.trusted(digest(HOME))
        assert library.names() == {"Tiers", "Home"}
        assert await library.find(Asked(TIERS), strictly=True) == await library.find(
            Asked(None, digest(TIERS)), strictly=False
        )


async def test_the_documents_of_a_manifest_are_trusted_as_long_as_the_process_lives(
    tmp_path: Path, house: House, statements: list[str]
) -> None:
    mei, lead = await as_mei(), await as_lead()
    path = tmp_path / "persisted-documents.json"
    path.write_text(json.dumps({digest(HOME): HOME}))
    process = await house.production(LOYALTY_DOCUMENTS=str(path))
    statements.clear()
    assert (await send(process, apollo(HOME), mei))["me"] == {"state": "ACTIVE"}
    assert (await send(process, {"query": HOME}, mei))["me"] == {"state": "ACTIVE"}
    assert [each for each in statements if "FROM document" in each] == []
    gone = await process.ask(WITHDRAW, {"i": {"sha256": digest(HOME)}}, token=lead)
    assert gone["documentWithdraw"] == {"userErrors": [{"code": "NOT_FOUND"}]}
