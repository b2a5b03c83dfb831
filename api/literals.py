"""Literals: the texts between quotes in JavaScript and TypeScript, as the program has them when it runs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

TOKEN = re.compile(
    r"(?P<space>\s+|//[^\n]*|/\*.*?\*/)|(?P<word>[\w$]+)"
    r"|(?P<text>'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\")|(?P<sign>.)",
    re.DOTALL,
)
TEMPLATE = re.compile(r"((?:\\.|\$(?!\{)|[^`\\$])*)(`|\$\{|\Z)", re.DOTALL)
REGEX = re.compile(r"/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])+/[a-z]*")
OPERANDS = re.compile(r"[\w$)\]'\"`}]")
"""What a slash divides, by its last character. After anything else a slash begins a regular expression."""

BEFORE_REGEX = {"return", "typeof", "case", "of", "in", "void", "delete", "throw", "await", "yield", "else", "do"}
ESCAPE = re.compile(r"\\(?:u\{([0-9a-fA-F]+)\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(\n)|(.))", re.DOTALL)
LAST = 0x10FFFF
"""The last character of Unicode."""

LETTERS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}


@dataclass(frozen=True, slots=True)
class Literal:
    """A text of a source, and the line in which it begins."""

    text: str
    line: int
    whole: bool = True
    """Whether nothing is put into it when the program runs."""


def literals(source: str) -> Iterator[Literal]:
    """The literals of a source in their order; of a template with `${…}` each piece, none of them whole."""
    source = source.replace("\r\n", "\n").replace("\r", "\n")  # as JavaScript itself reads a template
    place, before = 0, ""
    holes: list[int] = []  # for each `${` under way, the braces open inside it
    while found := TOKEN.match(source, place):
        kind, part, place = found.lastgroup, found[0], found.end()
        closes = part == "}" and bool(holes) and holes[-1] == 0
        if kind == "space":
            continue
        if kind == "text":
            yield _literal(source, found.start() + 1, part[1:-1])
        elif part == "`" or closes:
            text, end, place = _piece(source, place)
            yield _literal(source, place - len(text + end), text, whole=not closes and end == "`")
            holes[len(holes) - closes :] = [0] if end == "${" else []
            part = end[-1:]
        elif part == "/" and _begins_regex(before) and (regex := REGEX.match(source, found.start())):
            place = regex.end()
            part = "`"
        elif holes and part in "{}":
            holes[-1] += 1 if part == "{" else -1
        before = part


def _piece(source: str, place: int) -> tuple[str, str, int]:
    """A template's text from here, what ends it (a backtick, a hole, or the source), and the place after that."""
    found = TEMPLATE.match(source, place)
    return (found[1], found[2], found.end()) if found else (source[place:], "", len(source))


def _begins_regex(before: str) -> bool:
    return before in BEFORE_REGEX or not OPERANDS.match(before[-1:])


def _literal(source: str, start: int, raw: str, *, whole: bool = True) -> Literal:
    return Literal(ESCAPE.sub(_meant, raw), source.count("\n", 0, start) + 1, whole)


def _meant(escape: re.Match[str]) -> str:
    """The character that an escape stands for; none for a line that goes on."""
    code = escape[1] or escape[2] or escape[3]
    if code:
        return chr(min(int(code, 16), LAST))
    return "" if escape[4] else LETTERS.get(escape[5], escape[5])
