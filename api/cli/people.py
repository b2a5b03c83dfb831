"""People and places: `staff invite`, `add`, `close`, `reopen`, `list`, and `store` and `partner add`, `list`."""

import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import typer

from api.cli._common import Failed, app, database, here, hint, run, show
from api.clock import now
from models.staff import StaffRole
from models.units import is_plain
from rules import partners
from rules import staff as rules
from rules.actors import CLI
from rules.passwords import check_password, normalised
from rules.refusals import NotFound

NAME_MAX, CODE_MAX, LISTED_MAX = 64, 32, 100
HOURS = range(1, int(rules.INVITED_MAX / timedelta(hours=1)) + 1)

staff = typer.Typer(help="Who works for the programme.", no_args_is_help=True)
store = typer.Typer(help="Where the programme runs.", no_args_is_help=True)
partner = typer.Typer(help="Who brings members.", no_args_is_help=True)
app.add_typer(staff, name="staff")
app.add_typer(store, name="store")
app.add_typer(partner, name="partner")


@staff.command("add")
def add_staff(
    username: Annotated[str, typer.Argument(help="The name to log in with.")],
    role: Annotated[StaffRole, typer.Option(help="What they may do.")],
    store_code: Annotated[str | None, typer.Option("--store", help="The code of a cashier's store.")] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
) -> None:
    """Open an account for a member of staff. Without --password-stdin a password is made and told once."""
    from api.outside import HASHER

    _check_place(role, store_code)
    password = (
        typer.get_text_stream("stdin").readline().rstrip("\n") if password_stdin else secrets.token_urlsafe(15)
    )
    if not 0 < len(username) <= NAME_MAX or not is_plain(username):
        raise Failed(f"A username has 1 to {NAME_MAX} printable characters.")
    check_password(normalised(password), username)
    run(_hire(username, HASHER.hash(normalised(password)), role, store_code))
    show.print(f"{username} may log in as {role}")
    if not password_stdin:
        hint.print("The password, told once:")
        typer.echo(password)


async def _hire(username: str, password_hash: str, role: StaffRole, store_code: str | None) -> None:
    async with database(here()):
        await rules.hire(username, password_hash, role, store_id=await _store(store_code), actor=CLI, now=now())


def _check_place(role: StaffRole | None, store_code: str | None) -> None:
    if role is StaffRole.CASHIER and store_code is None:
        raise Failed(f"{rules.StoreRequired.code()} {rules.StoreRequired.message()} Say --store CODE.")


async def _store(code: str | None) -> UUID | None:
    if code is None:
        return None
    if found := await rules.store(code):
        return found
    raise Failed(f"There is no store {code!r}; open it with `loyalty store add`.")


@staff.command("invite")
def invite_staff(
    username: Annotated[str, typer.Argument(help="The name to log in with.")],
    role: Annotated[
        StaffRole | None, typer.Option(help="What they may do. Leave it out to renew somebody's access.")
    ] = None,
    store_code: Annotated[str | None, typer.Option("--store", help="The code of a cashier's store.")] = None,
    hours: Annotated[int, typer.Option(min=HOURS[0], max=HOURS[-1], help="How long the link is good.")] = 24,
) -> None:
    """Print a link, told once, by which somebody chooses a password and sets up their second factor.

    Without --role it is for somebody who has an account and lost their password or their phone; until the link is
    used, what they have goes on working.
    """
    if not 0 < len(username) <= NAME_MAX or not is_plain(username):
        raise Failed(f"A username has 1 to {NAME_MAX} printable characters.")
    if role is None and store_code is not None:
        raise Failed("--store goes with --role.")
    _check_place(role, store_code)
    link, expires_at = run(_invite(username, role, store_code, timedelta(hours=hours)))
    hint.print(
        f"For {username}, until {expires_at:%Y-%m-%d %H:%M} UTC, told once; whoever has it gets the account:"
    )
    typer.echo(link)


