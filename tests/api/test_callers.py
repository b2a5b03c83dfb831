"""Callers: who was recognised is known again for a second, and never for longer than it is true."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from starlette.applications import Starlette

from api import callers
from api.callers import Callers, secret_of
from models.credentials import PrincipalKind
from models.sql import SQL
from models.staff import StaffRole
from rules import credentials, keys, staff
from rules.actors import SYSTEM, Principal
from rules.credentials import Issued
from rules.keys import Bounds, Holder
from rules.proofs import PROVEN_FOR
from rules.transactions import transaction
from schema import ids
from schema.ids import Tag
from tests.api.house import Caller, endpoint_of
from tests.people import DAY, NOON, member, programme

PLACE = "203.0.113.7"
SECOND = timedelta(seconds=1)


@dataclass
class Ticks:
    """A clock of seconds that stands until it is moved."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


async def known(who: Callers, secret: str, moment: datetime = NOON, host: str | None = PLACE) -> Principal | None:
    """Who somebody is, as the endpoint finds it out."""
    return who.remembered(secret, moment, host) or await who.look_up(secret, moment, host)


async def of_member() -> Issued:
    await programme()
    return await credentials.log_in(PrincipalKind.MEMBER, await member("Mei"), actor=SYSTEM, now=NOON)


async def of_staff(role: StaffRole = StaffRole.CS) -> tuple[UUID, Issued]:
    await programme()
    who = await staff.hire("wang", "x", role, now=NOON)
    return who, await credentials.log_in(PrincipalKind.STAFF, who, actor=SYSTEM, now=NOON)


async def test_a_caller_is_looked_up_once_a_second(statements: list[str]) -> None:
    token, ticks = (await of_member()).access, Ticks()
    who = Callers(ticks)
    statements.clear()
    found = [await known(who, token) for _ in range(10)]
    assert found[0] is not None
    assert len(set(found)) == 1
    assert len(statements) == 1
    ticks.now += 1.0
    assert await known(who, token) == found[0]
    assert len(statements) == 2


async def test_what_ended_elsewhere_has_ended_within_a_second() -> None:
    login, ticks = await of_member(), Ticks()
    who = Callers(ticks)
    assert await known(who, login.access)
    # behind the back of this process, as another one would
    await SQL("UPDATE token SET revoked_at = $2 WHERE digest = $1").run(keys.digest(login.access), NOON)
    ticks.now += 1.0
    assert await known(who, login.access) is None


async def end_login(login: Issued, _: UUID) -> None:
    await credentials.log_out(login.access, NOON)


async def close(_: Issued, who: UUID) -> None:
    await staff.close(who, actor=SYSTEM, now=NOON)


ENDINGS: dict[str, Callable[[Issued, UUID], Awaitable[None]]] = {
    "a login that ends": end_login,
    "an account that is closed": close,
}


@pytest.mark.parametrize("name", ENDINGS)
async def test_what_ends_here_has_ended_at_once(name: str) -> None:
    staff_id, login = await of_staff()
    who = Callers(Ticks())
    assert await known(who, login.access)
    await ENDINGS[name](login, staff_id)
    assert who.remembered(login.access, NOON, PLACE) is None
    assert await known(who, login.access) is None


async def test_another_role_and_a_fresh_proof_count_at_once() -> None:
    staff_id, login = await of_staff()
    who = Callers(Ticks())
    assert await known(who, login.access)
    await staff.change_role(staff_id, StaffRole.ANALYST, store_id=None, actor=SYSTEM, now=NOON)
    changed = await known(who, login.access)
    assert changed is not None
    assert (changed.role, changed.proven_until) == (StaffRole.ANALYST, None)
    assert await transaction(credentials.prove)(login.login, NOON + PROVEN_FOR)
    proven = await known(who, login.access)
    assert proven is not None
    assert proven.proven_until == NOON + PROVEN_FOR


async def of_shop(**narrowed: Any) -> str:
    await programme()
    bounds = Bounds(**narrowed)
    made = await keys.issue(
        Holder.service("till"), name="a", environment="dev", bounds=bounds, actor=SYSTEM, now=NOON
    )
    return made.secret


async def test_a_key_that_is_revoked_or_followed_by_another_is_looked_up_anew() -> None:
    key, who = await of_shop(), Callers(Ticks())
    found = await known(who, key)
    assert found is not None
    nothing = timedelta()
    following = await keys.rotate(found.id, overlap=nothing, environment="dev", actor=SYSTEM, now=NOON)
    assert await known(who, key) is None
    assert await known(who, following.secret)
    await keys.revoke(following.key_id, actor=SYSTEM, now=NOON)
    assert await known(who, following.secret) is None


async def test_the_end_of_a_credential_is_looked_at_each_time() -> None:
    who = Callers(Ticks())
    token, key = (await of_member()).access, await of_shop(expires_at=NOON + DAY)
    for secret, end in ((token, NOON + credentials.ACCESS_FOR), (key, NOON + DAY)):
        assert await known(who, secret, end - SECOND)
        assert who.remembered(secret, end - SECOND, PLACE)
        assert who.remembered(secret, end, PLACE) is None
        assert await known(who, secret, end) is None


