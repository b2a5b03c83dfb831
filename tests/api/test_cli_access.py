"""Access from the command line: staff, stores, partners and tokens are made and ended."""

import re
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.clock import now
from models.credentials import PrincipalKind
from models.jobs import Job, JobState
from models.sql import insert
from models.staff import StaffRole
from models.units import ReasonCode
from rules import credentials, lifecycle, staff
from rules.actors import SYSTEM
from tests.api.shell import Said, Shell
from tests.people import NOON, member, merge

WHO = "SELECT id, state FROM member ORDER BY state, id"


def test_tokens_are_issued_for_everybody_and_open_the_house(shop: Shell) -> None:
    assert shop("store", "add", "SH01", "Shanghai").code == 0
    assert shop("staff", "add", "wang", "--role", "CASHIER", "--store", "SH01").code == 0
    partner = shop("partner", "add", "Bamboo Books").out.strip()
    mei = str(shop.sql(WHO)[0]["id"])
    for kind, who, role in (
        ("member", mei, None),
        ("staff", "wang", StaffRole.CASHIER),
        ("partner", partner, None),
        ("service", "shop", None),
    ):
        told = shop("token", kind, who)
        assert told.code == 0, told.err
        secret = told.out.strip()

        async def recognised(secret: str = secret) -> Any:
            return await credentials.recognise(secret, now())

        principal = shop.look(recognised)
        assert (principal.kind, principal.role) == (PrincipalKind(kind.upper()), role)
        assert secret not in told.err


@pytest.mark.parametrize(
    ("kind", "who"),
    [("member", str(UUID(int=1))), ("member", "nobody"), ("staff", "nobody"), ("king", "x"), ("partner", "x")],
)
def test_a_token_for_nobody_is_refused(shop: Shell, kind: str, who: str) -> None:
    said = shop("token", kind, who)
    assert said.is_clear
    assert said.out == ""


@pytest.mark.parametrize("state", ["ERASED", "MERGED"])
def test_nobody_logs_in_as_who_is_no_member_any_more(migrated: Shell, state: str) -> None:
    assert migrated("init").code == 0

    async def gone() -> UUID:
        one, other = await member("One"), await member("Other")
        if state == "ERASED":
            await lifecycle.erase(one, reason=ReasonCode("ASKED"), actor=SYSTEM, now=NOON)
        else:
            await merge(one, other)
        return one

    said = migrated("token", "member", migrated.look(gone))
    assert said.is_clear
    assert (said.out, "nobody logs in as them" in said.err) == ("", True)


def test_staff_choose_a_password_or_are_told_one_once(shop: Shell) -> None:
    given = shop("staff", "add", "li", "--role", "ANALYST", "--password-stdin", stdin="a password of li\n")
    assert given.code == 0, given.err
    assert "a password of li" not in given.out + given.err
    made = shop("staff", "add", "zhao", "--role", "CS")
    assert re.search(r"^[\w-]{20}$", made.out, re.MULTILINE)
    [row] = shop.sql("SELECT password_hash FROM staff WHERE username = 'zhao'")
    assert row["password_hash"].startswith("$argon2id$")


