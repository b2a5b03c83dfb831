"""What an operation asks of a member: read once for a document, and not kept for all that ever came."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from graphql import FieldNode, OperationDefinitionNode, get_named_type, is_leaf_type, parse

from schema.context import Info
from schema.members import _wanted
from schema.members._wanted import CHARACTERS, wanted
from tests.people import adjust, buy, member, programme
from tests.schema.asking import OWNER, ask, member_id
from tests.schema.matrix import asked as called
from tests.schema.matrix import kind_of


def asked(name: str, room: int = 0) -> Info:
    """What a resolver of `me` is told in a document of that name, with so much room in it."""
    document = parse(f"query {name} {{ me {{ points {{ available }} }} }}{' ' * room}")
    operation = cast("OperationDefinitionNode", document.definitions[0])
    node = cast("FieldNode", operation.selection_set.selections[0])
    raw: Any = SimpleNamespace(field_nodes=[node], fragments={})
    return cast("Info", SimpleNamespace(_raw_info=raw, variable_values={}))


def test_what_is_asked_is_read_once_for_a_document() -> None:
    info = asked("Once")
    assert wanted(info) is wanted(info)
    assert wanted(info).whole


def test_the_documents_of_which_something_is_remembered_are_not_long_together() -> None:
    for number in range(40):
        wanted(asked(f"Q{number}", room=20_000))
        kept = [nodes[0].loc for nodes, _ in _wanted._memory.known.values()]
        assert sum(len(each.source.body) for each in kept if each) <= CHARACTERS
    assert _wanted._memory.known


def below(kind: str, levels: int) -> list[str]:
    """The fields of a type, each with all that is some levels below it."""
    found = []
    for name, field in kind_of(kind).fields.items():
        inner = get_named_type(field.type)
        if is_leaf_type(inner):
            found.append(called(name, field, ""))
        elif levels:
            found.append(f"{called(name, field, '')} {{ __typename {' '.join(below(inner.name, levels - 1))} }}")
    return found


SHOWN = [
    *below("Member", 1),
    *(f"points {{ {each} }}" for each in below("PointsAccount", 1)),
    *(f"tierProgress {{ {each} }}" for each in below("TierProgress", 1)),
]


@pytest.mark.parametrize("shown", SHOWN)
async def test_whatever_is_shown_of_a_member_is_the_same_in_a_list(shown: str) -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 30_000)
    await adjust(mei, 10)
    alone = f'member(by: {{ id: "{member_id(mei)}" }})'
    answer = await ask(f"{{ members {{ nodes {{ id {shown} }} }} {alone} {{ id {shown} }} }}", who=OWNER)
    assert answer["members"] == {"nodes": [answer["member"]]}
