"""Reveals: personal data is read whole by few, for a reason, with a fresh proof, and within bounds."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from models.members import IdentityKind
from models.sql import SQL
from models.staff import StaffRole
from models.units import ReasonCode
from rules import reveals, staff
from rules.actors import Actor, ActorKind
from rules.reveals import TooManyReveals
from tests.people import NOON, member, programme, proven
from tests.schema.asking import (
    ANALYST,
    CASHIER,
    PARTNER,
    SERVICE,
    act,
    as_member,
    as_staff,
    ask,
    member_id,
    refusals,
)
from tests.stories.test_races import outcomes

PHONE = "+8613800138000"
WHOLE = "identities { kind namespace value verified }"
DOCUMENT = f"mutation($i: MemberRevealInput!) {{ memberReveal(input: $i) {{ {WHOLE} userErrors {{ code }} }} }}"
LINES = SQL("SELECT * FROM audit_log WHERE action = 'member.reveal' ORDER BY id", fans_out="a test looks")
SOON = NOON + timedelta(minutes=5)


async def hired(name: str = "ann", role: StaffRole = StaffRole.CS) -> UUID:
    return await staff.hire(name, "hash", role, now=NOON)


async def reveal(who: Any, whose: str, kind: str = "PHONE", **more: Any) -> Any:
    given = {"memberId": whose, "kind": kind, "reason": "call back"}
    return await act("memberReveal", WHOLE, given, who=who, **more)


async def proven_staff(name: str = "ann", role: StaffRole = StaffRole.CS) -> Any:
    return as_staff(role, staff_id=await hired(name, role), proven_until=SOON)


async def test_staff_who_proved_themselves_read_a_phone_and_leave_a_line_without_it() -> None:
    await programme()
    mei, ann = await member("Mei", PHONE), await proven_staff()
    told = await reveal(ann, member_id(mei))
    assert told == {
        "identities": [{"kind": "PHONE", "namespace": "", "value": PHONE, "verified": True}],
        "userErrors": [],
    }
    [line] = await LINES.rows()
    assert (line["actor_id"], line["member_id"], line["reason"]) == (ann.id, mei, "CALL_BACK")
    assert line["facts"] == {"kind": "PHONE", "found": 1}
    for table in ("audit_log", "idempotency_key", "outbox_event"):
        assert PHONE[3:] not in str(await SQL(f"SELECT * FROM {table}", fans_out="a test looks").rows())
    assert (await reveal(ann, member_id(mei), "CARD"))["identities"] == []
    assert [row["facts"]["found"] for row in await LINES.rows()] == [1, 0]


async def test_without_a_fresh_proof_nothing_is_revealed_and_nothing_is_written() -> None:
    await programme()
    mei = await member("Mei", PHONE)
    ann = await hired()
    for until in (None, NOON):
        who = as_staff(StaffRole.CS, staff_id=ann, proven_until=until)
        told = await reveal(who, member_id(mei))
        assert (refusals(told), told["identities"]) == (["PROOF_REQUIRED"], [])
    assert await LINES.rows() == []


async def test_nobody_else_reveals_anything() -> None:
    await programme()
    mei = await member("Mei", PHONE)
    given = {"memberId": member_id(mei), "kind": "PHONE", "reason": "CALL_BACK"}
    others = [as_staff(StaffRole.OPERATOR, proven_until=SOON), CASHIER, ANALYST, SERVICE, PARTNER, as_member(mei)]
    for who in others:
        assert set((await ask(DOCUMENT, {"i": given}, who=who)).codes) == {"FORBIDDEN"}
    assert (await ask(DOCUMENT, {"i": given})).codes[0] == "UNAUTHENTICATED"
    assert await LINES.rows() == []


async def test_a_member_there_is_not_is_refused_alike() -> None:
    await programme()
    ann = await proven_staff()
    answers = [await reveal(ann, given) for given in (member_id(uuid4()), "nonsense", "")]
    assert [refusals(answer) for answer in answers] == [["NOT_FOUND"]] * 3
    gone = as_staff(StaffRole.CS, staff_id=uuid4(), proven_until=SOON)
    assert refusals(await reveal(gone, member_id(await member("Mei")))) == ["NOT_FOUND"]
    assert await LINES.rows() == []


async def test_of_many_reveals_at_once_so_many_as_an_hour_allows_are_answered() -> None:
    await programme()
    mei = await member("Mei", PHONE)
    ann = proven(Actor(ActorKind.STAFF, str(await hired()), role=StaffRole.CS))
    bo = proven(Actor(ActorKind.STAFF, str(await hired("bo")), role=StaffRole.CS))

    async def one(who: Actor, at: datetime = NOON) -> Any:
        return await reveals.reveal(mei, IdentityKind.PHONE, reason=ReasonCode("AUDIT"), actor=who, now=at)

    won, refused = await outcomes(one(ann) for _ in range(reveals.MOST + 4))
    assert (len(won), refused) == (reveals.MOST, Counter({TooManyReveals.code(): 4}))
    await one(bo)
    later = NOON + reveals.WITHIN
    with pytest.raises(TooManyReveals):
        await one(proven(ann, at=later), later - timedelta(microseconds=1))
    await one(proven(ann, at=later), later)
    assert len(await LINES.rows()) == reveals.MOST + 2
