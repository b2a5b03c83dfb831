"""The mini-program client before a server that lets members run trusted documents only."""

import json
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest

from tests.clients.phone import CLIENT, URL, Phone, Thrown, phone_of
from tests.clients.test_miniprogram import HOME, REDEEM, balances, redeem
from tests.clients.test_miniprogram_events import following, hears
from tests.people import buy

pytestmark = pytest.mark.either

HOME_TEXT = "query Home { me { card { displayName } points { available } } }"
MAKE = f"client = createClient({{ url: '{URL}', documents: DOCUMENTS }})"


@pytest.fixture
async def strict(anyio_backend: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Phone]:
    """A phone before a server that trusts the client's own documents, and two of the mini-program's."""
    own = tmp_path / "app.json"
    own.write_text(json.dumps({sha256(each.encode()).hexdigest(): each for each in (HOME_TEXT, REDEEM)}))
    async with phone_of(monkeypatch, trusted_only=True, documents=(CLIENT / "documents.json", own)) as made:
        made.engine.eval("const { createClient, LoyaltyError } = require('./loyalty/index'); var client;")
        made.engine.eval(MAKE.replace("DOCUMENTS", "true"))
        yield made


def bodies(phone: Phone) -> list[dict[str, object]]:
    return [json.loads(each["data"]) for each in phone.sent]


async def test_documents_go_by_their_hashes(strict: Phone, mei: UUID) -> None:
    assert (await strict.run(HOME))["me"]["points"] == {"available": 100}
    assert (await strict.run(redeem(10)))["entry"] == {"balanceAfter": 90}
    login, home, redeemed = bodies(strict)
    assert "memberLogin" in str(login["query"]), "who has no token sends texts"
    assert home == {"documentId": f"sha256:{sha256(HOME_TEXT.encode()).hexdigest()}"}
    assert redeemed.keys() == {"documentId", "variables"}


async def test_all_that_the_client_does_is_trusted(strict: Phone, mei: UUID) -> None:
    assert (await strict.run("await client.login(); return await client.login()"))["memberState"] == "ACTIVE"
    linked = await strict.run("return await client.linkPhone('phone:13800000003')")
    assert linked["userErrors"] == []
    [device] = await strict.run("return await client.devices()")
    assert await strict.run("return await client.endOtherDevices()") == {"ended": 0, "userErrors": []}
    assert (await strict.run(f"return await client.endDevice('{device['id']}')"))["ended"] == 1
    assert not any("query" in each for each in bodies(strict) if "Login" not in str(each)), "texts are not needed"


async def test_events_are_trusted_too(strict: Phone, mei: UUID) -> None:
    await following(strict)
    await buy(mei, 50_00)
    await hears(strict, 3)
    strict.set("noSockets", "connectSocket:fail exceed max task count")
    strict.air.cut()
    await strict.passes(seconds=2)
    await buy(mei, 50_00)
    await strict.passes(seconds=16)
    await hears(strict, 6)


async def test_what_nobody_registered_is_refused_in_clear_words(strict: Phone, mei: UUID) -> None:
    with pytest.raises(Thrown) as thrown:
        await strict.run(balances(1))
    assert (thrown.value["code"], thrown.value["retryable"]) == ("FORBIDDEN", False)


async def test_in_development_a_text_is_sent_once_beside_its_hash(phone: Phone, mei: UUID) -> None:
    phone.engine.eval(MAKE.replace("DOCUMENTS", "true"))
    for _ in range(3):
        await phone.run(HOME)
    assert [sorted(each) for each in bodies(phone)[1:]] == [
        ["documentId"], ["documentId", "query"], ["documentId"], ["documentId"]
    ]  # fmt: skip


async def test_hashes_may_come_from_a_map_or_from_the_build(strict: Phone, mei: UUID) -> None:
    hash_of = sha256(HOME_TEXT.encode()).hexdigest()
    strict.engine.eval(MAKE.replace("DOCUMENTS", json.dumps({"Home": hash_of})))
    assert await strict.run(HOME)
    built = f"const built = {{ toString: () => '', __meta__: {{ hash: '{hash_of}' }} }};"
    assert await strict.run(f"{built} return await client.request(built)")
    assert [each["documentId"] for each in bodies(strict)[1:]] == [f"sha256:{hash_of}"] * 2
    assert (await strict.run(redeem(10)))["entry"], "what the map does not know goes as text, which is trusted, too"


async def test_the_hash_is_sha_256(phone: Phone) -> None:
    letters = "ab{} \n\u00e9茶😀%"
    for length in (*range(130), 1_000):
        text = "".join(letters[(place * place + length) % len(letters)] for place in range(length))
        said = phone.js(f"require('./sha256').sha256({json.dumps(text)})")
        assert said == sha256(text.encode()).hexdigest()
