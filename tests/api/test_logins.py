"""Logins over HTTP: the list of devices, logging out elsewhere, and exchanges whose answers were lost."""

import asyncio
from datetime import timedelta
from importlib import import_module
from typing import Any
from uuid import UUID, uuid4

import pytest

from models.credentials import PrincipalKind
from models.sql import SQL
from models.staff import StaffRole
from models.units import ReasonCode
from rules import credentials, housekeeping, lifecycle, staff
from rules.actors import CLI, SYSTEM
from rules.credentials import DEVICE_MAX, LOGINS_MAX, REFRESH_FOR
from rules.transactions import transaction
from schema import ids
from schema.ids import Tag
from tests.api.house import Caller
from tests.people import DAY, NOON, freeze, member, programme

TOKENS = "tokens { accessToken accessTokenExpiresIn accessTokenExpiresAt refreshToken refreshTokenExpiresAt }"
DEVICES = "{ me { logins { id device createdAt lastSeenAt current } } }"
INSTANT = timedelta(milliseconds=1)
LIVE = SQL("SELECT COUNT(*) AS n FROM token WHERE revoked_at IS NULL AND spent_at IS NULL AND use = $1")


async def log_in(caller: Caller, device: str | None = None, code: str = "demo:alice") -> Any:
    return (await caller.act("memberLogin", TOKENS, {"code": code, "device": device}))["tokens"]


async def refresh(caller: Caller, token: str) -> Any:
    return (await caller.act("tokenRefresh", TOKENS, {"refreshToken": token}))["tokens"]


async def is_let_in(caller: Caller, token: str) -> bool:
    return not (await caller.ask("{ me { id } }", token=token)).codes


async def devices(caller: Caller, tokens: Any) -> Any:
    return (await caller.ask(DEVICES, token=tokens["accessToken"]))["me"]["logins"]


async def at_the_desk(role: StaffRole, name: str = "wang") -> str:
    store = await staff.open_store("SH01", "Shanghai") if role is StaffRole.CASHIER else None
    who = await staff.hire(name, "no password", role, store_id=store, now=NOON)
    return (await credentials.log_in(PrincipalKind.STAFF, who, actor=SYSTEM, now=NOON)).access


async def test_a_member_sees_where_they_are_logged_in(caller: Caller) -> None:
    await programme()
    phone = await log_in(caller, "iPhone 15, WeChat")
    caller.clock.move(timedelta(minutes=10))
    tablet = await log_in(caller)
    await log_in(caller, "Not Alice's", code="demo:bob")
    shown = await devices(caller, tablet)
    assert [(each["device"], each["current"]) for each in shown] == [(None, True), ("iPhone 15, WeChat", False)]
    assert shown[1]["createdAt"] == shown[1]["lastSeenAt"] == "2026-03-10T04:00:00Z"
    caller.clock.move(timedelta(minutes=15))
    fresh = await refresh(caller, phone["refreshToken"])
    [first, second] = await devices(caller, fresh)
    assert (first["device"], first["current"], first["lastSeenAt"]) == (
        "iPhone 15, WeChat",
        True,
        "2026-03-10T04:25:00Z",
    )
    assert not second["current"]


async def test_the_name_of_a_device_never_keeps_anybody_out(caller: Caller) -> None:
    await programme()
    for said, kept in {
        "  小米 14 \u0007\u202e ": "小米 14",
        "x" * 500: "x" * DEVICE_MAX,
        "\u0000": None,
        "": None,
    }.items():
        tokens = await log_in(caller, said)
        [current] = [each for each in await devices(caller, tokens) if each["current"]]
        assert current["device"] == kept


async def test_tokens_tell_how_long_they_live(caller: Caller) -> None:
    await programme()
    tokens = await log_in(caller)
    assert tokens["accessTokenExpiresIn"] == 1_800
    assert tokens["refreshTokenExpiresAt"] == "2026-04-09T04:00:00Z"


