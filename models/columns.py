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


class Insertion:
    """How rows that name the same fields become one table's columns."""

    __slots__ = ("_defaults", "_given", "_names", "_writers", "columns", "model")

    def __init__(self, model: type[Model], dialect: str, names: tuple[str, ...]) -> None:
        columns = {column: name for name, column in model._meta.fields_db_projection.items()}
        given = [writing(model, columns.get(name, name), dialect) for name in names]
        present = {column for column, _ in given}
        added = [
            (model._meta.fields_map[name].default, *writing(model, name, dialect))
            for column, name in columns.items()
            if column not in present and model._meta.fields_map[name].default is not None
        ]
        self.model = model
        self.columns = (*(column for column, _ in given), *(column for _, column, _ in added))
        self._names = names
        self._given = picked(names)
        self._writers = [(place, write) for place, (_, write) in enumerate(given) if write is not None]
        self._defaults = [(new_id if default is uuid7 else default, write) for default, _, write in added]

    def values(self, row: Mapping[str, Any]) -> list[Any]:
        """The row's values in the order of the columns, as the database takes them."""
        model = self.model
        if len(row) != len(self._names):
            raise ValueError(f"Rows for {model.__name__} must all name the same fields.")
        try:
            values = [*self._given(row)]
        except KeyError as missing:
            raise ValueError(f"Rows for {model.__name__} must all name the field {missing}.") from missing
        for place, write in self._writers:
            values[place] = write(values[place], model)
        for default, written in self._defaults:
            value = default() if callable(default) else default
            values.append(value if written is None else written(value, model))
        return values


def picked(names: tuple[str, ...]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
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


def writing(model: type[Model], name: str, dialect: str) -> tuple[str, Writer | None]:
    """The field's column, and the function its values pass through; None when they pass as they are."""
    field = model._meta.fields_map[name]
    column = model._meta.fields_db_projection[name]
    if dialect == "postgres":
        return column, _postgres_writer(field)
    if type(field).to_db_value is Field.to_db_value and not field.validators:
        return column, None
    return column, field.to_db_value


def _postgres_writer(field: Field[Any]) -> Writer | None:
    """What Tortoise's fields do, without its way round: the driver knows ids and moments, and checks them."""
    kind = getattr(field, "enum_type", None)
    if isinstance(field, UUIDField | DatetimeField) or type(field).to_db_value is Field.to_db_value:
        return None
    if isinstance(kind, type) and issubclass(kind, str):
        return lambda value, _: value if value is None or value.__class__ is kind else str(kind(value))
    if isinstance(field, JSONField):
        told = field.to_db_value
        return lambda value, model: orjson.dumps(value).decode() if value.__class__ is dict else told(value, model)
    return field.to_db_value
