"""Reach: which refusals a function can come to, read from its source and from what it calls.

A name that stands in a body counts as used, so the answer may be too large and is never too small, as long as
calls go through names of modules, classes and functions; a method is looked up by its name in every class of the
rules.
"""

import ast
import inspect
import sys
import textwrap
from collections.abc import Iterator
from functools import cache
from types import FunctionType, ModuleType
from typing import Any

from rules.refusals import Refusal
from schema.context import Outside
from schema.errors import codes_of

OURS = ("rules", "schema")


def reachable(function: Any) -> set[str]:
    """The codes a function can refuse with, itself or through what it calls."""
    found = set()
    for each in walked(function):
        if isinstance(each, type) and issubclass(each, Refusal):
            found.add(each.code())
        elif each.__qualname__.startswith("Outside."):
            found |= set(codes_of(each))
    return found


def walked(function: Any) -> set[Any]:
    """The refusals, and the functions of the house without their decorators, that a function leads to."""
    done: set[Any] = set()
    todo = [inspect.unwrap(function)]
    while todo:
        each = todo.pop()
        if each not in done:
            done.add(each)
            if isinstance(each, FunctionType) and not each.__qualname__.startswith("Outside."):
                todo += _used(each)
    return done


@cache
def _used(function: FunctionType) -> frozenset[Any]:
    """The refusals and the house's functions that a function's body names."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    caught = {
        id(part)
        for handler in ast.walk(tree)
        if isinstance(handler, ast.ExceptHandler) and handler.type is not None
        for part in ast.walk(handler.type)
    }
    body = [node for statement in tree.body for node in ast.walk(statement)]  # type: ignore[attr-defined]
    named = [node for node in body if id(node) not in caught and isinstance(node, ast.Name | ast.Attribute)]
    return frozenset(thing for node in named for thing in _things(node, function.__globals__))


def _things(node: ast.AST, known: dict[str, Any]) -> Iterator[Any]:
    value = _value(node, known)
    if value is None and isinstance(node, ast.Attribute):
        yield from methods().get(node.attr, ())
    for each in value.values() if isinstance(value, dict) else [value]:
        if isinstance(each, type) and issubclass(each, Refusal) and each is not Refusal:
            yield each
        plain = inspect.unwrap(each) if callable(each) else None
        if isinstance(plain, FunctionType) and plain.__module__.split(".")[0] in OURS:
            yield plain


def _value(node: ast.AST, known: dict[str, Any]) -> Any:
    """What a name, or a name in a module or class, stands for; None for what only a running program knows."""
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.Attribute):
        base = _value(node.value, known)
        return getattr(base, node.attr, None) if isinstance(base, ModuleType | type) else None
    return None


@cache
def methods() -> dict[str, set[FunctionType]]:
    """Every method of the rules' classes, and of the world outside, by its name."""
    found: dict[str, set[FunctionType]] = {}
    rules = [module for name, module in sys.modules.items() if name.split(".")[0] == "rules"]
    classes = {thing for module in rules for thing in vars(module).values() if inspect.isclass(thing)}
    for owner in {each for each in classes if each.__module__.split(".")[0] == "rules"} | {Outside}:
        for name, member in vars(owner).items():
            plain = getattr(member, "__func__", getattr(member, "fget", member))
            if isinstance(plain, FunctionType):
                found.setdefault(name, set()).add(plain)
    return found
