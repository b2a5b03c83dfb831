"""Opening: the database, the vault and the worker, brought up in order and closed in the other."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from api.clock import now
from api.settings import Settings, master_key, next_master_key
from api.worker import Worker
from models import keystore
from models.database import connected
from models.migrate import migrate, pending
from models.sql import SQL
from rules import keyring, transactions, vault
from rules.keyring import BOUND, WrongKeyStore, WrongMasterKey

LEAVE_SECONDS = 5.0
"""How long a worker that is told to stop may go on with the job under way."""

KEY_CHECK = SQL("SELECT key_check FROM programme WHERE one = 1")
KEPT_KEYS = SQL("SELECT member_id FROM member_key LIMIT 1", fans_out="whether keys have moved to their own store")


class NotMigrated(Exception):  # noqa: N818  a fault of the set-up
    """The database is behind this version. Run `loyalty migrate` first."""


async def bring_up(found: Settings) -> list[str]:
    """Bring the database and its key store to this version, and return what was applied.

    Keys that the database kept itself, as it did before there was a key store, are moved there.

    Raises: WrongMasterKey, WrongKeyStore, SettingError, DurabilityError.
    """
    applied = await migrate(found.database_url)
    async with connected(found.database_url, strict=False):
        known = await KEY_CHECK.value()
    if known is not None and known.startswith(BOUND) and not await keystore.version(found.keys_url):
        raise WrongKeyStore(WrongKeyStore.__doc__)
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


async def behind(found: Settings) -> list[str]:
    """What `bring_up` would apply."""
    waiting = [*await pending(found.database_url), *await keystore.pending(found.keys_url)]
    if not waiting:
        async with connected(found.database_url, strict=False):
            if await _keeps_keys(await KEY_CHECK.value()):
                waiting.append("keys to move to the key store")
    return waiting


@asynccontextmanager
async def opened(found: Settings) -> AsyncIterator[AsyncExitStack]:
    """The database and the vault, open and fit for each other; what is under way is finished before they close.

    Raises: NotMigrated, WrongMasterKey, WrongKeyStore, SettingError, DurabilityError.
    """
    if await behind(found):
        raise NotMigrated(NotMigrated.__doc__)
    async with AsyncExitStack() as stack:
        both = connected(found.database_url, found.keys_url, strict=found.is_production)
        await stack.enter_async_context(both)
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


@asynccontextmanager
async def working() -> AsyncIterator[Worker]:
    """A worker beside whatever else this process does. It finishes its job before it leaves, if that is soon."""
    worker = Worker(now)
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        worker.stop()
        await asyncio.wait({task}, timeout=LEAVE_SECONDS)
        # what is given up now falls to whoever works when its lease has run out
        task.cancel()
        await asyncio.wait({task})
