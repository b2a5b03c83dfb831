"""Logs: one line an event, with its request, without personal data."""

import logging
import sys
from contextvars import ContextVar

import structlog

request_id: ContextVar[str] = ContextVar("request_id", default="")

OPERATION = ("operation", "type", "outcome", "refusals", "ms", "cost", "principal")
"""What the line of an operation tells: nothing of the person, and nothing of what was asked or answered."""

SHOWN = ("request_id", "job", "delivery", *OPERATION)
"""What a line shows of what it was given besides its words."""


def set_up(level: str, *, as_json: bool) -> None:
    """Send the house's and the libraries' logs to standard error, as JSON or for people."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(allow=SHOWN),
        _with_request,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if as_json:
        shared.append(structlog.processors.format_exc_info)
    show: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        # locals may hold what nobody should read in a log
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, show],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for noisy in ("uvicorn.access", "loyalty.wire", "httpx2", "tortoise", "tortoise.db_client", "aiosqlite"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _with_request(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    if (known := request_id.get()) and "request_id" not in event:
        event["request_id"] = known
    return event
