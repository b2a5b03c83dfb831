"""The endpoint: GraphQL over HTTP as the specification has it, without more machinery than that needs.

A request passes through here once: its headers and its body are read, whoever sent it is recognised, its operation
goes the way of all, and what comes of it is written down and sent.
"""

import os
import re
from collections.abc import Awaitable, Iterator
from datetime import datetime
from itertools import chain
from typing import NamedTuple

from graphql import ExecutionResult, GraphQLError
from starlette.types import Receive, Scope, Send

from api import answering, log, refusing, requests, watching
from api.allowance import Allowance
from api.answering import Answer
from api.callers import Callers, network, secret_of
from api.clock import now
from api.deadlines import Deadlines
from api.documents import Library
from api.negotiation import GRAPHQL, HTML, JSON, language, negotiate, wishes
from api.refusing import Refused
from api.requests import Gone, Said
from models.credentials import PrincipalKind
from rules.actors import Principal
from schema import executing, words
from schema.context import Context, Outside, Reference
from schema.gate import signed

REQUEST_ID = re.compile(r"[A-Za-z0-9._\-]{8,64}")
QUERY_SECONDS, MUTATION_SECONDS = 5.0, 15.0
BODY_SECONDS = 10.0
"""How long a request may take to arrive whole."""

NAME_BYTES, AT_ONCE = 16, 256
"""How long a request's name is, and how many are made at once."""

Headers = dict[bytes, bytes]


def may_write(source: str | None) -> bool:
    """Whether a document may hold a mutation: without the word there is none."""
    return source is not None and "mutation" in source


class Sender(NamedTuple):
    """What a request says of who sends it, a token or key and the address it comes from; and the way it came."""

    secret: str | None
    host: str | None
    receive: Receive | None = None
    """What tells whether they still wait for it; None where nothing does."""
    by_get: bool = False

    def __repr__(self) -> str:
        return "Sender()"


