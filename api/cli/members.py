"""Members at the prompt: `member erase`."""

from typing import Annotated
from uuid import UUID

import typer

from api.cli._common import Failed, app, database, here, id_of, run, show
from api.clock import now
from models.units import ReasonCode
from rules import lifecycle
from rules.actors import CLI

member = typer.Typer(help="Who takes part in the programme.", no_args_is_help=True)
app.add_typer(member, name="member")


@member.callback()
def members() -> None:
    """Who takes part in the programme."""


@member.command("erase")
def erase(
    member_id: Annotated[str, typer.Argument(help="The member's id, as the export or the API writes it.")],
    reason: Annotated[str, typer.Option(help="Why, in one word.")] = "MEMBER_ASKED",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Forget who a member was, for good: their names, profile and notes, in backups too. The ledger stays."""
    from schema.scalars import parse_reason

    try:
        word = parse_reason(reason)
    except ValueError as error:
        raise Failed(str(error)) from error
    who = id_of(member_id)
    if not yes:
        typer.confirm("There is no way back. Erase this member?", abort=True, err=True)
    run(_erase(who, word))
    show.print("erased; a worker destroys the key within moments, or when it next runs")


async def _erase(who: UUID, reason: ReasonCode) -> None:
    async with database(here()):
        await lifecycle.erase(who, reason=reason, actor=CLI, now=now())
