"""People and places: `staff add`, `staff close`, `store add`, `partner add`."""

import secrets
from typing import Annotated

import typer

from api.cli._common import Failed, app, database, here, hint, run, show
from api.clock import now
from api.outside import HASHER
from models.staff import StaffRole
from models.units import is_plain
from rules import staff as rules

PASSWORD_LENGTHS = range(12, 129)
NAME_MAX, CODE_MAX = 64, 32

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
    password = (
        typer.get_text_stream("stdin").readline().rstrip("\n") if password_stdin else secrets.token_urlsafe(15)
    )
    if not 0 < len(username) <= NAME_MAX or not is_plain(username):
        raise Failed(f"A username has 1 to {NAME_MAX} printable characters.")
    if len(password) not in PASSWORD_LENGTHS:
        raise Failed("A password has 12 to 128 characters.")
    run(_hire(username, HASHER.hash(password), role, store_code))
    show.print(f"{username} may log in as {role}")
    if not password_stdin:
        hint.print("The password, told once:")
        typer.echo(password)


async def _hire(username: str, password_hash: str, role: StaffRole, store_code: str | None) -> None:
    async with database(here()):
        store_id = await rules.store(store_code) if store_code else None
        if store_code and store_id is None:
            raise Failed(f"There is no store {store_code!r}; open it with `loyalty store add`.")
        await rules.hire(username, password_hash, role, store_id=store_id, now=now())


@staff.command("close")
def close_staff(username: Annotated[str, typer.Argument(help="Whose account.")]) -> None:
    """Close an account. Its tokens open nothing from this moment."""
    if not run(_close(username)):
        raise Failed(f"There is no open account {username!r}.")
    show.print(f"{username} is closed")


async def _close(username: str) -> bool:
    async with database(here()):
        return await rules.close(username)


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
        return str(await rules.register(name))
