"""Commission: an order's is exact whatever is refunded and in which order, and follows what its buyer does."""

from datetime import timedelta
from itertools import permutations
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.commissions import CommissionState as State
from models.units import new_id
from rules.partners._commission import Book, Commission, Step, Terms, book, worth
from tests.people import NOON

MEI, WANG = UUID(int=1), UUID(int=2)
TEA = ("TEA", 1)
TERMS = {TEA: Terms(500, 15)}
THEN = NOON + timedelta(days=3)
SOLD = new_id()


def step(kind: str, *, whose: UUID = MEI, order: UUID | None = SOLD, minor: int = 0, at: int = 0) -> Step:
    gross, refund = (minor, 0) if kind == "ORDER" else (0, minor)
    return Step(new_id(), kind, whose, order, *TEA, gross, refund, NOON + timedelta(days=at))


def followed(*steps: Step, known: list[Commission] | None = None) -> Book:
    found = book(known or [], {}, TERMS)
    found.follow(steps, iter(new_id, None))
    return found


def of(found: Book, order: UUID = SOLD) -> tuple[State, int]:
    return found.known[order].state, found.known[order].amount_minor


def settled(amount: int, state: State) -> Commission:
    return Commission(new_id(), SOLD, MEI, *TEA, 500, 15, 100_00, 0, amount, amount, state, NOON, NOON)


def test_an_order_is_estimated_then_frozen_for_some_days() -> None:
    found = followed(step("ORDER", minor=100_00))
    assert of(found) == (State.ESTIMATED, 5_00)
    found.follow([step("QUALIFIED", order=None, at=3)], iter(new_id, None))
    assert of(found) == (State.FROZEN, 5_00)
    assert found.known[SOLD].frozen_until == THEN + timedelta(days=15)


def test_the_next_order_of_somebody_who_has_qualified_is_frozen_at_once() -> None:
    found = followed(step("QUALIFIED", order=None), step("ORDER", minor=99, at=3))
    assert of(found) == (State.FROZEN, 4)
    assert found.known[SOLD].frozen_until == THEN + timedelta(days=15)


@given(st.integers(1, 10**12), st.lists(st.integers(1, 10**11), max_size=4))
def test_refunds_in_any_order_leave_the_same(gross: int, refunds: list[int]) -> None:
    refunds = [each for place, each in enumerate(refunds) if sum(refunds[: place + 1]) <= gross]
    left = worth(gross - sum(refunds), 500)
    for order in permutations(refunds):
        found = followed(step("ORDER", minor=gross), *(step("REFUND", minor=each) for each in order))
        assert of(found) == (State.ESTIMATED if left or not refunds else State.REVERSED, left)
        assert found.owed_minor == 0


@pytest.mark.parametrize("state", [State.SETTLING, State.PAID])
def test_what_is_refunded_after_it_was_settled_is_owed(state: State) -> None:
    found = followed(step("REFUND", minor=30_00), known=[settled(5_00, state)])
    assert (of(found), found.owed_minor) == ((state, 3_50), 1_50)
    found.follow([step("REFUND", minor=70_00)], iter(new_id, None))
    assert (of(found)[1], found.owed_minor) == (0, 5_00)
    assert of(found)[0] is (State.PAID if state is State.PAID else State.REVERSED)


@pytest.mark.parametrize("kind", ["REJECTED", "VOIDED", "EXPIRED"])
def test_what_was_never_earned_is_reversed_unless_it_is_settled(kind: str) -> None:
    other = new_id()
    found = followed(
        step("ORDER", minor=100_00), step("ORDER", whose=WANG, order=other, minor=100_00), step(kind, order=None)
    )
    assert (of(found), of(found, other)) == ((State.REVERSED, 0), (State.ESTIMATED, 5_00))
    for state in (State.SETTLING, State.PAID):
        assert of(followed(step(kind, order=None), known=[settled(5_00, state)])) == (state, 5_00)


def test_what_is_reversed_stays_so() -> None:
    found = followed(step("ORDER", minor=100_00), step("REFUND", minor=100_00), step("QUALIFIED", order=None))
    assert of(found) == (State.REVERSED, 0)


def test_a_campaign_without_a_commission_brings_none() -> None:
    found = book([], {}, {TEA: Terms(0, 15)})
    found.follow([step("ORDER", minor=100_00), step("REFUND", minor=1)], iter(new_id, None))
    assert not found.known
