"""Erasure: who was erased is read nowhere any more, in no older copy of the database either."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from cryptography.exceptions import InvalidTag
from tortoise.connection import get_connection

from api.clock import now
from api.worker import Worker
from models.credentials import PrincipalKind
from models.keystore import KEYS, KeySQL
from models.members import IdentityKind, MemberState
from models.outbox import OutboxEvent
from models.sql import SQL
from models.units import ReasonCode
from rules import codes, credentials, housekeeping, jobs, keyring, lifecycle, members, phones, purchases, vault
from rules.actors import CLI, SYSTEM
from rules.members import Profile
from rules.proofs import ProofRequired
from rules.refusals import MemberMerged, NotFound
from tests.api.conftest import shell as shell
from tests.api.shell import Shell
from tests.people import CLERK, NOON, adjust, balance, buy, member, merge, phone, programme, redeem
from tests.referring import campaign, code, friend

PHONE, NAME, OPENID, NOTE = "+8613912345678", "Lin Xiaoyu", "oLinXiaoyuIsKnownByThis", "a cup for Lin's aunt"
WHY = ReasonCode("MEMBER_ASKED")
PROVEN = CLERK._replace(proven_until=NOON.replace(hour=5))
NEEDLES = [PHONE, PHONE[3:], NAME, OPENID, NOTE]


async def xiaoyu() -> UUID:
    """A member of whom everything is known."""
    known = [phone(PHONE), members.identity(IdentityKind.WECHAT_OPENID, "wxapp", OPENID, verified=True)]
    told = Profile(NAME, "https://pictures.example/xiaoyu.jpg", date(1990, 5, 5))
    who, _ = await lifecycle.enroll(None, known, told, actor=SYSTEM, now=NOON)
    await buy(who, 200_00)
    await redeem(who, 30, note=NOTE)
    return who


async def work() -> None:
    """A worker does what is due, by the clock of the command line."""
    while lease := await jobs.claim("members.forget", now=now()):
        await Worker(now).do(lease)


async def erase(who: UUID) -> MemberState:
    return await lifecycle.erase(who, reason=WHY, actor=CLI, now=NOON)


SEALED = SQL(
    "SELECT 'identity' AS place, sealed FROM member_identity WHERE member_id = $1 UNION ALL"
    " SELECT 'profile', profile FROM member WHERE id = $1 AND profile IS NOT NULL UNION ALL"
    " SELECT 'note:' || transaction_id, sealed FROM points_note WHERE member_id = $1"
)
ALL_KEYS = KeySQL("SELECT member_id, wrapped FROM member_key", fans_out="a test tries every key")


async def legible(who: UUID) -> list[str]:
    """What anybody could read of a member, with every key there is."""
    found = []
    keys = {row["member_id"]: row["wrapped"] for row in await ALL_KEYS.rows()}
    for row in await SEALED.rows(who):
        for whose, wrapped in keys.items():
            for as_whom in {whose, who}:
                try:
                    key = vault.unlocked().unwrap(wrapped, str(whose))
                    found.append(vault._open(key, row["sealed"], f"{as_whom}:{row['place']}").decode())
                except InvalidTag:
                    continue
    return found


async def cells(name: str) -> list[object]:
    """Every value of every column of every table of a database."""
    client = get_connection(name)
    catalogue = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'",
        "postgres": "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'",
    }
    tables = [row["name"] for row in await client.execute_query_dict(catalogue[client.capabilities.dialect])]
    rows = [row for table in tables for row in await client.execute_query_dict(f'SELECT * FROM "{table}"')]
    assert len(tables) >= 5
    return [value for row in rows for value in dict(row).values()]


async def written_down() -> list[str]:
    """What both databases say of her in plain text."""
    values = [*await cells("default"), *await cells(KEYS)]
    texts = [each if isinstance(each, bytes) else str(each).encode() for each in values]
    return [needle for needle in NEEDLES if any(needle.encode() in text for text in texts)]


@contextmanager
def copied(url: str, folder: Path) -> Iterator[str]:
    """A copy of a main database, as a backup has it."""
    if url.startswith("sqlite"):
        path = folder / "backup.db"
        source, target = sqlite3.connect(url.removeprefix("sqlite://").partition("?")[0]), sqlite3.connect(path)
        source.backup(target)
        source.close()
        target.close()
        yield f"sqlite://{path}?durability=off"
        return
    base, _, rest = url.rpartition("/")
    name, _, query = rest.partition("?")

    async def administer(statement: str) -> None:
        connection = await asyncpg.connect(f"{base}/postgres")
        await connection.execute(statement)
        await connection.close()

    asyncio.run(administer(f'CREATE DATABASE "{name}_copy" TEMPLATE "{name}"'))
    try:
        yield f"{base}/{name}_copy?{query}"
    finally:
        asyncio.run(administer(f'DROP DATABASE "{name}_copy" WITH (FORCE)'))


def files_of(url: str) -> list[Path]:
    """Where SQLite keeps a database; nowhere that a test could read, on PostgreSQL."""
    place = Path(url.removeprefix("sqlite://").partition("?")[0])
    return [each for each in (place, place.with_name(f"{place.name}-wal")) if each.exists()]


async def settle() -> None:
    """The hour's housekeeping, and what it leads to."""
    await housekeeping.settle({}, now())
    await work()


