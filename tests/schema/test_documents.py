"""Trusted documents: leads register what is valid, all of the staff reads what there is, and all of it is noted."""

from datetime import timedelta
from typing import Any

import pytest

from models.sql import SQL
from models.staff import StaffRole
from rules import documents
from rules.actors import SYSTEM
from rules.documents import DocumentInvalid, DocumentLimit, Trusted, digest
from schema import examining, gate
from schema.documents import AT_ONCE, trustable
from schema.root import schema
from tests.people import NOON, programme
from tests.schema.asking import ANALYST, OWNER, SERVICE, act, as_staff, ask, refusals

HOME = "query Home { me { id points { available } } }"
TIERS = "query Tiers { tiers { code } }"
LOG = SQL("SELECT action, actor_id, facts FROM audit_log ORDER BY id", fans_out="a test reads the whole log")
REGISTERED = "registered documents { sha256 name source registeredBy registeredAt withdrawnAt }"
SERVED = schema._schema


async def register(*sources: str, **more: Any) -> Any:
    given = {"documents": [{"source": each, **more} for each in sources]}
    return await act("documentRegister", REGISTERED, given, who=OWNER)


async def withdraw(sha256: str, **more: Any) -> Any:
    return await act("documentWithdraw", "document { name withdrawnAt }", {"sha256": sha256}, who=OWNER, **more)


async def test_a_registered_document_is_known_by_the_hash_of_its_text() -> None:
    payload = await register(HOME)
    assert payload["registered"] == 1
    assert payload["documents"] == [
        {
            "sha256": digest(HOME),
            "name": "Home",
            "source": HOME,
            "registeredBy": f"STAFF:{OWNER.id}",
            "registeredAt": "2026-03-10T04:00:00Z",
            "withdrawnAt": None,
        }
    ]
    assert await documents.find(digest(HOME)) == Trusted(digest(HOME), "Home", HOME)
    assert await documents.find(digest(TIERS)) is None


async def test_registering_again_changes_nothing_and_leaves_no_line() -> None:
    await register(HOME)
    again = await register(HOME, TIERS, HOME)
    assert again["registered"] == 1
    assert [each["name"] for each in again["documents"]] == ["Home", "Tiers", "Home"]
    lines = await LOG.rows()
    assert [(line["action"], line["actor_id"]) for line in lines] == [("document.register", OWNER.id)] * 2
    assert [line["facts"] for line in lines] == [
        {"documents": {digest(HOME): "Home"}},
        {"documents": {digest(TIERS): "Tiers"}},
    ]


async def test_a_withdrawn_document_is_trusted_no_longer_and_may_come_back() -> None:
    await register(HOME)
    gone = await withdraw("sha256:" + digest(HOME), at=NOON + timedelta(hours=1))
    assert gone["document"] == {"name": "Home", "withdrawnAt": "2026-03-10T05:00:00Z"}
    assert await documents.find(digest(HOME)) is None
    assert refusals(await withdraw(digest(HOME))) == ["NOT_FOUND"]
    assert (await register(HOME))["documents"][0]["withdrawnAt"] is None
    assert await documents.find(digest(HOME)) is not None
    actions = [line["action"] for line in await LOG.rows()]
    assert actions == ["document.register", "document.withdraw", "document.register"]


@pytest.mark.parametrize("sha256", ["", "x", "0" * 64, digest(HOME).upper(), "md5:" + digest(HOME), "\x00"])
async def test_what_was_never_registered_cannot_be_withdrawn(sha256: str) -> None:
    assert refusals(await withdraw(sha256)) == ["NOT_FOUND"]


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("", "Syntax Error"),
        ("query {", "Syntax Error"),
        ("{ nothing }", "Cannot query field 'nothing'"),
        ("fragment Card on Member { id }", "Fragment 'Card' is never used."),
        ("query A { tiers { code } } query B { tiers { code } }", "It has 2 operations"),
        ("{ tiers { code } }" + " " * 20_000, "longer than 20000 characters"),
        ("{ tiers { code } } # \x00", "NUL"),
        ("{ " + " ".join(f"t{place}: __typename" for place in range(31)) + " }", "too many"),
    ],
)
async def test_what_could_not_run_is_not_trusted(source: str, why: str) -> None:
    with pytest.raises(DocumentInvalid) as refused:
        trustable(SERVED, source)
    assert why in refused.value.why
    payload = await act(
        "documentRegister",
        "registered documents { name } ",
        {"documents": [{"source": TIERS}, {"source": source}]},
        who=OWNER,
    )
    assert (payload["registered"], payload["documents"], refusals(payload)) == (0, [], ["DOCUMENT_INVALID"])
    assert await documents.live() == []


