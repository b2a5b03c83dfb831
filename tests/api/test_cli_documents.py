"""Trusted documents from the command line."""

import json
from pathlib import Path

import pytest

from rules.documents import digest
from tests.api.shell import Shell

HOME = "query Home { me { state } }\n"
TIERS = "query Tiers { tiers { code } }"


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A file of one operation, and a manifest of another."""
    single, several = tmp_path / "home.graphql", tmp_path / "persisted-documents.json"
    single.write_text(HOME)
    several.write_text(json.dumps({digest(TIERS): TIERS}))
    return single, several


def test_documents_are_registered_listed_and_withdrawn(shop: Shell, files: tuple[Path, Path]) -> None:
    assert "2 of 2 newly trusted" in shop("document", "register", *files).out
    assert "0 of 2 newly trusted" in shop("document", "register", *files).out
    listed = shop("document", "list", LOYALTY_DOCUMENTS=str(files[1])).out.splitlines()
    assert [line.split()[:3] for line in listed[1:2]] == [[digest(TIERS), "Tiers", "LOYALTY_DOCUMENTS"]]
    assert {tuple(line.split()[:3]) for line in listed[2:]} == {
        (digest(HOME), "Home", "SYSTEM:"),
        (digest(TIERS), "Tiers", "SYSTEM:"),
    }
    for text in (HOME, TIERS):
        assert shop("document", "withdraw", digest(text)).code == 0
    again = shop("document", "withdraw", digest(HOME))
    assert again.is_clear
    assert digest(HOME) in again.err
    assert len(shop("document", "list").out.splitlines()) == 1


def test_the_doctor_says_what_is_trusted(shop: Shell, files: tuple[Path, Path]) -> None:
    def found(**environment: str) -> str:
        return "".join(shop("doctor", **environment).out.split())  # a long line is wrapped

    assert "0inmanifests,0registered" in found()
    assert "memberscanrunnothing" in found(LOYALTY_TRUSTED_ONLY="on")
    assert "1inmanifests,0registered" in found(LOYALTY_TRUSTED_ONLY="on", LOYALTY_DOCUMENTS=str(files[1]))
    files[1].write_text("[]")
    assert "amanifestisanobject" in found(LOYALTY_DOCUMENTS=str(files[1]))


def test_a_wrong_document_registers_none(shop: Shell, files: tuple[Path, Path]) -> None:
    files[1].write_text(json.dumps({digest("{ nothing }"): "{ nothing }"}))
    said = shop("document", "register", *files)
    assert said.is_clear
    assert "Cannot query field 'nothing'" in said.err
    assert shop.sql("SELECT COUNT(*) AS n FROM document WHERE withdrawn_at IS NULL") == [{"n": 0}]


def test_a_manifest_is_made_without_node_and_without_a_database(nowhere: Shell, files: tuple[Path, Path]) -> None:
    said = nowhere("document", "manifest", *files)
    assert said.code == 0, said.err
    assert json.loads(said.out) == {digest(HOME): HOME, digest(TIERS): TIERS}
    files[0].write_text("{ nothing }")
    assert nowhere("document", "manifest", files[0]).is_clear
