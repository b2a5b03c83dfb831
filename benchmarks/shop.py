"""A shop that remembers: what it asked of the house, what was answered, and what must therefore be in the books."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random  # noqa: TID251  a benchmark takes a seed
from typing import Any, Literal

from benchmarks.wire import Answer, Cut, Line

Verb = Literal["memberIdentify", "purchaseRecord", "purchaseRefund", "pointsRedeem"]
NAMESPACE = "benchmark"

ERRORS = "userErrors { code }"
DOCUMENTS: dict[Verb, str] = {
    "memberIdentify": (
        "mutation($input: MemberIdentifyInput!) { memberIdentify(input: $input)"
        f" {{ member {{ id }} created {ERRORS} }} }}"
    ),
    "purchaseRecord": (
        "mutation($input: PurchaseRecordInput!) { purchaseRecord(input: $input)"
        f" {{ purchase {{ id }} replayed {ERRORS} }} }}"
    ),
    "purchaseRefund": (
        "mutation($input: PurchaseRefundInput!) { purchaseRefund(input: $input)"
        f" {{ purchase {{ id }} replayed {ERRORS} }} }}"
    ),
    "pointsRedeem": (
        "mutation($input: PointsRedeemInput!) { pointsRedeem(input: $input)"
        f" {{ entry {{ id balanceAfter }} replayed {ERRORS} }} }}"
    ),
}


@dataclass(slots=True)
class Deed:
    """One thing asked of the house, under one key however often it is asked."""

    verb: Verb
    name: str
    """What it is found by in the books: an identity, an order's reference, a line of it, a reason."""
    input: dict[str, Any]
    member: str = ""
    answer: Answer | None = None
    """The first sound answer; None while the outcome is not known."""

    def of(self, answer: Answer) -> dict[str, Any]:
        """The payload of an answer."""
        found: dict[str, Any] = answer.field(self.verb)
        return found

    @property
    def is_acknowledged(self) -> bool:
        """Whether the house said that it is done."""
        return self.answer is not None and not self.of(self.answer)["userErrors"]

    @property
    def is_refused(self) -> bool:
        """Whether the house said no."""
        return self.answer is not None and not self.is_acknowledged

    async def ask(self, line: Line) -> Answer:
        """Ask it, and keep the first sound answer.

        Raises: Cut.
        """
        answer = await line.ask(DOCUMENTS[self.verb], {"input": self.input})
        if answer.is_sound and self.answer is None:
            self.answer = answer
        return answer


def moment() -> str:
    """Now, as a shop's back end writes it."""
    return datetime.now(UTC).isoformat()  # noqa: TID251  the shop has a clock of its own


def identify(name: str) -> Deed:
    """Have somebody recognised, or made a member."""
    identity = {"kind": "EXTERNAL", "namespace": NAMESPACE, "value": name}
    return Deed("memberIdentify", name, {"identities": [identity], "allowCreate": True})


def purchase(member: str, order_ref: str, paid: Sequence[int]) -> Deed:
    """Have an order recorded that was paid line by line."""
    lines = [{"lineRef": str(place), "quantity": 1, "paidMinor": each} for place, each in enumerate(paid, start=1)]
    at = moment()
    facts = {"memberId": member, "orderRef": order_ref, "currency": "GBP", "lines": lines}
    times = {"orderedAt": at, "paidAt": at, "idempotencyKey": f"record-{order_ref}"}
    return Deed("purchaseRecord", order_ref, {**facts, **times}, member)


def refund(member: str, order_ref: str, line_ref: str, amount: int, event: str = "") -> Deed:
    """Have part of an order's line refunded."""
    name = event or f"{order_ref}/{line_ref}"
    facts = {"orderRef": order_ref, "eventRef": name, "lines": [{"lineRef": line_ref, "refundMinor": amount}]}
    return Deed(
        "purchaseRefund", name, {**facts, "occurredAt": moment(), "idempotencyKey": f"refund-{name}"}, member
    )


def redeem(member: str, reason: str, points: int, *, key: str = "") -> Deed:
    """Have a member's points redeemed, for a reason that tells this redemption from all others."""
    facts = {"memberId": member, "points": points, "reason": reason}
    return Deed("pointsRedeem", reason, {**facts, "idempotencyKey": key or f"redeem-{reason}"}, member)


QUARTERS = 4
"""A refund takes a quarter of a line, so that a refund done twice would show."""

MINOR = 400
"""Lines are paid in multiples of this."""


BREATH_SECONDS = 0.05
"""How long a client waits before it asks a house that broke anew."""


@dataclass(slots=True)
class Shop:
    """A shop's clients at work on some members, and all they ever asked."""

    round: int
    chance: Random
    members: list[str] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)
    orders: list[tuple[str, str, int]] = field(default_factory=list)
    """Lines that were recorded and not yet refunded: member, order's reference, what was paid."""
    acknowledged: asyncio.Event = field(default_factory=asyncio.Event)
    stopped: bool = False
    """Set when the clients shall ask nothing new."""
    faults: list[str] = field(default_factory=list)
    """Answers that said that the house broke."""

    async def open(self, service: Line, count: int) -> None:
        """Have so many members made, each with points to spend."""
        for place in range(count):
            stranger = self._note(identify(f"member-{self.round}-{place}"))
            await stranger.ask(service)
            assert stranger.answer is not None
            self.members.append(stranger.of(stranger.answer)["member"]["id"])
            first = self._note(purchase(self.members[-1], f"first-{self.round}-{place}", [100_000]))
            await first.ask(service)
            assert first.is_acknowledged, first.answer

    def _note(self, deed: Deed) -> Deed:
        self.deeds.append(deed)
        return deed

    def think(self) -> Deed:
        """The next thing a client asks."""
        number, member = len(self.deeds), self.chance.choice(self.members)
        what = self.chance.random()
        if what < 0.1:
            return self._note(identify(f"stranger-{self.round}-{number}"))
        if what < 0.3 and self.orders:
            owner, order_ref, line_paid = self.orders.pop(self.chance.randrange(len(self.orders)))
            return self._note(refund(owner, order_ref, "1", line_paid // QUARTERS))
        if what < 0.6:
            return self._note(redeem(member, f"R{self.round}N{number}", self.chance.randint(1, 5)))
        paid = [MINOR * self.chance.randint(1, 50) for _ in range(self.chance.randint(1, 3))]
        return self._note(purchase(member, f"order-{self.round}-{number}", paid))

    async def client(self, port: int, service: str, staff: str) -> None:
        """One client: asks until the server is gone, or the shop has stopped."""
        by_token = {"pointsRedeem": Line(port, staff)}
        other = Line(port, service)
        try:
            for line in (other, *by_token.values()):
                await line.open()
            while not self.stopped:
                deed = self.think()
                answer = await deed.ask(by_token.get(deed.verb, other))
                if answer.is_sound:
                    self._learn(deed)
                else:
                    self.faults.append(f"HTTP {answer.status} {answer.body}")
                    await asyncio.sleep(BREATH_SECONDS)
        except Cut:
            return
        finally:
            for line in (other, *by_token.values()):
                line.abort()

    def _learn(self, deed: Deed) -> None:
        if deed.is_acknowledged:
            self.acknowledged.set()
            if deed.verb == "purchaseRecord":
                self.orders.append((deed.member, deed.name, deed.input["lines"][0]["paidMinor"]))
