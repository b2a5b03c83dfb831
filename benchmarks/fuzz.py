"""Fuzz: operations at random over the whole schema, as every kind of caller, side by side; and nothing breaks.

Each operation asks for what its caller may ask for, by the published schema. Its arguments make sense, or are at
random what nobody should send; ids and cursors of answers are sent on. Success: no status of 500 or more; no error
but a mistake of the client's, each with its code; none of the caller's rights; every answer within five seconds;
clean books; and nothing of anybody's in the log.
"""

import asyncio
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random  # noqa: TID251  a benchmark takes a seed
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    get_named_type,
    is_composite_type,
)

from benchmarks import report
from benchmarks.house import House, fresh_house, postgres_server, serving
from benchmarks.shop import identify
from benchmarks.wire import Answer, Cut, Line
from tests.poison import POISON
from tests.schema.matrix import PUBLISHED, Step, is_one_of, kind_of

ROLES = ("PUBLIC", "MEMBER", "CASHIER", "CS", "OWNER", "PARTNER", "SERVICE")
STAFF = ("CASHIER", "CS", "OWNER")
SECONDS = 5.0
DEPTH = 4
KEPT = 200
"""How many ids of a type are remembered: the last ones."""

NAME, PHONE = "Quillfeather", "1380013"
"""Of everybody who is made up here: no log may hold them."""

PRIVATE = re.compile(rf"{NAME}|{PHONE}|ly[alr]_[A-Za-z0-9]")
POISONS = [each for each in POISON if not isinstance(each, int) or abs(each) < 2**63]
"""What JSON carries over our wire."""

ENDINGS = {"loginEnd", "loginsEnd", "staffClose", "staffLogout", "staffPasswordChange", "staffRoleChange"}
"""What may end the caller's own login, so that it is asked seldom."""

MISTAKES = {"BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED", "OPERATION_TOO_COMPLEX"}
"""What an operation of ours may deserve. With a path, only the first."""


def words(chance: Random) -> dict[str, Any]:
    """What makes sense for an argument of that name; others go by their type."""
    return {
        "idempotencyKey": f"fuzz-{chance.randrange(200)}-{chance.randrange(20)}",
        "after": None,
        "before": None,
        "last": None,
        "first": chance.randint(1, 5),
        "value": f"+86{PHONE}{chance.randrange(10_000):04}",
        "namespace": "" if chance.random() < 0.7 else "fuzz",
        "code": chance.choice(("demo:mei", "demo:lan", "771234567890123457")),
        "phoneCode": f"phone:{PHONE}{chance.randrange(10_000):04}",
        "orderRef": f"o-{chance.randrange(30)}",
        "eventRef": f"e-{chance.randrange(60)}",
        "lineRef": chance.choice("ABC"),
        "displayName": NAME,
        "name": NAME,
        "avatarUrl": "https://img.example/m.png",
        "note": NAME,
        "source": chance.choice(("{ programme { name } }", "till")),
        "networks": ["203.0.113.0/24"],
        "username": chance.choice(("cs", "nobody")),
        "action": "member.",
    }


def plain(chance: Random) -> dict[str, Any]:
    """What makes sense for a scalar."""
    moments = [f"{year}-03-{day:02}T04:00:00Z" for year in (2025, 2026, 2030) for day in (1, 10, 28)]
    return {
        "Boolean": chance.random() < 0.5,
        "BasisPoints": chance.randrange(20_000),
        "CurrencyCode": chance.choice(("GBP", "GBP", "CNY")),
        "Date": f"{chance.randrange(1950, 2020)}-02-28",
        "DateTime": chance.choice(moments),
        "Int": chance.randrange(1, 30),
        "Long": chance.choice((0, 1, 5, 100, 10_000, 10_000_000)),
        "Note": NAME,
        "ReasonCode": "TEA",
        "String": f"{NAME} {chance.randrange(50)}",
    }


@dataclass
class Pool:
    """The ids and cursors that answers told, by the type they are of."""

    ids: dict[str, list[str]] = field(default_factory=dict)

    def learn(self, told: Any) -> None:
        """Remember what an answer tells."""
        if isinstance(told, list):
            for each in told:
                self.learn(each)
        elif isinstance(told, dict):
            for name, value in told.items():
                kind = str(told.get("__typename")) if name == "id" else _pointed(name)
                if isinstance(value, str) and kind:
                    self.ids[kind] = [*self.ids.get(kind, ()), value][-KEPT:]
                self.learn(value)

    def id(self, name: str, chance: Random) -> str:
        """An id for an argument of that name: mostly of its type."""
        kinds = [_pointed(name)] if chance.random() < 0.8 else []
        known = [each for kind in kinds or self.ids for each in self.ids.get(kind, ())]
        return chance.choice(known or ["ABSENT"])


def _pointed(name: str) -> str:
    """The type that something of that name points at: a Member for `memberId`. Empty for what is no id."""
    if name in ("cursor", "endCursor", "latest"):
        return "cursor"
    kind = name.removesuffix("Id").capitalize() if name.endswith("Id") else ""
    return "PointsEntry" if kind == "Entry" else kind


