"""Referrals: `referrals lint`."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from api.cli._common import Failed, app, show
from rules import lint
from rules.lint import DRAFT_MAX, Severity

commands = typer.Typer(help="Campaigns by which members recommend the programme.", no_args_is_help=True)
app.add_typer(commands, name="referrals")


@commands.callback()
def referrals() -> None:
    """Campaigns by which members recommend the programme."""


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
