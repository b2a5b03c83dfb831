"""Trusted documents as staff sees them: which ones there are, and how they are registered and withdrawn."""

import asyncio
import re
from functools import lru_cache
from typing import Any

import strawberry
from graphql import DocumentNode, GraphQLSchema, GraphQLSyntaxError

from models.sql import SQL
from models.units import is_plain
from rules import documents
from rules.documents import DocumentInvalid, Trusted, digest
from rules.refusals import NotFound
from schema import examining, limits, pages
from schema.context import Info
from schema.errors import UserError, bad_input, command
from schema.examining import Examined
from schema.pages import After, Before, Connection, First, Last
from schema.permissions import LEADS, STAFF, asked, operations, seen
from schema.scalars import Moment

AT_ONCE = 100
"""How many documents one request registers."""

NAME_MAX = 120
ANONYMOUS = "anonymous"
"""What a document is called whose operation has no name."""

LONGEST = len("sha256:") + 64
HASHES = 1_024
"""How many texts of hashes are read but once."""

SHA256 = re.compile(r"(?:sha256:)?([0-9a-f]{64})")


def read_hash(said: object) -> str | None:
    """The SHA-256 that somebody names, with or without the prefix of GraphQL over HTTP; None for anything else."""
    return _read_hash(said) if isinstance(said, str) and len(said) <= LONGEST else None


@lru_cache(HASHES)
def _read_hash(said: str) -> str | None:
    found = SHA256.fullmatch(said)
    return found[1] if found else None


def trustable(schema: GraphQLSchema, source: str, *, name: str | None = None, sha256: str | None = None) -> Trusted:
    """A document that may be trusted: valid, within the limits, one operation, and of the hash it claims.

    Raises: DocumentInvalid.
    """
    if sha256 is not None and read_hash(sha256) != digest(source):
        raise DocumentInvalid(f"Its SHA-256 is {digest(source)}, not {sha256[:80]}.")
    found = _examined(schema, source)
    called = _name(found.document) if name is None else name
    if not 0 < len(called) <= NAME_MAX or not is_plain(called):
        raise DocumentInvalid(f"A name has 1 to {NAME_MAX} printable characters.")
    return Trusted.of(source, called)


def _examined(schema: GraphQLSchema, source: str) -> Examined:
    if len(source) > limits.SOURCE:
        raise DocumentInvalid(f"It is longer than {limits.SOURCE} characters.")
    if "\0" in source:
        raise DocumentInvalid("It holds a NUL character.")
    try:
        found = examining.examined(schema, source)
    except GraphQLSyntaxError as error:
        raise DocumentInvalid(error.message) from None
    if found.errors:
        raise DocumentInvalid(found.errors[0].message)
    if found.operations != 1:
        raise DocumentInvalid(f"It has {found.operations} operations, and a trusted document has one.")
    return found


def _name(document: DocumentNode) -> str:
    """The name of a document's operation."""
    names = [each.name.value for each in operations(document) if each.name]
    return names[0][:NAME_MAX] if names else ANONYMOUS


@strawberry.type(description="An operation that clients may send by the hash of its text (受信文档).")
class Document:
    sha256: str = seen(STAFF, "The SHA-256 of its text in UTF-8, in lower-case hexadecimals.")
    name: str = seen(STAFF, "What people and metrics call it: the operation's name, unless another was given.")
    source: str = seen(STAFF, "Its text, to the last space.")
    registered_by: str = seen(STAFF, "Who registered it: a kind of caller, a colon, and who of them.")
    registered_at: Moment = seen(STAFF, "When it was registered, the last time if it had been withdrawn.")
    withdrawn_at: Moment | None = seen(STAFF, "Since when it is no longer trusted; null while it is.")

    @classmethod
    def of(cls, row: dict[str, Any]) -> "Document":
        """The document as staff sees it."""
        told = {name: row[name] for name in ("sha256", "name", "source", "registered_by", "withdrawn_at")}
        return cls(**told, registered_at=row["created_at"])


COLUMNS = "sha256, name, source, registered_by, created_at, withdrawn_at"
PAGES = {
    backwards: SQL(
        f"SELECT {COLUMNS} FROM document WHERE ($1::timestamptz IS NULL"  # noqa: S608  constants
        f" OR (created_at, sha256) {beyond} ($1::timestamptz, $2::text))"
        f" ORDER BY created_at {order}, sha256 {order} LIMIT $3"
    )
    for backwards, order, beyond in ((False, "DESC", "<"), (True, "ASC", ">"))
}
BY_HASH = SQL(f"SELECT {COLUMNS} FROM document WHERE sha256 = ANY($1::text[])")  # noqa: S608  constants


