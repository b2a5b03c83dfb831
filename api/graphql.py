"""The endpoint: strawberry's ASGI view, made to speak GraphQL over HTTP as the specification has it."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import orjson
from cross_web import AsyncHTTPRequestAdapter, HTTPException
from graphql import GraphQLError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.http import GraphQLHTTPResponse, GraphQLRequestData
from strawberry.http.base import BaseRequestProtocol
from strawberry.http.types import QueryParams
from strawberry.types import ExecutionResult

from api import log, refusing, watching
from api.allowance import Allowance
from api.callers import is_sent, network, principal
from api.clock import now
from api.documents import Asked, Library, asked
from api.negotiation import GRAPHQL, HTML, JSON, language, negotiate
from api.refusing import Refused, bounded
from models.credentials import PrincipalKind
from schema import executing, words
from schema.context import Context, Outside
from schema.gate import signed
from schema.root import schema

REQUEST_ID = re.compile(r"[A-Za-z0-9._\-]{8,64}")
QUERY_SECONDS, MUTATION_SECONDS = 5.0, 15.0


def seconds_for(source: str | None) -> float:
    """How long an operation may take: longer when the document may write."""
    return MUTATION_SECONDS if "mutation" in (source or "") else QUERY_SECONDS


@dataclass
class Said(GraphQLRequestData):
    """What a request says, its document by its text or by its hash."""

    meant: Asked = Asked(None)  # noqa: RUF009  it is frozen


class Endpoint(GraphQL[Context, None]):
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
        logs: str = "all",
    ) -> None:
        super().__init__(schema, graphql_ide="graphiql", subscription_protocols=())
        self.library = library or Library()
        self.trusted_only = trusted_only
        self.outside = outside
        self.allowance = allowance
        self.logs = logs
        self.development = development
        self.page = page
        self.page_headers = page_headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        request = Request(scope, bounded(receive))
        request_id = _request_id(request)
        token = log.request_id.set(request_id)
        try:
            response = await self._answer(request)
        except HTTPException as refusal:
            response = refusing.refusal(request, refusal)
        except ClientDisconnect:
            return  # hung up before all was said: no fault, and nobody to answer
        except Exception as error:
            # nothing of the operation was answered yet: the database may be away
            response = refusing.refusal(request, refusing.broken(error))
        finally:
            log.request_id.reset(token)
        response.headers["x-request-id"] = request_id
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if request.method not in ("GET", "POST"):
            raise Refused(405, "Send a POST, or a GET with a query.", allow="GET, POST")
        if negotiate(request.headers.get("accept"), {GRAPHQL, JSON, HTML}) is None:
            raise Refused(406, f"This endpoint answers {GRAPHQL} and {JSON}.")
        return await self.run(request)

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:  # noqa: ARG002
        """Who asks, when, and in which language: made anew for each operation."""
        moment = now()
        host = request.client.host if request.client else None
        async with asyncio.timeout(QUERY_SECONDS):
            who = await principal(request.headers.get("authorization"), moment, host)
        is_staff = who is not None and who.kind is PrincipalKind.STAFF
        near = network(host)
        return Context(
            now=moment,
            principal=who,
            has_sent_credential=is_sent(request.headers.get("authorization")),
            language=language(request.headers.get("accept-language")),
            request_id=log.request_id.get(),
            network=near,
            outside=self.outside,
            may_introspect=self.development or is_staff,
            trusted_only=self.trusted_only,
            library=self.library,
            allowance=self.allowance.of(who, near) if self.allowance else None,
            environment="dev" if self.development else "prod",
        )

    async def execute_single(  # type: ignore[override]  # strawberry names all it gives
        self, *, request: Request, context: Context, request_data: GraphQLRequestData, **_: object
    ) -> ExecutionResult:
        """Run one operation within its time, and write down how it went."""
        with watching.operation(context, logs=self.logs) as seen:
            seen.result = await self._executed(request, context, request_data)
        return seen.result

    async def _executed(
        self, request: Request, context: Context, request_data: GraphQLRequestData
    ) -> ExecutionResult:
        """Run one operation within its time. A command under way then ends as it would have; its key tells how."""
        try:
            request_data = await self._opened(request_data, context, by_get=request.method == "GET")
        except GraphQLError as error:
            if _code(error.formatted) == "BAD_REQUEST":
                raise Refused(400, error.message) from error
            return ExecutionResult(data=None, errors=[signed(error, context)])
        try:
            async with asyncio.timeout(seconds_for(request_data.query)):
                done = await executing.run(
                    request_data.query,
                    request_data.variables,
                    context,
                    name=request_data.operation_name,
                    may_write=request.method == "POST",
                )
                return ExecutionResult(done.data, done.errors, done.extensions)
        except executing.NoOperation as error:
            raise Refused(400, str(error)) from error
        except executing.WritesNothing as error:
            raise Refused(405, "Mutations are not run by GET. Send a POST.", allow="POST") from error
        except TimeoutError:
            said = "This took too long. A mutation may have been done: send it again with the same key to know."
            told = {"code": "TIMEOUT", "requestId": context.request_id, "retryable": True}
            late = GraphQLError(words.said("TIMEOUT", said, context.language), extensions=told)
            return ExecutionResult(data=None, errors=[late])

    async def _opened(self, said: GraphQLRequestData, context: Context, *, by_get: bool) -> GraphQLRequestData:
        """The request with the text of its document, which it may have named by a hash only.

        Raises: GraphQLError, Refused.
        """
        strictly = by_get and (self.trusted_only or not self.development)
        meant = said.meant if isinstance(said, Said) else Asked(said.query)
        source = await self.library.open(meant, context, strictly=strictly)
        if strictly and source is not None and context.trusted is None:
            raise Refused(405, "A GET runs trusted documents only. Send this one as a POST.", allow="POST")
        return replace(said, query=source)

    async def parse_http_body(self, request: AsyncHTTPRequestAdapter) -> Any:
        """Read the body as one JSON object of the right shape; anything else is a clean refusal."""
        if request.method == "POST":
            media = (request.content_type or "").split(";", 1)[0].strip().lower()
            if media != JSON:
                raise Refused(415, f"Send the request as {JSON}.")
            data = _request(self.parse_json(await request.get_body()))
        else:
            data = _request(self.parse_query_params(request.query_params))
        if data.operation_name == "":
            data.operation_name = None
        return data

    def parse_query_params(self, params: QueryParams) -> dict[str, Any]:
        """Read the parameters of a GET; a malformed one is a clean refusal."""
        try:
            found = super().parse_query_params(params)
        except ValueError as error:
            raise Refused(400, "The query parameters hold malformed JSON.") from error
        for name in ("variables", "extensions"):
            if not isinstance(found.get(name), dict | None):
                raise Refused(400, f"`{name}` must be a JSON object.")
        return found

    def parse_json(self, data: str | bytes) -> Any:
        """Read JSON in UTF-8; deep nesting, long numbers and other malformed text are a clean refusal."""
        try:
            return orjson.loads(data)
        except (orjson.JSONDecodeError, RecursionError) as error:
            raise Refused(400, "The body is not JSON in UTF-8.") from error

    def encode_json(self, data: object) -> bytes:
        """Write JSON in UTF-8: Chinese stays Chinese."""
        return orjson.dumps(data)

    def _get_stream_transport_from_headers(self, headers: Mapping[str, str]) -> None:
        """Nothing is streamed: subscriptions have a protocol of their own."""

    def should_render_graphql_ide(self, request: BaseRequestProtocol) -> bool:
        """Show GraphiQL to a browser in development."""
        wants = negotiate(request.headers.get("accept"), {GRAPHQL, JSON, HTML}) == HTML
        is_asked = {"query", "documentId", "extensions"} & request.query_params.keys()
        return self.development and request.method == "GET" and wants and not is_asked

    async def render_graphql_ide(self, request: Request) -> Response:  # noqa: ARG002
        """The GraphiQL page."""
        return HTMLResponse(self.page, headers=self.page_headers)

    async def get_sub_response(self, request: Request | WebSocket) -> Response:
        """The response to be, which remembers what the client accepts."""
        response = await super().get_sub_response(request)
        response.media_type = negotiate(request.headers.get("accept"), {GRAPHQL, JSON}) or JSON
        return response

    def create_response(
        self, response_data: GraphQLHTTPResponse | list[GraphQLHTTPResponse], sub_response: Response
    ) -> Response:
        """The answer, labelled as the client asked; a request error leaves `data` out and is a 400."""
        media = sub_response.media_type or JSON
        data: Any = response_data
        status = sub_response.status_code or 200
        if isinstance(data, dict) and data.get("data") is None and data.get("errors"):
            refused = not any("path" in error or _code(error) == "TIMEOUT" for error in data["errors"])
            if refused:
                data = {name: value for name, value in data.items() if name != "data"}
                status = 400 if media == GRAPHQL else status
        headers = {"content-type": f"{media}; charset=utf-8", "cache-control": "no-store"}
        errors = data.get("errors", ())
        if waits := [error["extensions"] for error in errors if _code(error) == "RATE_LIMITED"]:
            # nothing was run, so that this is a matter of HTTP, whatever the client accepts
            status = 429
            headers["retry-after"] = str(waits[0]["retryAfterSeconds"])
        elif any(_code(error) == "UNAVAILABLE" for error in errors) and not any((data.get("data") or {}).values()):
            # nothing was answered, and whoever stands between should know
            status = 503
            headers["retry-after"] = str(refusing.AWAY_SECONDS)
        return Response(self.encode_json(data), status, headers)


def _code(error: Any) -> str | None:
    code: str | None = error.get("extensions", {}).get("code")
    return code


def _request(body: object) -> Said:
    """The request of a body, which is refused when it looks like none.

    Raises: Refused.
    """
    if not isinstance(body, dict):
        raise Refused(400, "The body must be one JSON object.")
    for name, kind, said in (
        ("query", str | None, "a string"),
        ("operationName", str | None, "a string"),
        ("variables", dict | None, "an object"),
        ("extensions", dict | None, "an object"),
    ):
        if not isinstance(body.get(name), kind):
            raise Refused(400, f"`{name}` must be {said}.")
    try:
        meant = asked(body)
    except GraphQLError as error:
        raise Refused(400, error.message) from error
    return Said(
        query=body.get("query"),
        variables=body.get("variables"),
        operation_name=body.get("operationName"),
        extensions=body.get("extensions"),
        meant=meant,
    )


def _request_id(request: Request) -> str:
    given = request.headers.get("x-request-id", "")
    return given if REQUEST_ID.fullmatch(given) else uuid4().hex
