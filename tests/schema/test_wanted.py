"""What an operation asks of a member: read once for a document, and not kept for all that ever came."""

from types import SimpleNamespace
from typing import Any, cast

from graphql import FieldNode, OperationDefinitionNode, parse

from schema.context import Info
from schema.members import _wanted
from schema.members._wanted import CHARACTERS, wanted


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
