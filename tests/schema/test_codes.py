"""Member codes as clients meet them: shown by members, read by tills, guessed by nobody."""

import asyncio
import logging
import re
from collections import Counter
from datetime import timedelta
from typing import Any
from urllib.parse import unquote
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.credentials import PrincipalKind
from models.members import MemberState
from models.sql import SQL
from models.staff import StaffRole
from rules import attempts, codes, housekeeping, lifecycle, vault
from rules.actors import SYSTEM, Principal
from rules.codes import DIGITS, LIVES, PREFIX, checked, digits
from schema.drawing import qr
from tests.people import NOON, buy, freeze, member, phone, programme
from tests.schema.asking import (
    ANALYST,
    CASHIER,
    CLERK,
    PARTNER,
    SERVICE,
    act,
    as_member,
    as_service,
    as_staff,
    ask,
    member_id,
    refusals,
)

CREATE = """mutation { memberCodeCreate {
  memberCode { code expiresAt expiresIn qrSvg qrDataUri } userErrors { code }
} }"""
INSTANT = timedelta(milliseconds=1)
EVERYTHING = SQL("SELECT digest, member_id, used_by FROM member_code")


def cashier() -> Principal:
    return Principal(PrincipalKind.STAFF, str(uuid4()), StaffRole.CASHIER, uuid4())


async def show(who: UUID, **more: Any) -> Any:
    return (await ask(CREATE, who=as_member(who), **more))["memberCodeCreate"]


async def code_of(who: UUID, **more: Any) -> str:
    code: str = (await show(who, **more))["memberCode"]["code"]
    return code


async def read(code: str, who: Principal = CASHIER, **more: Any) -> Any:
    return await act("memberCodeRead", "member { id }", {"code": code}, who=who, **more)


def nobody() -> dict[str, Any]:
    error = {"code": "NOT_FOUND", "message": "Nothing here answers to that id.", "field": None, "retryable": False}
    return {"member": None, "userErrors": [error]}


async def test_a_cashier_redeems_by_code_and_never_learns_a_number() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 300_00)
    code = await code_of(mei)
    shown = "member { id card { displayName } tier { name } points { available } }"
    found = (await act("memberCodeRead", shown, {"code": code}, who=CASHIER))["member"]
    assert found == {
        "id": member_id(mei),
        "card": {"displayName": "Mei"},
        "tier": {"name": "Basic"},
        "points": {"available": 300},
    }
    spend = {"memberId": found["id"], "points": 100, "reason": "REWARD_TEA", "idempotencyKey": "tea-by-code"}
    done = await act("pointsRedeem", "entry { balanceAfter }", spend, who=CASHIER)
    assert done == {"entry": {"balanceAfter": 200}, "userErrors": []}


async def test_a_code_is_18_digits_a_picture_and_a_minute() -> None:
    await programme()
    shown = (await show(await member("Mei")))["memberCode"]
    assert re.fullmatch(rf"{PREFIX}\d{{16}}", shown["code"])
    assert (shown["expiresAt"], shown["expiresIn"]) == ("2026-03-10T04:01:00Z", 60)
    assert shown["qrSvg"] == qr(shown["code"])
    assert re.match(r'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 29 29"><path ', shown["qrSvg"])
    scheme, _, data = shown["qrDataUri"].partition(",")
    assert (scheme, unquote(data)) == ("data:image/svg+xml;charset=utf-8", shown["qrSvg"])
    assert "#" not in data
    assert len(shown["qrSvg"]) < 2_000
    assert len(shown["qrDataUri"]) < 3_000


async def test_two_codes_are_never_alike() -> None:
    await programme()
    mei = await member("Mei")
    assert len({await code_of(mei) for _ in range(20)}) == 20


