"""The gate: what every operation passes before it is executed, and what every error becomes before it is told.

The caller's rights are checked against what is known of the document, before anything runs.
"""

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from graphql import GraphQLError, GraphQLSchema, GraphQLSyntaxError
from strawberry.extensions import SchemaExtension
from strawberry.types import StreamExecutionResult
from strawberry.types.execution import PreExecutionError

from models.credentials import PrincipalKind
from models.database import is_away
from rules import audit
from rules.keyring import KeysMoved
from rules.rates import Taken, Wait
from schema import cost, limits, permissions, words
from schema.context import Context
from schema.examining import Examined, Operation, examined, labelled, remembered

CHARACTERS_A_POINT = 250
"""How much text is examined for a point: text of no meaning takes most, some 2 ms."""

_log = logging.getLogger("loyalty.faults")


UNTRUSTED = (
    "Members run trusted documents only, and this is none. Register it with `documentRegister`, or name its "
    "manifest in LOYALTY_DOCUMENTS; then send its hash, or its text unchanged. See docs/api.md, Trusted documents."
)


def needs_trust(context: Context) -> bool:
    """Whether the caller is a member, where members run nothing but trusted documents."""
    who = context.principal
    return context.trusted_only and who is not None and who.kind is PrincipalKind.MEMBER