async def test_the_networks_of_a_key_are_looked_at_for_each_address() -> None:
    key, who = await of_shop(networks=["203.0.113.0/24"]), Callers(Ticks())
    assert await known(who, key, host=PLACE)
    assert who.remembered(key, NOON, "203.0.113.200")
    for elsewhere in ("198.51.100.7", "unix", None):
        assert who.remembered(key, NOON, elsewhere) is None
        assert await known(who, key, host=elsewhere) is None
    assert await known(who, key, host="::ffff:203.0.113.9")


async def test_what_is_no_good_is_not_remembered(statements: list[str]) -> None:
    who = Callers(Ticks())
    for secret in ("lya_nonsense", "lyl_dev_x_y_z", "x" * 201, "密钥", "\ud800"):
        assert [await known(who, secret) for _ in range(2)] == [None, None]
    assert who._known == {}
    assert len(statements) == 2


async def test_a_look_up_that_was_overtaken_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    login, who = await of_member(), Callers(Ticks())
    find = credentials.find

    async def overtaken(*given: Any) -> Any:
        found = await find(*given)
        await credentials.log_out(login.access, NOON)
        return found

    monkeypatch.setattr(credentials, "find", overtaken)
    assert await who.look_up(login.access, NOON, PLACE)
    assert who.remembered(login.access, NOON, PLACE) is None


async def test_callers_are_remembered_up_to_a_bound_and_by_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callers, "CALLERS_MAX", 5)
    await programme()
    mei, ticks = await member("Mei"), Ticks()
    logins = [await credentials.log_in(PrincipalKind.MEMBER, mei, actor=SYSTEM, now=NOON) for _ in range(12)]
    tokens = [each.access for each in logins]
    who = Callers(ticks)
    for token in tokens:
        assert await known(who, token)
        assert len(who._known) <= 5
    assert [bool(who.remembered(each, NOON, PLACE)) for each in tokens] == [False] * 7 + [True] * 5
    ticks.now += 1.0
    for token in tokens[:4]:
        assert await known(who, token)
    assert len(who._known) == 4, "the old ones made room"
    assert not any(token in str(who._known) for token in tokens)


@pytest.mark.parametrize(
    ("header", "secret"),
    [
        (None, None),
        ("", None),
        ("Bearer ", None),
        ("Basic abc", None),
        ("Bearerabc", None),
        ("Bearer abc", "abc"),
        ("bEARER   abc ", "abc"),
    ],
)
def test_a_secret_comes_as_a_bearer_token(header: str | None, secret: str | None) -> None:
    assert secret_of(header) == secret


CLOSE = "mutation($i: StaffCloseInput!) { staffClose(input: $i) { userErrors { code } } }"
"""What only leads do, and only with a fresh proof."""

KEYS = "{ apiKeys { nodes { id } } }"
"""What only leads see."""


async def test_staff_write_by_what_they_are_now_and_not_by_what_they_were_a_second_ago(
    caller: Caller, in_development: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint_of(in_development).callers, "_clock", Ticks())
    staff_id, login = await of_staff(StaffRole.OWNER)
    given = {"i": {"staffId": ids.encode(Tag.STAFF, staff_id)}}
    assert (await caller.ask(KEYS, token=login.access)).codes == []
    assert (await caller.ask(CLOSE, given, token=login.access))["staffClose"] == said("PROOF_REQUIRED")
    # what follows is done in another process, which tells this one nothing
    await SQL("UPDATE login SET proven_until = $2 WHERE id = $1").run(login.login, NOON + PROVEN_FOR)
    assert (await caller.ask(CLOSE, given, token=login.access))["staffClose"] == said("LAST_OWNER")
    await SQL("UPDATE staff SET role = $2 WHERE id = $1").run(staff_id, StaffRole.ANALYST)
    assert set((await caller.ask(CLOSE, given, token=login.access)).codes) == {"FORBIDDEN"}
    seen_again = await caller.ask(KEYS, token=login.access)
    assert set(seen_again.codes) == {"FORBIDDEN"}, "it has been looked up since"


async def test_staff_read_by_what_they_were_for_a_second_at_most(
    caller: Caller, in_development: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = Ticks()
    monkeypatch.setattr(endpoint_of(in_development).callers, "_clock", ticks)
    staff_id, login = await of_staff(StaffRole.OWNER)
    assert (await caller.ask(KEYS, token=login.access)).codes == []
    await SQL("UPDATE staff SET role = $2 WHERE id = $1").run(staff_id, StaffRole.ANALYST)
    ticks.now += 0.9
    assert (await caller.ask(KEYS, token=login.access)).codes == []
    ticks.now += 0.1
    assert set((await caller.ask(KEYS, token=login.access)).codes) == {"FORBIDDEN"}


def said(code: str) -> dict[str, Any]:
    return {"userErrors": [{"code": code}]}
