"""Enums: the models' own, given words for the client."""

from collections.abc import Mapping
from enum import Enum
from typing import Any

import strawberry


def describe(kind: type[Enum], description: str, words: Mapping[Any, str], *, name: str | None = None) -> None:
    """Make an enum part of the schema, with a description for each value; a value without words stays outside."""
    strawberry.enum(kind, name=name, description=description)
    definition = kind.__strawberry_definition__  # type: ignore[attr-defined]
    definition.values = [value for value in definition.values if kind[value.name] in words]
    for value in definition.values:
        value.description = words[kind[value.name]]
