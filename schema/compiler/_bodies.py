"""Bodies: the lines of a function, for one object at a time or for all objects of a level at once."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from inspect import iscoroutinefunction
from typing import Any, Protocol, TypeAlias

from graphql import (
    GraphQLEnumType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
)
from graphql.execution.collect_fields import FieldDetailsList, GroupedFieldSet

from schema.compiler._asking import BATCH, SHOWN, Arguments, Information, Place, Shown, asks_what_is_shown
from schema.compiler._completing import Completing, leaf_list
from schema.compiler._leaves import NotCovered, is_leaf
from schema.compiler._reading import Reading

TYPENAME = "__typename"
LOCAL = ("_", "_column", "_items", "_info", "_arguments")
"""How the variables of a function end, as nothing outside of it does, so that no alias of a client's hides one."""

INLINE_DEPTH = 8
"""How deep one function nests objects; below, there is another one."""

Keys: TypeAlias = tuple[str, ...]
"""Where a selection set stands: the keys of the answer on the way to it."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function that was written: its name, and whether it has to be awaited."""

    name: str
    awaits: bool


class Writing(Protocol):
    """Who writes the functions of an operation."""

    core: GraphQLSchema
    completing: Completing

    def name_of(self, wanted: str, meant: Any) -> str:
        """A name for something the functions use, as it was wanted or with a number."""

    def place(self, kind: GraphQLObjectType, details: FieldDetailsList, keys: Keys) -> Place:
        """Where a field stands. Raises: NotCovered."""

    def below(self, kind: GraphQLObjectType, details: FieldDetailsList) -> GroupedFieldSet:
        """The fields of the objects of a type at a place."""

    def shown(self, kind: GraphQLObjectType, details: FieldDetailsList) -> Shown:
        """The attributes that are shown below a field."""

    def is_alone(self, kind: GraphQLObjectType, details: FieldDetailsList) -> bool:
        """Whether a selection set stands at one place, so that it needs no function of its own."""

    def check(self, text: "Text", kind: GraphQLObjectType, variable: str, keys: Keys) -> None:
        """Write what declines one object that is not of a type; a class that was found to be is only looked up."""

    def one(self, kind: GraphQLObjectType, details: FieldDetailsList, keys: Keys) -> Function:
        """The function of one object of a type at a place."""

    def many(self, kind: GraphQLObjectType, details: FieldDetailsList, keys: Keys) -> Function:
        """The function of the objects of one type at a place."""

    def kinds(self, abstract: GraphQLNamedType, details: FieldDetailsList, place: Place, keys: Keys) -> Function:
        """The functions of the objects at a place where an interface or a union stands."""