@pytest.mark.parametrize("style", ["{}", " {} ", "\n{}\r\n"])
async def test_a_code_is_read_as_scanners_and_people_write_it(style: str) -> None:
    await programme()
    mei = await member("Mei")
    code = await code_of(mei)
    grouped = "-".join(code[place : place + 4] for place in range(0, DIGITS, 4))
    wide = code.translate({ord("0") + each: ord("０") + each for each in range(10)})
    for written in (code, grouped, grouped.replace("-", " "), wide):
        assert (await read(style.format(written)))["member"] == {"id": member_id(mei)}


async def test_a_code_is_good_for_one_reader_who_may_read_it_again() -> None:
    await programme()
    mei = await member("Mei")
    code = await code_of(mei)
    first = cashier()
    for _ in range(2):
        assert (await read(code, first))["member"] == {"id": member_id(mei)}
    for other in (cashier(), SERVICE, CLERK):
        assert await read(code, other) == nobody()
    assert (await read(code, first, at=NOON + LIVES - INSTANT))["member"] == {"id": member_id(mei)}
    assert await read(code, first, at=NOON + LIVES) == nobody()


async def test_a_code_ends_at_its_very_moment() -> None:
    await programme()
    mei, lan = await member("Mei"), await member("Lan")
    early, late = await code_of(mei), await code_of(lan)
    assert (await read(early, at=NOON + LIVES - INSTANT))["member"] == {"id": member_id(mei)}
    assert await read(late, at=NOON + LIVES) == nobody()


async def test_a_new_code_ends_the_one_before_it() -> None:
    await programme()
    mei, lan = await member("Mei"), await member("Lan")
    first, of_lan, second = await code_of(mei), await code_of(lan), await code_of(mei)
    assert await read(first) == nobody()
    assert (await read(second))["member"] == {"id": member_id(mei)}
    assert (await read(of_lan))["member"] == {"id": member_id(lan)}


async def test_a_new_code_leaves_the_reader_the_one_they_read() -> None:
    await programme()
    mei = await member("Mei")
    first = await code_of(mei)
    reader = cashier()
    await read(first, reader)
    await code_of(mei)
    assert (await read(first, reader))["member"] == {"id": member_id(mei)}


async def test_of_32_codes_a_member_asks_for_at_once_one_lives() -> None:
    await programme()
    mei = await member("Mei")
    made = await asyncio.gather(*(codes.show(mei, now=NOON) for _ in range(32)))
    found = [await codes.read(each.code, actor=cashier().acting(), now=NOON) for each in made if await lives(each)]
    assert found == [mei]


async def lives(shown: codes.Shown) -> bool:
    digest = vault.unlocked().mark(codes.PURPOSE, shown.code)
    return bool(await SQL("SELECT expires_at > $2 AS live FROM member_code WHERE digest = $1").value(digest, NOON))


async def test_of_32_readers_at_once_one_is_told_whose_it_is() -> None:
    await programme()
    mei = await member("Mei")
    code = await code_of(mei)
    readers = [cashier() for _ in range(32)]
    answers = await asyncio.gather(*(read(code, reader) for reader in readers))
    assert Counter(answer["member"] is not None for answer in answers) == {True: 1, False: 31}
    assert all(answer == nobody() for answer in answers if answer["member"] is None)
    [winner] = [reader for reader, answer in zip(readers, answers, strict=True) if answer["member"]]
    [row] = await EVERYTHING.rows()
    assert row["used_by"] == winner.acting().principal


@pytest.mark.parametrize(
    "said",
    [
        "",
        "0",
        "77",
        "7" * 18,
        checked(f"76{1:015}"),
        checked(f"77{1:015}")[:-1],
        "x" * 5_000,
        "\x00",
        "七七",
        "٧٧" * 9,
    ],
)
async def test_what_cannot_be_a_code_is_like_one_that_never_was(said: str) -> None:
    await programme()
    assert await read(said) == nobody()
    assert await read(checked(f"77{123:015}")) == nobody()


