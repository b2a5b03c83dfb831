"""The command line: `loyalty`."""

import sys

from rich.console import Console
from rich.markup import escape
from tortoise.exceptions import DBConnectionError, OperationalError

from api.cli import (
    access,
    audit,
    data,
    documents,
    earning,
    explain,
    keys,
    members,
    people,
    points,
    policy,
    programme,
    referrals,
    reports,
    running,
    tiers,
    vault,
)
from api.cli._common import Failed, app
from api.opening import NoDatabase, NoKeyStore, NotMigrated, Unreachable
from api.orders import FileUnreadable
from api.settings import SettingError
from models.database import DurabilityError
from models.lock import AlreadyServingError
from models.rebuild import RebuildError
from rules.keyring import KeysMoved, WrongKeyStore, WrongMasterKey
from rules.programme import NoProgramme
from rules.refusals import Refusal

__all__ = [
    "access",
    "audit",
    "data",
    "documents",
    "earning",
    "explain",
    "keys",
    "main",
    "members",
    "people",
    "points",
    "policy",
    "programme",
    "referrals",
    "reports",
    "running",
    "tiers",
    "vault",
]

EXPECTED = (
    AlreadyServingError,
    DBConnectionError,
    DurabilityError,
    Failed,
    FileUnreadable,
    KeysMoved,
    NoDatabase,
    NoKeyStore,
    NoProgramme,
    NotMigrated,
    RebuildError,
    SettingError,
    Unreachable,
    WrongKeyStore,
    WrongMasterKey,
)


def main() -> None:
    """Run a command; what may be expected to go wrong is one clear line and exit code 1."""
    complain = Console(stderr=True, soft_wrap=True, highlight=False).print
    try:
        app()
    except Refusal as refusal:
        why = getattr(refusal, "why", "")
        complain(f"[red]{refusal.code()}[/] {escape(f'{refusal} {why}'.rstrip())}")
        sys.exit(1)
    except EXPECTED as error:
        complain(f"[red]error[/] {escape(str(error))}")
        sys.exit(1)
    except (ConnectionError, TimeoutError, OperationalError) as error:
        said = str(error) or type(error).__name__
        complain(f"[red]error[/] The database does not answer: {escape(said)}")
        sys.exit(1)
