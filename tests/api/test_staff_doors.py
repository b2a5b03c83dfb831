"""The staff's doors over HTTP: invited, activated, logged in with a code, proven anew, and kept out."""

import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest
from argon2 import PasswordHasher

from api import outside
from api.outside import AT_ONCE, HASHER, WAITING_MAX
from models.credentials import PrincipalKind
from models.sql import SQL
from models.staff import StaffRole
from rules import attempts, credentials, staff
from rules.actors import SYSTEM
from rules.staff import _doors
from rules.totp import STEP_SECONDS, Secret
from tests.api.house import PRODUCTION, Caller, built, calling
from tests.people import NOON, programme

PASSWORD = "four cups of oolong"
STEP = timedelta(seconds=STEP_SECONDS)
TOKENS = "tokens { accessToken } setupToken"
ME = "{ staffMe { provenUntil staff { username role store { code } isOpen isActivated hasTotp lastLoginAt } } }"
AUDIT = SQL(
    "SELECT actor_kind, actor_id, action, network, facts FROM audit_log WHERE action LIKE 'staff.%' ORDER BY id",
    fans_out="a test reads the whole log",
)


@pytest.fixture
async def strict(monkeypatch: pytest.MonkeyPatch, anyio_backend: str) -> AsyncIterator[Caller]:
    """Somebody who calls a production house, in which a second factor is required."""
    async with built(PRODUCTION) as app, calling(app, monkeypatch) as found:
        yield found


