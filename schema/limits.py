"""Limits: how large an operation may be, measured in one walk that is linear in its document."""

from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

SOURCE = 20_000
"""Characters of a document."""

TOKENS = 2_000
DEPTH = 12
ALIASES = 30
ROOT_FIELDS = 20
DIRECTIVES = 50
FIELDS = 300
"""Validation compares the fields of a selection in pairs. A whole introspection has some 240."""

NODES = 10_000
"""How many objects an operation may ask for, by the page sizes it names."""

MOST = 100
"""What a page may have at most, and so what a variable counts as."""

LISTS = {
    "members": 20,
    "purchases": 20,
    "entries": 20,
    "expiring": 20,
    "lines": 20,
    "documents": 20,
    "staff": 20,
    "stores": 20,
    "memberEvents": 20,
    "invitees": 20,
    "referrals": 20,
    "referralReviews": 20,
    "months": 20,
    "cohorts": 20,
}
"""What a list counts as where the document names no size."""

PAGE_ARGUMENTS = {"first", "last", "ids"}
CAP = 10**9
"""Where counting stops: what is far beyond a limit need not be exact."""

DIGITS = 10
"""How many digits of a page size are read. More than that is beyond every limit."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large a selection is, with its fragments unfolded."""

    depth: int = 0
    aliases: int = 0
    directives: int = 0
    nodes: int = 0
    fields: int = 0

    def beside(self, other: "Size") -> "Size":
        """Both selections side by side."""
        return Size(
            max(self.depth, other.depth),
            min(CAP, self.aliases + other.aliases),
            min(CAP, self.directives + other.directives),
            min(CAP, self.nodes + other.nodes),
            min(CAP, self.fields + other.fields),
        )


class _Measure:
    """Measures selections, each fragment once, however often it is spread."""

    def __init__(self, document: DocumentNode) -> None:
        self.fragments = {
            each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)
        }
        self.known: dict[str, Size] = {}
        self.open: set[str] = set()

    def of(self, selections: SelectionSetNode | None) -> Size:
        size = Size()
        for each in selections.selections if selections else ():
            size = size.beside(self._one(each)).beside(Size(directives=len(each.directives or ())))
        return size

    def _one(self, node: SelectionNode) -> Size:
        if isinstance(node, FragmentSpreadNode):
            return self._fragment(node.name.value)
        inner = self.of(getattr(node, "selection_set", None))
        if not isinstance(node, FieldNode):
            return inner
        if node.name.value.startswith("__"):
            # introspection is deep by nature; who may ask for it is decided elsewhere
            return Size(aliases=inner.aliases, directives=inner.directives, fields=inner.fields + 1)
        here = 1 if node.selection_set else 0
        nodes = min(CAP, (here + inner.nodes) * _page(node))
        aliases, fields = inner.aliases + bool(node.alias), inner.fields + 1
        return Size(inner.depth + 1, aliases, inner.directives, nodes, fields)

    def _fragment(self, name: str) -> Size:
        if name in self.known:
            return self.known[name]
        if name in self.open or name not in self.fragments:
            return Size()
        self.open.add(name)
        size = self.of(self.fragments[name].selection_set)
        self.open.discard(name)
        self.known[name] = size
        return size


def _page(node: FieldNode) -> int:
    """How many items a field multiplies what is below it by: its page size, or the most that a variable may say."""
    for argument in node.arguments or ():
        if argument.name.value in PAGE_ARGUMENTS:
            value = argument.value
            if isinstance(value, ListValueNode):
                return max(1, len(value.values))
            return max(1, int(value.value[:DIGITS])) if isinstance(value, IntValueNode) else MOST
    return LISTS.get(node.name.value, 1)


def excesses(document: DocumentNode) -> list[GraphQLError]:
    """What of a document goes beyond a limit."""
    measure = _Measure(document)
    found: list[GraphQLError] = []
    for each in document.definitions:
        if isinstance(each, OperationDefinitionNode):
            size = measure.of(each.selection_set)
            sizes = {
                "levels": (size.depth, DEPTH),
                "aliases": (size.aliases, ALIASES),
                "directives": (size.directives + len(each.directives or ()), DIRECTIVES),
                "root fields": (len(each.selection_set.selections), ROOT_FIELDS),
                "fields": (size.fields, FIELDS),
                "objects": (size.nodes, NODES),
            }
            found += [_excess(each, name, was, limit) for name, (was, limit) in sizes.items() if was > limit]
    return found


def introspects(document: DocumentNode) -> bool:
    """Whether a document asks for the schema itself, anywhere."""
    todo = [
        each.selection_set
        for each in document.definitions
        if isinstance(each, OperationDefinitionNode | FragmentDefinitionNode)
    ]
    while todo:
        for node in todo.pop().selections:
            if isinstance(node, FieldNode) and node.name.value in ("__schema", "__type"):
                return True
            if inner := getattr(node, "selection_set", None):
                todo.append(inner)
    return False


def _excess(node: OperationDefinitionNode, name: str, was: int, limit: int) -> GraphQLError:
    said = f"The operation has too many {name}: {min(was, CAP)}, and {limit} are allowed."
    return GraphQLError(said, [node], extensions={"code": "OPERATION_TOO_COMPLEX"})