class Text:
    """A function that is being written: its lines so far, and the names of its variables."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.awaits = False
        self.depth = 1
        self._taken: set[str] = set()

    def add(self, *lines: str) -> None:
        """Write some lines."""
        self.lines += ["    " * self.depth + each for each in lines]

    @contextmanager
    def within(self, line: str) -> Iterator[None]:
        """Write a line, and what follows below it."""
        self.add(line)
        self.depth += 1
        yield
        self.depth -= 1

    def local(self, stem: str, ending: str) -> str:
        """A variable that no other line means."""
        name, number = f"{stem}{ending}", 1
        while name in self._taken:
            number += 1
            name = f"{stem}_{number}{ending}"
        self._taken.add(name)
        return name


class Body:
    """How the fields of a selection set are come by and completed."""

    def __init__(self, writer: Writing, text: Text, kind: GraphQLObjectType, keys: Keys) -> None:
        self.writer = writer
        self.text = text
        self.kind = kind
        self.keys = keys
        self.known: dict[tuple[int, str | None], str] = {}
        """The variables that hold what a batch gave which several fields ask for."""
        self.shared: frozenset[int] = frozenset()

    def _sharing(self, fields: GroupedFieldSet) -> None:
        """Find the batches that several fields ask."""
        places = [
            self.writer.place(self.kind, each, ())
            for each in fields.values()
            if each[0].node.name.value != TYPENAME
        ]
        batches = [batch for place in places if (batch := self._batch(place)) is not None]
        asked = Counter(id(batch) for batch in batches if not asks_what_is_shown(batch))
        self.shared = frozenset(each for each, times in asked.items() if times > 1)

    def _batch(self, place: Place) -> Any:
        """The batch function of a relation; what is done is done by its resolver."""
        return None if self._is_done else place.field.metadata.get(BATCH)

    def _named(self, own: str, batch: Any, details: FieldDetailsList) -> str:
        """The name of a batch function, which is told what is shown below if it asks for that."""
        told = {SHOWN: self.writer.shown(self.kind, details)} if asks_what_is_shown(batch) else None
        return self.writer.name_of(f"{own}_batch", partial(batch, **told) if told else batch)

    @property
    def _is_done(self) -> bool:
        """Whether its fields do something."""
        return self.kind is self.writer.core.mutation_type and not self.keys

    def _called(self, key: str, place: Place) -> str:
        """The call of a resolver for an object, as an expression."""
        resolver: Any = place.field.base_resolver
        own = f"{place.kind.name}_{place.field.python_name}"
        call = f"{self.writer.name_of(own, resolver.wrapped_func)}({', '.join(self._parts(key, own, place))})"
        if self._is_done:
            if not place.field.is_async:
                raise NotCovered(f"{own}, a mutation that is not async")
            call = f"run.once({call})"
        if place.field.is_async:
            self.text.awaits = True
            call = f"await {call}"
        return call

    def _parts(self, key: str, own: str, place: Place) -> list[str]:
        """What a resolver is called with."""
        resolver: Any = place.field.base_resolver
        it = self._it
        parts = [it] if resolver.self_parameter else []
        parts += [
            f"{each.name}={it}" for each in (resolver.parent_parameter, resolver.root_parameter) if each is not None
        ]
        if resolver.info_parameter is not None:
            name = self.writer.name_of(f"{own}_info_for", Information(place))
            info = self.text.local(self._stem(key), "_info")
            self.text.add(f"{info} = {name}(run)")
            parts.append(f"{resolver.info_parameter.name}={info}")
        given = self._given(key, own, place, each_has_its_own=True)
        return [*parts, f"**{given}"] if given else parts

    def _given(self, key: str, own: str, place: Place, *, each_has_its_own: bool = False) -> str | None:
        """The arguments of a field, as an expression that is a dictionary; None where it takes none."""
        if not place.field.arguments:
            return None
        arguments = Arguments(place)
        if arguments.are_constant:
            return self.writer.name_of(f"{own}_given", arguments.constants)
        name = self.writer.name_of(f"{own}_arguments_for", arguments)
        if not arguments.are_plain and each_has_its_own:
            # a resolver may change what it is given
            return f"{name}(run)"
        variable = self.text.local(self._stem(key), "_arguments")
        self.text.add(f"{variable} = {name}(run)")
        return variable

    def _function(self, name: str, value: str, *, awaits: bool) -> str:
        """The call of a function that was written, as an expression."""
        self.text.awaits = self.text.awaits or awaits
        return f"{'await ' if awaits else ''}{name}({value}, run)"

    def _leaf(self, kind: GraphQLOutputType, variable: str) -> str:
        """The expression that completes a leaf's value."""
        inner: Any = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
        if isinstance(inner, GraphQLList):
            return f"{self.writer.name_of(f'{variable}list', leaf_list(kind))}({variable})"
        nullable = not isinstance(kind, GraphQLNonNull)
        return self.writer.completing.expression(inner, variable, self.writer.name_of, nullable=nullable)

    _it = "it"

    def _stem(self, key: str) -> str:
        return key


