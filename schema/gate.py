"""The gate: what every operation passes before it is executed, and what every error becomes before it is told.

A document is parsed, measured, validated and searched for guarded fields once, and remembered by its text; the
caller's rights are checked against what was found, before anything runs. Trusted documents are remembered for good,
the others within bounds.
"""

import logging
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from graphql import DocumentNode, GraphQLError, GraphQLSchema, GraphQLSyntaxError, parse, specified_rules, validate
from strawberry.extensions import SchemaExtension
from strawberry.types import StreamExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from models.credentials import PrincipalKind
from schema import limits, permissions
from schema.context import Context

CHARACTERS = 500_000
"""How much text of documents is remembered. A parsed document takes some fifty times its text."""

_log = logging.getLogger("loyalty.faults")


@dataclass(frozen=True, slots=True)
class Examined:
    """What is known of a document, whoever sends it."""

    document: DocumentNode
    errors: tuple[GraphQLError, ...]
    wanted: permissions.Wanted
    operations: int
    introspects: bool


class Memory:
    """The trusted documents, and those of the others that were examined lately and found valid.

    The others are kept as long as their texts are not too long together.
    """

    def __init__(self) -> None:
        self.trusted: dict[str, Examined] = {}
        self.known: OrderedDict[str, Examined] = OrderedDict()
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
        self.characters += len(source)
        while self.characters > CHARACTERS:
            forgotten, _ = self.known.popitem(last=False)
            self.characters -= len(forgotten)


_memory: WeakKeyDictionary[GraphQLSchema, Memory] = WeakKeyDictionary()


def examined(schema: GraphQLSchema, source: str) -> Examined:
    """A document, parsed and examined, or remembered. Raises: GraphQLSyntaxError."""
    memory = _memory.setdefault(schema, Memory())
    found = memory.find(source)
    if found is None:
        found = _examine(schema, source)
        memory.keep(source, found)
    return found


def trust(schema: GraphQLSchema, source: str) -> None:
    """Examine a document once and keep what was found, until it is trusted no longer."""
    memory = _memory.setdefault(schema, Memory())
    if source not in memory.trusted:
        # what is no GraphQL is not kept: it is refused whenever it is asked for
        with suppress(GraphQLSyntaxError):
            memory.trusted[source] = _examine(schema, source)


def distrust(schema: GraphQLSchema, source: str) -> None:
    """Keep a document no longer than any other."""
    _memory.setdefault(schema, Memory()).trusted.pop(source, None)


def _examine(schema: GraphQLSchema, source: str) -> Examined:
    document = parse(source, max_tokens=limits.TOKENS)
    # limits come first: a document too large to examine is not examined
    errors = limits.excesses(document) or [
        _labelled(error, "GRAPHQL_VALIDATION_FAILED")
        for error in validate(schema, document, specified_rules, max_errors=5)
    ]
    wanted = () if errors else permissions.wanted(schema, document)
    return Examined(
        document,
        tuple(errors),
        wanted,
        len(permissions.operations(document)),
        limits.introspects(document),
    )


UNTRUSTED = (
    "Members run trusted documents only, and this is none. Register it with `documentRegister`, or name its "
    "manifest in LOYALTY_DOCUMENTS; then send its hash, or its text unchanged. See docs/api.md, Trusted documents."
)


def needs_trust(context: Context) -> bool:
    """Whether the caller is a member, where members run nothing but trusted documents."""
    who = context.principal
    return context.trusted_only and who is not None and who.kind is PrincipalKind.MEMBER