class Writer:
    """Writes operations for one kind of caller."""

    def __init__(self, audience: str, pool: Pool, chance: Random) -> None:
        self.audience, self.pool, self.chance = audience, pool, chance
        self.poison = 0.0
        self.heads: list[str] = []
        self.variables: dict[str, Any] = {}

    def operation(self) -> tuple[str, dict[str, Any]]:
        """A document of one root field, and its variables."""
        self.heads, self.variables = [], {}
        self.poison = self.chance.choice((0.0, 0.0, 0.05, 0.3))
        open_to = {root: self.fields(kind_of(root)) for root in ("Query", "Mutation")}
        root = self.chance.choice([root for root, fields in open_to.items() if fields])
        name, wanted = self.chance.choice(open_to[root])
        if name in ENDINGS and self.chance.random() < 0.9:
            return self.operation()
        asked = self.ask(name, wanted, DEPTH)
        heads = f"({', '.join(self.heads)})" if self.heads else ""
        return f"{root.lower()} Fuzz{heads} {{ {asked} }}", self.variables

    def fields(self, kind: GraphQLObjectType | GraphQLInterfaceType) -> list[tuple[str, GraphQLField]]:
        """The fields of a type that the caller may ask for."""
        return [each for each in kind.fields.items() if Step(kind.name, each[0], "").is_for(self.audience)]

    def ask(self, name: str, wanted: GraphQLField, depth: int) -> str:
        """A field with its arguments and what is selected of it."""
        told = []
        for argument, each in wanted.args.items():
            if isinstance(each.type, GraphQLNonNull) or self.chance.random() < 0.5:
                variable = f"v{len(self.heads)}"
                self.heads.append(f"${variable}: {each.type}")
                self.variables[variable] = self.value(each.type, argument)
                told.append(f"{argument}: ${variable}")
        inner = ""
        kind = get_named_type(wanted.type)
        if name == "userErrors":
            inner = "{ __typename code message field retryable }"
        elif is_composite_type(kind):
            inner = f"{{ {self.selection(kind_of(kind.name), depth - 1)} }}"
        return f"{name}({', '.join(told)}) {inner}" if told else f"{name} {inner}"

    def selection(self, kind: GraphQLObjectType | GraphQLInterfaceType, depth: int) -> str:
        """Some fields of a type, and its id always."""
        if isinstance(kind, GraphQLInterfaceType):
            some = self.chance.choice(PUBLISHED.get_possible_types(kind))
            return f"__typename ... on {some.name} {{ {self.selection(some, depth)} }}"
        asked = ["__typename"]
        for name, each in self.fields(kind):
            is_deep = is_composite_type(get_named_type(each.type))
            is_wanted = name in ("id", "userErrors", "endCursor") or self.chance.random() < 0.5
            if is_wanted and (depth > 0 or not is_deep):
                asked.append(self.ask(name, each, depth))
        return " ".join(asked)

    def value(self, kind: GraphQLInputType, name: str) -> Any:
        """A value for an argument, or a part of one."""
        if self.chance.random() < self.poison:
            return self.chance.choice(POISONS)
        if isinstance(kind, GraphQLNonNull):
            return self.value(kind.of_type, name)
        if isinstance(kind, GraphQLList):
            return [self.value(kind.of_type, name) for _ in range(self.chance.choice((0, 1, 1, 1, 2, 3)))]
        return self.input(kind) if isinstance(kind, GraphQLInputObjectType) else self.leaf(kind, name)

    def leaf(self, kind: GraphQLEnumType | GraphQLScalarType, name: str) -> Any:
        """A value of an enum or a scalar."""
        if isinstance(kind, GraphQLEnumType):
            return self.chance.choice(list(kind.values))
        if kind.name == "ID":
            return self.pool.id(name, self.chance)
        if name in ("after", "before") and self.chance.random() < 0.3:
            return self.chance.choice(self.pool.ids.get("cursor") or [None])
        return words(self.chance).get(name, plain(self.chance)[kind.name])

    def input(self, kind: GraphQLInputObjectType) -> dict[str, Any]:
        """An input object, with what it requires and half of the rest."""
        parts = list(kind.fields.items())
        if is_one_of(kind):
            parts = [self.chance.choice(parts)]
        return {
            name: self.value(each.type, name)
            for name, each in parts
            if is_one_of(kind) or isinstance(each.type, GraphQLNonNull) or self.chance.random() < 0.5
        }


