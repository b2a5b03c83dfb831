"""Examining: what is found out of a document once, whoever sends it, and remembered by its text.

A document is parsed, measured, validated and searched for guarded fields. Trusted documents are remembered for
good, the others within bounds. The text itself is the key: its hash is the dictionary's own, which costs a tenth of
a SHA-256, and of a trusted document the text is the very same object each time.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    parse,
    specified_rules,
    validate,
)

from schema import cost, limits, permissions, words
from schema.compiler import Plan

CHARACTERS = 500_000
"""How much text of documents is remembered. A parsed document takes some fifty times its text."""

WRITTEN_A_CHARACTER = 10
"""How much of the functions written for a document takes the memory of a character of it."""

CALLERS = 64
"""How many kinds of callers a document is remembered to be open to."""

SCHEMAS = 16
"""Of how many schemas the documents are remembered."""


@dataclass(slots=True)
class Operation:
    """One operation of a document."""

    name: str | None
    kind: str
    """`query`, `mutation` or `subscription`."""
    price: cost.Price | None
    """What it costs; None where the document is not valid."""
    was_run: bool = False
    plan: Plan | None = None
    """How it is run; None until it is worth finding out."""


@dataclass(slots=True)
class Examined:
    """What is known of a document, whoever sends it."""

    document: DocumentNode
    errors: tuple[GraphQLError, ...]
    wanted: permissions.Wanted
    operations: int
    introspects: bool
    named: Mapping[str | None, Operation]
    """Its operations by their names, and the first of them also without one."""
    open_to: set[permissions.Caller] = field(default_factory=set)
    """The kinds of callers who may ask for all of it, as far as that was looked at."""
    is_plain: bool = field(init=False)
    """Whether it is valid and one query or mutation that asks nothing of the schema itself."""

    def __post_init__(self) -> None:
        """See how plain it is."""
        one = self.operations == 1 and not self.errors and not self.introspects
        self.is_plain = one and "subscription" not in {each.kind for each in self.named.values()}

    def open_up(self, caller: permissions.Caller) -> None:
        """Remember that all of it is for callers of that kind, if there is room."""
        if len(self.open_to) < CALLERS:
            self.open_to.add(caller)


class Memory:
    """The trusted documents, and those of the others that were examined lately and found valid.

    The others are kept as long as their texts are not too long together.
    """

    def __init__(self) -> None:
        self.trusted: dict[str, Examined] = {}
        self.known: OrderedDict[str, Examined] = OrderedDict()
        self.weights: dict[str, int] = {}
        self.characters = 0

    def find(self, source: str) -> Examined | None:
        """What is known of a text; None when it is not remembered."""
        if found := self.trusted.get(source):
            return found
        if source in self.known:
            self.known.move_to_end(source)
        return self.known.get(source)

    def keep(self, source: str, found: Examined) -> None:
        """Remember a valid document, and forget the longest unused ones for it."""
        if found.errors or source in self.known:
            return
        self.known[source] = found
        self.weights[source] = 0
        self._weigh(source, len(source))

    def grew(self, document: DocumentNode, written: int) -> None:
        """Count what was written for a document as well, and forget the longest unused ones for it."""
        source = document.loc.source.body if document.loc else ""
        known = self.known.get(source)
        if known is not None and known.document is document:
            self._weigh(source, written // WRITTEN_A_CHARACTER)

    def _weigh(self, source: str, more: int) -> None:
        self.weights[source] += more
        self.characters += more
        while self.characters > CHARACTERS:
            forgotten, _ = self.known.popitem(last=False)
            self.characters -= self.weights.pop(forgotten)


@lru_cache(SCHEMAS)
def remembered(schema: GraphQLSchema) -> Memory:  # noqa: ARG001  whose they are is all that matters
    """The documents of a schema."""
    return Memory()


def examined(schema: GraphQLSchema, source: str) -> Examined:
    """A document, parsed and examined, or remembered. Raises: GraphQLSyntaxError."""
    memory = remembered(schema)
    found = memory.find(source)
    if found is None:
        found = _examine(schema, source)
        memory.keep(source, found)
    return found


def trust(schema: GraphQLSchema, source: str) -> Examined | None:
    """Examine a document once and keep what was found, until it is trusted no longer.

    What is no GraphQL is not kept: it is refused whenever it is asked for.
    """
    memory = remembered(schema)
    if source not in memory.trusted:
        try:
            memory.trusted[source] = _examine(schema, source)
        except GraphQLSyntaxError:
            return None
    return memory.trusted[source]


def distrust(schema: GraphQLSchema, source: str) -> None:
    """Keep a document no longer than any other."""
    remembered(schema).trusted.pop(source, None)


def _examine(schema: GraphQLSchema, source: str) -> Examined:
    document = parse(source, max_tokens=limits.TOKENS)
    # limits come first: a document too large to examine is not examined
    errors = limits.excesses(document) or [
        labelled(error, "GRAPHQL_VALIDATION_FAILED")
        for error in validate(schema, document, specified_rules, max_errors=5, hide_suggestions=True)
    ]
    found = permissions.operations(document)
    return Examined(
        document,
        tuple(errors),
        () if errors else permissions.wanted(schema, document),
        len(found),
        limits.introspects(document),
        _named(found, {} if errors else cost.prices(schema, document)),
    )


def _named(
    found: list[OperationDefinitionNode], prices: Mapping[str | None, cost.Price]
) -> dict[str | None, Operation]:
    """A document's operations by their names; of two of one name the first."""
    named: dict[str | None, Operation] = {}
    for each in found:
        name = each.name.value if each.name else None
        operation = Operation(name, each.operation.value, prices.get(name))
        named.setdefault(None, operation)
        named.setdefault(name, operation)
    return named


def labelled(error: GraphQLError, code: str, message: str | None = None, **more: Any) -> GraphQLError:
    """The error with its code, and without the client's own input in its words."""
    extensions: dict[str, Any] = {**(error.extensions or {}), "code": code, **more}
    said = message or words.unshown(error.message)
    return GraphQLError(said, error.nodes, error.source, error.positions, error.path, extensions=extensions)