def code(secret: str, at: datetime) -> str:
    return Secret(secret).code(int(at.timestamp()) // STEP_SECONDS)


async def invited(name: str = "mei", role: StaffRole = StaffRole.OWNER) -> str:
    await programme()
    return (await staff.invite(name, role, actor=SYSTEM, now=NOON)).token


async def activate(caller: Caller, token: str, password: str = PASSWORD, **more: Any) -> Any:
    wanted = "activated provisioning { username secret address qrSvg }"
    return await caller.act("staffActivate", wanted, {"token": token, "password": password, **more})


async def activated(caller: Caller, name: str = "mei", role: StaffRole = StaffRole.OWNER) -> str:
    """Somebody who used their invitation; the secret of their second factor. The next code is fresh."""
    token = await invited(name, role)
    secret: str = (await activate(caller, token))["provisioning"]["secret"]
    done = await activate(caller, token, totp=code(secret, caller.clock.now))
    assert done == {"activated": True, "provisioning": None, "userErrors": []}
    caller.clock.move(STEP)
    return secret


async def login(caller: Caller, name: str = "mei", password: str = PASSWORD, **more: Any) -> Any:
    return await caller.act("staffLogin", TOKENS, {"username": name, "password": password, **more})


def codes(payload: Any) -> list[str]:
    return [error["code"] for error in payload["userErrors"]]


async def entered(caller: Caller, secret: str, name: str = "mei") -> str:
    token: str = (await login(caller, name, totp=code(secret, caller.clock.now)))["tokens"]["accessToken"]
    caller.clock.move(STEP)
    return token


async def test_the_first_owner_comes_in_by_their_invitation(strict: Caller) -> None:
    token = await invited()
    told = (await activate(strict, token))["provisioning"]
    assert told["username"] == "mei"
    assert told["address"].startswith(f"otpauth://totp/Tea%20House:mei?secret={told['secret']}&issuer=")
    assert re.match(r"<svg [^>]*>.*</svg>$", told["qrSvg"], re.DOTALL)
    assert "style=" not in told["qrSvg"]
    assert codes(await login(strict)) == ["LOGIN_REFUSED"], "nothing is stored before a code confirms it"
    fresh = code(told["secret"], strict.clock.now)
    assert codes(await activate(strict, token, totp="000000" if fresh != "000000" else "111111")) == ["TOTP_WRONG"]
    assert (await activate(strict, token, totp=fresh))["activated"]
    assert codes(await activate(strict, token, totp=fresh)) == ["INVITATION_INVALID"]
    assert codes(await login(strict)) == ["TOTP_REQUIRED"]
    assert codes(await login(strict, totp=fresh)) == ["TOTP_WRONG"], "no code is good twice"
    strict.clock.move(STEP)
    access = await entered(strict, told["secret"])
    seen = (await strict.ask(ME, token=access))["staffMe"]
    assert seen["staff"] == {
        "username": "mei",
        "role": "OWNER",
        "store": None,
        "isOpen": True,
        "isActivated": True,
        "hasTotp": True,
        "lastLoginAt": "2026-03-10T04:00:30Z",
    }
    assert seen["provenUntil"] == "2026-03-10T04:05:30Z"


async def test_a_different_password_has_a_different_secret(strict: Caller) -> None:
    token = await invited()
    mine = (await activate(strict, token))["provisioning"]["secret"]
    again = (await activate(strict, token))["provisioning"]["secret"]
    theirs = (await activate(strict, token, "five cups of oolong"))["provisioning"]["secret"]
    assert mine == again
    assert mine != theirs
    at = strict.clock.now
    assert codes(await activate(strict, token, totp=code(theirs, at))) == ["TOTP_WRONG"]


@pytest.mark.parametrize(
    ("password", "refused"),
    [
        ("short", "PASSWORD_LENGTH"),
        ("x" * 129, "PASSWORD_LENGTH"),
        ("password1234", "PASSWORD_TOO_COMMON"),
        ("the tea of Mei is hot", "PASSWORD_TOO_COMMON"),
    ],
)
async def test_a_bad_password_is_refused_and_the_invitation_stays(
    strict: Caller, password: str, refused: str
) -> None:
    token = await invited()
    assert codes(await activate(strict, token, password)) == [refused]
    assert (await activate(strict, token))["provisioning"]


async def test_a_guesser_of_invitations_is_slowed_down(strict: Caller) -> None:
    token = await invited()
    wrong = [codes(await activate(strict, f"lyi_{number}")) for number in range(5)]
    assert wrong == [["INVITATION_INVALID"]] * 3 + [["TOO_MANY_ATTEMPTS"]] * 2
    strict.clock.move(timedelta(seconds=1))
    assert (await activate(strict, token))["provisioning"]
    assert codes(await activate(strict, "lyi_x")) == ["INVITATION_INVALID"], "a right one forgets the wrong ones"


async def test_an_invitation_expires_and_a_new_one_voids_it(strict: Caller) -> None:
    first = await invited()
    second = (await staff.invite("mei", StaffRole.OWNER, actor=SYSTEM, now=NOON)).token
    assert codes(await activate(strict, first)) == ["INVITATION_INVALID"]
    strict.clock.move(timedelta(hours=24))
    assert codes(await activate(strict, second)) == ["INVITATION_INVALID"]


async def test_who_lost_their_phone_is_invited_anew_and_the_old_ways_end(strict: Caller) -> None:
    secret = await activated(strict)
    access = await entered(strict, secret)
    again = (await staff.invite("mei", None, actor=SYSTEM, now=strict.clock.now)).token
    assert (await strict.ask(ME, token=access))["staffMe"], "until it is used, all goes on"
    fresh = (await activate(strict, again, "five cups of oolong"))["provisioning"]["secret"]
    done = await activate(strict, again, "five cups of oolong", totp=code(fresh, strict.clock.now))
    assert done["activated"]
    strict.clock.move(STEP)
    assert (await strict.ask(ME, token=access)).codes == ["UNAUTHENTICATED"]
    assert codes(await login(strict, totp=code(fresh, strict.clock.now))) == ["LOGIN_REFUSED"]
    right = {"password": "five cups of oolong"}
    assert codes(await login(strict, **right, totp=code(secret, strict.clock.now))) == ["TOTP_WRONG"]
    assert (await login(strict, **right, totp=code(fresh, strict.clock.now)))["tokens"]


async def test_where_a_second_factor_is_required_an_account_without_one_only_sets_it_up(strict: Caller) -> None:
    await programme()
    await staff.hire("wang", HASHER.hash(PASSWORD), StaffRole.CS, now=NOON)
    answer = await login(strict, "wang")
    assert (answer["tokens"], codes(answer)) == (None, ["TOTP_SETUP_REQUIRED"])
    token = answer["setupToken"]
    assert (await strict.ask(ME, token=token)).codes == ["UNAUTHENTICATED"]
    secret = (await activate(strict, token))["provisioning"]["secret"]
    assert (await activate(strict, token, totp=code(secret, NOON)))["activated"]
    strict.clock.move(STEP)
    assert await entered(strict, secret, "wang")


async def test_where_it_is_optional_a_password_will_do(caller: Caller) -> None:
    await programme()
    await staff.hire("wang", HASHER.hash(PASSWORD), StaffRole.CS, now=NOON)
    access = (await login(caller, "wang"))["tokens"]["accessToken"]
    assert (await caller.ask(ME, token=access))["staffMe"]["provenUntil"] is None
    assert codes(await caller.act("staffProve", "provenUntil", {}, token=access)) == ["LOGIN_REFUSED"]
    proven = await caller.act("staffProve", "provenUntil", {"password": PASSWORD}, token=access)
    assert proven == {"provenUntil": "2026-03-10T04:05:00Z", "userErrors": []}
    assert (await caller.ask(ME, token=access))["staffMe"]["provenUntil"] == "2026-03-10T04:05:00Z"
    caller.clock.move(timedelta(minutes=5))
    assert (await caller.ask(ME, token=access))["staffMe"]["provenUntil"] is None


async def test_a_proof_takes_a_fresh_code(strict: Caller) -> None:
    secret = await activated(strict)
    access = await entered(strict, secret)
    used = code(secret, strict.clock.now - STEP)

    async def prove(**given: str) -> list[str]:
        return codes(await strict.act("staffProve", "provenUntil", given, token=access))

    assert await prove(password=PASSWORD) == ["TOTP_REQUIRED"]
    assert await prove(totp=used) == ["TOTP_WRONG"]
    assert await prove(totp=code(secret, strict.clock.now)) == []
    assert await prove(totp=code(secret, strict.clock.now)) == ["TOTP_WRONG"]


async def test_a_token_from_the_command_line_is_no_way_around_the_second_factor(strict: Caller) -> None:
    await programme()
    who = await staff.hire("wang", HASHER.hash(PASSWORD), StaffRole.OWNER, now=NOON)
    access = (await credentials.log_in(PrincipalKind.STAFF, who, actor=SYSTEM, now=NOON)).access
    refused = await strict.act("staffProve", "provenUntil", {"password": PASSWORD}, token=access)
    assert codes(refused) == ["TOTP_SETUP_REQUIRED"]


async def test_wrong_and_unknown_are_answered_alike_and_slowed_down_alike(caller: Caller) -> None:
    await programme()
    await staff.hire("wang", HASHER.hash(PASSWORD), StaffRole.CS, now=NOON)
    answers = {
        name: [await login(caller, name, "guess") for _ in range(5)]
        for name in ("wang", "nobody", "", "\x00", "李")
    }
    assert all(told == answers["wang"] for told in answers.values())
    assert [codes(each) for each in answers["wang"]] == [["LOGIN_REFUSED"]] * 3 + [["TOO_MANY_ATTEMPTS"]] * 2
    assert codes(await login(caller, "wang")) == ["TOO_MANY_ATTEMPTS"], "from that network, even when it is right"
    caller.clock.move(timedelta(seconds=1))
    assert codes(await login(caller, "wang")) == []


async def from_elsewhere(caller: Caller, address: str, password: str, **more: Any) -> Any:
    """A login of Mei's from some address."""
    transport: Any = httpx2.ASGITransport(app=app_of(caller), client=(address, 1))
    async with httpx2.AsyncClient(transport=transport, base_url="http://house") as client:
        return await login(Caller(client, caller.clock), "mei", password, **more)


def app_of(caller: Caller) -> Any:
    transport: Any = caller.client._transport
    return transport.app


async def test_a_stranger_does_not_lock_the_real_user_out(strict: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "CEILING", 10)
    monkeypatch.setattr(outside, "SLOWLY_SECONDS", 0.0)
    secret = await activated(strict)
    for number in range(12):
        for _ in range(5):
            await from_elsewhere(strict, f"203.0.{number}.1", "guess")
    assert codes(await from_elsewhere(strict, "203.0.3.77", PASSWORD)) == ["TOO_MANY_ATTEMPTS"]
    done = await from_elsewhere(strict, "192.0.2.1", PASSWORD, totp=code(secret, strict.clock.now))
    assert done["tokens"]


async def test_an_account_under_attack_from_everywhere_is_answered_more_slowly(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    await programme()
    monkeypatch.setattr(attempts, "CEILING", 3)
    slowly: list[float] = []

    async def heard(seconds: float) -> None:
        slowly.append(seconds)

    monkeypatch.setattr("asyncio.sleep", heard)
    for number in range(5):
        assert codes(await from_elsewhere(caller, f"203.0.{number}.1", "guess")) == ["LOGIN_REFUSED"]
    assert slowly.count(outside.SLOWLY_SECONDS) == 2


async def test_too_many_logins_at_once_are_told_to_come_again(caller: Caller) -> None:
    await programme()
    worlds = [getattr(getattr(route, "endpoint", None), "outside", None) for route in app_of(caller).routes]
    [world] = [each for each in worlds if each is not None]
    world.waiting = AT_ONCE + WAITING_MAX
    assert codes(await login(caller, "wang")) == ["PASSWORDS_BUSY"]
    world.waiting = 0
    assert codes(await login(caller, "wang")) == ["LOGIN_REFUSED"]
    assert world.waiting == 0


async def test_codes_guessed_with_the_right_password_are_slowed_down(strict: Caller) -> None:
    secret = await activated(strict)
    right = code(secret, strict.clock.now)
    wrong = f"{(int(right) + 1) % 10**6:06}"
    answers = [codes(await login(strict, totp=wrong)) for _ in range(5)]
    assert answers == [["TOTP_WRONG"]] * 3 + [["TOO_MANY_ATTEMPTS"]] * 2
    assert codes(await login(strict)) == ["TOTP_REQUIRED"]
    strict.clock.move(timedelta(seconds=1))
    assert codes(await login(strict, totp=code(secret, strict.clock.now))) == []


async def test_codes_guessed_from_everywhere_are_slowed_down_together(
    strict: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_doors, "CODES_CEILING", 4)
    await activated(strict)
    answers = [
        codes(await from_elsewhere(strict, f"203.0.{number}.1", PASSWORD, totp="abcdef")) for number in range(9)
    ]
    assert answers == [["TOTP_WRONG"]] * 7 + [["TOO_MANY_ATTEMPTS"]] * 2


async def test_a_password_is_changed_by_its_owner_and_other_logins_end(strict: Caller) -> None:
    secret = await activated(strict)
    till, desk = await entered(strict, secret), await entered(strict, secret)

    async def change(old: str, new: str) -> Any:
        given = {"oldPassword": old, "password": new}
        return await strict.act("staffPasswordChange", "endedLogins", given, token=desk)

    assert codes(await change("guess", "five cups of oolong")) == ["LOGIN_REFUSED"]
    assert codes(await change(PASSWORD, "password1234")) == ["PASSWORD_TOO_COMMON"]
    assert await change(PASSWORD, "five cups of oolong") == {"endedLogins": 1, "userErrors": []}
    assert (await strict.ask(ME, token=till)).codes == ["UNAUTHENTICATED"]
    assert (await strict.ask(ME, token=desk))["staffMe"]
    assert codes(await login(strict)) == ["LOGIN_REFUSED"]
    assert codes(await login(strict, password="five cups of oolong")) == ["TOTP_REQUIRED"]


async def test_a_shift_ends_by_logging_out(strict: Caller) -> None:
    secret = await activated(strict)
    one, two, three = [await entered(strict, secret) for _ in range(3)]
    assert (await strict.act("staffLogout", "ended", {}, token=one))["ended"]
    assert (await strict.ask(ME, token=one)).codes == ["UNAUTHENTICATED"]
    assert (await strict.ask(ME, token=two))["staffMe"]
    assert (await strict.act("staffLogout", "ended", {"everywhere": True}, token=two))["ended"]
    assert (await strict.ask(ME, token=three)).codes == ["UNAUTHENTICATED"]


async def test_a_hash_of_other_days_is_made_anew_at_the_next_login(caller: Caller) -> None:
    await programme()
    old = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(PASSWORD)
    await staff.hire("wang", old, StaffRole.CS, now=NOON)
    assert codes(await login(caller, "wang")) == []
    kept = await SQL("SELECT password_hash FROM staff").value()
    assert kept != old
    assert not HASHER.check_needs_rehash(kept)
    assert codes(await login(caller, "wang")) == []
    assert await SQL("SELECT password_hash FROM staff").value() == kept


async def test_what_happens_at_the_doors_is_written_down_without_a_secret(strict: Caller) -> None:
    secret = await activated(strict)
    who = str(await staff.id_of("mei"))
    await login(strict, "mei", "a wrong guess")
    await login(strict, "nobody", "a wrong guess")
    access = await entered(strict, secret)
    await strict.act("staffProve", "provenUntil", {"totp": code(secret, strict.clock.now)}, token=access)
    lines = await AUDIT.rows()
    assert [(line["action"], line["actor_kind"], line["actor_id"]) for line in lines] == [
        ("staff.opened", "SYSTEM", None),
        ("staff.invited", "SYSTEM", None),
        ("staff.activated", "STAFF", who),
        ("staff.login_refused", "NOBODY", None),
        ("staff.login", "STAFF", who),
        ("staff.proved", "STAFF", who),
    ]
    assert all(line["facts"].get("staff", who) == who for line in lines)
    assert lines[3]["facts"] == {"staff": who}
    assert {line["network"] for line in lines[2:]} == {"127.0.0.0/24"}
    text = str(lines)
    assert not any(each in text for each in (secret, PASSWORD, "guess", "mei", "lyi_"))


async def test_the_page_of_an_invitation_comes_from_one_server_alone(strict: Caller) -> None:
    page = await strict.send("GET", "/activate")
    policy = page.headers["content-security-policy"]
    [nonce] = set(re.findall(r"'nonce-([\w-]+)'", policy))
    assert page.status == 200
    assert "default-src 'none'" in policy
    assert f'<script nonce="{nonce}">' in page.text
    assert "{nonce}" not in page.text
    assert not re.search(r"(?:src|href)=\"(?!data:)", page.text)
    assert page.headers["referrer-policy"] == "no-referrer"
    assert (await strict.send("GET", "/activate")).text != page.text, "a nonce is good once"
