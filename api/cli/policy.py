"""The points policy: `policy show`, `policy publish`."""

import uuid
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from api.cli._common import Failed, app, database, here, run, show
from api.clock import now
from rules import policy, programme
from rules.actors import CLI
from rules.idempotency import Key
from rules.policy import PointsPolicy, PolicyUnreadable

points_policy = typer.Typer(help="What is decided about points.", no_args_is_help=True)
app.add_typer(points_policy, name="policy")


@points_policy.command("show")
def show_policy(
    version: Annotated[int | None, typer.Option(help="Which version; the one in force by default.")] = None,
) -> None:
    """Print the policy as JSON, as `policy publish` takes it."""
    typer.echo(orjson.dumps(policy.plain(run(_found(version))), option=orjson.OPT_INDENT_2).decode())


async def _found(version: int | None) -> PointsPolicy:
    async with database(here()):
        terms = await programme.terms()
        if version in (None, terms.policy.version):
            return terms.policy
        return terms.unpublished if version == 0 else (await policy.of_version(version or 0)).policy


@points_policy.command("publish")
def publish(
    file: Annotated[Path, typer.Argument(help="A policy as `policy show` prints it.")],
) -> None:
    """Put the policy of a JSON file into force. Its `version` is the one it was made from."""
    try:
        told: Any = orjson.loads(file.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise Failed(f"{file}: {error}") from error
    if not isinstance(told, dict) or not isinstance(told.get("version"), int):
        raise Failed(f"{file}: `version` is missing: the one in force, as `policy show` prints it.")
    try:
        wanted = policy.read(PointsPolicy, told)
    except PolicyUnreadable as error:
        raise Failed(f"{file}: {error}") from error
    made = run(_publish(wanted))
    show.print(f"version {made.version} is in force")


async def _publish(wanted: PointsPolicy) -> PointsPolicy:
    async with database(here()):
        key = Key(str(uuid.uuid4()))
        return await policy.publish(wanted, expected_version=wanted.version, key=key, actor=CLI, now=now())