class Endpoint:
    """`/graphql`."""

    def __init__(
        self,
        *,
        outside: Outside,
        development: bool,
        page: str,
        page_headers: dict[str, str],
        library: Library | None = None,
        trusted_only: bool = False,
        allowance: Allowance | None = None,
        lines: watching.Lines | None = None,
    ) -> None:
        self.library = library or Library()
        self.callers = Callers()
        self.deadlines = Deadlines()
        self.reference = Reference()
        self.trusted_only = trusted_only
        self.outside = outside
        self.allowance = allowance
        self.lines = lines or watching.Lines()
        self.development = development
        self.page = page
        self.page_headers = page_headers
        self._names = _names()

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer one HTTP request."""
        return self.serve(scope, headers_of(scope), receive, send)

    async def serve(self, scope: Scope, headers: Headers, receive: Receive, send: Send) -> None:
        """Answer one HTTP request whose headers were looked at already."""
        request_id = _sane(headers.get(b"x-request-id")) or next(self._names)
        token = log.request_id.set(request_id)
        try:
            answer = await self._answer(scope, headers, receive)
        except Gone:
            return  # hung up before all was said: no fault, and nobody to answer
        except Exception as error:
            # nothing of the operation was answered yet: the database may be away
            refused = error if isinstance(error, Refused) else refusing.broken(error)
            answer = refusing.refusal(refused, _text(headers, b"accept"), _text(headers, b"accept-language"))
        finally:
            log.request_id.reset(token)
        if not answering.is_given(answer, request_id, send):
            await answering.give(answer, request_id, send)

    async def _answer(self, scope: Scope, headers: Headers, receive: Receive) -> Answer:
        method = scope["method"]
        if method not in ("POST", "GET"):
            raise Refused(405, "Send a POST, or a GET with a query.", allow="GET, POST")
        media, spoken = wishes(headers.get(b"accept"), headers.get(b"accept-language"))
        if media is None:
            raise Refused(406, f"This endpoint answers {GRAPHQL} and {JSON}.")
        if method == "GET":
            if self._shows_page(scope, headers):
                return answering.page(self.page, self.page_headers)
            said = requests.said_by(scope["query_string"])
        else:
            _check_json(headers.get(b"content-type"))
            body = requests.whole(receive)
            said = requests.said(await self._body(receive) if body is None else body)
        client, moment = scope.get("client"), now()
        secret, host = secret_of(_text(headers, b"authorization")), client[0] if client else None
        sender = Sender(secret, host, receive, method == "GET")
        who = self.callers.remembered(secret, moment, host) or await self._looked_up(sender, moment)
        context = self._context(sender, who, moment, spoken)
        began = watching.begin()
        try:
            result = await self._executed(said, sender, context)
        finally:
            seconds = watching.end(began)
        watching.write_down(context, result, seconds, self.lines)
        return answering.answer(result, media)

    async def _body(self, receive: Receive) -> bytes:
        """The body of a POST, which comes in time."""
        try:
            with self.deadlines.within(BODY_SECONDS):
                return await requests.body_of(receive)
        except TimeoutError:
            said = f"The request did not arrive within {BODY_SECONDS:g} seconds."
            raise Refused(408, said, "TIMEOUT", headers={"connection": "close"}) from None

    def _shows_page(self, scope: Scope, headers: Headers) -> bool:
        """Whether a browser is shown GraphiQL: in development, when it asks for a page and for no operation."""
        wants = negotiate(_text(headers, b"accept"), {GRAPHQL, JSON, HTML}) == HTML
        is_asked = re.search(rb"(?:^|&)(?:query|documentId|extensions)=", scope["query_string"])
        return self.development and wants and not is_asked

    async def context(self, sender: Sender, accept_language: str | None) -> Context:
        """Who asks, when, and in which language: made anew for each operation."""
        moment = now()
        who = self.callers.remembered(sender.secret, moment, sender.host) or await self._looked_up(sender, moment)
        return self._context(sender, who, moment, language(accept_language))

    async def _looked_up(self, sender: Sender, moment: datetime) -> Principal | None:
        if sender.secret is None:
            return None
        with self.deadlines.within(QUERY_SECONDS):
            return await self.callers.look_up(sender.secret, moment, sender.host)

    def _context(self, sender: Sender, who: Principal | None, moment: datetime, spoken: str) -> Context:
        near = network(sender.host)
        said, name = sender.secret is not None, log.request_id.get()
        # as many arguments by name would take twice as long to be sorted as all of this
        made = Context(moment, who, said, spoken, name, near, self.outside, reference=self.reference)
        made.may_introspect = self.development or (who is not None and who.kind is PrincipalKind.STAFF)
        made.trusted_only = self.trusted_only
        made.library = self.library
        made.allowance = self.allowance.of(who, near) if self.allowance else None
        made.environment = "dev" if self.development else "prod"
        return made

    def _executed(self, said: Said, sender: Sender, context: Context) -> Awaitable[ExecutionResult]:
        """Run one operation, whose document may have to be looked for."""
        known = self.library.at_hand(said.meant)
        if known is None:
            return self._sought(said, sender, context)
        context.trusted = known.name
        return self._run(known.source, said, sender, context)

    async def _sought(self, said: Said, sender: Sender, context: Context) -> ExecutionResult:
        try:
            source = await self._opened(said, context, by_get=sender.by_get)
        except GraphQLError as error:
            if (error.extensions or {}).get("code") == "BAD_REQUEST":
                raise Refused(400, error.message) from error
            return ExecutionResult(None, [signed(error, context)])
        return await self._run(source, said, sender, context)

    async def _run(self, source: str | None, said: Said, sender: Sender, context: Context) -> ExecutionResult:
        """Run one operation within its time. A command under way then ends as it would have; its key tells how."""
        writes = may_write(source)
        try:
            with self.deadlines.within(MUTATION_SECONDS if writes else QUERY_SECONDS):
                if writes:
                    requests.ask_first(sender.receive)
                    await self._recognise_anew(sender, context)
                return await executing.run(
                    source, said.variables, context, name=said.name, may_write=not sender.by_get
                )
        except executing.NoOperation as error:
            raise Refused(400, str(error)) from error
        except executing.WritesNothing as error:
            raise Refused(405, "Mutations are not run by GET. Send a POST.", allow="POST") from error
        except TimeoutError:
            text = "This took too long. A mutation may have been done: send it again with the same key to know."
            told = {"code": "TIMEOUT", "requestId": context.request_id, "retryable": True}
            late = GraphQLError(words.said("TIMEOUT", text, context.language), extensions=told)
            return ExecutionResult(None, [late])

    async def _recognise_anew(self, sender: Sender, context: Context) -> None:
        """Staff write by what their credential stands for now: a role just taken away, or a proof just given."""
        who = context.principal
        if sender.secret is not None and who is not None and who.kind is PrincipalKind.STAFF:
            context.principal = await self.callers.look_up(sender.secret, context.now, sender.host)

    async def _opened(self, said: Said, context: Context, *, by_get: bool) -> str | None:
        """The text of the document, which the request may have named by a hash only.

        Raises: GraphQLError, Refused.
        """
        strictly = by_get and (self.trusted_only or not self.development)
        source = await self.library.open(said.meant, context, strictly=strictly)
        if strictly and source is not None and context.trusted is None:
            raise Refused(405, "A GET runs trusted documents only. Send this one as a POST.", allow="POST")
        return source


def _text(headers: Headers, name: bytes) -> str | None:
    value = headers.get(name)
    return None if value is None else value.decode("latin-1")


def _check_json(given: bytes | None) -> None:
    """See that a body is JSON, as its label says. Raises: Refused."""
    if given != b"application/json" and (given or b"").split(b";", 1)[0].strip().lower() != b"application/json":
        raise Refused(415, f"Send the request as {JSON}.")


def headers_of(scope: Scope) -> Headers:
    """A request's headers; of two of one name the first counts."""
    return dict(reversed(scope["headers"]))


def _sane(given: bytes | None) -> str | None:
    """The client's name for the request, if it is a sane one."""
    if given is None:
        return None
    text = given.decode("latin-1")
    return text if REQUEST_ID.fullmatch(text) else None


def _names() -> Iterator[str]:
    """Names for requests, at random: the system is asked for many at once."""
    return chain.from_iterable(iter(_some_names, None))


def _some_names() -> list[str]:
    some = os.urandom(NAME_BYTES * AT_ONCE).hex()
    return [some[at : at + 2 * NAME_BYTES] for at in range(0, len(some), 2 * NAME_BYTES)]
