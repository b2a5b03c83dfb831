"""Keys: two live for each holder, one follows the other, and their use is noted off the path of requests."""

import asyncio
from datetime import timedelta
from ipaddress import ip_address
from typing import Any
from uuid import uuid4

import pytest

from models.credentials import KeyScope, PrincipalKind
from models.sql import SQL
from rules import keys, partners, staff
from rules.actors import CLI, SYSTEM, Actor
from rules.keys import Bounds, Holder, IssuedKey, KeyInvalid, KeyLimit
from rules.refusals import NotFound
from tests.people import CLERK, DAY, NOON

TILL = Holder.service("till")
KEPT = SQL("SELECT * FROM api_key WHERE key_id = $1")
LINES = SQL("SELECT action, actor_kind, actor_id, facts FROM audit_log ORDER BY id", fans_out="a test reads all")


@pytest.fixture(autouse=True)
def _nothing_waits() -> None:
    keys._used.clear()


async def issue(holder: Holder = TILL, *, at: Any = NOON, actor: Actor = SYSTEM, **bounds: Any) -> IssuedKey:
    return await keys.issue(holder, name="a key", environment="test", bounds=Bounds(**bounds), actor=actor, now=at)


async def kept(issued: IssuedKey) -> dict[str, Any]:
    row = await KEPT.row(issued.key_id)
    assert row
    return row


async def test_of_a_secret_only_the_hash_is_kept() -> None:
    issued = await issue()
    row = await kept(issued)
    assert issued.secret.split("_")[3] not in str(row)
    assert issued.secret not in repr(issued)
    assert row["digest"] == keys.digest(issued.secret)


async def test_two_keys_of_a_holder_live_and_a_third_is_refused() -> None:
    first, _ = await issue(), await issue()
    with pytest.raises(KeyLimit):
        await issue()
    await issue(Holder.service("another"))
    await keys.revoke(first.key_id, actor=SYSTEM, now=NOON)
    await issue()


async def test_a_key_that_has_expired_makes_room() -> None:
    await issue(expires_at=NOON + DAY)
    await issue()
    with pytest.raises(KeyLimit):
        await issue(at=NOON + DAY - timedelta(seconds=1))
    await issue(at=NOON + DAY)


async def test_of_many_who_ask_at_once_two_get_a_key() -> None:
    asked = await asyncio.gather(*(issue() for _ in range(8)), return_exceptions=True)
    assert sum(isinstance(each, IssuedKey) for each in asked) == 2
    assert sum(isinstance(each, KeyLimit) for each in asked) == 6


async def test_a_service_of_another_store_is_another_holder() -> None:
    stores = [await staff.open_store(f"SH0{number}", "Shanghai") for number in (1, 2)]
    for store in stores:
        for _ in range(2):
            await issue(Holder.service("till", store))


async def test_a_key_that_follows_another_is_alike_but_for_the_secret_and_the_other_ends_after_the_overlap() -> (
    None
):
    bounds: dict[str, Any] = {"scopes": [KeyScope.MEMBERS_READ], "networks": ["203.0.113.0/24"]}
    first = await issue(**bounds)
    second = await keys.rotate(first.key_id, overlap=DAY, environment="test", actor=CLI, now=NOON)
    address = ip_address("203.0.113.9")
    old, new = [await keys.recognise(each.secret, NOON, address) for each in (first, second)]
    assert old
    assert new
    assert (old.source, old.scopes) == (new.source, new.scopes) == ("till", frozenset({"members.read"}))
    assert await keys.recognise(first.secret, NOON + DAY, address) is None
    assert await keys.recognise(second.secret, NOON + DAY, address)
    with pytest.raises(KeyLimit):
        await issue(**bounds)
    with pytest.raises(NotFound):
        await keys.rotate(first.key_id, overlap=DAY, environment="test", actor=CLI, now=NOON + DAY)
    third = await keys.rotate(second.key_id, overlap=DAY, environment="test", actor=CLI, now=NOON + DAY)
    assert await keys.recognise(third.secret, NOON + DAY, address)


async def test_a_key_that_lives_for_a_while_is_followed_by_one_that_lives_as_long() -> None:
    first = await issue(expires_at=NOON + 10 * DAY)
    later = NOON + 9 * DAY
    second = await keys.rotate(first.key_id, overlap=7 * DAY, environment="test", actor=CLI, now=later)
    assert (await kept(first))["expires_at"] == NOON + 10 * DAY, "an overlap makes no key live longer"
    assert (await kept(second))["expires_at"] == later + 10 * DAY


async def test_without_an_overlap_the_other_ends_at_once_and_makes_room() -> None:
    first, _ = await issue(), await issue()
    with pytest.raises(KeyLimit):
        await keys.rotate(first.key_id, overlap=DAY, environment="test", actor=CLI, now=NOON)
    assert (await kept(first))["expires_at"] is None, "a refused rotation changes nothing"
    await keys.rotate(first.key_id, overlap=timedelta(), environment="test", actor=CLI, now=NOON)
    assert await keys.recognise(first.secret, NOON) is None


@pytest.mark.parametrize(
    "bounds",
    [
        {"scopes": []},
        {"scopes": ["members.everything"]},
        {"scopes": [KeyScope.STATISTICS_READ]},
        {"networks": []},
        {"networks": ["203.0.113.7/24"]},
        {"networks": ["my network"]},
        {"networks": ["10.0.0.1"] * 21},
        {"expires_at": NOON},
    ],
)
async def test_a_key_without_sense_is_not_issued(bounds: dict[str, Any]) -> None:
    with pytest.raises(KeyInvalid) as refused:
        await issue(**bounds)
    assert refused.value.why.endswith((".", "4."))


