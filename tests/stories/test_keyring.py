"""The keyring: keys are there before their members, belong to one database, and what is left over is swept."""

from uuid import UUID, uuid4

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection
from tortoise.exceptions import IntegrityError

from models.invariants import violations
from models.keystore import KEYS, SAYS, KeySQL, add_keys
from models.members import MemberState
from models.sql import SQL
from rules import keyring, lifecycle, members, vault
from rules.members import Profile
from rules.transactions import transaction
from tests.people import MASTER_KEY, NOON, SHOP, member, phone, programme

KEY_OF = KeySQL("SELECT generation, settled, wrapped FROM member_key WHERE member_id = $1")
AGE = KeySQL(
    "UPDATE member_key SET created_at = now() - interval '4 hours' WHERE member_id = $1",
    sqlite="UPDATE member_key SET created_at = strftime('%Y-%m-%d %H:%M:%f+00:00', 'now', '-4 hours')"
    " WHERE member_id = $1",
)


async def is_keyed(member_id: UUID) -> bool:
    return await KEY_OF.row(member_id) is not None


async def found() -> dict[str, set[str]]:
    """The members who break each invariant of the two databases together."""
    broken: dict[str, set[str]] = {name: set() for name in SAYS}
    for each in await violations():
        broken[each.name].add(each.row["member_id"])
    return broken


class CrashedError(Exception):
    """Ends a process before it could commit."""


async def test_a_crash_before_the_member_is_committed_leaves_a_key_and_nobody() -> None:
    await programme()
    made: list[UUID] = []

    @transaction
    async def crash() -> None:
        made.append((await members.create(MemberState.ACTIVE, NOON)).id)
        assert await is_keyed(made[0]), "the key is committed while the member is not"
        raise CrashedError

    with pytest.raises(CrashedError):
        await crash()
    [ghost] = made
    assert await is_keyed(ghost)
    with pytest.raises(Exception, match="Nothing here"):
        await members.existing(ghost)


async def test_what_is_left_over_is_swept_after_an_hour_and_what_is_used_is_kept() -> None:
    await programme()
    mei = await member("Mei")
    ghost, young = uuid4(), uuid4()
    wrapped = vault.unlocked().new_key(ghost)
    await add_keys([(ghost, 1, wrapped, False), (young, 1, wrapped, False)])
    for who in (mei, ghost):
        await AGE.run(who)
    assert await keyring.settle() >= 1
    assert (await is_keyed(mei), await is_keyed(ghost), await is_keyed(young)) == (True, False, True)
    row = await KEY_OF.row(mei)
    assert row is not None
    assert row["settled"]


async def test_a_key_that_was_used_outlives_its_member_who_may_yet_be_restored() -> None:
    ghost = uuid4()
    await add_keys([(ghost, 1, vault.unlocked().new_key(ghost), True)])
    await AGE.run(ghost)
    await keyring.settle()
    assert await is_keyed(ghost)
    await keyring.drop(ghost)


async def test_members_who_come_by_the_thousand_need_few_reservations(statements: list[str]) -> None:
    await programme()
    keyring._pools.clear()  # those who came before them may have left more than enough
    statements.clear()
    for number in range(100):
        await lifecycle.enroll(None, [phone()], Profile(display_name=f"Member {number}"), actor=SHOP, now=NOON)
    reservations = [text for text in statements if text.startswith('INSERT INTO "member_key"')]
    assert 0 < len(reservations) < 8
    assert not [text for text in statements if text.startswith("SELECT wrapped FROM member_key")]


@pytest.mark.corrupts
async def test_verify_tells_whose_key_is_missing_left_over_or_not_dropped() -> None:
    await programme()
    mei, wang, lan = [await member(name) for name in ("Mei", "Wang", "Lan")]
    ghost, young = uuid4(), uuid4()
    assert not any((await found()).values())
    await KeySQL("DELETE FROM member_key WHERE member_id = $1").run(mei)
    await SQL("UPDATE member SET state = 'ERASED' WHERE id = $1").run(wang)
    await add_keys([(each, 1, vault.unlocked().new_key(each), False) for each in (ghost, young)])
    await AGE.run(ghost)
    assert await found() == {
        "members have keys": {str(mei)},
        "keys have members": {str(ghost)},
        "erased members have no keys": {str(wang)},
    }
    for each in (ghost, wang, lan):
        await keyring.drop(each)


