"""A guard on every SQL text the house sends: what would a database sharded by owner do with it?

The texts alone decide, so the guard works on any database. It hears what `rules`, `schema` and `api` send
while the suite runs; what a test asks for itself does not count.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from types import FrameType
from typing import Literal, Protocol

from models import engine, sql

Verdict = Literal["shared", "one-owner", "fan-out", "refused"]
VERDICTS: list[Verdict] = ["shared", "one-owner", "fan-out", "refused"]
FOLDED = "WITH w0 AS (\n"
"""How a text of `models.folding` begins: each write stands on a line of its own."""

COMBINED = re.compile(
    r"SELECT found\.\*, asked\.question_number FROM .*? CROSS JOIN LATERAL"
    r" \(SELECT \* FROM \((.*)\) AS one OFFSET 0\) AS found",
    re.DOTALL,
)
"""How a text of `models.engine.combining` is made: a server that is sharded is asked without it (`combine=off`)."""

HOUSE = tuple(f"{Path(__file__).parent.parent / floor}/" for floor in ("rules", "schema", "api"))

MIGRATES = str(Path(__file__).parent.parent / "models" / "migrate.py")
"""A migration is run on each shard by itself, whoever asks for it."""

_NAME = r'"?(\w+)"?'
_KEYWORDS = (
    "ON|USING|SET|WHERE|JOIN|LEFT|INNER|CROSS|NATURAL|ORDER|GROUP|HAVING|LIMIT|FOR|VALUES|RETURNING"
    "|AS|UNION|SELECT|DEFAULT"
)
_ALIAS = rf'(?:\s+(?:AS\s+)?"?(?!(?:{_KEYWORDS})\b)(\w+)"?)?'
_TABLE = re.compile(
    rf"\b(?:FROM|JOIN|UPDATE|INTO)\s+{_NAME}{_ALIAS}((?:\s*,\s*\w+(?:\s+(?:AS\s+)?\w+)?)*)", re.IGNORECASE
)
_COLUMN = r'(?:"?(\w+)"?\.)?"?(\w+)"?'
_CONSTANT = r"(?:[$?:]\d+(?:::\w+)?|\?|'[^']*')"
_ROUTE = re.compile(rf"(\bOR\s+)?(?<![\w.\"]){_COLUMN}\s*=\s*{_CONSTANT}(\s+OR\b)?", re.IGNORECASE)
_SAME = re.compile(rf"(?<![\w.\"]){_COLUMN}\s*=\s*{_COLUMN}(?![\w(])", re.IGNORECASE)
_MEMBERSHIP = re.compile(
    rf'(?<![\w."]){_COLUMN}\s+IN\s*\(\s*SELECT\s+(?:DISTINCT\s+)?{_COLUMN}\s+FROM\s+{_NAME}{_ALIAS}',
    re.IGNORECASE,
)
_GIVEN = re.compile(
    r"\(SELECT value AS (?P<column>\w+) FROM json_each\([^)]*\)\) AS (?P<alias>\w+)"
    r"|unnest\((?:[^()]|\([^()]*\))*\) AS (?P<name>\w+)\((?P<part>\w+)\)",
    re.IGNORECASE,
)
"""A list that is given, one row for each of it."""

_USING = re.compile(r"\bUSING\s*\(([^)]*)\)", re.IGNORECASE)
_WRITE = re.compile(
    r"\s*(?:INSERT|UPDATE|DELETE|REPLACE|WITH\b.*\b(?:INSERT|UPDATE|DELETE)\b)", re.IGNORECASE | re.DOTALL
)


class Owner(Protocol):
    """What the guard reads of an entry in `models.owners.OWNERS`."""

    @property
    def kind(self) -> str: ...

    @property
    def column(self) -> str | None: ...


def classify(text: str, owners: Mapping[str, Owner]) -> Verdict:
    """What a sharded database would do: serve one owner, visit all shards, or refuse.

    Writes that were folded into one statement are judged one by one, and the worst of them counts; questions that
    were combined, as each would be by itself.
    """
    if several := COMBINED.fullmatch(text):
        text = re.sub(r"\basked\.p(\d+)", r"$\1", several[1])
    parts = text.split("\n")[1::2] if text.startswith(FOLDED) else [text]
    return max((_classify(part, owners) for part in parts), key=VERDICTS.index)


def _classify(text: str, owners: Mapping[str, Owner]) -> Verdict:
    text = " ".join(text.split())
    # a migration that rebuilds a table does so on SQLite, which is never sharded
    rebuilds = text.startswith('INSERT INTO "new__')
    if rebuilds or not re.match(r"SELECT|INSERT|UPDATE|DELETE|WITH", text, re.IGNORECASE):
        return "shared"
    tables = _tables(text, owners)
    if not tables:
        return "shared"
    if re.match(r"INSERT", text, re.IGNORECASE) and not _tables(text.partition(")")[2], owners):
        return _insert(text, owners)
    if _moves_owner(text, owners):
        return "refused"
    return _verdict(text, tables)


def _tables(text: str, owners: Mapping[str, Owner]) -> dict[str, str]:
    """Each owned table's alias and owner column."""
    named: dict[str, str] = {}
    for found in _TABLE.finditer(text):
        further = [piece.split() for piece in (found[3] or "").split(",") if piece.strip()]
        pairs = [(found[1], found[2]), *((words[0], words[-1]) for words in further)]
        for table, alias in pairs:
            owner = owners.get(table.lower())
            if owner is not None and owner.column is not None:
                named[(alias or table).lower()] = owner.column
    if named:
        given = [found.groupdict() for found in _GIVEN.finditer(text)]
        lists = {(each["alias"] or each["name"]).lower(): each["column"] or each["part"] for each in given}
        columns = {owner.column for owner in owners.values()}
        # a list of anything else is nobody's
        named |= {alias: column for alias, column in lists.items() if column in columns}
    return named