async def test_a_member_logs_out_on_another_device(caller: Caller) -> None:
    await programme()
    lost, kept = await log_in(caller, "lost"), await log_in(caller, "kept")
    [other] = [each for each in await devices(caller, kept) if not each["current"]]
    for ended in (1, 0):
        told = await caller.act("loginEnd", "ended", {"loginId": other["id"]}, token=kept["accessToken"])
        assert told == {"ended": ended, "userErrors": []}
    assert not await is_let_in(caller, lost["accessToken"])
    assert await refresh(caller, lost["refreshToken"]) is None
    assert [each["device"] for each in await devices(caller, kept)] == ["kept"]


async def test_a_member_logs_out_everywhere_else(caller: Caller) -> None:
    await programme()
    others, here = [await log_in(caller) for _ in range(3)], await log_in(caller)
    bob = await log_in(caller, code="demo:bob")
    document = "mutation { loginEndOthers { ended userErrors { code } } }"
    for ended in (3, 0):
        told = (await caller.ask(document, token=here["accessToken"]))["loginEndOthers"]
        assert told == {"ended": ended, "userErrors": []}
    for each in others:
        assert not await is_let_in(caller, each["accessToken"])
    assert await is_let_in(caller, here["accessToken"])
    assert await is_let_in(caller, bob["accessToken"])


async def test_nobody_ends_a_login_of_somebody_else(caller: Caller) -> None:
    await programme()
    alice, bob = await log_in(caller), await log_in(caller, code="demo:bob")
    [theirs] = await devices(caller, bob)
    absent = ids.encode(Tag.LOGIN, uuid4())
    for login in (theirs["id"], absent, "nonsense", "", ids.encode(Tag.MEMBER, uuid4())):
        told = await caller.act("loginEnd", "ended", {"loginId": login}, token=alice["accessToken"])
        assert told == {"ended": 0, "userErrors": [{"code": "NOT_FOUND"}]}
    assert await is_let_in(caller, bob["accessToken"])


async def test_of_many_logins_the_one_seen_least_lately_ends(caller: Caller) -> None:
    await programme()
    first = await log_in(caller, "first")
    second = await log_in(caller, "second")
    caller.clock.move(timedelta(minutes=1))
    first = await refresh(caller, first["refreshToken"])
    for _ in range(LOGINS_MAX - 2):
        await log_in(caller)
    assert await is_let_in(caller, second["accessToken"])
    last = await log_in(caller, "last")
    assert not await is_let_in(caller, second["accessToken"])
    assert await is_let_in(caller, first["accessToken"])
    assert len(await devices(caller, last)) == LOGINS_MAX


async def test_a_login_that_can_be_used_no_more_is_not_shown(caller: Caller) -> None:
    await programme()
    await log_in(caller, "forgotten")
    caller.clock.move(REFRESH_FOR)
    now = await log_in(caller, "now")
    assert [each["device"] for each in await devices(caller, now)] == ["now"]


async def test_a_login_from_before_there_were_rows_goes_on_and_gets_one(caller: Caller) -> None:
    await programme()
    kept, ended = await log_in(caller), await log_in(caller)
    await caller.act("tokenRevoke", "revoked", {"token": ended["accessToken"]})
    kept = await refresh(caller, kept["refreshToken"])
    await SQL("DELETE FROM login").run()
    assert await devices(caller, kept) == []
    kept = await refresh(caller, kept["refreshToken"])
    for statement in import_module("migrations.0003_the_door").LOGINS_SO_FAR:
        await SQL(statement).run()
    [row] = await devices(caller, kept)
    assert (row["device"], row["current"], row["createdAt"]) == (None, True, "2026-03-10T04:00:00Z")


async def test_old_logins_are_swept_and_living_ones_stay(caller: Caller) -> None:
    await programme()
    count = SQL("SELECT COUNT(*) AS n FROM login")
    await log_in(caller)
    await housekeeping.sweep({}, NOON + REFRESH_FOR + housekeeping.TOKENS_FOR - INSTANT)
    assert await count.value() == 1
    await housekeeping.sweep({}, NOON + REFRESH_FOR + housekeeping.TOKENS_FOR)
    assert await count.value() == 0


