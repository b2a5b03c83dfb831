"""What is made anew with each command is made once for all commands of this process: models, and words.

Tortoise prepares every model whenever a database is opened, which a command does several times. What comes of it
depends on the kind of database alone.
"""

from copy import copy
from functools import cache
from typing import Any

import typer.main
from tortoise.apps import Apps
from tortoise.models import Model

FILLED = ("db_native_fields", "db_default_fields", "db_complex_fields", "filters")
PREPARED = ("basetable", "basequery", "basequery_all_fields", *FILLED)
"""What opening a database leaves with the models: the beginnings of queries in its dialect, and how to read it."""

_prepare = Apps._build_initial_querysets
_known: dict[tuple[type[Any], ...], dict[str, Any]] = {}


def install() -> None:
    """From now on what is known of a model on a kind of database is put back."""
    Apps._build_initial_querysets = _prepare_once  # type: ignore[method-assign, assignment]
    typer.main.get_command = cache(typer.main.get_command)


def left(model: type[Model]) -> dict[str, Any]:
    """What a model has of the database that was opened last."""
    return {name: getattr(model._meta, name) for name in PREPARED}


def put_back(model: type[Model], prepared: dict[str, Any]) -> None:
    """Give a model what it had of another database."""
    for name, each in prepared.items():
        setattr(model._meta, name, each)


def _prepare_once(apps: Apps) -> None:
    models = [each for app in apps.apps.values() for each in app.values()]
    # the models of a moment of history are others each time
    if type(apps) is not Apps or not all(_kind(each) in _known for each in models):
        for each in models:
            _let_go(each)
        _prepare(apps)
        if type(apps) is Apps:
            _known.update({_kind(each): left(each) for each in models})
        return
    for each in models:
        put_back(each, _known[_kind(each)])


def _let_go(model: type[Model]) -> None:
    """Give a model lists of its own, since Tortoise clears and fills those there are."""
    for name in FILLED:
        setattr(model._meta, name, copy(getattr(model._meta, name)))


def _kind(model: type[Model]) -> tuple[type[Any], ...]:
    return model, model._meta.db.executor_class, model._meta.db.query_class
