"""Generator of the pages that repeat the code: docs/errors.md, docs/permissions.md and docs/invariants.md."""

import argparse
import dataclasses
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from graphql import GraphQLObjectType

from api.graphql import MUTATION_SECONDS, QUERY_SECONDS
from models.credentials import PrincipalKind
from models.invariants import INVARIANTS
from rules.keys import SCOPES
from schema.errors import ANSWERS, REFUSALS
from schema.permissions import RULE, Audience, Rule, is_open, scopes_of, told
from schema.root import schema

HERE = Path(__file__).parent
MADE = "<!-- Made by docs/generate.py from the code. Change the code, then run it again. -->"
SHORT = {
    Audience.OPERATOR: "OPER.",
    Audience.COMMUNITY_MANAGER: "COMM.",
}
"""Audiences whose names are too wide for a column."""

KINDS = {Audience.SERVICE: PrincipalKind.SERVICE, Audience.PARTNER: PrincipalKind.PARTNER}
"""The audiences that come with keys, which may be kept to scopes."""

AUDIENCES = [each for each in Audience if each is not Audience.STAFF]

MISTAKES = (
    (
        "UNAUTHENTICATED",
        "The operation needs a credential, and none that is good was sent.",
        "Log in, then ask again.",
    ),
    (
        "FORBIDDEN",
        "The operation asks for a field that is not for this caller, or a member's document is not a trusted one. "
        "Nothing of it ran.",
        "Leave the field out; register the document.",
    ),
    (
        "BAD_USER_INPUT",
        "A value has the right type and cannot be meant: a page of 101, a key of 3 letters.",
        "Mend it.",
    ),
    ("GRAPHQL_PARSE_FAILED", "The document is not GraphQL.", "Mend it."),
    ("GRAPHQL_VALIDATION_FAILED", "The document or its variables do not fit the schema.", "Mend it."),
    (
        "OPERATION_TOO_COMPLEX",
        "The document is too long, too deep or asks for too much; the message names the limit.",
        "Ask for less at once.",
    ),
    (
        "RATE_LIMITED",
        "Too much was asked for at once; nothing was run. HTTP 429, with `Retry-After` and `retryAfterSeconds`.",
        "Wait so long, and send the same again.",
    ),
    (
        "UNAVAILABLE",
        "The service cannot reach its data just now. HTTP 503 with `Retry-After` where nothing was answered.",
        "Wait, and send the same again; a mutation with the same key, since it may have been done.",
    ),
    (
        "BAD_REQUEST",
        "The HTTP request is not one of GraphQL over HTTP: its method, type, body or shape.",
        "Mend it.",
    ),
    (
        "PERSISTED_QUERY_NOT_FOUND",
        "No trusted document has this hash.",
        "Register it, or where open documents run send its text.",
    ),
    (
        "TIMEOUT",
        f"It took longer than {QUERY_SECONDS:g} s, or {MUTATION_SECONDS:g} s where the document may write. A write "
        "under way ends as it would have.",
        "Send a mutation again with the same key: the answer tells.",
    ),
    (
        "INTERNAL_SERVER_ERROR",
        "We broke. The log has the story under the `requestId`; nothing half-done is left behind.",
        "The same request with the same key is safe to send again.",
    ),
)


