"""Poisoning: inputs with one of their parts replaced by poison, as many as are worth sending.

What the type of a part refuses never reaches the mutation: it is the type that is tried, wherever it stands. So
each place is sent a quarter of that, and every type is sent all of it at many places; PostgreSQL, which would not
hear of it, is spared. Whatever a type takes is sent everywhere.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from zlib import crc32

from graphql import (
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    Undefined,
    get_nullable_type,
)
from graphql.utilities import coerce_input_value
from strawberry.exceptions import StrawberryInputCoercionError

from tests import lengths
from tests.poison import POISON, poisoned

SHARE = 4
_refused: dict[tuple[str, int], bool] = {}


def spoiled(
    where: str, kinds: Mapping[str, GraphQLInputType], given: dict[str, Any], dialect: str
) -> Iterator[tuple[Any, bool]]:
    """What is worth sending to some place that takes parts of those kinds, and whether a type alone refuses it."""
    parts = _parts(kinds, given)
    for number, drop in enumerate(POISON):
        for place, (kind, bad) in enumerate(zip(parts, poisoned(given, drop), strict=True)):
            refused = _is_refused(kind, number)
            spared = dialect == "postgres" or (crc32(where.encode()) + place + number) % SHARE
            if not refused or lengths.is_long() or not spared:
                yield bad, refused


def is_told(codes: list[str], *, refused: bool) -> bool:
    """Whether an answer with those codes blames nobody but the sender; what a type refuses, it must."""
    return set(codes) == {"BAD_USER_INPUT"} or (codes == [] and not refused)


def kinds_of(kind: GraphQLInputObjectType) -> dict[str, GraphQLInputType]:
    """The kinds of an input's parts."""
    return {name: each.type for name, each in kind.fields.items()}


def _parts(kinds: Mapping[str, GraphQLInputType], given: dict[str, Any]) -> list[GraphQLInputType]:
    """The kind of each part that `poisoned` replaces, in its order."""
    return [each for name, part in given.items() for each in (kinds[name], *_below(kinds[name], part))]


def _below(kind: GraphQLInputType, given: Any) -> list[GraphQLInputType]:
    plain = get_nullable_type(kind)
    if isinstance(given, dict) and isinstance(plain, GraphQLInputObjectType):
        return _parts(kinds_of(plain), given)
    if isinstance(given, list) and isinstance(plain, GraphQLList):
        return [plain.of_type, *_below(plain.of_type, given[0])]
    return []


def _is_refused(kind: GraphQLInputType, number: int) -> bool:
    key = (str(kind), number)
    if key not in _refused:
        try:
            _refused[key] = coerce_input_value(POISON[number], kind) is Undefined
        except StrawberryInputCoercionError:
            _refused[key] = True
    return _refused[key]
