"""The gate: what every operation passes before it is executed, and what every error becomes before it is told.

A document is parsed, measured, validated and searched for guarded fields once, and remembered by its text; the
caller's rights are checked against what was found, before anything runs. Trusted documents are remembered for good,
the others within bounds.
"""

import logging
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

from graphql import DocumentNode, GraphQLError, GraphQLSchema, GraphQLSyntaxError, parse, specified_rules, validate
from strawberry.extensions import SchemaExtension
from strawberry.types import StreamExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from models.credentials import PrincipalKind
from models.database import is_away
from rules import audit
from rules.keyring import KeysMoved
from rules.rates import Taken, Wait
from schema import cost, limits, permissions, words
from schema.context import Context, Passed

CHARACTERS = 500_000
"""How much text of documents is remembered. A parsed document takes some fifty times its text."""

CHARACTERS_A_POINT = 250
"""How much text is examined for a point: text of no meaning takes most, some 2 ms."""

_log = logging.getLogger("loyalty.faults")


@dataclass(frozen=True, slots=True)
class Examined:
    """What is known of a document, whoever sends it."""

    document: DocumentNode
    errors: tuple[GraphQLError, ...]
    wanted: permissions.Wanted
    operations: int
    introspects: bool
    prices: Mapping[str | None, cost.Price]
    """What each operation costs, by its name."""


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