def test_an_older_backup_tells_nothing_of_who_was_erased_and_everything_of_the_others(
    shell: Shell, tmp_path: Path
) -> None:
    assert shell("init").code == 0
    her = shell.look(xiaoyu)
    wang = shell.look(lambda: member("Wang"))
    assert sorted(shell.look(lambda: legible(her)))[:3] == [PHONE, NOTE, OPENID]
    wrapped = shell.look(lambda: keyring.wrapped(her))
    assert wrapped
    with copied(shell.url, tmp_path) as backup:
        restored = Shell(backup, shell.environment)
        said = shell("member", "erase", her, "--yes")
        assert said.code == 0, said.err
        shell.look(work)
        assert not [
            file for file in files_of(shell.environment["LOYALTY_KEYS_URL"]) if wrapped in file.read_bytes()
        ]
        for house in (shell, restored):
            assert house.look(lambda: legible(her)) == []
            assert house.look(written_down) == []
            assert len(house.look(lambda: legible(wang))) == 2
        told = restored("verify")
        assert (told.code, "members have keys" in told.out) == (1, True), told.out
        assert shell("verify").code == 0
        restored.look(settle)
        assert restored("verify").code == 0
        assert restored.sql("SELECT state FROM member WHERE id = $1", her) == [{"state": "ERASED"}]


TRACES = SQL(
    "SELECT payer_hash, address_hash, device_hash FROM purchase p JOIN referral r ON r.referee_id = p.member_id"
    " WHERE p.member_id = $1"
)


async def test_neither_payer_nor_address_nor_device_is_known_again_after_an_erasure() -> None:
    await programme()
    await campaign()
    said = await code(await member("Mei"))
    for merged in (False, True):
        lan = await friend(said, device=f"phone-{merged}")
        await buy(lan, 50_00, payer_hash=purchases.traced("payer", "lan"), address_hash="x")
        assert None not in (await TRACES.row(lan) or {}).values()
        whole = await member() if merged else lan
        if merged:
            await merge(lan, whole)
        await erase(whole)
        assert set((await TRACES.row(lan) or {}).values()) == {None}