@pytest.mark.parametrize("role", [StaffRole.OWNER, StaffRole.ADMIN, StaffRole.CS])
async def test_the_desk_logs_a_member_out_everywhere(caller: Caller, role: StaffRole) -> None:
    await programme()
    phone, tablet = await log_in(caller), await log_in(caller)
    bob = await log_in(caller, code="demo:bob")
    token = await at_the_desk(role)
    whose = (await caller.ask("{ me { id } }", token=phone["accessToken"]))["me"]["id"]
    given = {"memberId": whose, "reason": "PHONE_LOST"}
    told = await caller.act("loginsEnd", "ended", given, token=token)
    assert told == {"ended": 2, "userErrors": []}
    for each in (phone, tablet):
        assert not await is_let_in(caller, each["accessToken"])
        assert await refresh(caller, each["refreshToken"]) is None
    assert await is_let_in(caller, bob["accessToken"])
    lines = await SQL("SELECT action, member_id, reason, facts FROM audit_log WHERE action LIKE 'member.l%'").rows()
    [mine] = lines
    assert (mine["action"], mine["reason"], mine["facts"]) == ("member.logout", "PHONE_LOST", {"logins": 2})


async def test_the_desk_is_told_of_members_there_are_only(caller: Caller) -> None:
    await programme()
    token = await at_the_desk(StaffRole.CS)
    for whose in (ids.encode(Tag.MEMBER, uuid4()), "nonsense"):
        given = {"memberId": whose, "reason": "PHONE_LOST"}
        told = await caller.act("loginsEnd", "ended", given, token=token)
        assert told == {"ended": 0, "userErrors": [{"code": "NOT_FOUND"}]}


async def test_a_cashier_sees_no_logins_and_ends_none(caller: Caller) -> None:
    await programme()
    mei = ids.encode(Tag.MEMBER, await member("Mei"))
    token = await at_the_desk(StaffRole.CASHIER)
    ending = "mutation($i: LoginsEndInput!) { loginsEnd(input: $i) { ended } }"
    reply = await caller.ask(ending, {"i": {"memberId": mei, "reason": "PHONE_LOST"}}, token=token)
    assert set(reply.codes) == {"FORBIDDEN"}
    looking = "query($id: ID!) { member(by: {id: $id}) { logins { device } } }"
    assert set((await caller.ask(looking, {"id": mei}, token=token)).codes) == {"FORBIDDEN"}


async def test_a_frozen_member_may_still_look(caller: Caller) -> None:
    await programme()
    mei = await member("Mei")
    issued = await credentials.log_in(PrincipalKind.MEMBER, mei, actor=SYSTEM, now=NOON)
    await freeze(mei)
    assert (await caller.ask("{ me { state } }", token=issued.access))["me"] == {"state": "FROZEN"}


async def test_staff_who_proved_themselves_anew_are_known_by_their_login() -> None:
    await programme()
    who = await staff.hire("wang", "no password", StaffRole.CS, now=NOON)
    shift = await credentials.log_in(PrincipalKind.STAFF, who, actor=SYSTEM, now=NOON)
    before = await credentials.recognise(shift.access, NOON)
    assert before is not None
    assert isinstance(before.login, UUID)
    assert before.proven_until is None
    until = NOON + DAY
    prove = transaction(credentials.prove)
    assert await prove(before.login, until)
    after = await credentials.recognise(shift.access, NOON)
    assert after is not None
    assert (after.login, after.proven_until) == (before.login, until)
    await credentials.log_out(shift.access, NOON)
    assert not await prove(before.login, until)
    assert not await prove(uuid4(), until)


async def test_nobody_logs_in_behind_the_back_of_an_erasure() -> None:
    await programme()
    mei = await member("Mei")
    await asyncio.gather(
        lifecycle.erase(mei, reason=ReasonCode("MEMBER_ASKED"), actor=CLI, now=NOON),
        *(credentials.log_in(PrincipalKind.MEMBER, mei, actor=SYSTEM, now=NOON) for _ in range(6)),
        return_exceptions=True,
    )
    with pytest.raises(credentials.LoginRefused):
        await credentials.log_in(PrincipalKind.MEMBER, mei, actor=SYSTEM, now=NOON)
    assert await LIVE.value("ACCESS") == 0
    assert await SQL("SELECT id FROM login WHERE ended_at IS NULL").rows() == []
