"""Shapes: what compiled functions use to walk lists and nulls, and to tell the types of objects apart."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from itertools import accumulate, chain, pairwise
from typing import Any, TypeAlias, TypeVar

from graphql import GraphQLNamedType, GraphQLObjectType, Undefined

from schema.compiler._leaves import Complete, Declined, refuse

Objects: TypeAlias = list[Any]
T = TypeVar("T")

CLASSES = 1_000
"""How many classes a type remembers to be its own."""


def _items(value: Any) -> Sequence[Any]:
    if value.__class__ is list or isinstance(value, list | tuple):
        return value
    raise Declined("A list that is none, or that has yet to be made.")


def listed(value: Any) -> Objects:
    """The items of a list; nobody else's, so that it stays as it is."""
    return [*_items(value)]


def flat(lists: Iterable[Any]) -> Objects:
    """The items of all lists, one after another."""
    return list(chain.from_iterable(map(_items, lists)))


def flat_there(lists: Iterable[Any]) -> Objects:
    """The items of all lists that are there."""
    return [item for each in lists if each is not None for item in _items(each)]


def regroup(lists: Objects, items: Objects) -> Objects:
    """The items as lists again, as long as these; null where there was no list.

    Where a list was changed meanwhile nobody knows whose the items are.
    """
    ends = list(accumulate([0 if each is None else len(each) for each in lists], initial=0))
    if ends[-1] != len(items):
        raise Declined("A list that is longer or shorter than it was.")
    return [
        None if each is None else items[start:end] for each, (start, end) in zip(lists, pairwise(ends), strict=True)
    ]


def there(values: Objects) -> Objects:
    """The values that are there."""
    return [each for each in values if each is not None]


def among(values: Objects, found: Objects) -> Objects:
    """What was found for the values that are there, with the nulls between."""
    if len(found) == len(values):
        return found
    left: Iterator[Any] = iter(found)
    return [None if each is None else next(left) for each in values]


def classes(them: Objects) -> set[type]:
    """The classes of some objects."""
    return set(map(type, them))


def listing(complete: Complete, *, nullable: bool) -> Complete:
    """How a list is completed whose items are."""

    def completed(value: Any) -> Any:
        if value is None and nullable:
            return None
        return [complete(item) for item in _items(value)]

    return completed


BY_CLASS = "by_class"


def by_class(is_type_of: T) -> T:
    """Say of a type's own `is_type_of` that the class of an object decides, so that each is asked about once."""
    setattr(is_type_of, BY_CLASS, True)
    return is_type_of


class Checking:
    """Declines whatever is no object of a type. A class that was found to be of it is not asked about again."""

    def __init__(self, kind: GraphQLObjectType) -> None:
        self.kind = kind
        self.is_type_of: Any = kind.is_type_of
        self.remembers = not decides_itself(kind, "is_type_of") or hasattr(self.is_type_of, BY_CLASS)
        self.known: set[type] = set()
        self.objects: set[type] = set()
        """The classes whose objects are objects: neither exceptions, nor to be awaited."""

    def __call__(self, them: Objects) -> set[type]:
        """Look at all objects of a level; their classes. Raises: Declined."""
        kinds = classes(them)
        if not kinds <= self.known:
            for it in them:
                if type(it) not in self.known:
                    self.one(it)
        return kinds

    def one(self, it: Any) -> None:
        """Look at an object. Raises: Declined."""
        if type(it) not in self.objects:
            self._look_at(it)
        if self.is_type_of is not None and self.is_type_of(it, None) is not True:
            raise Declined(f"Something that is no {self.kind.name}.")
        if self.remembers and len(self.known) < CLASSES:
            self.known.add(type(it))

    def _look_at(self, it: Any) -> None:
        if it is None or it is Undefined:
            raise Declined(f"Null for a {self.kind.name}, which may not be null.")
        refuse(it)
        if len(self.objects) < CLASSES:
            self.objects.add(type(it))


def decides_itself(kind: GraphQLNamedType, how: str) -> bool:
    """Whether a type has a function of its own, not strawberry's, to tell its objects; it may look at each."""
    return getattr(kind.extensions.get("strawberry-definition"), how, None) is not None


Resolve: TypeAlias = Callable[[Any, Any], Any]
"""Which type an object is of, by its name, for a run."""


class Kinds:
    """A place in a document where objects of several types may stand, each with a function of its own."""

    def __init__(
        self,
        resolve: Resolve,
        functions: dict[str, Callable[..., Any]],
        checks: dict[str, Checking],
        awaiting: frozenset[str],
        *,
        remembers: bool,
    ) -> None:
        self.resolve = resolve
        self.functions = functions
        self.checks = checks
        self.awaiting = awaiting
        self.remembers = remembers
        self.known: dict[type, str] = {}

    def _sorted(self, them: Objects, run: Any) -> dict[str, list[int]]:
        """The places of the objects of each type."""
        places: dict[str, list[int]] = {}
        for place, it in enumerate(them):
            kind = self.known.get(type(it)) or self._kind_of(it, run)
            places.setdefault(kind, []).append(place)
        return places

    def _kind_of(self, it: Any, run: Any) -> str:
        if it is None or it is Undefined:
            raise Declined("Null for an object, which may not be null.")
        refuse(it)
        kind = self.resolve(it, run)
        if not isinstance(kind, str) or kind not in self.functions:
            raise Declined("An object whose type nobody knows.")
        definition = getattr(type(it), "__strawberry_definition__", None)
        if self.remembers and definition is not None and definition.name == kind and len(self.known) < CLASSES:
            self.known[type(it)] = kind
        return kind

    def _called(self, them: Objects, run: Any) -> Iterator[tuple[str, list[int], Any]]:
        for kind, places in self._sorted(them, run).items():
            group = [them[place] for place in places]
            self.checks[kind](group)
            yield kind, places, self.functions[kind](group, run, kind)

    def __call__(self, them: Objects, run: Any) -> Objects:
        """The objects' answers, where none has to be waited for."""
        answers: Objects = [None] * len(them)
        for _, places, done in self._called(them, run):
            for place, answer in zip(places, done, strict=True):
                answers[place] = answer
        return answers

    async def awaited(self, them: Objects, run: Any) -> Objects:
        """The objects' answers."""
        answers: Objects = [None] * len(them)
        for kind, places, called in self._called(them, run):
            done = await _settled(called) if kind in self.awaiting else called
            for place, answer in zip(places, done, strict=True):
                answers[place] = answer
        return answers


async def _settled(called: Awaitable[Objects]) -> Objects:
    return await called
