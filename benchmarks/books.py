"""The books: everything a shop's deeds left behind, read back through the API and held against the answers."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.shop import DOCUMENTS, NAMESPACE, Deed
from benchmarks.wire import Line

PURCHASES = """query($id: ID!, $after: String) { member(by: {id: $id}) { purchases(first: 100, after: $after) {
  nodes { id orderRef refunded { amountMinor } } pageInfo { hasNextPage endCursor } } } }"""
ENTRIES = """query($id: ID!, $after: String) { member(by: {id: $id}) { points { entries(first: 100, after: $after) {
  nodes { id kind reason purchaseId } pageInfo { hasNextPage endCursor } } } } }"""
KNOWN = """query($by: MemberBy!) { member(by: $by) { id } }"""


@dataclass(slots=True)
class Books:
    """What was found, counted by the names of deeds."""

    orders: Counter[str] = field(default_factory=Counter)
    refunded: dict[str, int] = field(default_factory=dict)
    earned: Counter[str] = field(default_factory=Counter)
    """How often each order earned."""
    redeemed: Counter[str] = field(default_factory=Counter)
    known: Counter[str] = field(default_factory=Counter)

    def count(self, deed: Deed) -> float:
        """How often a deed was done; a fraction where it was done in part, which it never may be."""
        if deed.verb == "memberIdentify":
            return self.known[deed.name]
        if deed.verb == "pointsRedeem":
            return self.redeemed[deed.name]
        if deed.verb == "purchaseRefund":
            amount: int = deed.input["lines"][0]["refundMinor"]
            return self.refunded.get(deed.input["orderRef"], 0) / amount
        found, earned = self.orders[deed.name], self.earned[deed.name]
        # half done is as wrong as done twice
        return found if found == earned else 0.5


async def read(line: Line, deeds: Iterable[Deed], members: Iterable[str]) -> Books:
    """Read everything back that these deeds may have left."""
    books = Books()
    for member in members:
        await _read_member(line, books, member)
    for deed in deeds:
        if deed.verb == "memberIdentify":
            by = {"identity": {"kind": "EXTERNAL", "namespace": NAMESPACE, "value": deed.name}}
            found = (await line.ask(KNOWN, {"by": by})).field("member")
            books.known[deed.name] = int(found is not None)
    return books


async def _read_member(line: Line, books: Books, member: str) -> None:
    names: dict[str, str] = {}
    async for row in _pages(line, PURCHASES, member, ("purchases",)):
        names[row["id"]] = row["orderRef"]
        books.orders[row["orderRef"]] += 1
        books.refunded[row["orderRef"]] = row["refunded"]["amountMinor"]
    async for row in _pages(line, ENTRIES, member, ("points", "entries")):
        if row["kind"] == "EARN":
            books.earned[names[row["purchaseId"]]] += 1
        elif row["kind"] == "REDEEM":
            books.redeemed[row["reason"]] += 1


async def _pages(line: Line, document: str, member: str, path: Sequence[str]) -> AsyncIterator[dict[str, Any]]:
    after: str | None = None
    while True:
        found = (await line.ask(document, {"id": member, "after": after})).field("member")
        for name in path:
            found = found[name]
        for node in found["nodes"]:
            yield node
        if not found["pageInfo"]["hasNextPage"]:
            return
        after = found["pageInfo"]["endCursor"]


@dataclass(slots=True)
class Verdict:
    """What a round of deeds came to."""

    acknowledged: int = 0
    refused: int = 0
    in_flight: int = 0
    replays_found_done: int = 0
    """In-flight deeds that had been done, and were answered from the store."""
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """Answers that contradict the books, and violations of what must always be true."""

    @property
    def is_clean(self) -> bool:
        """Whether nothing acknowledged was lost, nothing done twice and nothing contradicted."""
        return not (self.lost or self.doubled or self.wrong)

    def add(self, other: "Verdict") -> None:
        """Count another round in."""
        for name in ("acknowledged", "refused", "in_flight", "replays_found_done", "lost", "doubled", "wrong"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def __str__(self) -> str:
        """The figures."""
        return (
            f"{self.acknowledged} acknowledged, {self.refused} refused, {self.in_flight} in flight "
            f"({self.replays_found_done} of them found done); lost {len(self.lost)}, doubled {len(self.doubled)}, "
            f"wrong {len(self.wrong)}"
        )


async def judge(reader: Line, service: Line, deeds: Sequence[Deed], members: Sequence[str]) -> Verdict:
    """Hold the deeds against the books, ask anew whatever was in flight, and hold them again.

    Raises: Cut, when the books cannot be read to their end: then nothing is proven.
    """
    verdict = Verdict()
    in_flight = [deed for deed in deeds if deed.answer is None]
    before = await read(reader, deeds, members)
    _compare(verdict, before, deeds)
    for deed in in_flight:
        line = reader if deed.verb == "pointsRedeem" else service
        answer = await line.ask(DOCUMENTS[deed.verb], {"input": deed.input})
        deed.answer = answer
        _check_replay(verdict, deed, was_done=before.count(deed) == 1)
    verdict.in_flight = len(in_flight)
    verdict.acknowledged = sum(deed.is_acknowledged for deed in deeds) - sum(d.is_acknowledged for d in in_flight)
    verdict.refused = sum(deed.is_refused for deed in deeds) - sum(d.is_refused for d in in_flight)
    _compare(verdict, await read(reader, deeds, members), deeds)
    return verdict


def _compare(verdict: Verdict, books: Books, deeds: Iterable[Deed]) -> None:
    for deed in deeds:
        count = books.count(deed)
        told = f"{deed.verb} {deed.name}: {count}x"
        kept: list[str] | None = None
        if count > 1:
            kept = verdict.doubled
        elif deed.is_acknowledged and count < 1:
            kept = verdict.lost
        elif (deed.is_refused and count) or count not in (0, 1):
            kept = verdict.wrong
        if kept is not None and told not in kept:
            kept.append(told)


def _check_replay(verdict: Verdict, deed: Deed, *, was_done: bool) -> None:
    """A deed that had been done is answered as done before; one that had not is done now, or refused."""
    assert deed.answer is not None
    found = deed.of(deed.answer)
    if was_done:
        verdict.replays_found_done += 1
    replayed = not found["created"] if deed.verb == "memberIdentify" else found["replayed"]
    if deed.is_acknowledged and replayed != was_done:
        verdict.wrong.append(f"{deed.verb} {deed.name}: was done {was_done}, answered as replayed {replayed}")
    if was_done and deed.is_refused:
        verdict.wrong.append(f"{deed.verb} {deed.name}: was done, and is refused now")