async def test_erasing_leaves_the_ledger_and_nothing_of_the_person() -> None:
    await programme()
    her = await xiaoyu()
    login = await credentials.log_in(PrincipalKind.MEMBER, her, actor=SYSTEM, now=NOON)
    before = await balance(her)
    assert await lifecycle.erase(her, reason=WHY, actor=PROVEN, now=NOON) is MemberState.ERASED
    assert await credentials.recognise(login.access, NOON) is None
    assert await credentials.exchange(login.refresh or "", NOON) is None
    assert await members.find(phone(PHONE)) is None
    assert {name: value for name, value in (await balance(her)).items() if value != before[name]} == {
        "available": 0,
        "seq": before["seq"] + 1,
    }
    [event] = await OutboxEvent.filter(member_id=her, type="member.erased")
    assert event.body == {"reason": WHY}
    lines = SQL(
        "SELECT action, reason, actor_id, facts FROM audit_log WHERE member_id = $1 AND action = 'member.erase'"
    )
    assert await lines.rows(her) == [{"action": "member.erase", "reason": WHY, "actor_id": CLERK.id, "facts": {}}]
    await work()
    assert await keyring.wrapped(her) is None
    assert await legible(her) == []
    assert await written_down() == []
    with pytest.raises(Exception, match="not active"):
        await adjust(her, 5)


async def test_who_they_were_before_they_were_one_is_erased_with_them() -> None:
    await programme()
    mei = await member("Mei", PHONE)
    shells = []
    for app in ("wxapp", "wxother"):
        known = members.identity(IdentityKind.WECHAT_OPENID, app, OPENID, verified=True)
        shell, _ = await lifecycle.enter([known], actor=SYSTEM, now=NOON)
        shells.append(shell)
    await credentials.log_in(PrincipalKind.MEMBER, shells[0], actor=SYSTEM, now=NOON, device="Lin's telephone")
    await phones.link(shells[0], phone(PHONE), now=NOON)
    # and one who had been found to be her
    await merge(shells[1], mei)
    assert all([await keyring.wrapped(who) for who in shells]), "an older copy is sealed with them"
    await erase(mei)
    await work()
    assert [await keyring.wrapped(who) for who in (mei, *shells)] == [None] * 3
    assert await SQL("SELECT device FROM login WHERE device IS NOT NULL").rows() == []


async def test_a_code_shown_before_the_erasure_tells_nobody_who_it_was() -> None:
    await programme()
    her = await xiaoyu()
    shown = await codes.show(her, now=NOON)
    await erase(her)
    assert await codes.read(shown.code, actor=CLERK, now=NOON) is None
    await work()


async def test_whoever_comes_with_the_same_phone_later_is_a_stranger() -> None:
    await programme()
    her = await xiaoyu()
    await erase(her)
    again = await member("Xiaoyu", PHONE)
    assert again != her
    await work()
    assert [await keyring.wrapped(who) is None for who in (her, again)] == [True, False]


async def test_a_crash_between_the_erasure_and_the_loss_of_the_key_is_made_good_by_the_job() -> None:
    await programme()
    her = await xiaoyu()
    await erase(her)
    assert await keyring.wrapped(her), "the database says ERASED first"
    lease = await jobs.claim("members.forget", now=NOON)
    assert lease
    await lifecycle.drop_key(lease.facts, NOON)
    # and here the worker dies, before it could say that it was done: another one does it again
    await lifecycle.drop_key(lease.facts, NOON)
    assert await keyring.wrapped(her) is None
    assert await jobs.finish(lease, now=NOON)


async def test_erasing_twice_is_erasing_once() -> None:
    await programme()
    her = await xiaoyu()
    assert [await erase(her) for _ in range(2)] == [MemberState.ERASED] * 2
    assert await OutboxEvent.filter(member_id=her, type="member.erased").count() == 1
    await work()


async def test_no_key_is_dropped_of_somebody_who_is_not_erased() -> None:
    await programme()
    mei = await member("Mei")
    await lifecycle.drop_key({"member_id": str(mei)}, NOON)
    assert await keyring.wrapped(mei)


async def test_who_may_not_erase_and_who_is_not_erased() -> None:
    await programme()
    mei, wang = await member("Mei"), await member("Wang")
    with pytest.raises(ProofRequired):
        await lifecycle.erase(mei, reason=WHY, actor=CLERK, now=NOON)
    with pytest.raises(NotFound):
        await erase(UUID(int=7))
    await merge(mei, wang)
    with pytest.raises(MemberMerged):
        await erase(mei)