async def _invite(
    username: str, role: StaffRole | None, store_code: str | None, lives: timedelta
) -> tuple[str, datetime]:
    found = here()
    async with database(found):
        store_id = await _store(store_code)
        try:
            made = await rules.invite(username, role, store_id=store_id, lives=lives, actor=CLI, now=now())
        except NotFound as refused:
            raise Failed(f"There is no open account {username!r}; say --role to open one.") from refused
        return f"{found.public_url}/activate#{made.token}", made.expires_at


@staff.command("close")
def close_staff(username: Annotated[str, typer.Argument(help="Whose account.")]) -> None:
    """Close an account. Its logins have ended from this moment."""
    if not run(_close(username)):
        raise Failed(f"There is no open account {username!r}.")
    show.print(f"{username} is closed")


async def _close(username: str) -> bool:
    async with database(here()):
        staff_id = await rules.id_of(username)
        return staff_id is not None and await rules.close(staff_id, actor=CLI, now=now())


@staff.command("reopen")
def reopen_staff(username: Annotated[str, typer.Argument(help="Whose account.")]) -> None:
    """Open a closed account again, with the password and second factor it had."""
    if not run(_reopen(username)):
        raise Failed(f"There is no closed account {username!r}.")
    show.print(f"{username} is open")


async def _reopen(username: str) -> bool:
    async with database(here()):
        staff_id = await rules.id_of(username)
        return staff_id is not None and await rules.reopen(staff_id, actor=CLI, now=now())


@staff.command("list")
def list_staff() -> None:
    """List the accounts by name, those that are closed, too, 100 at most."""
    for row in _shown(rules.everybody):
        place = row["store"] or "all stores"
        state = "open" if row["active"] else "closed"
        factor = "second factor" if row["has_totp"] else "no second factor"
        typer.echo(f"{row['id']}  {row['username']}  {row['role']}  {place}  {state}  {factor}")


@store.command("list")
def list_stores() -> None:
    """List the stores by their codes, 100 at most."""
    for row in _shown(rules.stores):
        typer.echo(f"{row['id']}  {row['code']}  {row['name']}")


@partner.command("list")
def list_partners() -> None:
    """List the partners by name, 100 at most."""
    for row in _shown(partners.listed):
        typer.echo(f"{row['id']}  {row['name']}")


def _shown(find: Callable[[int], Awaitable[list[dict[str, Any]]]]) -> list[dict[str, Any]]:
    """What is listed, with a hint when that is nothing or not all."""

    async def found() -> list[dict[str, Any]]:
        async with database(here()):
            return await find(LISTED_MAX + 1)

    rows = run(found())
    if not rows:
        hint.print("There is none.")
    if len(rows) > LISTED_MAX:
        hint.print(f"There are more; these are the first {LISTED_MAX}.")
    return rows[:LISTED_MAX]


@store.command("add")
def add_store(
    code: Annotated[str, typer.Argument(help="A short code that does not change: SH01.")],
    name: Annotated[str, typer.Argument(help="Its name for people.")],
) -> None:
    """Open a store."""
    if not 0 < len(code) <= CODE_MAX or not 0 < len(name) <= NAME_MAX:
        raise Failed(f"A code has 1 to {CODE_MAX} characters, a name 1 to {NAME_MAX}.")
    run(_open(code, name))
    show.print(f"{name} is open as {code}")


async def _open(code: str, name: str) -> None:
    async with database(here()):
        await rules.open_store(code, name)


@partner.command("add")
def add_partner(name: Annotated[str, typer.Argument(help="The organisation's name.")]) -> None:
    """Register a partner and print its id, for `loyalty token partner`."""
    if not 0 < len(name) <= NAME_MAX:
        raise Failed(f"A name has 1 to {NAME_MAX} characters.")
    typer.echo(run(_register(name)))


async def _register(name: str) -> str:
    async with database(here()):
        return str(await partners.register(name, actor=CLI, now=now()))
