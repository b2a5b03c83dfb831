"""Opening: the database and the vault, brought up in order and closed in the other."""

import sqlite3
from asyncio import to_thread
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

from tortoise.exceptions import DBConnectionError, OperationalError

from api.settings import Settings, master_key, next_master_key
from models import keystore
from models.database import connected, is_away, open_keys
from models.engine import connection, place
from models.migrate import migrate, unseen
from models.sql import SQL
from rules import keyring, transactions, vault
from rules.keyring import BOUND, WrongMasterKey

FIRST = "0001_the_house"
"""The migration that only an empty database waits for."""

KEY_CHECK = SQL("SELECT key_check FROM programme WHERE one = 1")
KEPT_KEYS = SQL("SELECT member_id FROM member_key LIMIT 1", fans_out="whether keys have moved to their own store")


class NotMigrated(Exception):  # noqa: N818  a fault of the set-up
    """The database is behind this version. Run `loyalty migrate` first."""


class NoDatabase(Exception):  # noqa: N818  a fault of the set-up
    """There is no database where the settings say."""


class NoKeyStore(Exception):  # noqa: N818  a fault of the set-up
    """The database has a key store, and it is not where the settings say."""


class Unreachable(Exception):  # noqa: N818  a fault of the set-up
    """A database that cannot be opened: which setting names it, and why not."""


@contextmanager
def reaching(name: str, url: str) -> Iterator[None]:
    """Say which setting names the database that cannot be opened here; never its password.

    Raises: Unreachable.
    """
    try:
        yield
    except Exception as error:
        if not (isinstance(error, OSError | sqlite3.Error | OperationalError) or is_away(error)):
            raise
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise Unreachable(f"{name}: {place(url)} cannot be opened: {why or type(error).__name__}") from error


async def require(found: Settings) -> None:
    """See that the database's file is there, where it is a file. Nothing is made.

    Raises: NoDatabase.
    """
    path = connection(found.database_url)["credentials"].get("file_path", ":memory:")
    if path != ":memory:" and not await to_thread(Path(path).exists):
        raise NoDatabase(
            f"There is no database at {place(found.database_url)}; set LOYALTY_DATABASE_URL, "
            "or set one up with `loyalty init`."
        )


async def _reached(found: Settings, known: str | None, look: Callable[[str], Awaitable[int]]) -> int:
    """The version its key store is at, as it is looked at; a programme that is bound to one has one.

    Raises: NoKeyStore, Unreachable.
    """
    is_bound = known is not None and known.startswith(BOUND)
    try:
        with reaching("LOYALTY_KEYS_URL", found.keys_url):
            reached = await look(found.keys_url)
    except Unreachable as error:
        if not (is_bound and isinstance(error.__cause__, DBConnectionError)):
            raise
        reached = 0  # a PostgreSQL server that has no database of this name
    if is_bound and not reached:
        raise NoKeyStore(
            f"There is no key store at {place(found.keys_url)}: restore its backup "
            "(docs/operations.md, Backup), or set LOYALTY_KEYS_URL."
        )
    return reached


async def bring_up(found: Settings) -> list[str]:
    """Bring the database and its key store to this version, and return what was applied.

    Keys that the database kept itself, as it did before there was a key store, are moved there.

    Raises: WrongMasterKey, NoKeyStore, Unreachable, SettingError, DurabilityError.
    """
    with reaching("LOYALTY_DATABASE_URL", found.database_url):
        applied = await migrate(found.database_url)
    async with connected(found.database_url, strict=False):
        known = await KEY_CHECK.value()
    await _reached(found, known, keystore.version)
    with reaching("LOYALTY_KEYS_URL", found.keys_url):
        applied += await keystore.bring_up(found.keys_url)
    async with connected(found.database_url, found.keys_url, strict=False):
        if await _keeps_keys(known):
            applied.append(f"{await _move_keys(found, known)} keys moved to the key store")
    return applied


async def _keeps_keys(known: str | None) -> bool:
    """Whether the database still keeps keys itself, or speaks of them as if it did."""
    return known is not None and (not known.startswith(BOUND) or await KEPT_KEYS.row() is not None)


async def _move_keys(found: Settings, known: str | None) -> int:
    alone = vault.vault(master_key(found))
    if known == alone.check:
        moved = await keyring.adopt(alone)
    elif known == await keyring.binding():
        moved = await keyring.take_over(await keyring.opened(masters(found)))
    else:
        raise WrongMasterKey(WrongMasterKey.__doc__)
    await keystore.leave_no_trace()
    return moved


@asynccontextmanager
async def _both(found: Settings, *, strict: bool) -> AsyncIterator[list[str]]:
    """The database and its key store, open, and what `bring_up` would apply to them.

    Each is opened once: on a server far away that takes a good part of a command. Nothing is made.

    Raises: NoDatabase, NoKeyStore, Unreachable, DurabilityError.
    """

    async def look(url: str) -> int:
        if not await keystore.is_there(url):
            return 0
        await open_keys(strict=strict)
        return await keystore.reached()

    await require(found)
    async with AsyncExitStack() as stack:
        with reaching("LOYALTY_DATABASE_URL", found.database_url):
            both = connected(found.database_url, found.keys_url, strict=strict, keys_later=True)
            waiting = await unseen(await stack.enter_async_context(both))
        known = None if waiting else await KEY_CHECK.value()
        waiting += keystore.pending(await _reached(found, known, look))
        if not waiting and await _keeps_keys(known):
            waiting = ["keys to move to the key store"]
        yield waiting


async def behind(found: Settings) -> list[str]:
    """What `bring_up` would apply.

    Raises: NoDatabase, NoKeyStore, Unreachable.
    """
    async with _both(found, strict=False) as waiting:
        return waiting


async def refuse_behind(found: Settings) -> None:
    """Refuse a database that is not at this version.

    Raises: NotMigrated, NoDatabase, NoKeyStore, Unreachable.
    """
    _refuse(await behind(found))


def _refuse(waiting: list[str]) -> None:
    """Raises: NotMigrated, where anything waits."""
    if FIRST in waiting:
        raise NotMigrated("This database is empty. Set it up with `loyalty init`, or run `loyalty migrate`.")
    if waiting:
        raise NotMigrated(NotMigrated.__doc__)


@asynccontextmanager
async def opened(found: Settings) -> AsyncIterator[AsyncExitStack]:
    """The database and the vault, open and fit for each other; what is under way is finished before they close.

    Raises: NotMigrated, NoDatabase, NoKeyStore, Unreachable, WrongMasterKey, WrongKeyStore, SettingError,
        DurabilityError.
    """
    async with AsyncExitStack() as stack:
        _refuse(await stack.enter_async_context(_both(found, strict=found.is_production)))
        await unlock(found)
        stack.push_async_callback(transactions.drain)
        yield stack


def masters(found: Settings) -> list[vault.Master]:
    """The master keys of this process: the present one, and the next one where there is one.

    Raises: SettingError.
    """
    following = next_master_key()
    return [vault.master(key) for key in (master_key(found), following) if key is not None]


async def unlock(found: Settings) -> vault.Vault:
    """Unlock the vault, and see that database, key store and master key belong together.

    Raises: WrongMasterKey, WrongKeyStore, SettingError.
    """
    return await keyring.unlock(masters(found), known=await KEY_CHECK.value())
