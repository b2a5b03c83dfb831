"""Access: `token`, and what an operator does about jobs that died."""

from typing import Annotated
from uuid import UUID

import typer
from rich.table import Column, Table

from api.cli._common import Failed, app, database, here, id_of, run, show
from api.cli.keys import fresh_key, store_of
from api.clock import now
from models.credentials import PrincipalKind
from rules import credentials, jobs, members, staff
from rules.actors import SYSTEM
from rules.keys import Holder

ID_WIDTH = 36
"""An id is shown whole, however narrow the screen: it is what `job revive` takes."""

job = typer.Typer(help="Jobs that need an operator.", no_args_is_help=True)
app.add_typer(job, name="job")


@app.command()
def token(
    kind: Annotated[str, typer.Argument(help="member, staff, partner or service.")],
    who: Annotated[str, typer.Argument(help="A member's or partner's id, a username, or a service's source.")],
    store: Annotated[str | None, typer.Option(help="The code of the store a service sells in.")] = None,
) -> None:
    """Issue a token or key, told once. Members and staff get an access token, the others an API key."""
    kinds = {each.value.lower(): each for each in PrincipalKind}
    if kind not in kinds:
        raise Failed(f"{kind!r} is none of {', '.join(kinds)}.")
    if store and kinds[kind] is not PrincipalKind.SERVICE:
        raise Failed("--store goes with a service.")
    typer.echo(run(_token(kinds[kind], who, store)))


async def _token(kind: PrincipalKind, who: str, store: str | None) -> str:
    found = here()
    async with database(found):
        if kind is PrincipalKind.SERVICE:
            return (await fresh_key(found, Holder.service(who, await store_of(store)), who)).secret
        if kind is PrincipalKind.STAFF:
            account = await staff.account(who)
            if account is None:
                raise Failed(f"There is no member of staff {who!r}.")
            return (await credentials.log_in(kind, account.id, actor=SYSTEM, now=now())).access
        principal = id_of(who)
        if kind is PrincipalKind.PARTNER:
            return (await fresh_key(found, Holder.partner(principal), who)).secret
        await members.existing(principal)
        try:
            return (await credentials.log_in(kind, principal, actor=SYSTEM, now=now())).access
        except credentials.LoginRefused as refused:
            raise Failed(f"{who} was erased or merged into another member: nobody logs in as them.") from refused


@job.command("dead")
def dead_jobs() -> None:
    """List the jobs that died after their last attempt, newest first, 100 at most."""
    table = Table(Column("id", min_width=ID_WIDTH), "name", "cause", "error", "died", box=None)
    for row in run(_dead()):
        table.add_row(*(str(row[name]) for name in ("id", "name", "cause", "last_error", "finished_at")))
    show.print(table)


async def _dead() -> list[dict[str, object]]:
    async with database(here()):
        return await jobs.dead()


@job.command("revive")
def revive_job(job_id: Annotated[str, typer.Argument(help="The job's id, from `loyalty job dead`.")]) -> None:
    """Give a dead job its attempts back."""
    if not run(_revive(id_of(job_id))):
        raise Failed(f"There is no dead job {job_id!r}.")
    show.print(f"{job_id} is due again")


async def _revive(job_id: UUID) -> bool:
    async with database(here()):
        return await jobs.revive(job_id, now=now())
