"""Checks: what `loyalty doctor` looks at."""

import platform
import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta

from api.clock import now
from api.opening import NoDatabase, NoKeyStore, Unreachable, behind, require, unlock
from api.settings import SettingError, Settings, master_key
from models.database import connected, dialect
from models.sql import SQL
from rules import documents, keyring, programme, vault, webhooks

DATABASE_NOW = SQL("SELECT now() AS moment", sqlite="SELECT strftime('%Y-%m-%d %H:%M:%f+00:00', 'now') AS moment")
DRIFT = timedelta(seconds=5)
DEAD = SQL("SELECT COUNT(*) AS n FROM job WHERE state = 'DEAD'")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at, and what was found."""

    what: str
    found: str
    is_well: bool = True


async def checks(found: Settings) -> list[Check]:
    """Everything worth a look, in the order in which one depends on the other."""
    done = [
        Check("python", f"{platform.python_version()}, SQLite {sqlite3.sqlite_version}"),
        Check("environment", found.env.value),
        _wechat(found),
    ]
    try:
        await require(found)  # before a look at the master key, which development would make
        done.append(_key(found))
        waiting = await behind(found)
        done.append(Check("migrations", ", ".join(waiting) or "up to date", not waiting))
        if not waiting:
            done += await _database(found)
    except (NoDatabase, NoKeyStore, Unreachable) as error:
        done.append(Check("database", str(error), is_well=False))
    except Exception as error:
        done.append(Check("database", f"{type(error).__name__}: {error}", is_well=False))
    return done


def _wechat(found: Settings) -> Check:
    if found.simulates_wechat:
        return Check("wechat", "the embedded simulator")
    named = bool(found.wechat_appid and found.wechat_secret)
    missing = "LOYALTY_WECHAT_APPID and LOYALTY_WECHAT_SECRET are not both set: members cannot log in"
    return Check("wechat", found.wechat_base if named else missing, named)


def _key(found: Settings) -> Check:
    try:
        return Check("master key", vault.master(master_key(found)).check[:12])
    except SettingError as error:
        return Check("master key", str(error), is_well=False)


async def _database(found: Settings) -> list[Check]:
    async with connected(found.database_url, found.keys_url, strict=found.is_production):
        done = [Check("database", dialect())]
        drift = abs(now() - await _database_now())
        done.append(Check("clock", f"{drift.total_seconds():.1f} s from the database's", drift < DRIFT))
        done.append(await _fits(found))
        try:
            terms = await programme.terms()
            done.append(Check("programme", f"{terms.name}, {terms.currency}, {len(terms.ladder)} tiers"))
        except programme.NoProgramme as error:
            done.append(Check("programme", str(error), is_well=False))
        done.append(await _documents(found))
        dead = await DEAD.value()
        done.append(Check("jobs", f"{dead} dead", not dead))
        return done + await of_webhooks()


async def of_webhooks() -> list[Check]:
    """What waits and what is lost. What partners' servers do not take is told, and no reason to wake anybody."""
    told = await webhooks.backlog(now())
    said = f"{told.due} due, {told.dead} dead, {told.disabled} endpoints given up"
    dead, disabled = await webhooks.lost()
    return [
        Check("webhooks", said, not told.dead and not told.disabled),
        Check("partners' webhooks", f"{dead} dead, {disabled} endpoints given up, for the partners to see to"),
    ]


async def _documents(found: Settings) -> Check:
    from api.manifest import ManifestError, trusted

    try:
        read = len(trusted(found))
    except ManifestError as error:
        return Check("documents", str(error), is_well=False)
    registered = len(await documents.live())
    if found.trusted_only and not read + registered:
        return Check(
            "documents", "none is trusted, so that members can run nothing; see docs/api.md", is_well=False
        )
    return Check("documents", f"{read} in manifests, {registered} registered")


async def _fits(found: Settings) -> Check:
    """Whether database, key store and master key belong together."""
    try:
        await unlock(found)
    except (keyring.WrongKeyStore, keyring.WrongMasterKey) as error:
        return Check("keys fit", str(error), is_well=False)
    return Check("keys fit", "database, key store and master key belong together")


async def _database_now() -> datetime:
    """The database's clock."""
    moment = await DATABASE_NOW.value()
    return moment if isinstance(moment, datetime) else datetime.fromisoformat(moment)