class Passage:
    """One operation's way through the gate: in, with what it asks for, and out, with what it is answered."""

    __slots__ = ("context", "examination", "known", "name", "operation", "taken", "variables")

    known: Examined

    def __init__(self, context: Context, name: str | None, variables: Mapping[str, Any] | None) -> None:
        self.context = context
        self.name = name
        self.variables = variables
        self.operation: Operation | None = None
        """None until it is found, and where there is none of that name."""
        self.taken: Taken | None = None
        """What was taken from the caller's allowance for the operation that runs."""
        self.examination = 0
        """What was taken because the document had to be examined: as much less is taken for running it."""

    def enter(self, schema: GraphQLSchema, source: str) -> Examined:
        """Take the document from memory, or examine it, if the caller may send it at all.

        Raises: GraphQLError, as the client hears it.
        """
        context = self.context
        if context.trusted is None and needs_trust(context):
            raise signed(GraphQLError(UNTRUSTED, extensions={"code": "FORBIDDEN"}), context)
        if len(source) > limits.SOURCE:
            said = f"The document is longer than {limits.SOURCE} characters."
            raise signed(GraphQLError(said, extensions={"code": "OPERATION_TOO_COMPLEX"}), context)
        known = remembered(schema).find(source)
        if known is None:
            self._charge_examination(source)
            try:
                known = examined(schema, source)
            except GraphQLSyntaxError as error:
                raise signed(labelled(error, "GRAPHQL_PARSE_FAILED"), context) from None
        self.known = known
        self.operation = known.named.get(self.name)
        return known

    def _charge_examination(self, source: str) -> None:
        """Take what a new text costs; nothing is examined for who has used up their allowance.

        Raises: GraphQLError, with the code RATE_LIMITED.
        """
        allowance = self.context.allowance
        if allowance is None:
            return
        points = min(1 + len(source) // CHARACTERS_A_POINT, allowance.maximum)
        found = allowance.take(points)
        if isinstance(found, Wait):
            raise signed(_too_much(points, found), self.context)
        self.examination = points

    def objections(self) -> list[GraphQLError]:
        """Why the operation is not run: it is invalid, ambiguous, not for the caller, or too much for now.

        Where there are none, its cost has been taken from the caller's allowance.
        """
        known, context = self.known, self.context
        if known.is_plain and context.feed is None and permissions.caller_of(context.principal) in known.open_to:
            return self._charge()
        if known.errors:
            return list(known.errors)
        return self._objections() or self._charge()

    def _objections(self) -> list[GraphQLError]:
        context, known = self.context, self.known
        if known.operations > 1 and self.name is None:
            said = "Name the operation to run: the document has several."
            return [GraphQLError(said, extensions={"code": "BAD_REQUEST"})]
        if misplaced := self._misplaced():
            return [GraphQLError(misplaced, extensions={"code": "BAD_REQUEST"})]
        if known.introspects and not context.may_introspect:
            said = "Introspection is not for this credential."
            return [GraphQLError(said, extensions={"code": "FORBIDDEN"})]
        caller = permissions.caller_of(context.principal)
        return [] if caller in known.open_to else self._denials(caller)

    def _denials(self, caller: permissions.Caller) -> list[GraphQLError]:
        """What of the document is not for the caller; that all of it is for their kind is remembered."""
        context, known = self.context, self.known
        refused = permissions.refused(known.wanted, context.principal)
        if not refused:
            known.open_up(caller)
            return []
        if context.principal is not None:
            audit.denied(context.actor, [name for name, _, _ in refused], context.now)
        return permissions.objections(refused, context.principal, has_sent=context.has_sent_credential)

    def _misplaced(self) -> str | None:
        """Why the operation came the wrong way: subscriptions go over the socket, all else over HTTP."""
        follows = self.operation is not None and self.operation.kind == "subscription"
        if follows and self.context.feed is None:
            return "Subscriptions go over the WebSocket at the same address, by graphql-transport-ws."
        if self.context.feed is not None and not follows:
            return "Only subscriptions go over the WebSocket: POST queries and mutations to the same address."
        return None

    def _charge(self) -> list[GraphQLError]:
        """Take the operation's cost from the caller's allowance, or say why it is not run."""
        context, operation = self.context, self.operation
        if operation is None or operation.price is None:
            return []  # there is no operation of that name, as will be told
        most, allowance = operation.price.most(self.variables), context.allowance
        context.passed = operation
        limit = min(cost.LIMIT, allowance.maximum) if allowance else cost.LIMIT
        if most > limit:
            said = f"The operation costs up to {most} points, and {limit} are allowed. Ask for smaller pages."
            return [GraphQLError(said, extensions={"code": "OPERATION_TOO_COMPLEX"})]
        if allowance is None:
            return []
        found = allowance.take(max(0, most - self.examination))
        if isinstance(found, Wait):
            return [_too_much(most, found)]
        if self.examination:
            spare = self.examination - most
            available = allowance.give_back(spare) if spare > 0 else found.available
            found = found._replace(points=most, available=available)
        self.taken = found
        return []

    def spent(self, data: object) -> dict[str, Any] | None:
        """What an answer cost, and what is left to ask for; the rest is given back. None where nobody counts."""
        taken, operation = self.taken, self.operation
        if taken is None or operation is None:
            return None
        points, available = taken.points, taken.available
        actual = operation.price.spent(data, points) if operation.price else points
        if actual < points and self.context.allowance:
            available = self.context.allowance.give_back(points - actual)
        return {
            "requested": points,
            "actual": actual,
            "available": available,
            "maximum": taken.rate.maximum,
            "restorePerSecond": taken.rate.restore,
        }

    def told(self, error: GraphQLError) -> GraphQLError:
        """The error as the client hears it: with a code and the request, and a fault without its words."""
        told = error.extensions or {}
        if "requestId" in told:
            return error
        if "code" in told:
            return signed(error, self.context)
        cause = error.original_error
        while isinstance(cause, GraphQLError) and cause.original_error is not None:
            cause = cause.original_error
        if error.path is not None and cause is not None and not isinstance(cause, GraphQLError):
            return self._masked(error, cause)
        return signed(labelled(error, "BAD_USER_INPUT"), self.context)

    def told_of_whole(self, error: GraphQLError) -> GraphQLError:
        """The error of no field but of the whole, as the client hears it: what is none of GraphQL's is a fault."""
        cause = error.original_error
        if error.path is None and cause is not None and not isinstance(cause, GraphQLError):
            return self._masked(error, cause)
        return self.told(error)

    def _masked(self, error: GraphQLError, cause: BaseException) -> GraphQLError:
        context, operation = self.context, self.operation
        away, moved = is_away(cause), isinstance(cause, KeysMoved)
        _log.error(
            "fault in %s" if not away else "the database is away in %s",
            (operation and operation.name) or "an operation",
            exc_info=None if away else cause,
            extra={"request_id": context.request_id},
        )
        # another process, or this one after its restart, has the keys: the same request succeeds then
        code = "UNAVAILABLE" if away or moved else "INTERNAL_SERVER_ERROR"
        told = {"code": code, "requestId": context.request_id, **({"retryable": True} if away or moved else {})}
        message = words.said(code, _FAULTS[code], context.language)
        if away and operation is not None and operation.kind == "mutation":
            message += words.UNSURE[context.language]
        return GraphQLError(message, error.nodes, path=error.path, extensions=told)


class Gate(SchemaExtension):
    """The gate for subscriptions, which strawberry runs: each of its moments is one of a passage's."""

    passage: Passage

    def on_operation(self) -> Iterator[None]:
        """Begin, and at the end give back to the caller what the last answer did not cost."""
        asked = self.execution_context
        self.passage = Passage(asked.context, asked._provided_operation_name, asked.variables)
        yield
        self.passage.spent(getattr(asked.result, "data", None))

    def on_parse(self) -> Iterator[None]:
        """Take the document from memory, or examine it, if the caller may send it at all."""
        asked = self.execution_context
        asked.graphql_document = self.passage.enter(asked.schema._schema, asked.query or "").document
        yield

    def on_validate(self) -> Iterator[None]:
        """Refuse what is invalid, ambiguous, not for the caller, or more than they may ask for now."""
        self.execution_context.pre_execution_errors = self.passage.objections()
        yield

    def on_stream_result(self, result: StreamExecutionResult) -> Iterator[None]:
        """Give every error of a subscription's event its code; one that broke the stream itself is a fault."""
        errors = getattr(result, "errors", None)
        if errors:
            passage = self.passage
            tell = passage.told if isinstance(result, PreExecutionError) else passage.told_of_whole
            result.errors = [tell(error) for error in errors]  # type: ignore[union-attr]
        yield


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
    return labelled(error, code, message=message, requestId=context.request_id)
