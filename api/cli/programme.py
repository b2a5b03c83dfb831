"""Setting up: `init`, `migrate`, `seed demo`, `schema`, `doctor`."""

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from api.cli._common import Failed, app, bar, database, here, hint, run, show
from api.clock import now
from api.opening import behind, bring_up
from models import migrate as migrations
from models.units import WHOLE, BasisPoints, Growth, Points
from rules import keyring, programme
from rules.programme import Rung, Terms

SCHEMA = Path(__file__).parents[2] / "schema" / "schema.graphql"
LADDER = (
    Rung("BASIC", "Basic", Growth(0)),
    Rung("SILVER", "Silver", Growth(1_000), BasisPoints(11_000)),
    Rung("GOLD", "Gold", Growth(5_000), BasisPoints(12_500)),
)
"""The ladder of a programme that names none."""

PROOF_ABOVE, APPROVAL_ABOVE = Points(1_000), Points(10_000)
"""The bounds on adjustments of a programme that names none."""

RUNG_KEYS = {"code", "name", "threshold", "earn_multiplier_bps", "redeem_limit_points"}


@app.command()
def init(
    currency: Annotated[str, typer.Option(help="ISO 4217 code of the one currency purchases are in.")] = "CNY",
    timezone: Annotated[str, typer.Option(help="IANA name of the zone days are reckoned in.")] = "Asia/Shanghai",
    earn: Annotated[str, typer.Option(help="Points per minor units: 1/100 is one point per 100.")] = "1/100",
    ladder: Annotated[Path | None, typer.Option(help="A TOML file of tiers; see docs/settings.md.")] = None,
    name: Annotated[str, typer.Option(help="The programme's name.")] = "Loyalty",
    expire_months: Annotated[
        int | None, typer.Option(help="Months after which points expire; never by default.")
    ] = None,
    adjust_proof_above: Annotated[
        str | None, typer.Option(help="Adjusting more points by hand asks for a fresh proof: 1000, or never.")
    ] = None,
    adjust_approval_above: Annotated[
        str | None, typer.Option(help="Adjusting more points by hand asks for a second person: 10000, or never.")
    ] = None,
) -> None:
    """Set a programme up on an empty database. The same terms again change nothing but the bounds you name."""
    points, minor = _rate(earn)
    bounds: dict[str, Any] = {
        "adjust_proof_above": _bound("--adjust-proof-above", adjust_proof_above, PROOF_ABOVE),
        "adjust_approval_above": _bound("--adjust-approval-above", adjust_approval_above, APPROVAL_ABOVE),
    }
    named = [adjust_proof_above is not None, adjust_approval_above is not None]
    terms = Terms(
        name,
        currency,
        timezone,
        points,
        minor,
        expire_months,
        7,
        _ladder(ladder),
        adjust_proof_above=bounds["adjust_proof_above"],
        adjust_approval_above=bounds["adjust_approval_above"],
    )
    made = run(_init(terms, [bound for bound, is_named in zip(bounds, named, strict=True) if is_named]))
    said = "is set up" if made else "had been set up already, with these terms"
    show.print(f"The programme [bold]{name}[/] {said}: {currency}, {timezone}, {earn}, {len(terms.ladder)} tiers.")


async def _init(terms: Terms, named: list[str]) -> bool:
    """Set it up, or change the named bounds of the programme that is there."""
    found = here()
    await bring_up(found)
    async with database(found, brings_up=False):
        made = await programme.set_up(terms, key_check=await keyring.binding(), now=now())
        if named and not made:
            bounds = replace(await programme.terms(), **{name: getattr(terms, name) for name in named})
            await programme.bound_adjustments(bounds.adjust_proof_above, bounds.adjust_approval_above)
        return made


def _rate(text: str) -> tuple[int, int]:
    points, slash, minor = text.partition("/")
    if not (slash and points.isdecimal() and minor.isdecimal() and int(minor)):
        raise Failed(f"--earn {text!r} is no rate; write 1/100 for one point per 100 minor units.")
    return int(points), int(minor)


def _bound(option: str, text: str | None, usual: Points) -> Points | None:
    """A bound on adjustments: what is usual where nothing was said, None for never."""
    if text is None:
        return usual
    if text == "never":
        return None
    if not (text.isascii() and text.isdecimal()):
        raise Failed(f"{option} {text!r} is no number of points; write 1000, or never.")
    return Points(int(text))


def _ladder(path: Path | None) -> tuple[Rung, ...]:
    """The ladder of a TOML file, lowest tier first; see docs/settings.md for the format."""
    if path is None:
        return LADDER
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8")).get("tier", [])
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Failed(f"--ladder {path}: {error}") from error
    if not isinstance(tables, list) or not tables:
        raise Failed(f"--ladder {path} holds no [[tier]] tables.")
    rungs = [_rung(path, place, table) for place, table in enumerate(tables, start=1)]
    return tuple(sorted(rungs, key=lambda rung: rung.threshold))