@dataclass
class Caller:
    """One kind of caller, its credential, and how it fared."""

    house: House
    port: int
    role: str
    partner: str
    line: Line = field(init=False)
    fared: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest: float = 0.0

    async def enter(self, number: int) -> None:
        """Take a fresh credential, and connect."""
        who = ("staff", self.role.lower())
        if self.role == "MEMBER":
            shop = await Line(self.port, self.house.service).open()
            deed = identify(f"fuzzed-{number}")
            who = ("member", str(deed.of(await deed.ask(shop))["member"]["id"]))
            await shop.close()
        elif self.role in ("PARTNER", "SERVICE"):
            who = (self.role.lower(), self.partner if self.role == "PARTNER" else "fuzz")
        token = "" if self.role == "PUBLIC" else (await self.house.command("token", *who)).strip()
        self.line = await Line(self.port, token).open()

    async def run(self, pool: Pool, count: int, seed: int) -> None:
        """Ask so many operations."""
        writer = Writer(self.role, pool, Random(f"{seed} {self.role}"))
        await self.enter(0)
        for number in range(count):
            document, variables = writer.operation()
            began = time.perf_counter()
            try:
                answer = await self.line.ask(document, variables)
            except Cut as cut:
                self.failures.append(f"{self.role}: {cut} for {document} {variables}"[:2_000])
                await self.enter(number)
                continue
            self.slowest = max(self.slowest, time.perf_counter() - began)
            self.judge(answer, f"{self.role}: {document} {variables}")
            pool.learn(answer.body.get("data"))
            if "UNAUTHENTICATED" in self.codes(answer) and self.role != "PUBLIC":
                await self.line.close()
                await self.enter(number)  # it ended its own login, or its key
        await self.line.close()

    def codes(self, answer: Answer) -> set[str]:
        """The codes of an answer's errors; `none` where one has none."""
        return {each.get("extensions", {}).get("code") or "none" for each in answer.body.get("errors", ())}

    def judge(self, answer: Answer, asked: str) -> None:
        """Write down how it went, and what is broken."""
        codes = self.codes(answer)
        allowed = MISTAKES if self.role == "PUBLIC" else MISTAKES | {"UNAUTHENTICATED"}
        deep = [each for each in answer.body.get("errors", ()) if "path" in each]
        if answer.status >= 500 or codes - allowed or any(_code(each) != "BAD_USER_INPUT" for each in deep):
            self.failures.append(f"{asked[:1_500]} -> {answer.status} {answer.body.get('errors')}")
        refused = [
            each["code"]
            for payload in (answer.body.get("data") or {}).values()
            if isinstance(payload, dict)
            for each in payload.get("userErrors") or ()
            if "code" in each
        ]
        self.fared["asked"] += 1
        self.fared["mistakes" if codes else "answered"] += 1
        self.fared.update({f"refused {code}": 1 for code in refused})


def _code(error: dict[str, Any]) -> str | None:
    code: str | None = error.get("extensions", {}).get("code")
    return code


async def fuzzed(house: House, count: int, seed: int) -> list[str]:
    """Every role at once, on one server; the failures are returned, the figures printed."""
    await house.command("store", "add", "SH01", "Shanghai")
    for role in STAFF:
        where = ("--store", "SH01") if role == "CASHIER" else ()
        await house.command("staff", "add", role.lower(), "--role", role, *where)
    partner = (await house.command("partner", "add", "Friends")).strip().split()[-1]
    house.settings |= {"LOYALTY_TRUSTED_ONLY": "off", "LOYALTY_LOG_LEVEL": "INFO", "LOYALTY_ENV": "development"}
    async with serving(house) as [server]:
        pool = Pool()
        began = time.perf_counter()
        callers = [Caller(house, server.port, role, partner) for role in ROLES]
        await asyncio.gather(*(each.run(pool, count // len(ROLES), seed) for each in callers))
        report.say(f"  {count / (time.perf_counter() - began):.0f} operations a second")
        log = server.log.read_text("utf-8")
    failures = [failure for each in callers for failure in each.failures]
    for each in callers:
        refusals = sorted(name for name in each.fared if name.startswith("refused"))
        fared = f"{each.fared['answered']} answered, {each.fared['mistakes']} mistakes, {len(refusals)} refusals"
        report.say(f"  {each.role}: {each.fared['asked']} asked, {fared}, slowest {each.slowest * 1e3:.0f} ms")
    failures += [f"{each.role}: an answer took {each.slowest:.1f} s" for each in callers if each.slowest > SECONDS]
    failures += [f"the books: {each}" for each in await house.violations()]
    failures += [f"in the log: {line[:300]}" for line in log.splitlines() if PRIVATE.search(line)]
    return failures + [f"in the log: {line}" for line in log.splitlines() if "Traceback" in line]


async def main(database: str, seed: int, count: int) -> list[str]:
    """Fuzz each database."""
    report.heading("fuzz", seed)
    failures: list[str] = []
    with postgres_server(database) as cluster:
        for each in report.databases(database):
            report.say(each)
            async with fresh_house(each, cluster) as house:
                failures += await fuzzed(house, count, seed)
    return failures


if __name__ == "__main__":
    options = report.arguments(__doc__)
    options.add_argument("--operations", type=int, default=7_000, help="on each database")
    given = options.parse_args()
    report.run(main(given.database, given.seed, given.operations))
