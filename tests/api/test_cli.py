"""The command line: a programme is set up, looked after and taken out, and what goes wrong is one clear line."""

import csv
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from api import export
from api.cli import programme as commands
from models.lock import single_server
from models.units import safe
from rules import programme
from tests.api.shell import KEY, OTHER_KEY, Shell

LADDER = """
[[tier]]
code = "BASIC"
name = "Basic"
threshold = 0
redeem_limit_points = 500

[[tier]]
code = "GOLD"
name = "金卡"
threshold = 1000
earn_multiplier_bps = 12500
"""


def laid_out(shell: Shell) -> None:
    """An SQLite database that holds nothing yet; one in PostgreSQL is there already."""
    if shell.url.startswith("sqlite"):
        Path(shell.url.removeprefix("sqlite://").partition("?")[0]).touch()


def test_a_command_loads_neither_the_schema_nor_the_server() -> None:
    said = subprocess.run(
        [sys.executable, "-c", "import sys, api.cli; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    dear = {"strawberry", "graphql", "starlette", "uvicorn", "httpx2", "structlog", "prometheus_client", "argon2"}
    assert dear & set(said.stdout.split()) == set()


async def the_programme() -> programme.Terms:
    return await programme.terms()


def test_a_programme_is_set_up_once_and_the_same_terms_change_nothing(shell: Shell, tmp_path: Path) -> None:
    ladder = tmp_path / "ladder.toml"
    ladder.write_text(LADDER, "utf-8")
    terms = ("--currency", "GBP", "--timezone", "Europe/London", "--ladder", ladder, "--name", "Tea House")
    made = shell("init", *terms, "--earn", "1/100")
    assert made.code == 0, made.err
    assert "Tea House is set up" in made.out
    assert "2 tiers" in made.out
    found = shell.look(the_programme)
    assert (found.currency, found.timezone, found.earn_points, found.earn_minor) == ("GBP", "Europe/London", 1, 100)
    assert [(rung.code, rung.name, rung.threshold) for rung in found.ladder] == [
        ("BASIC", "Basic", 0),
        ("GOLD", "金卡", 1000),
    ]
    assert [(rung.earn_multiplier_bps, rung.redeem_limit_points) for rung in found.ladder] == [
        (10_000, 500),
        (12_500, None),
    ]
    again = shell("init", *terms, "--earn", "2/200")
    assert (again.code, "had been set up already" in again.out) == (0, True)
    other = shell("init", *terms, "--earn", "2/100")
    assert other.is_clear
    assert "PROGRAMME_EXISTS" in other.err
    assert shell.look(the_programme) == found


async def the_bounds() -> tuple[int | None, int | None]:
    terms = await programme.terms()
    return terms.adjust_proof_above, terms.adjust_approval_above


def test_the_bounds_on_adjustments_are_changed_by_naming_them_again(migrated: Shell) -> None:
    assert migrated("init").code == 0
    assert migrated.look(the_bounds) == (1_000, 10_000)
    assert migrated("init", "--adjust-proof-above", "50").code == 0
    assert migrated.look(the_bounds) == (50, 10_000)
    assert migrated("init", "--adjust-approval-above", "never").code == 0
    assert migrated("init").code == 0
    assert migrated.look(the_bounds) == (50, None)
    migrated.sql("UPDATE programme SET adjust_proof_points = NULL")
    assert migrated("init").code == 0, "a programme that is older than the bounds"
    assert migrated.look(the_bounds) == (None, None)
    for wrong in ("-1", "1.5", "many", "", "9" * 20):
        assert migrated("init", f"--adjust-proof-above={wrong}").is_clear
    assert migrated.look(the_bounds) == (None, None)


BAD_LADDERS = {
    "no file": None,
    "no TOML": "[[tier",
    "not text": "\udcff",
    "no tiers": 'name = "x"',
    "one table": '[tier]\ncode = "A"',
    "a number": "tier = 7",
    "tiers that are numbers": "tier = [1, 2]",
    "an unknown key": '[[tier]]\ncode = "A"\nthreshold = 0\nmultiplier = 2',
    "no code": "[[tier]]\nthreshold = 0",
    "an empty code": '[[tier]]\ncode = ""\nthreshold = 0',
    "a long code": f'[[tier]]\ncode = "{"A" * 33}"\nthreshold = 0',
    "no threshold": '[[tier]]\ncode = "A"',
    "a threshold with a point": '[[tier]]\ncode = "A"\nthreshold = 0.5',
    "a threshold in words": '[[tier]]\ncode = "A"\nthreshold = "none"',
    "a threshold that is true": '[[tier]]\ncode = "A"\nthreshold = true',
    "no lowest tier": '[[tier]]\ncode = "A"\nthreshold = 5',
    "a tier below nought": '[[tier]]\ncode = "A"\nthreshold = -5',
    "two tiers at one threshold": '[[tier]]\ncode = "A"\nthreshold = 0\n[[tier]]\ncode = "B"\nthreshold = 0',
    "two tiers of one code": '[[tier]]\ncode = "A"\nthreshold = 0\n[[tier]]\ncode = "A"\nthreshold = 5',
    "a multiplier below one": '[[tier]]\ncode = "A"\nthreshold = 0\nearn_multiplier_bps = 9999',
    "a multiplier above a hundred": '[[tier]]\ncode = "A"\nthreshold = 0\nearn_multiplier_bps = 1000001',
    "a limit of nothing": '[[tier]]\ncode = "A"\nthreshold = 0\nredeem_limit_points = 0',
    "a threshold out of reach": '[[tier]]\ncode = "A"\nthreshold = 0\n[[tier]]\ncode = "B"\nthreshold = '
    + str(10**12 + 1),
    "a limit beyond every number": f'[[tier]]\ncode = "A"\nthreshold = 0\nredeem_limit_points = {2**63}',
}
BAD_TERMS = [
    *(("--earn", rate) for rate in ("1:100", "1/0", "-1/100", "x/1", "1/", "/1", "1.5/100", "1/100/2", "", "½/1")),
    ("--earn", f"{2**63}/1"),
    ("--timezone", "Mars/Phobos"),
    ("--timezone", "../../etc/passwd"),
    ("--timezone", ""),
    ("--currency", "gbp"),
    ("--currency", "POUND"),
    ("--currency", "人民币"),
    ("--expire-months", "0"),
    ("--expire-months", "121"),
    ("--expire-months", "-1"),
    ("--name", "x" * 81),
    ("--name", ""),
]


@pytest.mark.either
@pytest.mark.parametrize("what", ["ladders", "terms"])
def test_terms_no_programme_can_have_are_refused_in_one_line(bare: Shell, tmp_path: Path, what: str) -> None:
    ladder = tmp_path / "ladder.toml"
    attempts: dict[str, tuple[object, ...]] = {" ".join(terms): terms for terms in BAD_TERMS}
    if what == "ladders":
        attempts = dict.fromkeys(BAD_LADDERS, ("--ladder", ladder))
    wrong = {}
    for name, words in attempts.items():
        if text := BAD_LADDERS.get(name):
            ladder.write_bytes(text.encode("utf-8", "surrogateescape"))
        said = bare("init", *words)
        if not said.is_clear:
            wrong[name] = said
    assert wrong == {}
    with pytest.raises(programme.NoProgramme):
        bare.look(the_programme)


def test_migrations_are_applied_once_and_checked(shell: Shell) -> None:
    laid_out(shell)
    pending = shell("migrate", "--check")
    assert pending.code == 1
    assert "pending: 0001_the_house" in pending.err
    applied = shell("migrate")
    assert (applied.code, applied.out.splitlines()[0]) == (0, "applied 0001_the_house")
    assert shell("migrate").out == "nothing to apply\n"
    assert shell("migrate", "--check").code == 0
    assert shell("migrate", "--check-models").code == 0


def test_a_database_that_is_behind_is_not_served(shell: Shell) -> None:
    laid_out(shell)
    for words in (("worker",), ("serve", "--port", "0")):
        said = shell(*words, LOYALTY_MIGRATE="off")
        assert said.code == 1
        assert "loyalty migrate" in said.err


def test_the_schema_is_printed_published_and_checked(
    nowhere: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert nowhere("schema", "--check").code == 0
    printed = nowhere("schema").out
    copy = tmp_path / "schema.graphql"
    monkeypatch.setattr(commands, "SCHEMA", copy)
    copy.write_text(printed.replace("type Member ", "type Person "), "utf-8")
    stale = nowhere("schema", "--check")
    assert stale.is_clear
    assert "stale" in stale.err
    assert nowhere("schema", "--write").code == 0
    assert copy.read_text("utf-8") == printed


WHO = "SELECT id, state FROM member ORDER BY state, id"


def test_verify_proves_the_ledger_and_finds_what_was_tampered_with(shop: Shell) -> None:
    clean = shop("verify")
    assert (clean.code, re.findall(r"(\d+) violations", clean.out)) == (0, ["0"])
    shop.sql("UPDATE points_account SET available = available + 1 WHERE seq > 0 RETURNING seq")
    try:
        found = shop("verify")
    finally:
        shop.sql("UPDATE points_account SET available = available - 1 WHERE seq > 0 RETURNING seq")
    assert found.code == 1
    assert "balances: Each bucket of an account is the sum of its entries." in found.out
    assert "Traceback" not in found.err
    assert shop("verify").code == 0


def test_the_doctor_finds_everything_well_or_says_what_is_not(shop: Shell, shell: Shell) -> None:
    well = shop("doctor")
    assert well.code == 0, well.out + well.err
    assert "Tea House, CNY, 3 tiers" in well.out
    assert KEY not in well.out
    for environment, complaint in (
        ({"LOYALTY_MASTER_KEY": OTHER_KEY}, "another master key"),
        ({"LOYALTY_MASTER_KEY": "short"}, "LOYALTY_MASTER_KEY"),
    ):
        said = shop("doctor", **environment)
        assert (said.code, complaint in said.out) == (1, True), said.out
    laid_out(shell)
    behind = shell("doctor")
    assert (behind.code, "0001_the_house" in behind.out) == (1, True)


def test_a_database_made_with_another_key_is_not_opened(shop: Shell) -> None:
    for words in (("verify",), ("token", "service", "shop"), ("export", "members", "out.csv"), ("init",)):
        said = shop(*words, LOYALTY_MASTER_KEY=OTHER_KEY)
        assert said.is_clear
        assert "another master key" in said.err


def test_an_export_holds_every_member_once_and_no_formula(shop: Shell, tmp_path: Path) -> None:
    file = tmp_path / "members.csv"
    said = shop("export", "members", file)
    assert (said.code, said.out) == (0, f"wrote 2 members to {file}\n")
    with file.open(newline="", encoding="utf-8") as opened:
        rows = {row["external_id"]: row for row in csv.DictReader(opened)}
    assert tuple(rows[""]) == export.COLUMNS
    lan, mei = rows['\'=HYPERLINK("http://evil")'], rows[""]
    assert mei == {
        "member_id": mei["member_id"],
        "external_id": "",
        "state": "ACTIVE",
        "tier": "SILVER",
        "growth": "1200",
        "available": "1000",
        "pending": "0",
        "held": "0",
        "debt": "0",
        "lifetime_earned": "1200",
        "lifetime_spent": "200",
        "lifetime_expired": "0",
    }
    assert (lan["tier"], lan["available"]) == ("BASIC", "0")
    assert {UUID(row["member_id"]) for row in rows.values()} == {UUID(str(row["id"])) for row in shop.sql(WHO)}
    assert [path.name for path in tmp_path.iterdir()] == ["members.csv"], "nothing is left beside it"
    [line] = shop.sql("SELECT action, facts FROM audit_log WHERE action = 'members.export' ORDER BY id LIMIT 1")
    assert line["facts"] == {"rows": 2}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("C-17", "C-17"),
        ("", ""),
    ],
)
def test_a_spreadsheet_never_takes_a_text_for_a_formula(text: str, shown: str) -> None:
    assert safe(text) == shown


@pytest.mark.either
def test_an_export_into_no_folder_is_refused(shop: Shell, tmp_path: Path) -> None:
    said = shop("export", "members", tmp_path / "nowhere" / "members.csv")
    assert said.is_clear


def test_one_server_at_a_time_holds_an_sqlite_database(tmp_path: Path) -> None:
    shell = Shell(f"sqlite://{tmp_path / 'loyalty.db'}?durability=off")
    laid_out(shell)
    with single_server(shell.url):
        for words in (("serve", "--port", "0"), ("worker",)):
            said = shell(*words)
            assert said.is_clear
            assert "Another server or worker holds the SQLite database" in said.err
    assert shell("serve", LOYALTY_WORKERS="2").is_clear


PRODUCTION = {
    "LOYALTY_ENV": "production",
    "LOYALTY_WECHAT_APPID": "wxreal0000000001",
    "LOYALTY_WECHAT_SECRET": "a-secret-nobody-may-read",
    "LOYALTY_MIGRATE": "on",
}


@pytest.mark.either
def test_production_is_not_sown_and_prints_no_token(bare: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[Any] = []
    monkeypatch.setattr("uvicorn.run", lambda app, **how: served.append((app, how)))
    sown = bare("seed", "demo", **PRODUCTION)
    assert sown.is_clear
    assert "never seeded" in sown.err
    said = bare("serve", "--port", "0", **PRODUCTION)
    assert said.code == 0, said.err
    assert said.out == ""
    assert not re.search(r"ly[alr]_", said.out + said.err)
    [(app, how)] = served
    assert (app, how["factory"], how["server_header"], how["access_log"]) == ("api.app:create", True, False, False)
    assert bare.sql("SELECT name FROM programme") == []


@pytest.mark.either
def test_production_needs_a_key_of_its_own(bare: Shell, tmp_path: Path) -> None:
    absent = tmp_path / "absent.key"
    for environment in (
        {"LOYALTY_MASTER_KEY": "", "LOYALTY_MASTER_KEY_FILE": str(absent)},
        {"LOYALTY_MASTER_KEY": "not base64!"},
        {"LOYALTY_MASTER_KEY": "c2hvcnQ="},
    ):
        said = bare("verify", **{**PRODUCTION, **environment})
        assert said.is_clear
        assert "LOYALTY_MASTER_KEY" in said.err
    assert not absent.exists()


@pytest.mark.either
def test_development_makes_a_key_that_only_its_owner_reads(migrated: Shell, tmp_path: Path) -> None:
    file = tmp_path / "var" / "master.key"
    environment = {"LOYALTY_MASTER_KEY": "", "LOYALTY_MASTER_KEY_FILE": str(file)}
    assert migrated("verify", **environment).code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    made = file.read_text()
    assert migrated("verify", **environment).code == 0
    assert file.read_text() == made


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOYALTY_ENV", "staging"),
        ("LOYALTY_PORT", "eighty"),
        ("LOYALTY_PORT", "65536"),
        ("LOYALTY_WORKERS", "0"),
        ("LOYALTY_WORKER", "perhaps"),
        ("LOYALTY_LOG_LEVEL", "LOUD"),
        ("LOYALTY_DATABASE_URL", "mysql://localhost/x"),
        ("LOYALTY_DATABASE_URL", "nonsense"),
        ("LOYALTY_WECHAT_BASE", "nonsense"),
    ],
)
def test_a_setting_that_cannot_be_is_named(nowhere: Shell, name: str, value: str) -> None:
    said = nowhere("verify", **{name: value})
    assert said.is_clear
    assert name in said.err


def test_a_database_that_does_not_answer_is_one_clear_line(nowhere: Shell, tmp_path: Path) -> None:
    urls = (f"sqlite://{tmp_path}/no/folder/here/loyalty.db", "postgres://nobody@127.0.0.1:9/none")
    for url in urls:
        said = nowhere("verify", LOYALTY_DATABASE_URL=url)
        assert said.code == 1
        assert "Traceback" not in said.err


def test_nothing_and_nonsense_are_explained(nowhere: Shell) -> None:
    assert "Usage" in nowhere().out + nowhere().err
    for words in (("nonsense",), ("init", "--nonsense"), ("token",), ("migrate", "--check", "extra")):
        said = nowhere(*words)
        assert said.code == 2
        assert "Traceback" not in said.err
