"""Opening: the database, the vault and the worker, brought up in order and closed in the other."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from api.clock import now
from api.settings import Settings, master_key
from api.worker import Worker
from models.database import connected
from models.migrate import pending
from models.sql import SQL
from rules import transactions, vault

LEAVE_SECONDS = 5.0
"""How long a worker that is told to stop may go on with the job under way."""

KEY_CHECK = SQL("SELECT key_check FROM programme WHERE one = 1")


class WrongMasterKey(Exception):  # noqa: N818  a fault of the set-up
    """This database was made with another master key. Give the one it was made with; see docs/settings.md."""


class NotMigrated(Exception):  # noqa: N818  a fault of the set-up
    """The database is behind this version. Run `loyalty migrate` first."""


@asynccontextmanager
async def opened(found: Settings) -> AsyncIterator[AsyncExitStack]:
    """The database and the vault, open and fit for each other; what is under way is finished before they close.

    Raises: NotMigrated, WrongMasterKey, SettingError, DurabilityError.
    """
    if await pending(found.database_url):
        raise NotMigrated(NotMigrated.__doc__)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(connected(found.database_url, strict=found.is_production))
        await unlock(found)
        stack.push_async_callback(transactions.drain)
        yield stack


async def unlock(found: Settings) -> vault.Vault:
    """Unlock the vault with the deployment's master key, and see that the database was made with it.

    Raises: WrongMasterKey, SettingError.
    """
    unlocked = vault.unlock(master_key(found))
    known = await KEY_CHECK.value()
    if known is not None and known != unlocked.check:
        raise WrongMasterKey(WrongMasterKey.__doc__)
    return unlocked


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
