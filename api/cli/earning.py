"""Earn rules: `earn-rules list`, `publish`, `retire`."""

import tomllib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import orjson
import typer
from rich.table import Table

from api.cli._common import Failed, app, database, here, run, show
from api.clock import now
from models.sql import SQL
from rules import earning
from rules.actors import CLI
from rules.earning import RULES_MAX, EarnRuleUnreadable, Rule
from rules.idempotency import Key

LISTED_MAX = 500

earn_rules = typer.Typer(help="The rules by which purchases earn.", no_args_is_help=True)
app.add_typer(earn_rules, name="earn-rules")

LISTED = SQL(
    "SELECT code, version, kind, name, terms, published_at, ended_at FROM earn_rule"
    " WHERE ($1::boolean OR ended_at IS NULL) ORDER BY code, version DESC LIMIT $2"
)


@earn_rules.command("list")
def list_rules(
    past: Annotated[bool, typer.Option("--past", help="Also versions that have ended.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: all that each rule says.")] = False,
) -> None:
    """The rules in force, by code."""
    rows = run(_listed(past=past))
    if as_json:
        typer.echo(orjson.dumps([_told(row) for row in rows], option=orjson.OPT_INDENT_2).decode())
        return
    table = Table("code", "version", "kind", "name", "since", "until", box=None)
    for row in rows:
        moments = (_moment(row["published_at"]), _moment(row["ended_at"]))
        table.add_row(row["code"], str(row["version"]), row["kind"], row["name"], *moments)
    show.print(table)


async def _listed(*, past: bool) -> list[dict[str, Any]]:
    async with database(here()):
        return await LISTED.rows(past, LISTED_MAX)


def _told(row: dict[str, Any]) -> dict[str, Any]:
    moments = {name: row[name] for name in ("published_at", "ended_at")}
    return {**orjson.loads(row["terms"]), "version": row["version"], **moments}


def _moment(value: datetime | None) -> str:
    return "" if value is None else value.isoformat(timespec="minutes")


@earn_rules.command("publish")
def publish(
    file: Annotated[Path, typer.Argument(help="A TOML file with a [[rule]] for each.", exists=True)],
) -> None:
    """Bring the rules of a file into force. One that is in force as it stands there is left alone."""
    for code, version, is_new in run(_publish(read(file))):
        show.print(f"{code} is at version {version}{'' if is_new else ', as it was'}")


def read(file: Path) -> list[Rule]:
    """The rules of a file. Raises: Failed, EarnRuleInvalid."""
    try:
        told = tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Failed(f"{file}: {error}") from None
    rules = told.get("rule")
    if told.keys() != {"rule"} or not isinstance(rules, list) or not 0 < len(rules) <= RULES_MAX:
        raise Failed(f"{file}: a file of earn rules has 1 to {RULES_MAX} tables [[rule]], and nothing else.")
    try:
        found = [earning.rule_of({**rule, "store_ids": None, "id": None, "version": None}) for rule in rules]
    except EarnRuleUnreadable as error:
        raise Failed(f"{file}: {error}") from None
    for rule in found:
        earning.check_rule(rule)
    return found


async def _publish(rules: Sequence[Rule]) -> list[tuple[str, int, bool]]:
    done: list[tuple[str, int, bool]] = []
    async with database(here()):
        present = {rule.code: rule for rule in await earning.in_force()}
        for rule in rules:
            before = present.get(rule.code)
            if before and before.told == rule.told:
                done.append((rule.code, before.version, False))
                continue
            version = before.version if before else 0
            made = await earning.publish(rule, expected_version=version, key=_key(), actor=CLI, now=now())
            done.append((rule.code, made.version, True))
    return done


@earn_rules.command("retire")
def retire(code: Annotated[str, typer.Argument(help="The rule's code.")]) -> None:
    """End a rule. What it gave stays."""
    run(_retire(code))
    show.print(f"{code} is retired")


async def _retire(code: str) -> None:
    async with database(here()):
        await earning.retire(code, key=_key(), actor=CLI, now=now())


def _key() -> Key:
    return Key(f"cli-{uuid4()}")
