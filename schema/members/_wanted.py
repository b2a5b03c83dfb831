"""What an operation asks of a member, read from its fields, so that one statement fetches it.

It is read once for a document and remembered. `@skip` and `@include` are not looked at: at worst too much is
fetched. What a resolver is not found to have been asked for it reads by itself.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    SelectionSetNode,
    VariableNode,
)
from graphql.pyutils import camel_to_snake

from schema.context import Info
from schema.pages import DEFAULT, MOST

JOINED = {"tier", "tierProgress", "card", "profile"}
"""The relations that are read with the member."""

LISTS = {"entries", "holds"}
HANGS = {*LISTS, "expiring", "__typename"}
"""What hangs on an account, and is none of its figures."""

GOES_BY = frozenset(
    {"member_id", "state", "joined_at", "created_at", "sealed", "tier_id", "changes_at", "held", "has_ripened"}
)
"""The attributes of a member read with their relations that these go by, whatever is shown of them."""

PROGRESS = {"growth", "tier_since"}
"""The attributes that nothing shows but a member's progress."""

ITEMS = {"nodes", "edges", "node"}
CHARACTERS = 250_000
"""How long the texts may be together of which something is remembered: with a node, all of its document is kept."""

Fields = dict[str, list[FieldNode]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of a member."""

    only_lists: bool
    """Nothing but lists that hang on their account."""
    whole: bool
    """Anything of their standing, account or profile."""
    shown: frozenset[str]
    """Where that is so, the attributes that are shown of it, and those that relations go by."""
    soon: int | str | None
    """How many expiries are asked for, or the variable that says so; None for none, or differently many."""

    def most(self, info: Info) -> int | None:
        """How many expiries to fetch with the member; None where none are asked for, or differently many."""
        number: object = self.soon
        if isinstance(number, str):
            number = info.variable_values.get(number, DEFAULT)
        return number if isinstance(number, int) and 1 <= number <= MOST else None


class Memory:
    """What is known of some fields' nodes, by their addresses."""

    def __init__(self) -> None:
        self.known: dict[tuple[int, ...], tuple[list[FieldNode], Wanted]] = {}
        self.characters = 0

    def keep(self, key: tuple[int, ...], nodes: list[FieldNode], found: Wanted) -> None:
        """Remember what was found, and forget all else where that would be too much."""
        text = len(nodes[0].loc.source.body) if nodes[0].loc else 0
        if self.characters + text > CHARACTERS:
            self.known.clear()
            self.characters = 0
        # the nodes are kept, so that no others can be at their addresses
        self.known[key] = nodes, found
        self.characters += text


_memory = Memory()


def wanted(info: Info) -> Wanted:
    """What an operation asks of the member, or of each of the members, a field answers."""
    raw = info._raw_info
    key = tuple(map(id, raw.field_nodes))
    if known := _memory.known.get(key):
        return known[1]
    nodes = list(raw.field_nodes)
    found = _read(nodes, raw.fragments)
    _memory.keep(key, nodes, found)
    return found


def _read(nodes: list[FieldNode], fragments: Mapping[str, FragmentDefinitionNode]) -> Wanted:
    asked = _below(nodes, fragments)
    while items := [node for name in ITEMS & asked.keys() for node in asked.pop(name)]:
        for name, more in _below(items, fragments).items():
            asked.setdefault(name, []).extend(more)
    account = _below(asked.get("points", []), fragments)
    places = account.get("expiring", [])
    figures = map(camel_to_snake, account.keys() - HANGS)
    return Wanted(
        only_lists=asked.keys() == {"points"} and bool(account) and account.keys() <= LISTS,
        whole=not account.keys() <= HANGS or bool(places) or not JOINED.isdisjoint(asked),
        shown=GOES_BY.union(figures, PROGRESS if "tierProgress" in asked else ()),
        soon=_many(places[0]) if len(places) == 1 else None,
    )


def _below(nodes: list[FieldNode], fragments: Mapping[str, FragmentDefinitionNode]) -> Fields:
    """The fields below some, by their names."""
    found: Fields = {}
    for node in nodes:
        for field in _fields(node.selection_set, fragments):
            found.setdefault(field.name.value, []).append(field)
    return found


def _fields(
    selected: SelectionSetNode | None, fragments: Mapping[str, FragmentDefinitionNode]
) -> Iterator[FieldNode]:
    for node in selected.selections if selected else ():
        if isinstance(node, FieldNode):
            yield node
        elif isinstance(node, InlineFragmentNode):
            yield from _fields(node.selection_set, fragments)
        elif isinstance(node, FragmentSpreadNode):
            yield from _fields(fragments[node.name.value].selection_set, fragments)


def _many(node: FieldNode) -> int | str | None:
    """How many a field asks for, or the variable that says so; None where neither is known."""
    for each in node.arguments or ():
        if each.name.value == "first":
            if isinstance(each.value, IntValueNode):
                return int(each.value.value)
            return each.value.name.value if isinstance(each.value, VariableNode) else None
    return DEFAULT