@pytest.mark.parametrize("overlap", [timedelta(seconds=-1), 91 * DAY])
async def test_an_overlap_has_its_limits(overlap: timedelta) -> None:
    issued = await issue()
    with pytest.raises(KeyInvalid):
        await keys.rotate(issued.key_id, overlap=overlap, environment="test", actor=CLI, now=NOON)


@pytest.mark.parametrize("name", ["", " ", "x" * 81, "a\x00b", "a\u202eb"])
async def test_a_name_is_printable(name: str) -> None:
    with pytest.raises(KeyInvalid):
        await keys.issue(TILL, name=name, environment="test", actor=SYSTEM, now=NOON)


async def test_nobody_who_does_not_exist_gets_a_key() -> None:
    for holder in (Holder.partner(uuid4()), Holder.service("till", uuid4())):
        with pytest.raises(NotFound):
            await issue(holder)


@pytest.mark.parametrize(
    ("address", "networks", "is_within"),
    [
        ("203.0.113.7", None, True),
        (None, None, True),
        (None, ["0.0.0.0/0", "::/0"], False),
        ("203.0.113.7", ["203.0.113.0/24"], True),
        ("203.0.114.7", ["203.0.113.0/24"], False),
        ("203.0.113.7", ["203.0.113.7"], True),
        ("203.0.113.8", ["203.0.113.7"], False),
        ("2001:db8::1", ["203.0.113.0/24", "2001:db8::/32"], True),
        ("2001:db9::1", ["2001:db8::/32"], False),
        ("203.0.113.7", ["::/0"], False),
    ],
)
async def test_a_key_is_used_from_its_networks_alone(
    address: str | None, networks: list[str] | None, is_within: bool
) -> None:
    issued = await issue(networks=networks)
    found = await keys.recognise(issued.secret, NOON, None if address is None else ip_address(address))
    assert (found is not None) == is_within


async def test_whoever_may_write_may_read() -> None:
    issued = await issue(scopes=[KeyScope.PURCHASES_WRITE])
    found = await keys.recognise(issued.secret, NOON)
    assert found
    assert found.scopes == frozenset({"purchases.write", "purchases.read"})


async def test_a_use_is_noted_to_the_minute_and_only_when_it_is_settled(statements: list[str]) -> None:
    issued = await issue()
    at = NOON + timedelta(minutes=3, seconds=42)
    statements.clear()
    await keys.recognise(issued.secret, at)
    assert [text for text in statements if not text.startswith("SELECT")] == []
    assert await keys.write_uses() == 1
    assert (await kept(issued))["last_used_at"] == NOON + timedelta(minutes=3)
    assert await keys.write_uses() == 0
    await keys.recognise(issued.secret, NOON)
    await keys.write_uses()
    assert (await kept(issued))["last_used_at"] == NOON + timedelta(minutes=3), "a later use is not taken back"


async def test_a_use_that_cannot_be_written_is_written_later(monkeypatch: pytest.MonkeyPatch) -> None:
    issued = await issue()
    await keys.recognise(issued.secret, NOON)

    async def away(*_: object) -> int:
        raise ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr(SQL, "run", away)
        with pytest.raises(ConnectionError):
            await keys.write_uses()
    assert await keys.write_uses() == 1
    assert (await kept(issued))["last_used_at"] == NOON


async def test_a_stranger_uses_no_key() -> None:
    issued = await issue(networks=["203.0.113.0/24"])
    await keys.recognise(issued.secret, NOON, ip_address("198.51.100.1"))
    assert await keys.write_uses() == 0


@pytest.mark.parametrize(("actor", "kind", "who"), [(CLI, "SYSTEM", "CLI"), (CLERK, "STAFF", CLERK.id)])
async def test_what_becomes_of_a_key_is_in_the_audit_log(actor: Actor, kind: str, who: str) -> None:
    first = await issue(actor=actor, networks=["203.0.113.0/24"])
    second = await keys.rotate(first.key_id, overlap=DAY, environment="test", actor=actor, now=NOON)
    assert await keys.revoke(first.key_id, actor=actor, now=NOON)
    assert not await keys.revoke(first.key_id, actor=actor, now=NOON)
    lines = await LINES.rows()
    assert [(line["action"], line["facts"]["key"]) for line in lines] == [
        ("key.issue", first.key_id),
        ("key.rotate", second.key_id),
        ("key.revoke", first.key_id),
    ]
    assert {(line["actor_kind"], line["actor_id"]) for line in lines} == {(kind, who)}
    told = str(lines)
    assert "203.0.113" not in told
    assert not any(part in told for issued in (first, second) for part in issued.secret.split("_")[3:])


async def test_a_key_that_is_not_counted_leaves_the_others_alone() -> None:
    for _ in range(3):
        await keys.issue(TILL, name="demo", environment="dev", counted=False, actor=SYSTEM, now=NOON)
    await issue()
    await issue()


async def test_a_partner_is_known_by_their_id_whichever_key_they_use() -> None:
    partner = await partners.register("Bamboo Books", actor=SYSTEM, now=NOON)
    found = [await keys.recognise((await issue(Holder.partner(partner))).secret, NOON) for _ in range(2)]
    assert {(each.kind, each.id) for each in found if each} == {(PrincipalKind.PARTNER, str(partner))}
