"""Composing: valid documents at random over any schema, with all that a selection may be made of."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random  # noqa: TID251  whoever composes takes a seed
from typing import Any, TypeAlias

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_composite_type,
    is_required_argument,
)

Fields: TypeAlias = GraphQLObjectType | GraphQLInterfaceType
Composite: TypeAlias = Fields | GraphQLUnionType

ALIASES = (
    "them",
    "it",
    "run",
    "kind",
    "answers",
    "zip",
    "None",
    "class",
    "lambda",
    "__class",
    "_",
    "String",
    "list",
)
"""Names a client may give to a field, and whoever writes functions should not trip over."""


@dataclass
class Composed:
    """An operation and its variables."""

    source: str
    variables: dict[str, Any] = field(default_factory=dict)


@dataclass
class Scope:
    """A place of an answer: which keys it has already, and what each stands for."""

    keys: dict[str, "Stands"] = field(default_factory=dict)


@dataclass
class Stands:
    """A field as it stands at a key: what asks for it as well is merged with it."""

    name: str
    told: str
    kind: str
    below: Scope = field(default_factory=Scope, compare=False)

    def is_in(self, kind: Fields) -> bool:
        """Whether a type has the very field."""
        return self.name in kind.fields and str(kind.fields[self.name].type) == self.kind


class Composer:
    """Composes operations of one schema.

    `value` gives what an argument of a type and a name is sent; `may` says which fields are asked for at all.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        chance: Random,
        value: Callable[[GraphQLInputType, str], Any],
        may: Callable[[str, str], bool] = lambda *_: True,
        depth: int = 4,
    ) -> None:
        self.schema = schema
        self.chance = chance
        self.value = value
        self.may = may
        self.depth = depth
        self.heads: list[str] = []
        self.variables: dict[str, Any] = {}
        self.fragments: dict[str, str] = {}
        self.aliases = 0

    def operation(self, root: str, roots: int = 2) -> Composed:
        """A document of so many fields of a root, or some more, and the variables to send with it."""
        self.heads, self.variables, self.fragments, self.aliases = [], {}, {}, 0
        kind = self.schema.type_map[root]
        assert isinstance(kind, GraphQLObjectType)
        scope = Scope()
        asked = [self._field(kind, scope, self.depth) for _ in range(self.chance.randint(1, roots))]
        asked += ["__typename"] if self._happens(0.1) else []
        heads = f"({', '.join(self.heads)})" if self.heads else ""
        name = "query" if root == "Query" else "mutation"
        source = "\n".join([f"{name} Composed{heads} {{ {' '.join(asked)} }}", *self.fragments.values()])
        return Composed(source, self.variables)

    def _happens(self, likely: float) -> bool:
        return self.chance.random() < likely

    def _field(self, kind: Fields, scope: Scope, depth: int) -> str:
        """One field, new or once more what stands there already."""
        known = [(key, each) for key, each in scope.keys.items() if each.is_in(kind)]
        if known and self._happens(0.15):
            key, stands = self.chance.choice(known)
            return self._written(kind, key, stands, depth)
        names = [name for name in kind.fields if self.may(kind.name, name)]
        if depth <= 1:
            names = [each for each in names if not is_composite_type(get_named_type(kind.fields[each].type))]
        if not names:
            return "__typename"
        name = self.chance.choice(names)
        told = self._arguments(kind.fields[name])
        key = name if not told and self._happens(0.7) else self._alias(name)
        stands = Stands(name, told, str(kind.fields[name].type))
        if scope.keys.setdefault(key, stands) != stands:
            key = f"{kind.name}_{name}_{len(scope.keys)}"
            scope.keys[key] = stands
        return self._written(kind, key, scope.keys[key], depth)

    def _written(self, kind: Fields, key: str, stands: "Stands", depth: int) -> str:
        inner = self._below(kind.fields[stands.name], stands.below, depth - 1)
        return f"{f'{key}: ' if key != stands.name else ''}{stands.name}{stands.told}{self._directives()}{inner}"

    def _alias(self, name: str) -> str:
        self.aliases += 1
        if self._happens(0.3):
            return self.chance.choice(ALIASES)
        return f"{name}{self.chance.choice(('_', '_column', '_of', '_info', 'X'))}{self.aliases}"

    def _below(self, wanted: GraphQLField, scope: Scope, depth: int) -> str:
        named = get_named_type(wanted.type)
        if not isinstance(named, GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType):
            return ""
        return f" {{ {' '.join(self._selections(named, scope, depth))} }}"

    def _selections(self, kind: Composite, scope: Scope, depth: int) -> Iterator[str]:
        if isinstance(kind, GraphQLUnionType) or self._happens(0.3):
            yield "__typename"
        for _ in range(self.chance.randint(1, 4)):
            if self._happens(0.25) and depth > 1:
                yield self._fragment(kind, scope, depth - 1)
            elif not isinstance(kind, GraphQLUnionType):
                yield self._field(kind, scope, depth)
        if not isinstance(kind, GraphQLObjectType):
            for _ in range(self.chance.randint(0, 2)):
                yield self._fragment(kind, scope, depth)

    def _fragment(self, kind: Composite, scope: Scope, depth: int) -> str:
        """A fragment, named or inline, on the type itself or one of those it may be."""
        kinds: list[Composite] = [kind]
        if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
            kinds += self.schema.get_possible_types(kind)
        if isinstance(kind, GraphQLObjectType):
            kinds += kind.interfaces
        on = self.chance.choice(kinds)
        inner = " ".join(self._selections(on, scope, depth))
        if self._happens(0.4):
            name = f"{self.chance.choice(('on_', 'fragment', 'them'))}{len(self.fragments)}"
            self.fragments[name] = f"fragment {name} on {on.name} {{ {inner} }}"
            return f"...{name}{self._directives()}"
        where = "" if on is kind and self._happens(0.3) else f" on {on.name}"
        return f"...{where}{self._directives()} {{ {inner} }}"

    def _directives(self) -> str:
        if not self._happens(0.08):
            return ""
        which = self.chance.choice(("skip", "include"))
        if self._happens(0.4):
            return f" @{which}(if: {self.chance.choice(('true', 'false'))})"
        name = f"v{len(self.heads)}"
        default = self.chance.choice(("Boolean!", "Boolean = true", "Boolean! = false"))
        self.heads.append(f"${name}: {default}")
        if default == "Boolean!" or self._happens(0.5):
            self.variables[name] = self._happens(0.5)
        elif default == "Boolean = true" and self._happens(0.1):
            self.variables[name] = None
        return f" @{which}(if: ${name})"

    def _arguments(self, wanted: GraphQLField) -> str:
        told = []
        for name, each in wanted.args.items():
            if is_required_argument(each) or self._happens(0.5):
                told.append(f"{name}: {self._sent(each.type, name)}")
        return f"({', '.join(told)})" if told else ""

    def _sent(self, kind: GraphQLInputType, name: str, variable: float = 0.55) -> str:
        """A value, as a literal or as a variable; with a default that is used, or one that is not."""
        value = self.value(kind, name)
        if not self._happens(variable):
            return self._literal(value, kind)
        told = f"v{len(self.heads)}"
        if self._happens(0.2):
            self.heads.append(f"${told}: {kind} = {_plain(value, kind)}")
            if self._happens(0.5):
                self.variables[told] = self.value(kind, name)
            return f"${told}"
        self.heads.append(f"${told}: {kind}")
        if isinstance(kind, GraphQLNonNull) or self._happens(0.8):
            self.variables[told] = value
        return f"${told}"

    def _literal(self, value: Any, kind: GraphQLInputType) -> str:
        """A value as it stands in a document; parts of it may be variables."""
        inner = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
        if isinstance(inner, GraphQLList) and isinstance(value, list):
            parts = [self._part(each, inner.of_type, "") for each in value]
            return f"[{', '.join(parts)}]"
        if isinstance(inner, GraphQLInputObjectType) and _is_of(inner, value) and not inner.is_one_of:
            parts = [f"{name}: {self._part(each, inner.fields[name].type, name)}" for name, each in value.items()]
            return f"{{{', '.join(parts)}}}"
        return _plain(value, kind)

    def _part(self, value: Any, kind: GraphQLInputType, name: str) -> str:
        return self._sent(kind, name, variable=1) if self._happens(0.1) else self._literal(value, kind)


def _is_of(kind: GraphQLInputObjectType, value: Any) -> bool:
    return isinstance(value, dict) and value.keys() <= kind.fields.keys()


def _plain(value: Any, kind: GraphQLInputType | None = None) -> str:
    """A value as it stands in a document; text where an enum is meant is its name."""
    inner: Any = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if isinstance(value, dict):
        fields = inner.fields if isinstance(inner, GraphQLInputObjectType) else {}
        parts = [
            f"{name}: {_plain(each, fields[name].type if name in fields else None)}" for name, each in value.items()
        ]
        return f"{{{', '.join(parts)}}}"
    if isinstance(value, list):
        of = inner.of_type if isinstance(inner, GraphQLList) else None
        return f"[{', '.join(_plain(each, of) for each in value)}]"
    if isinstance(inner, GraphQLList):
        return _plain(value, inner.of_type)
    return value if isinstance(inner, GraphQLEnumType) and value in inner.values else json.dumps(value)
