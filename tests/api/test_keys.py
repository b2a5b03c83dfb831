"""Keys at the endpoint and at the prompt: issued, kept to scopes and networks, rotated, revoked."""

import time
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette

from models.credentials import PrincipalKind
from models.sql import SQL
from models.staff import StaffRole
from rules import credentials, keys, staff
from rules.actors import SYSTEM
from rules.keys import Bounds, Holder
from schema import ids
from schema.ids import Tag
from tests.api.house import Caller, built, endpoint_of
from tests.api.shell import Shell
from tests.people import DAY, NOON, member, programme

FIND = '{ member(by: {id: "x"}) { id } }'
TOLD = "apiKey { id kind name source storeId partnerId scopes networks expiresAt revokedAt lastUsedAt } secret"


async def lead(caller: Caller) -> str:
    who = await staff.hire("owner", "x", StaffRole.OWNER, now=NOON)
    return (await credentials.log_in(PrincipalKind.STAFF, who, actor=SYSTEM, now=NOON)).access


async def test_a_lead_issues_rotates_and_revokes_a_key(caller: Caller) -> None:
    await programme()
    token = await lead(caller)
    store = ids.encode(Tag.STORE, await staff.open_store("SH01", "Shanghai"))
    given = {
        "holder": {"service": {"source": "till", "storeId": store}},
        "name": "till 1",
        "scopes": ["MEMBERS_READ"],
        "networks": ["127.0.0.1", "2001:db8::/32"],
        "expiresAt": "2026-04-10T04:00:00Z",
    }
    made = await caller.act("apiKeyCreate", TOLD, given, token=token)
    key = made["apiKey"]
    assert made["secret"].startswith(f"lyl_dev_{key.pop('id')}_")
    assert key == {
        "kind": "SERVICE",
        "name": "till 1",
        "source": "till",
        "storeId": store,
        "partnerId": None,
        "scopes": ["MEMBERS_READ"],
        "networks": ["127.0.0.1/32", "2001:db8::/32"],
        "expiresAt": "2026-04-10T04:00:00Z",
        "revokedAt": None,
        "lastUsedAt": None,
    }
    assert (await caller.ask(FIND, token=made["secret"])).codes == []
    old = made["secret"].split("_")[2]
    after = await caller.act("apiKeyRotate", TOLD, {"id": old, "overlapHours": 1}, token=token)
    assert {**after["apiKey"], "id": 0} == {**key, "id": 0, "expiresAt": "2026-04-10T04:00:00Z"}
    assert (await caller.ask(FIND, token=after["secret"])).codes == []
    ended = await caller.act("apiKeyRevoke", "apiKey { revokedAt }", {"id": old}, token=token)
    assert ended["apiKey"] == {"revokedAt": "2026-03-10T04:00:00Z"}
    assert (await caller.ask(FIND, token=made["secret"])).codes == ["UNAUTHENTICATED"]


async def test_a_key_is_never_told_again(caller: Caller) -> None:
    await programme()
    token = await lead(caller)
    given = {"holder": {"service": {"source": "till"}}, "name": "till 1"}
    secret = (await caller.act("apiKeyCreate", "secret", given, token=token))["secret"]
    every = await caller.ask("{ apiKeys(revoked: true) { nodes { id name scopes } } }", token=token)
    assert every["apiKeys"]["nodes"] == [{"id": secret.split("_")[2], "name": "till 1", "scopes": None}]
    assert secret not in every.text