def main() -> int:
    """Write the pages, or with --check say which of them are stale and answer 1."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--check", action="store_true", help="write nothing; exit 1 when a page is stale")
    only_check = asked.parse_args().check
    stale = []
    for name, text in pages().items():
        path = HERE / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not only_check:
            path.write_text(text, encoding="utf-8")
    said = "is stale; run `python docs/generate.py`" if only_check else "is written"
    sys.stdout.write("".join(f"docs/{name} {said}\n" for name in stale) or "the made pages are current\n")
    return 1 if stale and only_check else 0


def pages() -> dict[str, str]:
    """Every page that is made, by its name."""
    return {"errors.md": errors(), "permissions.md": permissions(), "invariants.md": invariants()}


def errors() -> str:
    """Every way the API says no."""
    refused_by = _refused_by()
    told = [
        (
            f"`{code}`",
            refusal.message(),
            refusal.message("zh"),
            "yes" if refusal.retryable else "no",
            ", ".join(f"`{name}`" for name in _facts(ANSWERS[refusal])),
            ", ".join(refused_by.get(code, ())) or "the command line only",
        )
        for code, refusal in REFUSALS.items()
    ]
    return _page(
        "Errors",
        "The API says no in three ways. Which one it is decides what a client does.",
        "## Refusals: the programme says no\n\n"
        "A refusal is an answer: HTTP 200, `data` with an empty payload, and the reason in `userErrors`.\n"
        "Switch on `code`, show `message` (Chinese when `Accept-Language` begins with `zh`). `retryable` says\n"
        "whether the same request may succeed later without anybody changing it. Facts are read by a spread on\n"
        "the type, `... on InsufficientPoints { wanted available }`. A refused request changed nothing, and its\n"
        "idempotency key is still free.",
        _table(("Code", "English", "中文", "Retry", "Facts", "Refused by"), told),
        "## Mistakes and faults: there is no answer\n\n"
        "These stand in GraphQL's own `errors`, with the code in `extensions.code`. A request that is none of\n"
        "GraphQL over HTTP has the status 400, 405, 406, 413 or 415. A document that is refused before it runs\n"
        "has 400 where the client accepts `application/graphql-response+json`, and 200 with plain\n"
        "`application/json`. Every answer of `/graphql` has an `X-Request-Id`: send your own (8 to 64 letters,\n"
        "digits, `.`, `_` or `-`) to find it in the log.",
        _table(
            ("`extensions.code`", "What happened", "What to do"), [(f"`{code}`", *said) for code, *said in MISTAKES]
        ),
    )


def permissions() -> str:
    """Who may ask for what."""
    operations = [
        ("Query", schema._schema.query_type),
        ("Mutation", schema._schema.mutation_type),
        ("Subscription", schema._schema.subscription_type),
    ]
    matrices = [part for name, kind in operations if kind for part in (f"## {name}", _matrix(kind))]
    return _page(
        "Permissions",
        "Each field of the schema names who may ask for it (`@auth` in the SDL). An operation is checked once,\n"
        "before it runs, and refused as a whole. Whether an object is the caller's own is decided where it is\n"
        "read: members see themselves, cashiers see their own store's purchases. `PUBLIC` needs no credential.\n"
        "Where a scope stands instead of a dot, a key that is kept to scopes needs that one; a key without scopes\n"
        "may ask for all that its column has.",
        *matrices,
        "## Guarded fields of the types\n\n"
        "Every field that is not listed here is `PUBLIC`: it says nothing until a root field has let you in.",
        _guarded(kind for _, kind in operations),
    )


def invariants() -> str:
    """Everything `loyalty verify` proves."""
    told = [(str(place), each.name, each.says) for place, each in enumerate(INVARIANTS, start=1)]
    return _page(
        "Invariants",
        "What is always true of the stored data. `loyalty verify` asks for the rows where it is not, all in one\n"
        "snapshot, and exits 0 only when there is none; a worker does the same every hour, and the suite after\n"
        "every test that writes. The queries are in `models/invariants/`.",
        _table(("", "Invariant", "What it says"), told),
    )


def _page(title: str, *parts: str) -> str:
    return "\n\n".join((f"# {title}", MADE, *parts)) + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in (head, *rows)]
    return "\n".join((lines[0], "|" + "---|" * len(head), *lines[1:]))


def _refused_by() -> dict[str, list[str]]:
    """The root fields that refuse with a code, as their descriptions say."""
    found: dict[str, list[str]] = {}
    mutation = schema._schema.mutation_type
    for name, field in (mutation.fields if mutation else {}).items():
        _, _, said = (field.description or "").rpartition("Refuses with:")
        for code in re.findall(r"`([A-Z_]+)`", said):
            found.setdefault(code, []).append(f"`{name}`")
    return found


def _facts(answer: type) -> list[str]:
    """What a refusal tells beside what all tell, as a client spells it."""
    common = {"code", "message", "field", "retryable"}
    return [_camel(each.name) for each in dataclasses.fields(answer) if each.name not in common]


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(each.capitalize() for each in rest)


def _rule(field: Any) -> Rule:
    rule: Rule = field.extensions["strawberry-definition"].metadata[RULE]
    return rule


def _matrix(kind: GraphQLObjectType) -> str:
    """The root fields and their audiences; PUBLIC is everybody."""
    rows = [
        (
            f"`{name}`",
            *(_mark(_rule(field), each) for each in AUDIENCES),
        )
        for name, field in kind.fields.items()
    ]
    return _table(("", *(SHORT.get(each, each.name) for each in AUDIENCES)), rows)


def _mark(rule: Rule, audience: Audience) -> str:
    """What a field is to an audience: nothing, open, or open to keys with a scope."""
    if not is_open(rule, audience):
        return ""
    scopes = [f"`{each}`" for each in scopes_of(rule) if each in SCOPES.get(KINDS.get(audience), ())]
    return " ".join(scopes) if scopes and Audience.PUBLIC not in rule else "●"


def _guarded(roots: Iterable[GraphQLObjectType | None]) -> str:
    """The guarded fields of all other types: those of one type and one audience in one row."""
    skipped = {kind.name for kind in roots if kind}
    rows = []
    for name, kind in sorted(schema._schema.type_map.items()):
        if not isinstance(kind, GraphQLObjectType) or name in skipped or name.startswith("__"):
            continue
        by_rule: dict[Rule, list[str]] = {}
        for field_name, field in kind.fields.items():
            by_rule.setdefault(_rule(field), []).append(f"`{field_name}`")
        for rule, fields in by_rule.items():
            if Audience.PUBLIC not in rule:
                who = " ".join(each.name for each in told(rule))
                scopes = " ".join(f"`{each}`" for each in scopes_of(rule))
                rows.append((f"`{name}`", ", ".join(fields), who, scopes))
    return _table(("Type", "Fields", "Who", "Scope of keys"), rows)


if __name__ == "__main__":
    sys.exit(main())