@given(st.integers(0, 10**15 - 1), st.integers(0, 17), st.integers(1, 9))
def test_a_mistyped_digit_is_seen_without_asking_the_database(number: int, place: int, off: int) -> None:
    code = checked(f"{PREFIX}{number:015}")
    assert digits(code) == code
    wrong = code[:place] + str((int(code[place]) + off) % 10) + code[place + 1 :]
    assert digits(wrong) is None


async def test_only_an_active_or_frozen_member_has_a_code() -> None:
    await programme()
    frozen = await member("Mei")
    await freeze(frozen)
    assert (await read(await code_of(frozen)))["member"] == {"id": member_id(frozen)}
    pending, _ = await lifecycle.enter([phone()], actor=SYSTEM, now=NOON)
    assert (await show(pending))["userErrors"] == [{"code": "MEMBER_NOT_ACTIVE"}]
    assert await SQL("SELECT state FROM member WHERE id = $1").value(pending) == MemberState.PENDING
    assert (await show(uuid4()))["userErrors"] == [{"code": "NOT_FOUND"}]


async def test_members_show_codes_and_tills_read_them() -> None:
    await programme()
    mei = await member("Mei")
    code = await code_of(mei)
    reading = f'mutation {{ memberCodeRead(input: {{code: "{code}"}}) {{ member {{ id }} }} }}'
    for who in (as_member(mei), ANALYST, PARTNER):
        assert set((await ask(reading, who=who)).codes) == {"FORBIDDEN"}
    for who in (CASHIER, CLERK, SERVICE, PARTNER):
        assert set((await ask(CREATE, who=who)).codes) == {"FORBIDDEN"}
    assert (await read(code, SERVICE))["member"] == {"id": member_id(mei)}


async def test_nobody_guesses_for_long() -> None:
    await programme()
    mei = await member("Mei")
    code = await code_of(mei)
    guesser = cashier()
    for number in range(attempts.CEILING):
        assert await read(checked(f"{PREFIX}{number:015}"), guesser) == nobody()
    for said in (code, checked(f"{PREFIX}{7:015}")):
        assert refusals(await read(said, guesser)) == ["TOO_MANY_ATTEMPTS"]
    assert (await read(code, cashier()))["member"] == {"id": member_id(mei)}, "it is not the others' fault"
    later = NOON + attempts.CEILING_FOR
    fresh = await code_of(mei, at=later)
    assert (await read(fresh, guesser, at=later))["member"] == {"id": member_id(mei)}


async def test_a_till_that_is_late_or_mistypes_is_not_taken_for_a_guesser() -> None:
    await programme()
    mei = await member("Mei")
    code = await code_of(mei)
    till = as_service("till")
    for _ in range(attempts.CEILING + 1):
        await read(code[:-1] + str((int(code[-1]) + 1) % 10), till)
        await read(code, till, at=NOON + LIVES)
    assert (await read(code, till))["member"] == {"id": member_id(mei)}


async def test_a_read_code_leaves_one_line_and_a_refused_one_none() -> None:
    await programme()
    mei = await member("Mei")
    code = await code_of(mei)
    for _ in range(2):
        await read(code)
    await read(code, as_staff(StaffRole.OWNER), at=NOON + LIVES)
    lines = await SQL("SELECT actor_id, member_id, facts FROM audit_log WHERE action = 'member.code_read'").rows()
    assert lines == [{"actor_id": CASHIER.id, "member_id": mei, "facts": {}}]


async def test_a_code_is_kept_and_logged_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await programme()
    code = await code_of(await member("Mei"))
    await read(code)
    await read(code, SERVICE)
    [row] = await EVERYTHING.rows()
    assert code not in str(row)
    assert code not in caplog.text
    assert code not in repr(codes.Shown(code, NOON))


async def test_old_codes_are_swept() -> None:
    await programme()
    await code_of(await member("Mei"))
    gone = NOON + LIVES + housekeeping.CODES_FOR
    await housekeeping.sweep({}, gone - INSTANT)
    assert len(await EVERYTHING.rows()) == 1
    await housekeeping.sweep({}, gone)
    assert await EVERYTHING.rows() == []