def is_remembered(schema: GraphQLSchema, source: str) -> bool:
    """Whether a text needs no examination."""
    return _memory.setdefault(schema, Memory()).find(source) is not None


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
        {} if errors else cost.prices(schema, document),
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
    price: cost.Price | None = None
    taken: Taken | None = None
    """What was taken from the caller's allowance for the operation that runs."""

    told: dict[str, Any] | None = None
    examination: int = 0
    """What was taken because the document had to be examined: as much less is taken for running it."""

    def on_parse(self) -> Iterator[None]:
        """Take the document from memory, or examine it, if the caller may send it at all."""
        asked = self.execution_context
        if asked.context.trusted is None and needs_trust(asked.context):
            raise signed(GraphQLError(UNTRUSTED, extensions={"code": "FORBIDDEN"}), asked.context)
        source = asked.query or ""
        if len(source) > limits.SOURCE:
            said = f"The document is longer than {limits.SOURCE} characters."
            long = GraphQLError(said, extensions={"code": "OPERATION_TOO_COMPLEX"})
            raise signed(long, asked.context)
        self._charge_examination(asked.context, source)
        try:
            self.found = examined(asked.schema._schema, source)
        except GraphQLSyntaxError as error:
            raise signed(_labelled(error, "GRAPHQL_PARSE_FAILED"), asked.context) from None
        asked.graphql_document = self.found.document
        yield

    def _charge_examination(self, context: Context, source: str) -> None:
        """Take what a new text costs; nothing is examined for who has used up their allowance.

        Raises: GraphQLError, with the code RATE_LIMITED.
        """
        if context.allowance is None or is_remembered(self.execution_context.schema._schema, source):
            return
        points = min(1 + len(source) // CHARACTERS_A_POINT, context.allowance.maximum)
        found = context.allowance.take(points)
        if isinstance(found, Wait):
            raise signed(_too_much(points, found), context)
        self.examination = points

    def on_validate(self) -> Iterator[None]:
        """Refuse what is invalid, ambiguous, not for the caller, or more than they may ask for now."""
        asked = self.execution_context
        asked.pre_execution_errors = (
            list(self.found.errors) or self._objections(self.found) or self._charge(self.found)
        )
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
        refused = permissions.refused(known.wanted, context.principal)
        if refused and context.principal is not None:
            audit.denied(context.actor, [name for name, _, _ in refused], context.now)
        return permissions.objections(refused, context.principal, has_sent=context.has_sent_credential)

    def _misplaced(self, context: Context) -> str | None:
        """Why the operation came the wrong way: subscriptions go over the socket, all else over HTTP."""
        follows = self.execution_context.operation_type is OperationType.SUBSCRIPTION
        if follows and context.feed is None:
            return "Subscriptions go over the WebSocket at the same address, by graphql-transport-ws."
        if context.feed is not None and not follows:
            return "Only subscriptions go over the WebSocket: POST queries and mutations to the same address."
        return None

    def _charge(self, known: Examined) -> list[GraphQLError]:
        """Take the operation's cost from the caller's allowance, or say why it is not run."""
        asked = self.execution_context
        context: Context = asked.context
        price = known.prices.get(asked.operation_name)
        if price is None:
            return []  # there is no operation of that name, as will be told
        most = price.most(asked.variables)
        context.passed = Passed(asked.operation_name, asked.operation_type.value.lower(), most)
        limit = min(cost.LIMIT, context.allowance.maximum) if context.allowance else cost.LIMIT
        if most > limit:
            said = f"The operation costs up to {most} points, and {limit} are allowed. Ask for smaller pages."
            return [GraphQLError(said, extensions={"code": "OPERATION_TOO_COMPLEX"})]
        if context.allowance is None:
            return []
        found = context.allowance.take(max(0, most - self.examination))
        if isinstance(found, Wait):
            return [_too_much(most, found)]
        if (spare := self.examination - most) > 0:
            found = replace(found, available=context.allowance.give_back(spare))
        found = replace(found, points=most)
        self.price, self.taken = price, found
        return []

    def on_operation(self) -> Iterator[None]:
        """Give every error of the answer its code, and back to the caller what the answer did not cost."""
        yield
        result = self.execution_context.result
        errors = getattr(result, "errors", None)
        if errors:
            result.errors = [self._told(error) for error in errors]  # type: ignore[union-attr]
        if self.taken:
            self.told = self._spent(self.taken, getattr(result, "data", None))

    def _spent(self, taken: Taken, data: object) -> dict[str, Any]:
        """What an answer cost, and what is left to ask for."""
        context: Context = self.execution_context.context
        actual = self.price.spent(data, taken.points) if self.price else taken.points
        available = taken.available
        if context.allowance and actual < taken.points:
            available = context.allowance.give_back(taken.points - actual)
        return {
            "requested": taken.points,
            "actual": actual,
            "available": available,
            "maximum": taken.rate.maximum,
            "restorePerSecond": taken.rate.restore,
        }

    def get_results(self) -> dict[str, Any]:
        """What is told beside the data: what the operation cost."""
        return {"cost": self.told} if self.told else {}

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
        """The error as the client hears it: with a code and the request, and a fault without its words."""
        told = error.extensions or {}
        if "requestId" in told:
            return error
        if "code" in told:
            return signed(error, self.execution_context.context)
        cause = error.original_error
        while isinstance(cause, GraphQLError) and cause.original_error is not None:
            cause = cause.original_error
        if error.path is not None and cause is not None and not isinstance(cause, GraphQLError):
            return self._masked(error, cause)
        return signed(_labelled(error, "BAD_USER_INPUT"), self.execution_context.context)

    def _masked(self, error: GraphQLError, cause: BaseException) -> GraphQLError:
        context: Context = self.execution_context.context
        away, moved = is_away(cause), isinstance(cause, KeysMoved)
        _log.error(
            "fault in %s" if not away else "the database is away in %s",
            self.execution_context.operation_name or "an operation",
            exc_info=None if away else cause,
            extra={"request_id": context.request_id},
        )
        # another process, or this one after its restart, has the keys: the same request succeeds then
        code = "UNAVAILABLE" if away or moved else "INTERNAL_SERVER_ERROR"
        told = {"code": code, "requestId": context.request_id, **({"retryable": True} if away or moved else {})}
        message = words.said(code, _FAULTS[code], context.language)
        if away and self.execution_context.operation_type is OperationType.MUTATION:
            message += words.UNSURE[context.language]
        return GraphQLError(message, error.nodes, path=error.path, extensions=told)


def _too_much(points: int, found: Wait) -> GraphQLError:
    said = f"That was too much at once: {points} points, and {found.available} are available."
    told = {"code": "RATE_LIMITED", "retryable": True, "retryAfterSeconds": found.seconds}
    return GraphQLError(said, extensions=told)


_FAULTS = {
    "INTERNAL_SERVER_ERROR": "Something broke on our side.",
    "UNAVAILABLE": "The service is away for a moment.",
}


def signed(error: GraphQLError, context: Context) -> GraphQLError:
    """An error that has its code, in the caller's language and with the request it is of."""
    code = (error.extensions or {})["code"]
    message = words.said(code, error.message, context.language)
    return _labelled(error, code, message=message, requestId=context.request_id)


def _labelled(error: GraphQLError, code: str, message: str | None = None, **more: Any) -> GraphQLError:
    extensions: dict[str, Any] = {**(error.extensions or {}), "code": code, **more}
    said = message or words.unshown(error.message)
    return GraphQLError(said, error.nodes, error.source, error.positions, error.path, extensions=extensions)
