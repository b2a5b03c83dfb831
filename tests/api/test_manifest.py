"""Manifests: what a client's build wrote is read as it is meant, and what is wrong with one is told in one line."""

import json
from hashlib import md5, sha1
from pathlib import Path
from typing import Any

import pytest

from api import manifest as manifests
from api.app import application
from api.manifest import APOLLO, ManifestError, manifest
from api.settings import SettingError, settings
from rules.documents import Trusted, digest
from tests.api.shell import Shell

pytestmark = pytest.mark.either

HOME = "query Home { me { state } }"
TIERS = "query Tiers {\n  tiers {\n    code\n  }\n}"
LONG = "query Long { " + " ".join(f"a{place}: __typename" for place in range(31)) + " }"


def written(folder: Path, told: Any, name: str = "persisted-documents.json") -> Path:
    path = folder / name
    path.write_bytes(told if isinstance(told, bytes) else json.dumps(told).encode())
    return path


def apollo(*operations: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"format": APOLLO, "version": 1, "operations": list(operations), **more}


def operation(source: str, name: str, **more: Any) -> dict[str, Any]:
    return {"id": digest(source), "name": name, "type": "query", "body": source, **more}


def test_what_codegen_writes_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, {digest(HOME): HOME, "sha256:" + digest(TIERS): TIERS})
    assert manifest([path]) == [Trusted(digest(HOME), "Home", HOME), Trusted(digest(TIERS), "Tiers", TIERS)]


def test_what_apollo_writes_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, apollo(operation(HOME, "Home"), operation(TIERS, "TheTiers")))
    assert [each.name for each in manifest([path])] == ["Home", "TheTiers"]


def test_a_file_of_one_operation_is_read_to_the_last_byte(tmp_path: Path) -> None:
    texts = [f"{HOME}\n", HOME.replace(" {", "\r\n{"), f"\ufeff{HOME}"]
    for place, text in enumerate(texts):
        [found] = manifest([written(tmp_path, text.encode(), f"{place}.graphql")])
        assert (found.source, found.sha256) == (text, digest(text))


def test_several_files_are_one_manifest(tmp_path: Path) -> None:
    paths = [
        written(tmp_path, {digest(HOME): HOME}),
        written(tmp_path, apollo(operation(HOME, "Home"), operation(TIERS, "Tiers")), "apollo.json"),
        written(tmp_path, {}, "empty.json"),
    ]
    assert [each.name for each in manifest(paths)] == ["Home", "Tiers"]


SOURCE = r"""
// a comment's `quote isn't one
const loyalty = require('../../loyalty');
const HOME = `HOME_TEXT`;
const half = 10 / 2, quotes = /['"`/]/g, told = count / 2;
const TIERS = gql`
  query Tiers { tiers { code } }
`;
const LINE = 'query Line { me { card { displayName } } }';
const ESCAPED =
  "mutation Enrol { memberEnroll(input: {profile: {displayName: \"\u5c0f\x41\"}}) { member { id } } }";
const url = `${host}/a/${`${deep} ${{ a: '}' }.a}`}`; /* `query No { nothing }` */
const F = gql`fragment F on Query { __typename }`;
const text = '{name}', other = '{ nothing }', prose = 'query (slow)', short = '{ me { state } }';
"""


def test_the_operations_of_a_source_are_read(tmp_path: Path) -> None:
    path = written(tmp_path, SOURCE.replace("HOME_TEXT", HOME).encode(), "page.js")
    texts = [each.source for each in manifest([path])]
    assert texts == [
        HOME,
        "\n  query Tiers { tiers { code } }\n",
        "query Line { me { card { displayName } } }",
        'mutation Enrol { memberEnroll(input: {profile: {displayName: "小A"}}) { member { id } } }',
        "{ me { state } }",
    ]