class One(Body):
    """The fields of one object, each in a variable of its own."""

    def __init__(
        self, writer: Writing, text: Text, kind: GraphQLObjectType, keys: Keys, it: str, since: int
    ) -> None:
        super().__init__(writer, text, kind, keys)
        self._it = it
        self.since = since
        """How many keys lie above what the function begins with."""

    def answer(self, fields: GroupedFieldSet) -> list[str]:
        """Write how the fields are come by, and give the lines that are the answer."""
        self._sharing(fields)
        return _literal({key: self._field(key, details) for key, details in fields.items()})

    def _stem(self, key: str) -> str:
        return "_".join((*self.keys[self.since :], key))

    def _field(self, key: str, details: FieldDetailsList) -> str:
        """Write how a field is come by; what completes it, as an expression."""
        if details[0].node.name.value == TYPENAME:
            return repr(self.kind.name)
        place = self.writer.place(self.kind, details, (*self.keys, key))
        kind = place.definition.type
        variable = self.text.local(self._stem(key), "_")
        self._value(key, variable, place, details)
        if is_leaf(get_named_type(kind)):
            return self._leaf(kind, variable)
        self._complete(kind, variable, details, place)
        return variable

    def _value(self, key: str, variable: str, place: Place, details: FieldDetailsList) -> None:
        """Write what gives a field's value."""
        batch = self._batch(place)
        if batch is not None:
            self._ask(key, variable, batch, place, details)
        elif place.field.base_resolver is None:
            self.text.add(f"{variable} = {self._it}.{place.field.python_name}")
        else:
            self.text.add(f"{variable} = {self._called(key, place)}")

    def _ask(self, key: str, variable: str, batch: Any, place: Place, details: FieldDetailsList) -> None:
        """Write how a relation is asked for. A plain batch function gives a list, or what is to be awaited."""
        own = f"{place.kind.name}_{place.field.python_name}"
        given = self._given(key, own, place)
        if known := self.known.get((id(batch), given)):
            self.text.add(f"{variable} = {known}")
            return
        parts = f"[{self._it}], run.context" + (f", **{given}" if given else "")
        call = f"{self._named(own, batch, details)}({parts})"
        self.text.awaits = True
        if iscoroutinefunction(batch):
            self.text.add(f"[{variable}] = await {call}")
        else:
            column = self.text.local(self._stem(key), "_column")
            self.text.add(f"{column} = {call}")
            self.text.add(f"[{variable}] = {column} if {column}.__class__ is list else await {column}")
        if id(batch) in self.shared:
            self.known[id(batch), given] = found = self.text.local(self._stem(key), "_items")
            self.text.add(f"{found} = {variable}")

    def _complete(self, kind: GraphQLOutputType, variable: str, details: FieldDetailsList, place: Place) -> None:
        """Write how an object or a list is completed."""
        if not isinstance(kind, GraphQLNonNull):
            with self.text.within(f"if {variable} is not None:"):
                self._complete_there(kind, variable, details, place)
        else:
            self._complete_there(kind.of_type, variable, details, place)

    def _complete_there(self, kind: Any, variable: str, details: FieldDetailsList, place: Place) -> None:
        if isinstance(kind, GraphQLList):
            self.text.add(f"{variable} = listed({variable})")
            items = Many(self.writer, self.text, self.kind, self.keys, "")
            items.complete(kind.of_type, variable, details, place)
        elif not isinstance(kind, GraphQLObjectType):
            function = self.writer.kinds(get_named_type(kind), details, place, place.keys)
            self.text.add(
                f"[{variable}] = {self._function(function.name, f'[{variable}]', awaits=function.awaits)}"
            )
        elif self.text.depth < INLINE_DEPTH and self.writer.is_alone(kind, details):
            self.writer.check(self.text, kind, variable, place.keys)
            inner = One(self.writer, self.text, kind, place.keys, variable, self.since)
            lines = inner.answer(self.writer.below(kind, details))
            self.text.add(f"{variable} = {lines[0]}", *lines[1:])
        else:
            function = self.writer.one(kind, details, place.keys)
            self.text.add(f"{variable} = {self._function(function.name, variable, awaits=function.awaits)}")


