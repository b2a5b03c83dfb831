"""Referrals: `referrals show`, `publish`, `lint`."""

import sys
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import orjson
import typer
from rich.markup import escape

from api.cli._common import Failed, app, database, here, run, show
from api.clock import now
from rules import lint, policy
from rules import referrals as campaigns
from rules.actors import CLI
from rules.idempotency import Key
from rules.lint import DRAFT_MAX, Severity
from rules.referrals import Campaign, CampaignUnreadable

commands = typer.Typer(help="Campaigns by which members recommend the programme.", no_args_is_help=True)
app.add_typer(commands, name="referrals")


@commands.callback()
def referrals() -> None:
    """Campaigns by which members recommend the programme."""


@commands.command("show")
def show_campaigns(
    code: Annotated[str | None, typer.Argument(help="Which campaign; all by default.")] = None,
) -> None:
    """Print campaigns as JSON, each in its newest version, as `referrals publish` takes one."""
    found = [each for each in run(_newest()) if code in (None, each.code)]
    if code is not None and not found:
        raise Failed(f"There is no campaign {code}.")
    told = [policy.plain(each) for each in found]
    typer.echo(orjson.dumps(told if code is None else told[0], option=orjson.OPT_INDENT_2).decode())


async def _newest() -> list[Campaign]:
    async with database(here()):
        return await campaigns.newest()


@commands.command("publish")
def publish(
    file: Annotated[Path, typer.Argument(help="A campaign as `referrals show CODE` prints it.")],
) -> None:
    """Bring a campaign into force, as the version after the one in the file. Who is bound keeps to theirs."""
    try:
        wanted = campaigns.read_campaign(orjson.loads(_text(file)))
    except (CampaignUnreadable, orjson.JSONDecodeError) as error:
        raise Failed(f"{file}: {error}") from None
    done = run(_publish(wanted))
    show.print(f"{done.code} is at version {done.version}")


async def _publish(wanted: Campaign) -> Campaign:
    async with database(here()):
        key = Key(f"cli-{uuid4()}")
        made = await campaigns.publish(wanted, expected_version=wanted.version, key=key, actor=CLI, now=now())
    return made.campaign


@commands.command("lint")
def lint_draft(
    path: Annotated[Path, typer.Argument(help="A JSON file: the campaign, and whatever else is planned.")],
    chinese: Annotated[bool, typer.Option("--zh", help="Say it in Chinese.")] = False,
) -> None:
    """Say what the law, WeChat or common sense has against a campaign. Exits with 1 when it cannot be published."""
    found = lint.read(_text(path))
    for each in found:
        colour = "red" if each.severity is Severity.BLOCKS else "yellow"
        words = each.words.zh if chinese else each.words.en
        show.print(f"[{colour}]{each.severity.value}[/] {each.code.value} [bold]{escape(each.field or '')}[/]")
        show.print(f"  {escape(words)}\n  [dim]{escape(each.words.rule)}[/]")
    if not found:
        show.print("Nothing was found that speaks against it.")
    if any(each.severity is Severity.BLOCKS for each in found):
        sys.exit(1)


def _text(path: Path) -> str:
    """Raises: Failed."""
    try:
        if path.stat().st_size > 4 * DRAFT_MAX:
            raise Failed(f"{path} is too large for a campaign.")
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Failed(f"{path}: {error}") from error