@pytest.mark.either
@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("staff", "add", "chen", "--role", "CASHIER"), "Say --store CODE"),
        (("staff", "add", "chen", "--role", "CASHIER", "--store", "NOWHERE"), "no store"),
        (("staff", "add", "x" * 65, "--role", "CS"), "username"),
        (("staff", "add", "", "--role", "CS"), "username"),
        (("staff", "add", "chen", "--role", "CS", "--password-stdin"), "password"),
        (("staff", "close", "nobody"), "no open account"),
        (("store", "add", "", "Nowhere"), "code"),
        (("partner", "add", "x" * 81), "name"),
        (("token", "service", "shop", "--store", "NOWHERE"), "no store"),
        (("token", "staff", "li", "--store", "SH01"), "--store"),
        (("key", "revoke", "0000000000000000"), "no live key"),
        (("job", "revive", str(uuid4())), "no dead job"),
        (("job", "revive", "nonsense"), "no id"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(shop: Shell, words: tuple[str, ...], complaint: str) -> None:
    said = shop(*words, stdin="short\n")
    assert said.is_clear, said.err
    assert complaint in said.err


def test_people_stores_and_partners_are_listed(migrated: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    assert migrated("init").code == 0
    assert migrated("partner", "list").err.strip() == "There is none."
    for code in ("SH01", "SH02"):
        assert migrated("store", "add", code, f"Shanghai {code}").code == 0
    migrated("partner", "add", "Bamboo Books")
    migrated("staff", "add", "wang", "--role", "CASHIER", "--store", "SH01")
    migrated("staff", "add", "li", "--role", "CS")
    migrated("staff", "close", "li")
    first, second = migrated("staff", "list").out.splitlines()
    assert first.split("  ")[1:] == ["li", "CS", "all stores", "closed", "no second factor"]
    assert second.split("  ")[1:] == ["wang", "CASHIER", "SH01", "open", "no second factor"]
    assert "  SH02  Shanghai SH02" in migrated("store", "list").out
    assert "  Bamboo Books" in migrated("partner", "list").out
    monkeypatch.setattr("api.cli.people.LISTED_MAX", 1)
    said = migrated("store", "list")
    assert (len(said.out.splitlines()), said.err.strip()) == (1, "There are more; these are the first 1.")


def test_a_name_is_given_to_one_person_store_or_partner(shop: Shell) -> None:
    for words in (
        ("staff", "add", "sun", "--role", "CS"),
        ("store", "add", "HZ01", "Hangzhou"),
        ("partner", "add", "Sun"),
    ):
        assert shop(*words).code == 0
        again = shop(*words)
        assert again.is_clear
        assert "NAME_TAKEN" in again.err


def opens(shop: Shell, secret: str) -> bool:
    """Whether somebody comes in with that token."""

    async def recognised() -> bool:
        return await credentials.recognise(secret, now()) is not None

    return shop.look(recognised)


def test_a_closed_account_and_a_revoked_key_open_nothing_from_that_moment(shop: Shell) -> None:
    assert shop("staff", "add", "zhou", "--role", "CS").code == 0
    shift, key = (shop("token", *words).out.strip() for words in (("staff", "zhou"), ("service", "till")))
    assert opens(shop, shift)
    assert opens(shop, key)
    ended: list[Said] = [shop("staff", "close", "zhou"), shop("key", "revoke", key.split("_")[2])]
    assert [said.code for said in ended] == [0, 0]
    assert not opens(shop, shift)
    assert not opens(shop, key)
    assert shop("token", "staff", "zhou").is_clear


def test_a_dead_job_is_listed_and_given_its_attempts_back(shop: Shell) -> None:
    job = str(uuid4())
    row = {"id": job, "name": "house.sweep", "cause": "a test", "facts": {}, "state": JobState.DEAD}
    times = dict.fromkeys(("due_at", "created_at", "finished_at"), NOON)
    shop.look(lambda: insert(Job, [{**row, **times, "attempts": 10, "last_error": "TimeoutError"}]))
    assert job in shop("job", "dead").out
    assert "1 dead" in shop("doctor").out
    assert shop("job", "revive", job).code == 0
    [revived] = shop.sql("SELECT state, attempts FROM job WHERE cause = 'a test'")
    assert revived == {"state": "READY", "attempts": 0}
    assert shop("job", "revive", job).is_clear


LINK = re.compile(r"https?://[^ ]+/activate#(lyi_[\w-]{43})")


def test_the_first_owner_is_invited_by_a_link_told_once(shop: Shell) -> None:
    told = shop("staff", "invite", "mei", "--role", "OWNER", "--hours", "2")
    [token] = LINK.findall(told.out)
    assert told.out.strip() == LINK.search(told.out)[0]  # type: ignore[index]
    assert "mei" in told.err
    assert shop.look(lambda: staff.invited(token, now())) == "mei"
    [row] = shop.sql("SELECT password_hash, role FROM staff WHERE username = 'mei'")
    assert row == {"password_hash": "", "role": "OWNER"}
    again = shop("staff", "invite", "mei", "--role", "OWNER")
    assert LINK.search(again.out)
    assert shop("staff", "invite", "mei").code == 0


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("staff", "invite", "nobody"), "--role"),
        (("staff", "invite", "chen", "--store", "SH01"), "--store"),
        (("staff", "invite", "chen", "--role", "CASHIER"), "STORE_REQUIRED"),
        (("staff", "invite", "x" * 65, "--role", "CS"), "username"),
        (("staff", "add", "chen", "--role", "CS", "--password-stdin"), "PASSWORD_LENGTH"),
        (("staff", "reopen", "nobody"), "no closed account"),
    ],
)
def test_an_invitation_that_cannot_be_is_refused(shop: Shell, words: tuple[str, ...], complaint: str) -> None:
    said = shop(*words, stdin="short\n")
    assert said.is_clear, said.err
    assert complaint in said.err


def test_changes_of_access_are_written_down(shop: Shell) -> None:
    lines = "SELECT actor_kind, action FROM audit_log WHERE action LIKE 'staff.%' ORDER BY id"
    before = len(shop.sql(lines))
    for words in (
        ("add", "feng", "--role", "CS"),
        ("close", "feng"),
        ("reopen", "feng"),
        ("invite", "feng"),
        ("add", "boss", "--role", "OWNER"),
    ):
        assert shop("staff", *words).code == 0, words
    assert "LAST_OWNER" in shop("staff", "close", "boss").err
    written = shop.sql(lines)[before:]
    assert [(line["actor_kind"], line["action"]) for line in written] == [
        ("SYSTEM", "staff.opened"),
        ("SYSTEM", "staff.closed"),
        ("SYSTEM", "staff.reopened"),
        ("SYSTEM", "staff.invited"),
        ("SYSTEM", "staff.opened"),
    ]