class Many(Body):
    """The fields of all objects of a level: columns, which hold a value for each object."""

    def __init__(self, writer: Writing, text: Text, kind: GraphQLObjectType, keys: Keys, typename: str) -> None:
        super().__init__(writer, text, kind, keys)
        self.typename = typename
        self.columns: dict[str, str] = {}
        """The columns an answer is made of, by the variables that hold one object's value."""
        self.read: dict[str, str] = {}
        """The attributes that are read last, by their columns."""

    def answer(self, fields: GroupedFieldSet) -> None:
        """Write the fields, and the answers they make."""
        self._sharing(fields)
        answer = _literal({key: self._field(key, details) for key, details in fields.items()})
        if self.read:
            self.text.add(f"[{', '.join(self.read)}] = {self._reading('columns', *self.read.values())}")
        self.text.add("return [", *(f"    {each}" for each in answer))
        if self.columns:
            columns = ", ".join(self.columns.values())
            self.text.add(f"    for it, {', '.join(self.columns)} in zip(them, {columns}, strict=True)", "]")
        else:
            self.text.add("    for it in them", "]")

    def _reading(self, wanted: str, *attributes: str) -> str:
        """What reads some attributes of all objects, a column for each, as an expression."""
        return f"{self.writer.name_of(f'{self.kind.name}_{wanted}', Reading(attributes))}(them, kinds)"

    def _field(self, key: str, details: FieldDetailsList) -> str:
        """Write how a field is come by; what completes one object's, as an expression."""
        if details[0].node.name.value == TYPENAME:
            return self.typename
        place = self.writer.place(self.kind, details, (*self.keys, key))
        kind = place.definition.type
        variable, column = self.text.local(key, "_"), self.text.local(key, "_column")
        self.columns[variable] = column
        leaf = is_leaf(get_named_type(kind))
        if place.field.base_resolver is not None:
            self.text.add(f"{column} = {self._values(key, place, details)}")
        elif leaf:
            self.read[column] = place.field.python_name
        else:
            name = place.field.python_name
            self.text.add(f"[{column}] = {self._reading(name, name)}")
        if isinstance(enum := get_nullable_type(kind), GraphQLEnumType):
            # named on the way, which costs less than to be looked up in each object's own line
            naming = self.writer.completing.naming(enum, self.writer.name_of, nullable=enum is kind)
            self.columns[variable] = f"map({naming}, {column})"
        elif leaf:
            return self._leaf(kind, variable)
        else:
            self.complete(kind, column, details, place)
        return variable

    def _values(self, key: str, place: Place, details: FieldDetailsList) -> str:
        """What gives a field's value for each object, as an expression."""
        batch = self._batch(place)
        if batch is None:
            return f"[{self._called(key, place)} for it in them]"
        own = f"{place.kind.name}_{place.field.python_name}"
        given = self._given(key, own, place)
        if known := self.known.get((id(batch), given)):
            return known
        self.text.awaits = True
        call = f"await run.batch({self._named(own, batch, details)}, them, {given or '{}'})"
        if id(batch) not in self.shared:
            return call
        self.known[id(batch), given] = found = self.text.local(key, "_items")
        self.text.add(f"{found} = {call}")
        return found

    def complete(self, kind: GraphQLOutputType, column: str, details: FieldDetailsList, place: Place) -> None:
        """Write how a column of objects, or of lists of them, is completed."""
        nullable = not isinstance(kind, GraphQLNonNull)
        inner = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
        if isinstance(inner, GraphQLList):
            items = self.text.local(column, "_items")
            self.text.add(f"{items} = {'flat_there' if nullable else 'flat'}({column})")
            self.complete(inner.of_type, items, details, place)
            self.text.add(f"{column} = regroup({column}, {items})")
            return
        if isinstance(inner, GraphQLObjectType):
            function = self.writer.many(inner, details, place.keys)
        else:
            function = self.writer.kinds(get_named_type(inner), details, place, place.keys)
        if nullable:
            call = self._function(function.name, f"there({column})", awaits=function.awaits)
            self.text.add(f"{column} = among({column}, {call})")
        else:
            self.text.add(f"{column} = {self._function(function.name, column, awaits=function.awaits)}")


def _literal(answer: Mapping[str, str]) -> list[str]:
    """The lines of a dictionary of these expressions."""
    return ["{", *(f"    {key!r}: {value}," for key, value in answer.items()), "}"]
