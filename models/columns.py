"""Columns: how a row's values become those of its table's columns, found out once for a model and its names."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from operator import call, itemgetter
from typing import Any

import orjson
from tortoise.fields import DatetimeField, JSONField, UUIDField
from tortoise.fields.base import Field
from tortoise.models import Model
from uuid_utils.compat import uuid7

from models.units import new_id

Writer = Callable[[Any, type[Model]], Any]
Values = tuple[Any, ...]


class Passing:
    """How values become those that the database takes, in place; most are so already."""

    __slots__ = ("_kinds", "_writers")

    def __init__(self) -> None:
        self._kinds: list[tuple[int, type[str]]] = []
        """Where there are texts, and of what class they are."""
        self._writers: list[tuple[int, Writer, type[Model]]] = []
        """Where there is what passes through a writer, and of which model."""

    def see(self, model: type[Model], names: tuple[str, ...], dialect: str) -> "Passing":
        """See to the values of these fields, which are the first."""
        for place, name in enumerate(names):
            kind, write = _passing(model, name, dialect)
            if kind is not None:
                self._kinds.append((place, kind))
            if write is not None:
                self._writers.append((place, write, model))
        return self

    def join(self, other: "Passing", at: int) -> None:
        """See to what another sees to, as well; its values begin there."""
        self._kinds += [(at + place, kind) for place, kind in other._kinds]
        self._writers += [(at + place, write, model) for place, write, model in other._writers]

    def pass_on(self, values: list[Any]) -> None:
        """Make them so."""
        for place, kind in self._kinds:
            value = values[place]
            # what is of the class is the text already
            if value.__class__ is not kind and value is not None:
                values[place] = str(kind(value))
        for place, write, model in self._writers:
            values[place] = write(values[place], model)


class Insertion:
    """How rows that name the same fields become one table's columns."""

    __slots__ = ("_given", "_made", "_names", "_told", "columns", "model", "passing", "whole")

    def __init__(self, model: type[Model], dialect: str, names: tuple[str, ...]) -> None:
        columns = {column: name for name, column in model._meta.fields_db_projection.items()}
        given = [columns.get(name, name) for name in names]
        left = [(name, model._meta.fields_map[name].default) for name in columns.values() if name not in given]
        made = {name: new_id if default is uuid7 else default for name, default in left if callable(default)}
        told = {name: default for name, default in left if default is not None and name not in made}
        named = (*given, *made, *told)
        self.passing = Passing().see(model, named, dialect)
        self.model = model
        self.columns = tuple(model._meta.fields_db_projection[name] for name in named)
        self._names = names
        self._given = picked(names)
        self._made, self._told = tuple(made.values()), tuple(told.values())
        self.whole: Callable[[Values], Values] = self._whole if made or told else tuple
        """The values of the columns, by those of the names."""

    def given(self, row: Mapping[str, Any]) -> Values:
        """The row's values in the order of the names.

        Raises: ValueError, when it names other fields.
        """
        if len(row) != len(self._names):
            raise ValueError(f"Rows for {self.model.__name__} must all name the same fields.")
        try:
            return self._given(row)
        except KeyError as missing:
            raise ValueError(f"Rows for {self.model.__name__} must all name the field {missing}.") from missing

    def _whole(self, given: Values) -> Values:
        return (*given, *map(call, self._made), *self._told)

    def values(self, given: Values) -> list[Any]:
        """The same, as the database takes them."""
        values = [*self.whole(given)]
        self.passing.pass_on(values)
        return values


def picked(names: tuple[str, ...]) -> Callable[[Mapping[str, Any]], Values]:
    """A function that takes these values from a row."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda row: tuple(row[name] for name in names)


@lru_cache(maxsize=1_024)
def insertion(model: type[Model], dialect: str, names: tuple[str, ...]) -> Insertion:
    """How rows of a model that name these fields are inserted."""
    return Insertion(model, dialect, names)


def field_of(model: type[Model], column: str) -> Field[Any]:
    """The field behind a column."""
    names = {held: name for name, held in model._meta.fields_db_projection.items()}
    return model._meta.fields_map[names[column]]


def _passing(model: type[Model], name: str, dialect: str) -> tuple[type[str] | None, Writer | None]:
    """Of what class a field's values are told as they are, or what they pass through; nothing where all do."""
    field = model._meta.fields_map[name]
    if dialect == "postgres":
        return _postgres(field)
    if type(field).to_db_value is Field.to_db_value and not field.validators:
        return None, None
    return None, field.to_db_value


def _postgres(field: Field[Any]) -> tuple[type[str] | None, Writer | None]:
    """What Tortoise's fields do, without its way round: the driver knows ids and moments, and checks them."""
    kind = getattr(field, "enum_type", None)
    if isinstance(field, UUIDField | DatetimeField) or type(field).to_db_value is Field.to_db_value:
        return None, None
    if isinstance(kind, type) and issubclass(kind, str):
        return kind, None
    if isinstance(field, JSONField):
        told = field.to_db_value
        return (
            None,
            lambda value, model: orjson.dumps(value).decode() if value.__class__ is dict else told(value, model),
        )
    return None, field.to_db_value
