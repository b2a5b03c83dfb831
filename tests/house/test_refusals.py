"""Refusals: each has its words in two languages, a page that explains it, and a test that provokes it."""

import inspect
import re
from pathlib import Path

import pytest

from rules.refusals import Refusal
from schema.errors import REFUSALS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "errors.md"
CODES = sorted(REFUSALS)
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def texts_of_all_tests() -> str:
    """The text of every test but the house's own, which name no refusal on purpose."""
    files = [path for path in (ROOT / "tests").rglob("*.py") if path.parent != Path(__file__).parent]
    return "\n".join(path.read_text("utf-8") for path in files)


@pytest.mark.parametrize("code", CODES)
def test_a_refusal_has_a_sentence_in_english_and_in_chinese(code: str) -> None:
    refusal = REFUSALS[code]
    own = inspect.cleandoc(refusal.__doc__ or "")
    english, chinese = refusal.message("en"), refusal.message("zh")
    assert own.startswith(english)
    assert re.fullmatch(r"[A-Z][^\n]+\.", english), english
    assert "zh" in vars(refusal), "the Chinese sentence is its parent's"
    assert CHINESE.search(chinese), chinese
    assert chinese.endswith("。")


def test_no_two_refusals_say_the_same() -> None:
    for language in ("en", "zh"):
        said = [refusal.message(language) for refusal in REFUSALS.values()]
        assert sorted(set(said)) == sorted(said)


def test_every_refusal_of_the_rules_is_known_to_the_schema() -> None:
    def below(kind: type[Refusal]) -> set[type[Refusal]]:
        return {kind, *(each for child in kind.__subclasses__() for each in below(child))}

    ours = {kind for kind in below(Refusal) if kind.__module__.startswith("rules.")} - {Refusal}
    assert set(REFUSALS.values()) == ours


def test_every_refusal_is_provoked_by_some_test() -> None:
    words = set(re.findall(r"\w+", texts_of_all_tests()))
    assert [kind.__name__ for kind in REFUSALS.values() if not words & {kind.__name__, kind.code()}] == []


def test_every_refusal_is_explained_to_developers() -> None:
    page = PAGE.read_text("utf-8")
    assert [code for code in CODES if f"`{code}`" not in page] == []


def test_the_page_explains_no_code_that_is_not_there() -> None:
    explained = set(re.findall(r"^(?:\| |#+ )`([A-Z][A-Z_]+)`", PAGE.read_text("utf-8"), re.MULTILINE))
    not_refusals = {code for code in explained if code not in REFUSALS}
    assert not_refusals <= MISTAKES


MISTAKES = {
    "BAD_REQUEST",
    "BAD_USER_INPUT",
    "FORBIDDEN",
    "GRAPHQL_PARSE_FAILED",
    "GRAPHQL_VALIDATION_FAILED",
    "INTERNAL_SERVER_ERROR",
    "OPERATION_TOO_COMPLEX",
    "PERSISTED_QUERY_NOT_FOUND",
    "RATE_LIMITED",
    "TIMEOUT",
    "UNAVAILABLE",
    "UNAUTHENTICATED",
}
"""The codes of GraphQL errors, which are no refusals."""