async def test_each_of_a_page_gets_their_own_key_in_the_order_they_are_asked_for() -> None:
    await programme()
    mei, wang, nobody = await member("Mei"), await member("Wang"), uuid4()
    of_mei, of_wang = await keyring.wrapped(mei), await keyring.wrapped(wang)
    assert of_mei != of_wang
    found = await keyring.wrapped_for([wang, nobody, mei, wang])
    assert found == [of_wang, None, of_mei, of_wang]
    assert await keyring.wrapped_for([mei, nobody, wang]) == [of_mei, None, of_wang]
    assert await keyring.wrapped_for([nobody, nobody]) == [None, None]


async def test_a_member_without_a_key_is_shown_without_a_name() -> None:
    await programme()
    mei = await member("Mei")
    sealed = await SQL("SELECT profile FROM member WHERE id = $1").value(mei)
    assert members.open_profiles([(mei, await keyring.wrapped(mei), sealed)])[0].display_name == "Mei"
    kept = await KEY_OF.row(mei)
    assert kept is not None
    await KeySQL("DELETE FROM member_key WHERE member_id = $1").run(mei)
    assert members.open_profiles([(mei, await keyring.wrapped(mei), sealed)])[0] == Profile()
    await add_keys([(mei, 1, kept["wrapped"], True)])


@pytest.mark.parametrize(
    ("text", "constraint"),
    [
        ("UPDATE key_store SET one = 2", "key_store_one"),
        ("INSERT INTO key_store SELECT * FROM key_store", "key_store"),
        ("UPDATE master_key SET generation = 0", "master_key_generation|FOREIGN KEY|foreign key"),
        ("INSERT INTO master_key (generation, key_check) SELECT 99, key_check FROM master_key", "master_key"),
        ("DELETE FROM master_key", "FOREIGN KEY|foreign key"),
        ("UPDATE house_key SET generation = 77", "FOREIGN KEY|foreign key"),
        ("UPDATE house_key SET wrapped = NULL", "NOT NULL|not-null"),
        ("INSERT INTO house_key SELECT * FROM house_key", "house_key"),
        ("UPDATE member_key SET generation = 77", "FOREIGN KEY|foreign key"),
        ("UPDATE member_key SET settled = NULL", "NOT NULL|not-null"),
        ("INSERT INTO member_key SELECT * FROM member_key", "member_key"),
        ("INSERT INTO erased_member SELECT * FROM erased_member", "erased_member"),
    ],
)
async def test_every_constraint_of_the_key_store_holds(text: str, constraint: str) -> None:
    await programme()
    await keyring.drop(await keyring.take())
    with pytest.raises(IntegrityError, match=constraint):
        await KeySQL(text).run()


@pytest.mark.parametrize("table", ["house_key", "member_key"])
async def test_what_is_no_wrapped_key_is_not_kept(dialect: str, table: str) -> None:
    await programme()
    await keyring.take()
    cut = "substr(wrapped, 2)" if dialect == "sqlite" else "substring(wrapped from 2)"
    with pytest.raises(IntegrityError, match=f"{table}_wrapped"):
        await KeySQL(f"UPDATE {table} SET wrapped = {cut}").run()


async def test_the_store_is_apart_from_the_database(database: BaseDBAsyncClient) -> None:
    keys = get_connection(KEYS)
    assert keys is not database
    for client, table, there in (
        (database, "house_key", False),
        (keys, "house_key", True),
        (keys, "member", False),
    ):
        query = (
            f"SELECT COUNT(*) AS n FROM sqlite_master WHERE name = '{table}'"
            if client.capabilities.dialect == "sqlite"
            else f"SELECT COUNT(*) AS n FROM pg_tables WHERE tablename = '{table}'"
        )
        [row] = await client.execute_query_dict(query)
        assert bool(row["n"]) is there, table


async def test_another_master_key_opens_no_house_and_another_store_is_not_this_ones() -> None:
    await programme()
    with pytest.raises(keyring.WrongMasterKey):
        await keyring.opened([vault.master(bytes(32))])
    ours = [vault.master(MASTER_KEY)]
    assert (await keyring.opened(ours)).indexing == vault.unlocked().indexing
    await member("Mei")
    for known in (None, f"store:{uuid4()}"):
        with pytest.raises(keyring.WrongKeyStore):
            await keyring.unlock(ours, known=known)
    assert (await keyring.unlock(ours, known=await keyring.binding())).check == ours[0].check