def _insert(text: str, owners: Mapping[str, Owner]) -> Verdict:
    found = re.match(rf"INSERT\s+INTO\s+{_NAME}\s*\(([^)]*)\)", text, re.IGNORECASE)
    if found is None:
        return "refused"
    columns = {column.strip(' "').lower() for column in found[2].split(",")}
    return "one-owner" if owners[found[1].lower()].column in columns else "refused"


def _moves_owner(text: str, owners: Mapping[str, Owner]) -> bool:
    found = re.match(rf"UPDATE\s+{_NAME}.*?\bSET\b(.*?)(?:\bWHERE\b|\bFROM\b|$)", text, re.IGNORECASE)
    if found is None or found[1].lower() not in owners:
        return False
    column = owners[found[1].lower()].column
    return bool(column and re.search(rf'(?:^|,)\s*"?{column}"?\s*=', found[2], re.IGNORECASE))


def _verdict(text: str, tables: dict[str, str]) -> Verdict:
    groups = _together(text, tables)
    routed = _routed(text, tables)
    unrouted = {groups[alias] for alias in tables} - {groups[alias] for alias in routed}
    if not unrouted:
        return "one-owner"
    locks = re.search(r"\bFOR (?:NO KEY )?(?:UPDATE|SHARE)\b", text, re.IGNORECASE)
    return "refused" if locks or len(set(groups.values())) > 1 else "fan-out"


def _routed(text: str, tables: dict[str, str]) -> set[str]:
    """The aliases whose owner is one given value."""
    found: set[str] = set()
    for before, alias, column, after in _ROUTE.findall(text):
        if not before and not after:
            found |= _named(alias, column, tables)
    return found


def _named(alias: str, column: str, tables: dict[str, str]) -> set[str]:
    return {
        each for each, owner in tables.items() if owner == column.lower() and (not alias or alias.lower() == each)
    }


def _together(text: str, tables: dict[str, str]) -> dict[str, str]:
    """For each alias the group of aliases it shares its owner with, named by one of them."""
    group = {alias: alias for alias in tables}
    for same in _links(text, tables):
        gone = {group[alias] for alias in same}
        group |= {alias: min(gone) for alias in group if group[alias] in gone}
    return group


def _links(text: str, tables: dict[str, str]) -> Iterator[set[str]]:
    """Aliases whose owners a condition of the text makes equal."""
    pairs = [
        (_named(left, left_column, tables), _named(right, right_column, tables))
        for left, left_column, right, right_column in _SAME.findall(text)
    ]
    pairs += [
        (_named(left, left_column, tables), _named(right or alias or table, right_column, tables))
        for left, left_column, right, right_column, table, alias in _MEMBERSHIP.findall(text)
    ]
    yield from (one | other for one, other in pairs if one and other)
    for columns in _USING.findall(text):
        yield from (_named("", column.strip(' "'), tables) for column in columns.split(","))


class Recorder:
    """Hears every SQL text: knows whether a test wrote, what it sent, and what the house itself sent."""

    def __init__(self) -> None:
        self.wrote = False
        self.listeners: list[list[str]] = []
        self.of_the_house: set[str] = set()
        self._paused = 0

    def __call__(self, text: str) -> None:
        if self._paused:
            return
        if not self.wrote and _WRITE.match(text):
            self.wrote = True
        for listener in (*self.listeners, _own.get()) if _aside.get() is None else (_aside.get(),):
            if listener is not None:
                listener.append(text)
        if text not in self.of_the_house and _sent_by_the_house(sys._getframe(1)):
            self.of_the_house.add(text)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """What is sent meanwhile is the suite's own business."""
        self._paused += 1
        try:
            yield
        finally:
            self._paused -= 1


def _sent_by_the_house(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename == MIGRATES:
            return False
        if frame.f_code.co_filename.startswith(HOUSE):
            return True
        frame = frame.f_back
    return False


_own: ContextVar[list[str] | None] = ContextVar("_own", default=None)
_aside: ContextVar[list[str] | None] = ContextVar("_aside", default=None)


@contextmanager
def hearing(*, aside: bool) -> Iterator[list[str]]:
    """Hear what is sent by who is called meanwhile, and by nobody beside; aside, no listener hears it."""
    heard: list[str] = []
    where = _aside if aside else _own
    token = where.set(heard)
    try:
        yield heard
    finally:
        where.reset(token)


recorder = Recorder()


def install() -> None:
    """From now on the recorder hears every statement of this process."""
    engine.observer = recorder


def offences(owners: Mapping[str, Owner]) -> list[tuple[Verdict, str]]:
    """What the house sent that a sharded database would refuse, or that fans out without a reason."""
    reasoned = {text for each in sql.fanning_out for text in (each.postgres, each.sqlite)}
    judged = [(classify(text, owners), text) for text in sorted(recorder.of_the_house)]
    return [
        (verdict, text)
        for verdict, text in judged
        if verdict == "refused" or (verdict == "fan-out" and text not in reasoned)
    ]