async def test_keys_are_listed_in_pages_without_the_revoked_ones(caller: Caller) -> None:
    await programme()
    token = await lead(caller)
    made = [
        await keys.issue(
            Holder.service(f"s{number}"), name="n", environment="t", actor=SYSTEM, now=NOON + number * DAY
        )
        for number in range(4)
    ]
    await keys.revoke(made[2].key_id, actor=SYSTEM, now=NOON)
    document = (
        "query($a: String) { apiKeys(first: 2, after: $a) { nodes { id } pageInfo { endCursor hasNextPage } } }"
    )
    one = (await caller.ask(document, token=token))["apiKeys"]
    two = (await caller.ask(document, {"a": one["pageInfo"]["endCursor"]}, token=token))["apiKeys"]
    assert [node["id"] for node in one["nodes"] + two["nodes"]] == [made[place].key_id for place in (3, 1, 0)]
    assert (one["pageInfo"]["hasNextPage"], two["pageInfo"]["hasNextPage"]) == (True, False)
    back = await caller.ask("{ apiKeys(last: 1) { nodes { id } } }", token=token)
    assert back["apiKeys"]["nodes"] == [{"id": made[0].key_id}]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"holder": {"service": {"source": "till"}}, "name": "a", "scopes": ["LINKS_WRITE"]}, "KEY_INVALID"),
        ({"holder": {"service": {"source": "till"}}, "name": "a", "networks": ["nowhere"]}, "KEY_INVALID"),
        ({"holder": {"service": {"source": "", "storeId": None}}, "name": "a"}, "KEY_INVALID"),
        ({"holder": {"partnerId": "nobody"}, "name": "a"}, "NOT_FOUND"),
        ({"holder": {"service": {"source": "till", "storeId": "nowhere"}}, "name": "a"}, "NOT_FOUND"),
    ],
)
async def test_a_key_that_cannot_be_is_refused(caller: Caller, given: dict[str, Any], code: str) -> None:
    await programme()
    answer = await caller.act("apiKeyCreate", "secret", given, token=await lead(caller))
    assert answer == {"secret": None, "userErrors": [{"code": code}]}


async def test_a_third_key_is_refused(caller: Caller) -> None:
    await programme()
    token = await lead(caller)
    given = {"holder": {"service": {"source": "till"}}, "name": "a"}
    codes = [(await caller.act("apiKeyCreate", "", given, token=token))["userErrors"] for _ in range(3)]
    assert codes == [[], [], [{"code": "KEY_LIMIT"}]]


async def test_a_key_is_of_no_use_from_elsewhere_and_nobody_learns_why(in_development: Starlette) -> None:
    await programme()
    holder, bounds = Holder.service("till"), Bounds(networks=["203.0.113.0/24", "2001:db8::/32"])
    key = await keys.issue(holder, name="a", environment="dev", bounds=bounds, actor=SYSTEM, now=NOON)
    codes = {}
    for host in ("203.0.113.7", "::ffff:203.0.113.7", "2001:db8::7", "198.51.100.7", "2001:db9::7", "testclient"):
        transport: Any = httpx2.ASGITransport(app=in_development, client=(host, 5))
        async with httpx2.AsyncClient(transport=transport, base_url="http://house") as client:
            headers = {"authorization": f"Bearer {key.secret}"}
            answer = (await client.post("/graphql", json={"query": FIND}, headers=headers)).json()
            codes[host] = [error["extensions"]["code"] for error in answer.get("errors", ())]
    assert list(codes.values()) == [[]] * 3 + [["UNAUTHENTICATED"]] * 3


