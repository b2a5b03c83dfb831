"""Documents: the operations that clients are trusted to send by their hash, and how staff registers them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models.documents import Document
from models.sql import SQL, insert
from rules import audit
from rules.actors import Actor
from rules.refusals import NotFound, Refusal
from rules.transactions import transaction

LIVE_MAX = 2_000
"""How many documents may be registered at a time. Every server keeps all of them in memory, ready to run."""


@dataclass(eq=False)
class DocumentInvalid(Refusal):
    """This document cannot be trusted as it is."""

    zh = "该文档不能登记为受信文档。"
    field = ("documents",)
    why: str


@dataclass(eq=False)
class DocumentLimit(Refusal):
    """These are more documents than may be registered."""

    zh = "受信文档数量超出上限。"
    field = ("documents",)
    limit: int


@dataclass(frozen=True, slots=True)
class Trusted:
    """A document that clients may send by the SHA-256 of its text, and what people and metrics call it."""

    sha256: str
    name: str
    source: str

    @classmethod
    def of(cls, source: str, name: str) -> "Trusted":
        """The document of a text."""
        return cls(digest(source), name, source)


def digest(source: str) -> str:
    """The name of a document's text: its SHA-256 in UTF-8, in lower-case hexadecimals."""
    return hashlib.sha256(source.encode(errors="surrogatepass")).hexdigest()


FIND = SQL("SELECT sha256, name, source FROM document WHERE sha256 = $1 AND withdrawn_at IS NULL")


async def find(sha256: str) -> Trusted | None:
    """The registered document of a hash; None where there is none, or it was withdrawn."""
    row = await FIND.row(sha256)
    return Trusted(**row) if row else None


ALL = SQL(
    "SELECT sha256, name, source FROM document WHERE withdrawn_at IS NULL"
    " ORDER BY created_at DESC, sha256 DESC LIMIT $1"
)


async def registered() -> list[Trusted]:
    """All registered documents, newest first."""
    return [Trusted(**row) for row in await ALL.rows(LIVE_MAX)]


LIVE = SQL(
    "SELECT sha256, name, registered_by, created_at FROM document WHERE withdrawn_at IS NULL"
    " ORDER BY created_at DESC, sha256 DESC LIMIT $1"
)


async def live(limit: int = LIVE_MAX) -> list[dict[str, Any]]:
    """The registered documents without their texts, newest first."""
    return await LIVE.rows(limit)


KNOWN = SQL("SELECT sha256, withdrawn_at FROM document WHERE sha256 = ANY($1::text[]) FOR UPDATE")
COUNT = SQL("SELECT COUNT(*) AS n FROM document WHERE withdrawn_at IS NULL")
REVIVE = SQL(
    "UPDATE document SET withdrawn_at = NULL, registered_by = $2, created_at = $3"
    " WHERE sha256 = ANY($1::text[]) AND withdrawn_at IS NOT NULL"
)


@transaction
async def register(documents: Sequence[Trusted], *, actor: Actor, now: datetime) -> list[str]:
    """Trust documents from now on. Returns the hashes of those that were not trusted before.

    Raises: DocumentLimit.
    """
    given = {each.sha256: each for each in documents}
    known = {row["sha256"]: row["withdrawn_at"] for row in await KNOWN.rows(list(given))}
    fresh = [each for each in given if each not in known]
    back = [each for each in given if known.get(each)]
    if await COUNT.value() + len(fresh) + len(back) > LIVE_MAX:
        raise DocumentLimit(LIVE_MAX)
    told = {"registered_by": actor.principal, "created_at": now}
    rows = [{"sha256": each, "name": given[each].name, "source": given[each].source, **told} for each in fresh]
    await insert(Document, rows)
    if back:
        await REVIVE.run(back, actor.principal, now)
    changed = fresh + back
    if changed:
        facts = {"documents": {each: given[each].name for each in changed}}
        await audit.note(actor, "document.register", facts=facts, now=now)
    return changed


WITHDRAW = SQL(
    "UPDATE document SET withdrawn_at = $2 WHERE sha256 = $1 AND withdrawn_at IS NULL RETURNING sha256, name"
)


@transaction
async def withdraw(sha256: str, *, actor: Actor, now: datetime) -> None:
    """Trust a document no longer.

    Raises: NotFound.
    """
    row = await WITHDRAW.row(sha256, now)
    if row is None:
        raise NotFound
    await audit.note(actor, "document.withdraw", facts={"documents": {sha256: row["name"]}}, now=now)