class Gate(SchemaExtension):
    """Lets an operation through, or says why not; labels and masks what goes wrong."""

    found: Examined

    def on_parse(self) -> Iterator[None]:
        """Take the document from memory, or examine it, if the caller may send it at all."""
        asked = self.execution_context
        if asked.context.trusted is None and needs_trust(asked.context):
            raise GraphQLError(UNTRUSTED, extensions={"code": "FORBIDDEN"})
        source = asked.query or ""
        if len(source) > limits.SOURCE:
            said = f"The document is longer than {limits.SOURCE} characters."
            raise GraphQLError(said, extensions={"code": "OPERATION_TOO_COMPLEX"})
        try:
            self.found = examined(asked.schema._schema, source)
        except GraphQLSyntaxError as error:
            raise _labelled(error, "GRAPHQL_PARSE_FAILED") from None
        asked.graphql_document = self.found.document
        yield

    def on_validate(self) -> Iterator[None]:
        """Refuse what is invalid, ambiguous, or not for the caller."""
        asked = self.execution_context
        asked.pre_execution_errors = list(self.found.errors) or self._objections(self.found)
        yield

    def _objections(self, known: Examined) -> list[GraphQLError]:
        context: Context = self.execution_context.context
        if known.operations > 1 and self.execution_context._provided_operation_name is None:
            said = "Name the operation to run: the document has several."
            return [GraphQLError(said, extensions={"code": "BAD_REQUEST"})]
        if misplaced := self._misplaced(context):
            return [GraphQLError(misplaced, extensions={"code": "BAD_REQUEST"})]
        if known.introspects and not context.may_introspect:
            said = "Introspection is not for this credential."
            return [GraphQLError(said, extensions={"code": "FORBIDDEN"})]
        return permissions.objections(known.wanted, context.principal)

    def _misplaced(self, context: Context) -> str | None:
        """Why the operation came the wrong way: subscriptions go over the socket, all else over HTTP."""
        follows = self.execution_context.operation_type is OperationType.SUBSCRIPTION
        if follows and context.feed is None:
            return "Subscriptions go over the WebSocket at the same address, by graphql-transport-ws."
        if context.feed is not None and not follows:
            return "Only subscriptions go over the WebSocket: POST queries and mutations to the same address."
        return None

    def on_operation(self) -> Iterator[None]:
        """Give every error of the answer its code."""
        yield
        result = self.execution_context.result
        errors = getattr(result, "errors", None)
        if errors:
            result.errors = [self._told(error) for error in errors]  # type: ignore[union-attr]

    def on_stream_result(self, result: StreamExecutionResult) -> Iterator[None]:
        """Give every error of a subscription's event its code; one that broke the stream itself is a fault."""
        errors = getattr(result, "errors", None)
        if errors:
            tell = self._told if isinstance(result, PreExecutionError) else self._told_of_stream
            result.errors = [tell(error) for error in errors]  # type: ignore[union-attr]
        yield

    def _told_of_stream(self, error: GraphQLError) -> GraphQLError:
        cause = error.original_error
        if error.path is None and cause is not None and not isinstance(cause, GraphQLError):
            return self._masked(error, cause)
        return self._told(error)

    def _told(self, error: GraphQLError) -> GraphQLError:
        """The error as the client hears it: with a code, and a fault without its words."""
        if error.extensions and "code" in error.extensions:
            return error
        cause = error.original_error
        while isinstance(cause, GraphQLError) and cause.original_error is not None:
            cause = cause.original_error
        if error.path is not None and cause is not None and not isinstance(cause, GraphQLError):
            return self._masked(error, cause)
        return _labelled(error, "BAD_USER_INPUT")

    def _masked(self, error: GraphQLError, cause: BaseException) -> GraphQLError:
        context: Context = self.execution_context.context
        _log.error(
            "fault in %s",
            self.execution_context.operation_name or "an operation",
            exc_info=cause,
            extra={"request_id": context.request_id},
        )
        told = {"code": "INTERNAL_SERVER_ERROR", "requestId": context.request_id}
        return GraphQLError("Something broke on our side.", error.nodes, path=error.path, extensions=told)


def _labelled(error: GraphQLError, code: str) -> GraphQLError:
    extensions: dict[str, Any] = {**(error.extensions or {}), "code": code}
    return GraphQLError(
        error.message, error.nodes, error.source, error.positions, error.path, extensions=extensions
    )
