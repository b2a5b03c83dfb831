"""The library: which documents this process trusts, by their hashes, and how a request names the one it means.

It knows nothing of HTTP: whatever brings an operation asks `asked` what the message says, and `Library.open` for
the text to execute. The gate then sees to it that members run what is trusted.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from graphql import GraphQLError

from rules import documents
from rules.documents import Trusted, digest
from schema import executing, gate
from schema.context import Context
from schema.documents import read_hash

RECHECK_SECONDS = 0.8
"""How long the word of the database is believed, so that a change elsewhere takes effect within a second."""

ABSENT_MAX = 4_096
"""How many hashes nobody registered are remembered as such."""

REMEMBERED_CHARACTERS = 500_000
"""How much text of documents is remembered that clients sent with their hash, in development."""

NEVER = float("-inf")


class Asked(NamedTuple):
    """What a request says of its document: its text, its hash, or both."""

    source: str | None
    sha256: str | None = None


class Found(NamedTuple):
    """The document a request means, and the name it is trusted by; None for an open one."""

    source: str | None
    trusted: str | None = None


def asked(message: Mapping[str, Any]) -> Asked:
    """What a request's body, its query parameters, or a subscription's payload say of the document.

    The hash is given as `documentId` (GraphQL over HTTP, appendix A) or as `extensions.persistedQuery` (Apollo).

    Raises: GraphQLError, with the code BAD_REQUEST.
    """
    by_id, by_extension = message.get("documentId"), message.get("extensions")
    if by_id is None and by_extension is None:
        return Asked(message.get("query") or None)
    named = None if by_id is None else _by_id(by_id)
    if by_extension is not None and (extended := _by_extension(by_extension)) is not None:
        if named not in (None, extended):
            raise _mistake("`documentId` and `extensions.persistedQuery` name two documents.")
        named = extended
    return Asked(message.get("query") or None, named)


def _by_id(said: object) -> str:
    if found := read_hash(said):
        return found
    raise _mistake("`documentId` is `sha256:` and the SHA-256 of the document, in 64 lower-case hexadecimals.")


def _by_extension(extensions: object) -> str | None:
    said = extensions.get("persistedQuery") if isinstance(extensions, dict) else None
    if said is None:
        return None
    if isinstance(said, dict) and said.get("version") == 1 and (found := read_hash(said.get("sha256Hash"))):
        return found
    raise _mistake(
        "`extensions.persistedQuery` is an object with `version` 1 and `sha256Hash`, the SHA-256 of the document "
        "in 64 lower-case hexadecimals."
    )


def _mistake(said: str) -> GraphQLError:
    return GraphQLError(said, extensions={"code": "BAD_REQUEST"})


class Library:
    """The documents of the manifest, for as long as the process lives, and those of the database, as it stands.

    A change that another process makes is known `RECHECK_SECONDS` later, one of this process after `recheck`. With
    `remembers`, a client's open documents are remembered by their hashes for a while (automatic persisted queries).
    """

    def __init__(
        self,
        manifest: Iterable[Trusted] = (),
        *,
        remembers: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._manifest = {each.sha256: each for each in manifest}
        self._registered: dict[str, tuple[Trusted, float]] = {}
        self._absent: OrderedDict[str, float] = OrderedDict()
        self._remembered: OrderedDict[str, str] = OrderedDict()
        self._remembers = remembers
        self._clock = clock
        self._believed_from = NEVER
        self._texts: dict[str, str] = {}
        """The hashes of the texts that are trusted, so that none is reckoned again and again."""
        for each in self._manifest.values():
            self._texts[each.source] = each.sha256
            executing.trust(each.source)

    def names(self) -> frozenset[str]:
        """What the documents are called that this process trusts: a bounded set, fit for labels."""
        met = (known for known, _ in self._registered.values())
        return frozenset(each.name for each in (*self._manifest.values(), *met))

    async def learn(self) -> None:
        """Meet all registered documents now, so that the first request for each finds it compiled."""
        began = self._clock()
        for each in await documents.registered():
            self._note(each.sha256, each, began)
            # each takes some milliseconds, and others may be at work in this process already
            await asyncio.sleep(0)

    def recheck(self) -> None:
        """Believe nothing that was read from the database before this moment."""
        self._believed_from = self._clock()

    async def open(self, meant: Asked, context: Context, *, strictly: bool = False) -> str | None:
        """The text of the document a request means; its context learns by which name it is trusted, if it is.

        `strictly` where the document will run only if it is trusted, whoever asks.

        Raises: GraphQLError, with the codes BAD_REQUEST and PERSISTED_QUERY_NOT_FOUND.
        """
        found = await self.find(meant, strictly=strictly or gate.needs_trust(context))
        context.trusted = found.trusted
        return found.source

    def at_hand(self, meant: Asked) -> Trusted | None:
        """The document a request means, if it is one of the manifest's: then nothing need be looked up."""
        sha256 = meant.sha256
        if meant.source is not None:
            known_as = self._texts.get(meant.source)
            sha256 = known_as if sha256 in (None, known_as) else None
        return None if sha256 is None else self._manifest.get(sha256)

    async def find(self, meant: Asked, *, strictly: bool) -> Found:
        """The document a request means.

        A text is looked up where only trusted documents run (`strictly`), and elsewhere only if it was met before.

        Raises: GraphQLError, with the codes BAD_REQUEST and PERSISTED_QUERY_NOT_FOUND.
        """
        if meant.source is None:
            return Found(None) if meant.sha256 is None else await self._by_hash(meant.sha256)
        known_as = self._texts.get(meant.source)
        if known_as is None and meant.sha256 is None and not strictly:
            return Found(meant.source)
        sha256 = known_as or digest(meant.source)
        if meant.sha256 not in (None, sha256):
            raise _mistake(f"The hash is not the document's: the SHA-256 of `query` is {sha256}.")
        known = await self.trusted(sha256)
        if known is not None:
            return Found(known.source, known.name)
        if self._remembers and meant.sha256 is not None:
            self._remember(sha256, meant.source)
        return Found(meant.source)

    async def _by_hash(self, sha256: str) -> Found:
        if known := await self.trusted(sha256):
            return Found(known.source, known.name)
        if sha256 in self._remembered:
            self._remembered.move_to_end(sha256)
            return Found(self._remembered[sha256])
        # these are the words Apollo's clients wait for, to send the text beside the hash
        raise GraphQLError("PersistedQueryNotFound", extensions={"code": "PERSISTED_QUERY_NOT_FOUND"})

    async def trusted(self, sha256: str) -> Trusted | None:
        """The trusted document of a hash; None where there is none, or it was withdrawn."""
        if known := self._manifest.get(sha256):
            return known
        began = self._clock()
        registered, seen_at = self._registered.get(sha256) or (None, self._absent.get(sha256, NEVER))
        if seen_at > self._believed_from and began - seen_at < RECHECK_SECONDS:
            return registered
        found = await documents.find(sha256)
        self._note(sha256, found, began)
        return found

    def _note(self, sha256: str, found: Trusted | None, began: float) -> None:
        """Keep what the database said to a question that was put at some moment."""
        if found is not None:
            self._absent.pop(sha256, None)
            self._registered[sha256] = (found, began)
            self._texts[found.source] = sha256
            executing.trust(found.source)
            return
        if before := self._registered.pop(sha256, None):
            self._texts.pop(before[0].source, None)
            executing.distrust(before[0].source)
        self._absent[sha256] = began
        self._absent.move_to_end(sha256)
        if len(self._absent) > ABSENT_MAX:
            self._absent.popitem(last=False)

    def _remember(self, sha256: str, source: str) -> None:
        """Know a client's document by its hash, and forget the longest unused ones for it."""
        self._remembered[sha256] = source
        self._remembered.move_to_end(sha256)
        while sum(map(len, self._remembered.values())) > REMEMBERED_CHARACTERS:
            self._remembered.popitem(last=False)