async def test_a_revoked_key_opens_nothing_within_a_second_in_any_process(
    caller: Caller, in_development: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    await programme()
    key = await keys.issue(Holder.service("till"), name="a", environment="dev", actor=SYSTEM, now=NOON)
    async with built() as another:
        transport: Any = httpx2.ASGITransport(app=another)
        async with httpx2.AsyncClient(transport=transport, base_url="http://house") as client:
            there = Caller(client, caller.clock)
            assert (await caller.ask(FIND, token=key.secret)).codes == []
            assert (await there.ask(FIND, token=key.secret)).codes == []
            # behind the back of both, as another process would
            await SQL("UPDATE api_key SET revoked_at = $2, slot = NULL WHERE key_id = $1").run(key.key_id, NOON)
            for app in (in_development, another):
                monkeypatch.setattr(endpoint_of(app).callers, "_clock", lambda: time.monotonic() + 1.0)
            assert (await caller.ask(FIND, token=key.secret)).codes == ["UNAUTHENTICATED"]
            assert (await there.ask(FIND, token=key.secret)).codes == ["UNAUTHENTICATED"]


async def test_a_key_of_one_scope_reads_a_member_and_not_their_points(caller: Caller) -> None:
    await programme()
    mei = ids.encode(Tag.MEMBER, await member("Mei"))
    bounds = Bounds(scopes=["members.read"])
    key = await keys.issue(
        Holder.service("till"), name="a", environment="dev", bounds=bounds, actor=SYSTEM, now=NOON
    )
    find = "query($id: ID!) { member(by: {id: $id}) { state %s } }"
    assert (await caller.ask(find % "", {"id": mei}, token=key.secret))["member"] == {"state": "ACTIVE"}
    assert (await caller.ask(find % "points { available }", {"id": mei}, token=key.secret)).codes == [
        "FORBIDDEN",
        "FORBIDDEN",
    ]
    node = "query($id: ID!) { node(id: $id) { ... on Member { purchases { nodes { id } } } } }"
    assert (await caller.ask(node, {"id": mei}, token=key.secret)).codes == ["FORBIDDEN"]


def test_an_operator_issues_lists_rotates_and_revokes(shop: Shell) -> None:
    words = ("--scope", "members.read", "--scope", "points.read", "--network", "203.0.113.0/24", "--expires", "90d")
    issued = shop("key", "issue", "service", "counter", "--name", "till 7", *words)
    assert issued.code == 0, issued.err
    secret = issued.out.strip()
    key_id = secret.split("_")[2]
    assert secret not in issued.err
    said = shop("key", "list").out
    for part in (key_id, "till 7", "members.read, points.read", "203.0.113.0/24"):
        assert part in said
    rotated = shop("key", "rotate", key_id, "--overlap", "24h")
    assert rotated.code == 0, rotated.err
    third = shop("key", "issue", "service", "counter")
    assert third.is_clear
    assert "KEY_LIMIT" in third.err
    follower = rotated.out.strip().split("_")[2]
    assert f"{key_id} and {follower}" in third.err
    assert f"{key_id} and {follower}" in shop("key", "rotate", follower).err
    assert shop("store", "add", "KEY1", "Keyed").code == 0
    assert shop("key", "issue", "service", "corner", "--store", "KEY1").code == 0
    assert "service corner at KEY1" in shop("key", "list").out
    assert shop("key", "revoke", key_id).code == 0
    assert key_id not in shop("key", "list").out
    assert "revoked" in shop("key", "list", "--all").out


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("key", "issue", "member", "x"), "none of"),
        (("key", "issue", "partner", "x"), "no id"),
        (("key", "issue", "partner", "00000000-0000-4000-8000-000000000001"), "NOT_FOUND"),
        (("key", "issue", "service", "x", "--scope", "links.write"), "members.read"),
        (("key", "issue", "service", "x", "--network", "everywhere"), "CIDR"),
        (("key", "issue", "service", "x", "--expires", "soon"), "no span"),
        (("key", "issue", "service", "x", "--expires", "2027-13-01"), "no day"),
        (("key", "issue", "service", "x", "--expires", "2020-01-01"), "expired already"),
        (("key", "issue", "service", "x", "--store", "NOWHERE"), "no store"),
        (("key", "issue", "partner", "x", "--store", "SH01"), "--store"),
        (("key", "rotate", "0000000000000000"), "NOT_FOUND"),
        (("key", "rotate", "0000000000000000", "--overlap", "1y"), "no span"),
    ],
)
def test_what_cannot_be_done_with_a_key_is_one_clear_line(
    shop: Shell, words: tuple[str, ...], complaint: str
) -> None:
    said = shop(*words)
    assert said.is_clear, said.err
    assert complaint in said.err