def _rung(path: Path, place: int, table: Any) -> Rung:
    where = f"--ladder {path}, tier {place}"
    if not isinstance(table, dict) or (unknown := sorted(table.keys() - RUNG_KEYS)):
        raise Failed(f"{where}: unknown key {unknown[0]!r}." if isinstance(table, dict) else f"{where}: no table.")
    code, threshold = table.get("code"), table.get("threshold")
    if not isinstance(code, str) or not 0 < len(code) <= 32:  # noqa: PLR2004  the column's width
        raise Failed(f"{where}: `code` is missing, or longer than 32 characters.")
    numbers = {
        "threshold": threshold,
        "earn_multiplier_bps": table.get("earn_multiplier_bps", WHOLE),
        "redeem_limit_points": table.get("redeem_limit_points", 1),
    }
    for key, value in numbers.items():
        if not isinstance(value, int) or isinstance(value, bool):
            raise Failed(f"{where}: `{key}` must be a whole number.")
    limit = table.get("redeem_limit_points")
    return Rung(
        code=code,
        name=str(table.get("name", code))[:80],
        threshold=Growth(numbers["threshold"]),
        earn_multiplier_bps=BasisPoints(numbers["earn_multiplier_bps"]),
        redeem_limit_points=None if limit is None else Points(limit),
    )


@app.command()
def migrate(
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit 1 when migrations are pending or models drifted.")
    ] = False,
    check_models: Annotated[
        bool, typer.Option("--check-models", help="Only compare the migrations with the models; needs no database.")
    ] = False,
    make: Annotated[
        str | None, typer.Option(help="Write a migration of this name for what the models declare.")
    ] = None,
) -> None:
    """Bring the database to this version. Several processes may try at once; one does it."""
    if make:
        for path in run(migrations.make(make)):
            show.print(f"wrote {path}; read it before you commit it")
        return
    if check or check_models:
        _check_migrations(database_too=check)
        return
    applied = run(bring_up(here()))
    show.print("\n".join(f"applied {name}" for name in applied) or "nothing to apply")


def _check_migrations(*, database_too: bool) -> None:
    wrong = [f"drift: {what}" for what in run(migrations.drift())]
    if database_too:
        wrong += [f"pending: {name}" for name in run(behind(here()))]
    if wrong:
        raise Failed("\n".join(wrong))
    show.print("models, migrations and database agree" if database_too else "models and migrations agree")


seed = typer.Typer(help="Fill an empty database.", no_args_is_help=True)
app.add_typer(seed, name="seed")


@seed.command("demo")
def seed_demo() -> None:
    """A tea house's programme: 2,000 members and a year of purchases, the same each time."""
    run(_seed())


async def _seed() -> None:
    from api import demo

    found = here()
    if found.is_production:
        raise Failed("Production is never seeded with a demo.")
    await bring_up(found)
    if not await demo.is_empty(found.database_url):
        raise Failed("This database holds a programme already; the demo needs an empty one.")
    with bar("sowing the demo", demo.MEMBERS) as progress:
        sown = await demo.sow(found, now(), progress)
    show.print(
        f"{sown.members:,} members, {sown.purchases:,} purchases, {sown.refunds:,} refunds, "
        f"{sown.redemptions:,} redemptions (seed {demo.SEED})"
    )


@app.command()
def schema(
    write: Annotated[bool, typer.Option("--write", help="Publish it as schema/schema.graphql.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Exit 1 when the published one is stale.")] = False,
) -> None:
    """Print the GraphQL schema."""
    from schema.root import schema as served

    text = served.as_str() + "\n"
    if write:
        SCHEMA.write_text(text, encoding="utf-8")
        show.print(f"wrote {SCHEMA.name}")
    elif not check:
        typer.echo(text, nl=False)
    elif SCHEMA.read_text(encoding="utf-8") != text:
        raise Failed("schema/schema.graphql is stale; run `loyalty schema --write`.")
    else:
        show.print("schema/schema.graphql is current")


@app.command()
def doctor() -> None:
    """Look at the settings, the keys, the clock and the database, and say what is wrong."""
    from api.checks import checks

    table = Table("", "what", "found", box=None)
    found = run(checks(here()))
    for each in found:
        table.add_row("[green]ok[/]" if each.is_well else "[red]no[/]", each.what, each.found)
    show.print(table)
    if not all(each.is_well for each in found):
        hint.print("See docs/settings.md and docs/operations.md.")
        raise typer.Exit(1)
