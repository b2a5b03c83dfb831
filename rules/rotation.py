"""Rotation: every key is wrapped anew by the next master key, and how the key store stands.

The keys stay what they are, so nothing that they seal is touched, and no identity is hashed anew.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from models.keystore import KEYS, KeySQL, truncate_log
from models.sql import insert_rows
from rules import keyring
from rules.keyring import WrongMasterKey
from rules.transactions import key_transaction
from rules.vault import Master

BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Generation:
    """The keys one master key wraps."""

    number: int
    check: str
    keys: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How many keys there are, and of which kinds."""

    keys: int
    unsettled: int
    orphans: int
    """Settled keys whose members are not in the database: an older copy of it was restored."""
    erased: int
    generations: tuple[Generation, ...]


COUNTS = KeySQL(
    "SELECT (SELECT COUNT(*) FROM member_key) AS keys,"
    " (SELECT COUNT(*) FROM member_key WHERE NOT settled) AS unsettled,"
    " (SELECT COUNT(*) FROM erased_member) AS erased",
    fans_out="an operator counts all keys",
)
BY_GENERATION = KeySQL(
    "SELECT m.generation, m.key_check, (SELECT COUNT(*) FROM member_key k WHERE k.generation = m.generation) AS n"
    " FROM master_key m ORDER BY m.generation",
    fans_out="an operator counts all keys",
)
SETTLED = KeySQL(
    "SELECT member_id FROM member_key WHERE settled AND ($1::uuid IS NULL OR member_id > $1::uuid)"
    " ORDER BY member_id LIMIT $2",
    fans_out="an operator counts all keys",
)


async def standing() -> Standing:
    """How the store stands."""
    [counts] = await COUNTS.rows()
    orphans = 0
    after: UUID | None = None
    while rows := await SETTLED.rows(after, BATCH):
        orphans += len(rows) - len(await keyring.KNOWN.rows([row["member_id"] for row in rows]))
        after = rows[-1]["member_id"]
    generations = tuple(
        Generation(row["generation"], row["key_check"], row["n"]) for row in await BY_GENERATION.rows()
    )
    return Standing(counts["keys"], counts["unsettled"], orphans, counts["erased"], generations)


async def rotate(old: Master, new: Master, progress: Callable[[int], None]) -> int:
    """Wrap every key anew, after which the old master key opens nothing; say how many members' keys there were.

    It may be interrupted and begun again. Processes that have both master keys go on meanwhile.

    Raises: WrongMasterKey, when the store is wrapped by neither.
    """
    generation = await _begin(old, new)
    done = 0
    while count := await _rewrap(old, new, generation):
        done += count
        progress(done)
    await _retire(generation)
    await truncate_log()
    return done


HALT = KeySQL("SELECT one FROM key_store WHERE one = 1 FOR UPDATE")
WRAP_HOUSE = KeySQL("UPDATE house_key SET wrapped = $2, generation = $3 WHERE name = $1")
WRAP = KeySQL("UPDATE member_key SET wrapped = $2, generation = $3 WHERE member_id = $1")
OLDER = KeySQL(
    "SELECT member_id, wrapped FROM member_key WHERE generation < $1 ORDER BY generation LIMIT $2",
    fans_out="a new master key wraps everybody's key",
)
RETIRE = KeySQL("DELETE FROM master_key WHERE generation < $1")


@key_transaction
async def _begin(old: Master, new: Master) -> int:
    """From now on keys are made in the new generation, whose number this is; the house's are its first."""
    await HALT.row()
    newest = (await keyring.MASTERS.rows())[-1]
    if newest["key_check"] == new.check:
        return int(newest["generation"])
    if newest["key_check"] != old.check:
        raise WrongMasterKey(WrongMasterKey.__doc__)
    generation = int(newest["generation"]) + 1
    await insert_rows("master_key", ("generation", "key_check"), [(generation, new.check)], on=KEYS)
    for row in await keyring.HOUSE_KEYS.rows():
        await WRAP_HOUSE.run(
            row["name"], new.wrap(old.unwrap(row["wrapped"], row["name"]), row["name"]), generation
        )
    return generation


@key_transaction
async def _rewrap(old: Master, new: Master, generation: int) -> int:
    rows = await OLDER.rows(generation, BATCH)
    for row in rows:
        name = str(row["member_id"])
        await WRAP.run(row["member_id"], new.wrap(old.unwrap(row["wrapped"], name), name), generation)
    return len(rows)


@key_transaction
async def _retire(generation: int) -> None:
    """The generations before have no keys any more, or the store refuses."""
    await RETIRE.run(generation)
