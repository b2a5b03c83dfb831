"""Earn rules from the command line: a file is published, published again, listed and retired."""

import json
import re
from pathlib import Path

import pytest

from tests.api.shell import Shell

EXAMPLE = Path(__file__).parents[2] / "docs" / "earning.md"


def example() -> str:
    """The file of rules that docs/earning.md shows."""
    [told] = re.findall(r"```toml\n(.*?)```", EXAMPLE.read_text("utf-8"), re.DOTALL)
    return str(told)


def test_the_example_of_the_documents_is_published_once_and_changed_where_it_changed(
    shop: Shell, tmp_path: Path
) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(example(), "utf-8")
    first = shop("earn-rules", "publish", file)
    assert (first.code, first.err) == (0, "")
    assert first.out.splitlines() == [f"{code} is at version 1" for code in ("TEA_TUESDAY", "WELCOME", "ALL")]
    file.write_text(example().replace("points = 100", "points = 120"), "utf-8")
    assert shop("earn-rules", "publish", file).out.splitlines() == [
        "TEA_TUESDAY is at version 1, as it was",
        "WELCOME is at version 2",
        "ALL is at version 1, as it was",
    ]
    listed = json.loads(shop("earn-rules", "list", "--past", "--json").out)
    assert [(each["code"], each["version"], each["ended_at"] is None) for each in listed] == [
        ("ALL", 1, True),
        ("TEA_TUESDAY", 1, True),
        ("WELCOME", 2, True),
        ("WELCOME", 1, False),
    ]
    assert shop("earn-rules", "retire", "WELCOME").out == "WELCOME is retired\n"
    assert "WELCOME" not in shop("earn-rules", "list").out
    assert shop("verify").code == 0


TEN = {"code": "'A'", "kind": "'BONUS_POINTS'", "name": "'A'", "points": "1"}


def told(**more: str) -> str:
    """A rule as a file tells it."""
    return "[[rule]]\n" + "\n".join(f"{name} = {value}" for name, value in {**TEN, **more}.items())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name = 'x'",
        "[[rule]]\ncode = 'A'",
        "[[rule",
        told(kind="'NONE'"),
        told(colour="'red'"),
        told(caps="{ hour = 1 }"),
        told(skus="['a']"),
        told(points="1.5"),
        told(points="0"),
        told(time_from="'noon'", time_until="'13:00'"),
        told(starts_at="2026-01-01T00:00:00"),
    ],
)
def test_a_file_that_tells_no_rules_is_refused_in_one_line(shop: Shell, tmp_path: Path, text: str) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(text, "utf-8")
    said = shop("earn-rules", "publish", file)
    assert said.is_clear, said.err
    assert '"A"' not in shop("earn-rules", "list", "--json").out
