"""Explaining: `explain` shows what a document costs, who may run it, and the functions it becomes."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from api.cli._common import Failed, app, show

ITSELF = ("{", "query", "mutation", "subscription", "fragment", "#")
"""How a document begins that is given as it is, and not as a file."""

Document = Annotated[
    str, typer.Argument(help="A file with a document, the document itself, or `-` to read it from standard input.")
]


@app.command()
def explain(
    document: Document,
    operation: Annotated[str | None, typer.Option(help="Which operation, where there are several.")] = None,
) -> None:
    """Show what an operation costs, who may run it, and the Python functions it becomes. No database is asked."""
    from graphql import GraphQLSyntaxError

    from schema import examining
    from schema.executing import EXECUTOR, GRAPH
    from schema.permissions import Audience, is_open

    try:
        known = examining.examined(GRAPH, _text(document))
    except GraphQLSyntaxError as error:
        raise Failed(error.message) from None
    if known.errors:
        raise Failed("\n".join(each.message for each in known.errors))
    meant = known.named.get(operation)
    if meant is None or meant.price is None:
        raise Failed(f"There is no operation {operation!r} in it.")
    plan = EXECUTOR.plan(known.document, meant.name)
    plan.compile()
    for choice in () if plan.source() else (True, False):
        plan.compile(dict.fromkeys(plan.conditions, choice))
    audiences = [each.name for each in Audience if all(is_open(rule, each) for _, rule, _ in known.wanted)]
    told = {
        "operation": f"{meant.kind} {meant.name or '(without a name)'}",
        "cost": _cost(meant.price.constant, meant.price.most({})),
        "open to": ", ".join(audiences) or "nobody",
        "run": f"by graphql-core: {plan.reason}" if plan.reason else "compiled",
    }
    for name, value in told.items():
        show.print(f"# {name}: {value}", markup=False)
    if plan.reason is None:
        show.print(f"\n{plan.source()}", markup=False)


def _cost(constant: int | None, without: int) -> str:
    if constant is None:
        return f"{_points(without)} without variables; pages may cost more"
    return _points(constant)


def _points(number: int) -> str:
    return f"{number:,} point{'' if number == 1 else 's'}"


def _text(document: str) -> str:
    """The document that is meant. Raises: Failed."""
    if document.lstrip().startswith(ITSELF):
        return document
    try:
        return (sys.stdin.buffer.read() if document == "-" else Path(document).read_bytes()).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Failed(f"{document} is no text in UTF-8.") from None
    except OSError as error:
        raise Failed(f"{document!r} is no document, and no file that can be read: {error.strerror}.") from None
