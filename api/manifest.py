"""Manifests: files of documents that a client's build wrote down, read, and checked before any is trusted."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from graphql import GraphQLSyntaxError

from api.literals import literals
from api.settings import SettingError, Settings
from rules.documents import DocumentInvalid, Trusted
from schema import examining
from schema.documents import read_hash, trustable
from schema.root import schema

FILE_MAX = 16 * 1024 * 1024
"""Bytes of a manifest."""

GRAPHQL = {".graphql", ".gql"}
SOURCES = {".js", ".mjs", ".cjs", ".ts", ".mts"}
OPERATION = re.compile(r"(?:[\s,\ufeff]|#[^\n]*\n)*(?:query|mutation|subscription)(?:\s+\w+)?\s*(?:\{|@\w|\(\s*\$)")
"""How a text begins that is meant as an operation: what is wrong with it then is told, not passed over."""

APOLLO = "apollo-persisted-query-manifest"
OTHER_HASHES = {32: "an MD5", 40: "a SHA-1", 128: "a SHA-512"}
SHORT = 16


class ManifestError(SettingError):
    """A manifest that cannot be read, or holds something that cannot be trusted."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A document as a file has it."""

    source: str
    sha256: str | None = None
    name: str | None = None
    line: int | None = None

    @property
    def label(self) -> str:
        """What to call it in a complaint."""
        if self.line:
            return f"the operation in line {self.line}"
        return self.name or (f"the document {self.sha256[:SHORT]}…" if self.sha256 else "the document")


def trusted(found: Settings) -> list[Trusted]:
    """The documents of the manifests that the settings name.

    Raises: ManifestError.
    """
    try:
        return manifest(found.documents)
    except ManifestError as error:
        raise ManifestError(f"LOYALTY_DOCUMENTS: {error}") from None


def manifest(paths: Sequence[Path]) -> list[Trusted]:
    """The documents of some files, each once, in their order.

    A file is what graphql-codegen's client preset writes (`persisted-documents.json`: texts by their SHA-256), a
    manifest of Apollo's, one operation with its fragments (`.graphql`), whose hash is that of the file, or a source
    in JavaScript or TypeScript, whose operations are those of its literals, tagged or not.

    Raises: ManifestError.
    """
    found: dict[str, Trusted] = {}
    for path in paths:
        for entry in _entries(path):
            try:
                read = trustable(schema._schema, entry.source, name=entry.name, sha256=entry.sha256)
            except DocumentInvalid as refused:
                raise ManifestError(f"{path}: {entry.label}: {refused.why}") from None
            found.setdefault(read.sha256, read)
    return list(found.values())


def _entries(path: Path) -> Iterator[Entry]:
    text = _text(path)
    if path.suffix.lower() in GRAPHQL:
        yield Entry(text)
        return
    if path.suffix.lower() in SOURCES:
        yield from _of_source(path, text)
        return
    try:
        told = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ManifestError(f"{path}: this is not JSON: {error}.") from None
    if not isinstance(told, dict):
        raise ManifestError(f"{path}: a manifest is an object: documents by their SHA-256, or Apollo's format.")
    yield from _of_apollo(path, told) if "operations" in told else _of_codegen(path, told)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > FILE_MAX:
            raise ManifestError(f"{path}: the file is larger than {FILE_MAX // 1024**2} MiB.")
        # as it is: a hash is of every byte, also of a carriage return
        return path.read_bytes().decode()
    except OSError as error:
        raise ManifestError(f"{path}: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ManifestError(f"{path}: the file is not UTF-8.") from None


def _of_source(path: Path, text: str) -> Iterator[Entry]:
    """The literals that are operations: those that begin as one, and queries in short that this schema knows."""
    for each in literals(text):
        begins = OPERATION.match(each.text) is not None
        if begins and not each.whole:
            raise ManifestError(
                f"{path}: the operation in line {each.line} is put together with ${{…}}, so its text is not known "
                "before the program runs. Write it whole, and send what changes as variables."
            )
        if begins or (each.whole and _is_query(each.text)):
            yield Entry(each.text, line=each.line)


def _is_query(text: str) -> bool:
    """Whether a text is a query in short, `{ me { state } }`; many a literal in braces is none."""
    if not text.lstrip().startswith("{"):
        return False
    try:
        found = examining.examined(schema._schema, text)
    except GraphQLSyntaxError:
        return False
    return not found.errors and found.operations == 1


def _of_codegen(path: Path, told: dict[str, Any]) -> Iterator[Entry]:
    for sha256, source in told.items():
        if not isinstance(source, str):
            raise ManifestError(f"{path}: {sha256[:SHORT]!r} stands for no text.")
        yield Entry(
            source, _hash(path, sha256, "presetConfig: { persistedDocuments: { hashAlgorithm: 'sha256' } }")
        )


def _of_apollo(path: Path, told: dict[str, Any]) -> Iterator[Entry]:
    if told.get("format") != APOLLO or told.get("version") != 1 or not isinstance(told["operations"], list):
        raise ManifestError(f"{path}: a manifest of Apollo's has the format {APOLLO!r} and the version 1.")
    for place, each in enumerate(told["operations"]):
        said = each if isinstance(each, dict) else {}
        sha256, source, name = said.get("id"), said.get("body"), said.get("name")
        if not (isinstance(sha256, str) and isinstance(source, str) and isinstance(name, str | None)):
            raise ManifestError(f"{path}: operations[{place}] needs an `id` and a `body` of text.")
        yield Entry(source, _hash(path, sha256, "createOperationId, or leave it out"), name)


def _hash(path: Path, said: str, setting: str) -> str:
    """A document's SHA-256, however it is written."""
    if found := read_hash(said):
        return found
    plain = said.rpartition(":")[2]
    what = OTHER_HASHES.get(len(plain), "no SHA-256") if re.fullmatch(r"[0-9a-fA-F]+", plain) else "no hash"
    raise ManifestError(
        f"{path}: {plain[:SHORT]!r} is {what}; documents go by the SHA-256 of their text in lower case. "
        f"Set {setting}."
    )