def _hash(value: Any) -> str:
    """A part of a cursor's key that is a hash."""
    if said := read_hash(value):
        return said
    raise ValueError


@strawberry.type
class DocumentsQuery:
    """What may be asked of trusted documents."""

    @asked(
        STAFF,
        "The documents that were registered, newest first, those withdrawn since among them. Those of the server's "
        "manifest files are not listed.",
    )
    async def documents(
        self, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Document] | None:
        """A page of documents."""
        shape = (pages.moment, _hash)
        asked_for = pages.window(first=first, after=after, last=last, before=before, shape=shape)
        at, beyond = asked_for.key or (None, None)
        rows = await PAGES[asked_for.backwards].rows(at, beyond, asked_for.fetch)
        return pages.page(rows, asked_for, Document.of, lambda row: (row["created_at"], row["sha256"]))


@strawberry.input(description="A document to trust.")
class DocumentInput:
    source: str = strawberry.field(
        description="Its text, exactly as clients hash it: valid, within the limits, with one operation."
    )
    name: str | None = strawberry.field(
        default=None, description="What to call it; the operation's name by default. 1 to 120 characters."
    )
    sha256: str | None = strawberry.field(
        default=None, description="The hash your build made of it. When it is another's, nothing is registered."
    )


@strawberry.input(description="Documents to trust.")
class DocumentRegisterInput:
    documents: list[DocumentInput] = strawberry.field(
        description=f"1 to {AT_ONCE} of them; all are registered, or none is."
    )


@strawberry.input(description="A document to trust no longer.")
class DocumentWithdrawInput:
    sha256: str = strawberry.field(description="Its hash, with or without `sha256:` before it.")


@strawberry.type(description="What a registration came to.")
class DocumentRegisterPayload:
    documents: list[Document] = seen(LEADS, "The documents, in the order they were sent.", default_factory=list)
    registered: int = seen(LEADS, "How many of them were not trusted before.", default=0)
    user_errors: list[UserError] = seen(LEADS, "Why it was refused; empty on success.", default_factory=list)


@strawberry.type(description="What a withdrawal came to.")
class DocumentWithdrawPayload:
    document: Document | None = seen(LEADS, "The document; null when refused.", default=None)
    user_errors: list[UserError] = seen(LEADS, "Why it was refused; empty on success.", default_factory=list)


async def _read(schema: GraphQLSchema, given: list[DocumentInput]) -> list[Trusted]:
    """The documents of a request.

    Raises: DocumentInvalid.
    """
    if not 0 < len(given) <= AT_ONCE:
        raise bad_input(f"Send 1 to {AT_ONCE} documents.")
    found = []
    for place, each in enumerate(given):
        try:
            found.append(trustable(schema, each.source, name=each.name, sha256=each.sha256))
        except DocumentInvalid as refused:
            raise DocumentInvalid(f"documents[{place}]: {refused.why}") from None
        await asyncio.sleep(0)  # a hundred of them take a while, and others wait
    return found


@strawberry.type
class DocumentsMutation:
    """What may be done with trusted documents."""

    @command(
        LEADS,
        "Trust documents from now on: at once in the process that answers, and within a second in every other. "
        "What is trusted already stays so.",
        DocumentRegisterPayload,
        documents.register,
    )
    async def document_register(self, info: Info, input: DocumentRegisterInput) -> DocumentRegisterPayload | None:
        """Trust documents.

        Raises: DocumentInvalid.
        """
        context = info.context
        read = await _read(info.schema._schema, input.documents)
        changed = await documents.register(read, actor=context.actor, now=context.now)
        if context.library:
            context.library.recheck()
        rows = {row["sha256"]: row for row in await BY_HASH.rows([each.sha256 for each in read])}
        told = [Document.of(rows[each.sha256]) for each in read]
        return DocumentRegisterPayload(documents=told, registered=len(changed))

    @command(
        LEADS,
        "Trust a registered document no longer: at once in the process that answers, and within a second in every "
        "other. One that a manifest file of the server also holds stays trusted.",
        DocumentWithdrawPayload,
        documents.withdraw,
    )
    async def document_withdraw(self, info: Info, input: DocumentWithdrawInput) -> DocumentWithdrawPayload | None:
        """Withdraw a document.

        Raises: NotFound.
        """
        context = info.context
        sha256 = read_hash(input.sha256)
        if sha256 is None:
            raise NotFound
        await documents.withdraw(sha256, actor=context.actor, now=context.now)
        if context.library:
            context.library.recheck()
        [row] = await BY_HASH.rows([sha256])
        return DocumentWithdrawPayload(document=Document.of(row))
