"""Columns: how a row's values become those of its table's columns, found out once for a model and its names."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from operator import itemgetter
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
    """How the values of some of a model's fields become those that the database takes, in place."""

    __slots__ = ("_kinds", "_model", "_writers", "columns")

    def __init__(self, model: type[Model], names: tuple[str, ...], dialect: str) -> None:
        told = [(place, *_passing(model, name, dialect)) for place, name in enumerate(names)]
        self.columns = tuple(model._meta.fields_db_projection[name] for name in names)
        self._model = model
        self._kinds = [(place, kind) for place, kind, _ in told if kind is not None]
        self._writers = [(place, write) for place, _, write in told if write is not None]

    def pass_on(self, values: list[Any]) -> None:
        """Make them so."""
        for place, kind in self._kinds:
            value = values[place]
            # what is of the class is the text already
            if value.__class__ is not kind and value is not None:
                values[place] = str(kind(value))
        for place, write in self._writers:
            values[place] = write(values[place], self._model)


class Insertion:
    """How rows that name the same fields become one table's columns."""

    __slots__ = ("_given", "_made", "_names", "_pass_on", "_told", "columns", "model")

    def __init__(self, model: type[Model], dialect: str, names: tuple[str, ...]) -> None:
        columns = {column: name for name, column in model._meta.fields_db_projection.items()}
        given = [columns.get(name, name) for name in names]
        left = [(name, model._meta.fields_map[name].default) for name in columns.values() if name not in given]
        made = {name: new_id if default is uuid7 else default for name, default in left if callable(default)}
        told = {name: default for name, default in left if default is not None and name not in made}
        passing = Passing(model, (*given, *made, *told), dialect)
        self.model = model
        self.columns = passing.columns
        self._names = names
        self._given = picked(names)
        self._made = list(enumerate(made.values(), start=len(given)))
        self._told = [*(None for _ in made), *told.values()]
        self._pass_on = passing.pass_on

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

    def values(self, given: Values) -> list[Any]:
        """The values of the columns as the database takes them, by those of the names."""
        values = [*given, *self._told]
        for place, make in self._made:
            values[place] = make()
        self._pass_on(values)
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