async def test_a_hash_that_is_not_the_texts_is_refused() -> None:
    assert refusals(await register(HOME, sha256=digest(TIERS))) == ["DOCUMENT_INVALID"]
    assert refusals(await register(HOME, sha256=digest(HOME).upper())) == ["DOCUMENT_INVALID"]
    assert (await register(HOME, sha256=digest(HOME)))["registered"] == 1
    assert refusals(await register(HOME, sha256="sha256:" + digest(HOME))) == []


async def test_a_document_goes_by_its_operation_or_by_the_name_it_is_given() -> None:
    assert (await register(HOME, name="home, v2"))["documents"][0]["name"] == "home, v2"
    assert (await register("{ tiers { code } }"))["documents"][0]["name"] == "anonymous"
    assert trustable(SERVED, "query " + "N" * 300 + " { tiers { code } }").name == "N" * 120
    for name in ("", "x" * 121, "a\nb", "\x00"):
        assert refusals(await register(TIERS, name=name)) == ["DOCUMENT_INVALID"]


@pytest.mark.parametrize("count", [0, AT_ONCE + 1])
async def test_a_request_registers_a_bounded_number(count: int) -> None:
    document = "mutation($i: DocumentRegisterInput!) { documentRegister(input: $i) { registered } }"
    given = {"i": {"documents": [{"source": TIERS}] * count}}
    assert (await ask(document, given, who=OWNER)).codes == ["BAD_USER_INPUT"]


async def test_there_is_room_for_a_bounded_number_of_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "LIVE_MAX", 2)
    await register(HOME, TIERS)
    third = Trusted.of("{ programme { name } }", "Third")
    with pytest.raises(DocumentLimit) as refused:
        await documents.register([third], actor=SYSTEM, now=NOON)
    assert refused.value.limit == 2
    await withdraw(digest(HOME))
    assert await documents.register([third], actor=SYSTEM, now=NOON) == [third.sha256]
    assert refusals(await register(HOME)) == ["DOCUMENT_LIMIT"]


async def test_staff_reads_the_documents_newest_first() -> None:
    for place in range(5):
        text = Trusted.of(f"{{ a{place}: __typename }}", f"D{place}")
        await documents.register([text], actor=SYSTEM, now=NOON + timedelta(seconds=place))
    page = (
        "query($first: Int, $after: String, $last: Int, $before: String) { documents(first: $first, after: $after,"
    )
    page += " last: $last, before: $before) { nodes { name } pageInfo { endCursor startCursor hasNextPage } } }"
    first = (await ask(page, {"first": 3}, who=ANALYST))["documents"]
    assert [each["name"] for each in first["nodes"]] == ["D4", "D3", "D2"]
    after = (await ask(page, {"after": first["pageInfo"]["endCursor"]}, who=ANALYST))["documents"]
    assert [each["name"] for each in after["nodes"]] == ["D1", "D0"]
    assert not after["pageInfo"]["hasNextPage"]
    back = {"last": 2, "before": after["pageInfo"]["startCursor"]}
    assert [each["name"] for each in (await ask(page, back, who=ANALYST))["documents"]["nodes"]] == ["D3", "D2"]
    for cursor in ("x", gate.__name__, "WzEsIjIwMjYtMDMtMTBUMDQ6MDA6MDBaIiwiXHUwMDAwIl0"):
        assert (await ask(page, {"after": cursor}, who=ANALYST)).codes == ["BAD_USER_INPUT"]


async def test_leads_alone_register() -> None:
    await programme()
    document = "mutation($i: DocumentRegisterInput!) { documentRegister(input: $i) { registered } }"
    given = {"i": {"documents": [{"source": TIERS}]}}
    for who in (SERVICE, as_staff(StaffRole.OPERATOR), ANALYST):
        assert set((await ask(document, given, who=who)).codes) == {"FORBIDDEN"}
    assert (await ask(document, given, who=as_staff(StaffRole.ADMIN)))["documentRegister"]["registered"] == 1


def test_what_was_found_of_a_trusted_document_is_kept_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    examining.trust(SERVED, HOME)
    kept = examining.examined(SERVED, HOME)
    monkeypatch.setattr(examining, "CHARACTERS", 1_000)
    for place in range(100):
        examining.examined(SERVED, f"query Other{place} {{ tiers {{ code }} }}")
    assert examining.examined(SERVED, HOME) is kept
    examining.distrust(SERVED, HOME)
    assert examining.examined(SERVED, HOME) is not kept
    examining.trust(SERVED, "no GraphQL {")
    assert "no GraphQL {" not in examining.remembered(SERVED).trusted
