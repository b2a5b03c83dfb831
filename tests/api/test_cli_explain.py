"""Explaining a document from the command line."""

from pathlib import Path

import pytest

from tests.api.shell import Shell

HOME = "query Home($more: Boolean = false) { me { state points @include(if: $more) { available } } }"


def test_a_document_is_explained_with_its_cost_its_callers_and_its_functions(shop: Shell, tmp_path: Path) -> None:
    file = tmp_path / "home.graphql"
    file.write_text(HOME)
    said = shop("explain", file).out
    assert said.startswith("# operation: query Home\n# cost: 2 points\n# open to: MEMBER\n# run: compiled\n")
    assert "# where $more is False\n\nasync def Query_of(it, run):" in said
    assert "# me: Member" in said


def test_a_condition_that_must_be_given_is_explained_both_ways(shop: Shell) -> None:
    said = shop("explain", "query ($all: Boolean!) { me { id state @include(if: $all) } }").out
    assert said.startswith("# operation: query (without a name)\n# cost: 1 point\n")
    one, other = said.split("# where $all is ")[1:]
    assert one.startswith("True\n")
    assert "state_" in one
    assert other.startswith("False\n")
    assert "state_" not in other


def test_what_graphql_core_runs_is_explained_with_the_reason(shop: Shell) -> None:
    said = shop("explain", "{ __schema { queryType { name } } }").out
    assert "# run: by graphql-core: introspection (__schema)" in said
    assert "def " not in said


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("{ me { wings } }", "Cannot query field 'wings'"),
        ("{ me ", "Syntax Error"),
        ("nowhere.graphql", "no file that can be read: No such file or directory."),
        ("", "no file that can be read"),
        ("query A { me { id } } query B { me { id } }", "no operation 'C'"),
    ],
)
def test_what_cannot_be_explained_is_one_clear_line(shop: Shell, document: str, said: str) -> None:
    answer = shop("explain", document, "--operation", "C") if "query A" in document else shop("explain", document)
    assert answer.is_clear
    assert said in answer.err
