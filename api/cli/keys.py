"""API keys: `key issue`, `key list`, `key rotate`, `key revoke`."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import typer

from api.cli._common import Failed, app, database, here, hint, run, show
from api.clock import now
from api.settings import Settings
from models.credentials import PrincipalKind
from rules import keys, staff
from rules.actors import CLI
from rules.keys import ANYTHING, Bounds, Holder, IssuedKey, KeyLimit

LISTED_MAX = 1_000
SPANS = {"h": timedelta(hours=1), "d": timedelta(days=1)}

key = typer.Typer(help="API keys of partners and services.", no_args_is_help=True)
app.add_typer(key, name="key")

KeyId = Annotated[str, typer.Argument(help="The public part of the key: the third of its five pieces.")]


@key.command("issue")
def issue_key(
    kind: Annotated[str, typer.Argument(help="partner or service.")],
    who: Annotated[str, typer.Argument(help="A partner's id, or a service's source.")],
    name: Annotated[str | None, typer.Option(help="What people call the key.")] = None,
    store: Annotated[str | None, typer.Option(help="The code of the store a service sells in.")] = None,
    scope: Annotated[
        list[str] | None, typer.Option(help="What it may do: members.read. Repeat it for more.")
    ] = None,
    network: Annotated[
        list[str] | None, typer.Option(help="From where: 203.0.113.0/24. Repeat it for more.")
    ] = None,
    expires: Annotated[
        str | None, typer.Option(help="When it ends: 90d, 12h, or a day in UTC, 2027-01-31.")
    ] = None,
) -> None:
    """Issue a key and print it once. Of each holder two may live, so that one can follow the other."""
    kinds = {each.value.lower(): each for each in keys.SCOPES}
    if kind not in kinds:
        raise Failed(f"{kind!r} is none of {', '.join(sorted(kinds))}.")
    if store and kinds[kind] is not PrincipalKind.SERVICE:
        raise Failed("--store goes with a service.")
    bounds = Bounds(scope or None, network or None, _ends(expires))
    _tell(run(_issue(kinds[kind], who, name or who, store, bounds)))


async def _issue(kind: PrincipalKind, who: str, name: str, store: str | None, bounds: Bounds) -> IssuedKey:
    found = here()
    async with database(found):
        holder = (
            Holder.service(who, await store_of(store))
            if kind is PrincipalKind.SERVICE
            else Holder.partner(_partner(who))
        )
        return await fresh_key(found, holder, name, bounds)


async def fresh_key(found: Settings, holder: Holder, name: str, bounds: Bounds = ANYTHING) -> IssuedKey:
    """A new key, asked for at the command line."""
    short = found.env.short
    try:
        return await keys.issue(holder, name=name, environment=short, bounds=bounds, actor=CLI, now=now())
    except KeyLimit as refused:
        raise await _limited(refused, holder) from refused


async def _limited(refused: KeyLimit, whose: Holder | str) -> Failed:
    """The refusal with the keys that are in the way."""
    return Failed(f"{refused.code()} {refused} They are {' and '.join(await keys.held(whose))}.")


async def store_of(code: str | None) -> UUID | None:
    """The store of a code; None without one."""
    if code is None:
        return None
    if found := await staff.store(code):
        return found
    raise Failed(f"There is no store {code!r}; open it with `loyalty store add`.")


def _partner(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Failed(f"{text!r} is no id of a partner; `loyalty partner add` prints it.") from None


def _ends(text: str | None) -> datetime | None:
    if text is None:
        return None
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        try:
            return datetime.fromisoformat(text).replace(tzinfo=UTC)
        except ValueError:
            raise Failed(f"{text!r} is no day.") from None
    return now() + _span(text)


def _span(text: str) -> timedelta:
    found = re.fullmatch(r"(\d{1,5})([hd])", text, re.ASCII)
    if found is None:
        raise Failed(f"{text!r} is no span; write 24h or 90d.")
    return int(found[1]) * SPANS[found[2]]


def _tell(issued: IssuedKey) -> None:
    hint.print(f"key {issued.key_id}, told once:")
    typer.echo(issued.secret)


@key.command("list")
def list_keys(
    everything: Annotated[bool, typer.Option("--all", help="Those that are revoked, too.")] = False,
) -> None:
    """List the keys that live or have expired, newest first, 1,000 at most."""
    moment = now()
    for row in run(_list(everything)):
        typer.echo(_line(row, moment))


def _line(row: dict[str, Any], moment: datetime) -> str:
    """A key in two lines, whole however narrow the screen: its id is what the other commands take."""
    ended = row["expires_at"] is not None and row["expires_at"] <= moment
    state = "revoked" if row["revoked_at"] else "expired" if ended else "lives"
    whose = f"{row['kind'].lower()} {row['source'] or row['partner_id']}"
    if row["store"]:
        whose += f" at {row['store']}"
    told = {
        "used": _minute(row["last_used_at"]),
        "expires": _minute(row["expires_at"]),
        "scopes": ", ".join(row["scopes"] or ("all",)),
        "networks": ", ".join(row["networks"] or ("anywhere",)),
    }
    facts = "; ".join(f"{name} {value}" for name, value in told.items())
    return f"{row['key_id']}  {state}  {whose}  {row['name']}\n    {facts}"


def _minute(moment: datetime | None) -> str:
    return "never" if moment is None else f"{moment:%Y-%m-%d %H:%M}"


async def _list(everything: bool) -> list[dict[str, Any]]:
    async with database(here()):
        return await keys.listed(all_of_them=everything, most=LISTED_MAX)


@key.command("rotate")
def rotate_key(
    key_id: KeyId,
    overlap: Annotated[str, typer.Option(help="How long the present key goes on: 24h, 7d, 0h.")] = "24h",
) -> None:
    """Issue a key that follows another, alike but for the secret, and print it once. The other ends by itself."""
    _tell(run(_rotate(key_id, _span(overlap))))


async def _rotate(key_id: str, overlap: timedelta) -> IssuedKey:
    found = here()
    async with database(found):
        short = found.env.short
        try:
            return await keys.rotate(key_id, overlap=overlap, environment=short, actor=CLI, now=now())
        except KeyLimit as refused:
            raise await _limited(refused, key_id) from refused


@key.command("revoke")
def revoke_key(key_id: KeyId) -> None:
    """End a key: a second later it opens nothing anywhere."""
    if not run(_revoke(key_id)):
        raise Failed(f"There is no live key {key_id!r}.")
    show.print(f"{key_id} is revoked")


async def _revoke(key_id: str) -> bool:
    async with database(here()):
        return await keys.revoke(key_id, actor=CLI, now=now())
