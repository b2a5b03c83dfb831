"""Generator of what the client repeats: the types of the schema, the ES modules, and its documents."""

import argparse
import json
import re
import sys
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from textwrap import wrap
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    build_schema,
    get_named_type,
    get_nullable_type,
    is_list_type,
    is_non_null_type,
    is_required_input_field,
)
from graphql.language import EnumValueNode, ListValueNode

HERE = Path(__file__).parent
SOURCES = ("index.js", "events.js", "friends.js", "hosts.js", "sending.js", "session.js", "sha256.js")
PUBLISHED = HERE.parents[1] / "schema" / "schema.graphql"
MADE = "// Made by generate.py from {0}. Change that, then run generate.py again.\n"
WIDTH = 112

BUILT_IN = {"String": "string", "Boolean": "boolean", "Int": "number", "Float": "number"}
SCALARS = {
    "ID": "string",
    "BasisPoints": "number",
    "CurrencyCode": "string",
    "Date": "string",
    "DateTime": "string",
    "Long": "number",
    "Note": "string",
    "ReasonCode": "string",
}
"""How JSON carries the schema's own scalars. A new one must find its place here."""

RENAMED = {"Date": "CalendarDate"}
"""Names that mean something else in TypeScript."""


def main() -> int:
    """Write the files, or with --check say which of them are stale and answer 1."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is stale")
    only_check = asked.parse_args().check
    stale = []
    for name, text in files().items():
        path = HERE / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not only_check:
            path.write_text(text, encoding="utf-8")
    said = "is stale; run `python clients/miniprogram/generate.py`" if only_check else "is written"
    told = "".join(f"clients/miniprogram/{name} {said}\n" for name in stale)
    sys.stdout.write(told or "the made files are current\n")
    return 1 if stale and only_check else 0


def files() -> dict[str, str]:
    """Every file that is made, by its name."""
    schema = build_schema(PUBLISHED.read_text(encoding="utf-8"))
    sources = {name: (HERE / name).read_text(encoding="utf-8") for name in SOURCES}
    modules = {name.replace(".js", ".mjs"): module(name, source) for name, source in sources.items()}
    return {**modules, "schema.d.ts": types(schema), "documents.json": own_documents(sources)}


def module(name: str, source: str) -> str:
    """The CommonJS source as an ES module: its last statement exports, and strictness goes without saying."""
    body, exports, names = source.partition("\nmodule.exports = ")
    if not exports or not re.fullmatch(r"\{ [\w, ]+ \};\n", names):
        raise ValueError(f"{name} must end with one `module.exports = {{ … }};`")
    body = re.sub(
        r"^const (\{ .* \}) = require\('(\./\w+)'\);$", r"import \1 from '\2.mjs';", body, flags=re.MULTILINE
    )
    return MADE.format(name) + body.replace("'use strict';\n\n", "") + f"\nexport {names}"


def own_documents(sources: Mapping[str, str]) -> str:
    """What the client asks for in a member's name, as a manifest of trusted documents: texts by their SHA-256.

    A document is a constant of a source; it holds nothing but other constants, also of the other sources.
    """
    said = "\n".join(sources.values())
    written = dict(re.findall(r"^const ([A-Z_]+) = [`']([^`']*)[`'];$", said, re.MULTILINE))

    def text(name: str) -> str:
        return re.sub(r"\$\{(\w+)\}", lambda found: text(found[1]), written[name])

    [own] = re.findall(r"^const OWN = \[([\w,\s]+?),?\s*\];$", said, re.MULTILINE)
    texts = [text(name) for name in re.findall(r"\w+", own)]
    told = {sha256(each.encode()).hexdigest(): each for each in texts}
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"


def types(schema: GraphQLSchema) -> str:
    """Every named type of a schema in TypeScript, each under its own name, in alphabetical order."""
    # what only describes the schema, such as who may ask, is no type of a value
    left_out = BUILT_IN.keys() | {
        get_named_type(argument.type).name for each in schema.directives for argument in each.args.values()
    }
    named = [kind for name, kind in sorted(schema.type_map.items()) if not name.startswith("__")]
    declared = [declaration(schema, kind) for kind in named if kind.name not in left_out]
    return "\n".join([MADE.format("schema/schema.graphql"), *declared])


def declaration(schema: GraphQLSchema, kind: GraphQLNamedType) -> str:
    """One named type: what it is for, and what it is."""
    name = RENAMED.get(kind.name, kind.name)
    said = _comment(kind.description)
    if isinstance(kind, GraphQLScalarType):
        return f"{said}export type {name} = {SCALARS[kind.name]};\n"
    if isinstance(kind, GraphQLEnumType):
        return f"{said}export type {name} ={_values(kind)};\n"
    if isinstance(kind, GraphQLInputObjectType):
        return said + _input(name, kind)
    if isinstance(kind, GraphQLInterfaceType):
        return said + _interface(schema, kind)
    if isinstance(kind, GraphQLObjectType):
        return said + _object(kind)
    raise TypeError(f"{kind!r} has no place here yet")


def _comment(text: str | None, indent: str = "") -> str:
    """A description as JSDoc: on one line if it fits."""
    said = [line.strip() for line in (text or "").strip().replace("*/", "* /").splitlines()]
    lines = [part for line in said for part in wrap(line, WIDTH, break_on_hyphens=False) or [""]]
    if not lines:
        return ""
    if len(lines) == 1:
        return f"{indent}/** {lines[0]} */\n"
    body = "".join(f"{indent} * {line}".rstrip() + "\n" for line in lines)
    return f"{indent}/**\n{body}{indent} */\n"


def _values(kind: GraphQLEnumType) -> str:
    return "".join(f"\n{_comment(value.description, '  ')}  | '{name}'" for name, value in kind.values.items())


def _type(kind: Any) -> str:
    """A field's or argument's type, with null where there may be none."""
    inner = get_nullable_type(kind)
    if is_list_type(inner):
        item = _type(inner.of_type)
        told = f"({item})[]" if " " in item else f"{item}[]"
    else:
        told = BUILT_IN.get(inner.name) or RENAMED.get(inner.name, inner.name)
    return told if is_non_null_type(kind) else f"{told} | null"


def _given(fields: Mapping[str, Any]) -> str:
    """What a client gives: what is not required may be left out."""
    return "".join(
        f"{_comment(field.description, '  ')}  {name}{'' if is_required_input_field(field) else '?'}:"
        f" {_type(field.type)};\n"
        for name, field in fields.items()
    )


def _input(name: str, kind: GraphQLInputObjectType) -> str:
    if not kind.is_one_of:
        return f"export interface {name} {{\n{_given(kind.fields)}}}\n"
    ways = [_one_of(each, kind.fields) for each in kind.fields]
    return f"export type {name} ={''.join(ways)};\n"


def _one_of(chosen: str, fields: Mapping[str, GraphQLInputField]) -> str:
    """One way to fill a @oneOf input: a field that is given, the others not."""
    parts = [
        f"{name}: {_type(field.type).removesuffix(' | null')}" if name == chosen else f"{name}?: never"
        for name, field in fields.items()
    ]
    return f"\n{_comment(fields[chosen].description, '  ')}  | {{ {'; '.join(parts)} }}"


def _object(kind: GraphQLObjectType) -> str:
    told = f"export interface {kind.name} {{\n  __typename?: '{kind.name}';\n{_fields(kind.fields)}}}\n"
    return "\n".join([told, *_arguments(kind.name, kind.fields)])


def _interface(schema: GraphQLSchema, kind: GraphQLInterfaceType) -> str:
    """An interface, and beside it the union of all that it may be, told apart by `__typename`."""
    told = f"export interface {kind.name} {{\n  __typename?: string;\n{_fields(kind.fields)}}}\n"
    all_of_them = sorted(each.name for each in schema.get_implementations(kind).objects)
    union = "".join(f"\n  | {each}" for each in all_of_them)
    said = _comment(f"Every {kind.name}: ask for `__typename` and switch on it.")
    return f"{told}\n{said}export type Any{kind.name} ={union};\n"


def _fields(fields: Mapping[str, GraphQLField]) -> str:
    return "".join(
        f"{_comment(_told(field), '  ')}  {name}: {_type(field.type)};\n" for name, field in fields.items()
    )


def _told(field: GraphQLField) -> str:
    """A field's description, and a word where members may not ask for it: this is their client."""
    who = _audiences(field)
    is_ours = not who or {"MEMBER", "PUBLIC"} & set(who)
    asked_by = "" if is_ours else f" Not for members, but for {', '.join(who)}."
    deprecated = f"\n\n@deprecated {field.deprecation_reason}" if field.deprecation_reason else ""
    summary, gap, more = (field.description or "").partition("\n")
    return f"{summary}{asked_by}{gap}{more}{deprecated}"


def _audiences(field: GraphQLField) -> list[str]:
    """Who may ask for a field, as its `@auth(requires: […])` says."""
    for directive in (field.ast_node and field.ast_node.directives) or ():
        for argument in directive.arguments or ():
            if directive.name.value == "auth" and isinstance(argument.value, ListValueNode):
                return [each.value for each in argument.value.values if isinstance(each, EnumValueNode)]
    return []


def _arguments(parent: str, fields: Mapping[str, GraphQLField]) -> Iterable[str]:
    """The arguments of each field that has more to say than an `input`, whose type says it all."""
    for name, field in fields.items():
        if field.args.keys() - {"input"}:
            shown = f"{parent}{name[0].upper()}{name[1:]}Args"
            yield f"/** Arguments of `{parent}.{name}`. */\nexport interface {shown} {{\n{_given(field.args)}}}\n"


if __name__ == "__main__":
    sys.exit(main())