def test_line_ends_in_a_source_are_what_the_program_has(tmp_path: Path) -> None:
    path = written(tmp_path, f"export const TIERS = `{TIERS}`;\n".replace("\n", "\r\n").encode(), "tiers.ts")
    assert manifest([path]) == [Trusted(digest(TIERS), "Tiers", TIERS)]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("\nconst A = `query A { me { ${fields} } }`", r"line 2 is put together with \$\{…\}"),
        ("const A = `${FRAGMENT} query A { me { ...F } }`", "line 1 is put together"),
        ("const A = `query A { nothing }`", "the operation in line 1: Cannot query field 'nothing'"),
        ("const A = 'query A {' + ' me { state } }'", "the operation in line 1: Syntax Error"),
    ],
)
def test_an_operation_of_a_source_that_cannot_be_trusted_is_told_with_its_line(
    tmp_path: Path, text: str, why: str
) -> None:
    with pytest.raises(ManifestError, match=why):
        manifest([written(tmp_path, text.encode(), "page.js")])


WRONG: dict[str, tuple[Any, str]] = {
    "not JSON": (b"{", "not JSON"),
    "a list": ([HOME], "a manifest is an object"),
    "not UTF-8": (b"\xff", "not UTF-8"),
    "codegen's own default": ({sha1(HOME.encode()).hexdigest(): HOME}, "is a SHA-1; .* hashAlgorithm: 'sha256'"),
    "Relay's": ({md5(HOME.encode()).hexdigest(): HOME}, "is an MD5"),
    "capitals": ({digest(HOME).upper(): HOME}, "in lower case"),
    "a name": ({"Home": HOME}, "is no hash"),
    "another's hash": ({digest(TIERS): HOME}, "Its SHA-256 is"),
    "no text": ({digest(HOME): None}, "stands for no text"),
    "no GraphQL": ({digest("{"): "{"}, "Syntax Error"),
    "not of this schema": ({digest("{ nothing }"): "{ nothing }"}, "Cannot query field 'nothing'"),
    "too much": ({digest(LONG): LONG}, "too many root fields"),
    "no operation": ({digest(""): ""}, "Syntax Error"),
    "two operations": ({digest(HOME + TIERS): HOME + TIERS}, "has 2 operations"),
    "a fragment alone": (
        {digest("fragment F on Query { __typename }"): "fragment F on Query { __typename }"},
        "never used",
    ),
    "another format": (apollo(format="x"), "has the format"),
    "another version": (apollo(version=2), "the version 1"),
    "operations that are none": (apollo(operations={}), "has the format"),
    "an operation that is none": (apollo(operation(HOME, "Home"), 7), r"operations\[1\]"),  # type: ignore[arg-type]
    "an operation without a body": (apollo(operation(HOME, "Home", body=None)), r"operations\[0\]"),
    "an operation with another's id": (apollo(operation(HOME, "Home", id=digest(TIERS))), "Home: Its SHA-256"),
    "an operation with an id of its own": (apollo(operation(HOME, "Home", id="Home")), "createOperationId"),
    "a nameless name": (apollo(operation(HOME, "")), "A name has"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_with_a_manifest_refuses_the_start_in_one_clear_line(tmp_path: Path, name: str) -> None:
    told, why = WRONG[name]
    path = written(tmp_path, told)
    with pytest.raises(ManifestError, match=why) as refused:
        application(settings({"LOYALTY_DOCUMENTS": str(path)}))
    assert str(refused.value).startswith(f"LOYALTY_DOCUMENTS: {path}")
    assert "\n" not in str(refused.value)
    assert isinstance(refused.value, SettingError)


def test_a_manifest_that_is_not_there_refuses_the_start(nowhere: Shell, tmp_path: Path) -> None:
    said = nowhere("serve", LOYALTY_DOCUMENTS=f"{written(tmp_path, {})}, {tmp_path / 'absent.json'}")
    assert said.is_clear
    assert f"{tmp_path / 'absent.json'}: No such file" in said.err.replace("\n", "")
    with pytest.raises(ManifestError, match="Is a directory"):
        manifest([tmp_path])


def test_a_manifest_beyond_all_measure_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifests, "FILE_MAX", 10)
    with pytest.raises(ManifestError, match="larger than"):
        manifest([written(tmp_path, {digest(HOME): HOME})])


def test_where_the_manifests_are_is_a_setting() -> None:
    assert settings({"LOYALTY_DOCUMENTS": " a.json , b.json,"}).documents == (Path("a.json"), Path("b.json"))
    assert settings({}).documents == ()
    assert [settings({"LOYALTY_ENV": env}).trusted_only for env in ("development", "production")] == [False, True]
