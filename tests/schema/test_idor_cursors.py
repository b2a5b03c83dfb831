"""Whose list is it: a cursor of somebody else's list shows nothing of theirs, wherever it is sent.

Whoever adds a list says in `LISTS` or `SHARED` whose it is.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from graphql import GraphQLObjectType

from schema import ids
from schema.ids import Tag
from tests.schema.asking import ask
from tests.schema.test_idor import SERVED, world

LISTS = [
    "{ me { purchases(first: 1, after: $c) { edges { cursor node { id } } } } }",
    "{ me { points { entries(first: 1, after: $c) { edges { cursor node { id } } } } } }",
    "{ me { points { holds(first: 1, after: $c) { edges { cursor node { id } } } } } }",
    "{ me { tierProgress { history(first: 1, after: $c) { edges { cursor node { at purchaseId } } } } } }",
    "{ me { referral { invitees(first: 1, after: $c) { edges { cursor node { boundAt } } } } } }",
    "{ memberEvents(first: 1, after: $c) { events { cursor entries { id } } } }",
]
"""The lists of which each member has one of their own."""

PARTNERS = {"links", "settlements"}
"""The lists of which each partner has one of its own: tests/stories/test_settlements.py looks at them."""

PUBLISHED = {"earnRules", "tierSchemes"}
SHARED = (
    {
        "members",
        "documents",
        "apiKeys",
        "auditLog",
        "approvals",
        "staff",
        "stores",
        "deliveries",
        "partners",
        "referrals",
        "referralReviews",
    }
    | PUBLISHED
    | PARTNERS
)
"""The lists that are the same for all who may read them: no cursor is somebody else's there."""


def cursors(told: Any) -> Iterator[str]:
    """Every cursor in an answer."""
    if isinstance(told, dict):
        for name, part in told.items():
            if name == "cursor":
                yield part
            yield from cursors(part)
    if isinstance(told, list):
        for part in told:
            yield from cursors(part)


def shown(told: Any) -> set[str]:
    """Every id in an answer."""
    if isinstance(told, dict):
        return {each for part in told.values() for each in shown(part)} | ({told["id"]} if "id" in told else set())
    return {each for part in told for each in shown(part)} if isinstance(told, list) else set()


def test_every_list_is_one_of_these() -> None:
    after = {
        field_name
        for kind in SERVED.type_map.values()
        if isinstance(kind, GraphQLObjectType) and kind is not SERVED.subscription_type
        for field_name, field in kind.fields.items()
        if "after" in field.args
    }
    known = SHARED | {name for name in after if any(f" {name}(" in document for document in LISTS)}
    assert after - known == set(), "say in LISTS or SHARED whose the new list is"


@pytest.mark.parametrize("document", LISTS)
async def test_somebody_elses_cursor_shows_nothing_of_theirs(document: str) -> None:
    found = await world()
    own, wang = found.callers["MEMBER"], found.others[Tag.MEMBER]["MEMBER"][0]
    assert own
    said = ids.decode_one(Tag.MEMBER, wang)
    other = replace(own, id=str(said))
    whole = f"query($c: String) {document.replace('first: 1', 'first: 100')}"
    mine, hers = [(await ask(whole, who=who)).data for who in (own, other)]
    assert shown(mine) & shown(hers) == set()
    assert list(cursors(hers))
    for cursor in cursors(hers):
        answer = await ask(whole, {"c": cursor}, who=own)
        assert answer.codes in ([], ["BAD_USER_INPUT"])
        assert shown(answer.data) <= shown(mine)
    bad = {
        json.dumps((await ask(whole, {"c": text}, who=own)).errors)
        for text in ("", "nobody", "a\x00b", wang, "A" * 300, "中")
    }
    assert len(bad) == 1
    assert "BAD_USER_INPUT" in bad.pop()
