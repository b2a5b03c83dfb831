"""The code: short functions, short files, careful migrations, documented settings, floors that lint themselves."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLOORS = ("api", "schema", "rules", "models")
FUNCTION_MAX = 40
FILE_MAX = 400

LONG: dict[str, str] = {
    "migrations/0001_the_house.py": "made by the tool, from all models at once",
}
"""The files that may be longer, and why."""


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def overlong(source: str, most: int = FUNCTION_MAX) -> list[str]:
    """The functions of a source text that are too long, with their lengths."""
    functions = [
        node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    lengths = {each.name: (each.end_lineno or each.lineno) - each.lineno + 1 for each in functions}
    return [f"{name} has {length} lines" for name, length in lengths.items() if length > most]


def test_no_function_is_longer_than_a_page() -> None:
    found = {str(path.relative_to(ROOT)): overlong(path.read_text("utf-8")) for path in sources(*FLOORS, "tests")}
    assert {path: functions for path, functions in found.items() if functions} == {}
    assert len(found) > 60


def test_a_function_that_is_too_long_is_found() -> None:
    body = "    x = 1\n" * FUNCTION_MAX
    assert overlong(f"async def long():\n{body}") == ["long has 41 lines"]
    assert overlong(f"def fits():\n{body[10:]}") == []


def test_no_file_is_long_without_a_reason() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines())
        for path in sources(*FLOORS, "migrations", "tests", "benchmarks")
    }
    assert {path for path, length in lengths.items() if length > FILE_MAX} == LONG.keys()


def careless(source: str) -> list[str]:
    """The operations of a migration that are Tortoise's own, which forget what the models declare."""
    return [
        node.attr
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "ops"
    ]


@pytest.mark.parametrize("path", sources("migrations"), ids=lambda path: path.name)
def test_a_migration_uses_the_houses_own_operations(path: Path) -> None:
    assert careless(path.read_text("utf-8")) == []


def test_a_careless_migration_is_found() -> None:
    assert careless("operations = [ops.CreateModel(), ddl.AddField()]") == ["CreateModel"]


def settings_read() -> set[str]:
    """The environment variables the house reads, in whatever file."""
    texts = [text for path in sources(*FLOORS) if "LOYALTY_" in (text := path.read_text("utf-8"))]
    return {
        node.value
        for text in texts
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if re.fullmatch(r"LOYALTY_[A-Z_]+", node.value)
    }


def test_the_settings_page_names_every_setting_and_no_other() -> None:
    page = (ROOT / "docs" / "settings.md").read_text("utf-8")
    named = set(re.findall(r"\bLOYALTY_[A-Z_]+\b", page))
    read = settings_read()
    assert read - named == set(), "a setting nobody can find"
    assert {name for name in named - read if not name.startswith("LOYALTY_TEST_")} == set()
    assert len(read) > 10


def test_the_floors_and_the_inner_order_are_linted() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    layers = [contract for contract in contracts if contract["type"] == "layers"]
    assert list(FLOORS) in [contract["layers"] for contract in layers]
    inner = [contract for contract in layers if contract.get("exhaustive")]
    assert {container for contract in inner for container in contract["containers"]} >= {"rules", "schema"}
    forbidden = [contract for contract in contracts if contract["type"] == "forbidden"]
    banned = {
        module for each in forbidden if "rules" in each["source_modules"] for module in each["forbidden_modules"]
    }
    assert {"strawberry", "graphql", "starlette", "uvicorn", "httpx2"} <= banned
    assert re.search(
        r"^check:.*\n(?:\t.*\n)*\t.*lint-imports", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE
    )


def test_make_test_runs_every_room_of_tests() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert re.search(r"^test:.*\n\t.* test-postgres test-sqlite$", makefile, re.MULTILINE)
    assert re.search(r"^test-sqlite test-postgres: .*\n\t\S+ -m pytest --database \$\*$", makefile, re.MULTILINE)
    given = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["pytest"]["ini_options"]
    assert (given["testpaths"], given["norecursedirs"]) == (["tests"], [".*", "browser"])


def test_every_module_and_every_test_says_what_it_is() -> None:
    undocumented = [
        str(path.relative_to(ROOT))
        for path in sources(*FLOORS, "tests")
        if path.name[0] not in "_0" and not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]
    assert undocumented == []
