"""Reversals: what partial refunds take back, in any order, adds up to what there was."""

from itertools import pairwise, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.units import BasisPoints, Minor, Points
from rules.points import reversal
from rules.purchases import bonus
from tests.people import LADDER
from tests.rules.test_terms import TERMS

EXAMPLE = {"A": 53_91, "B": 36_14}
"""Worked example 1: lines of ¥59.90 and ¥40.15 less an order coupon of ¥10, split 599 to 401."""


def taken_back(original: int, paid: int, refunds: list[int]) -> list[int]:
    """What each refund of a series takes back."""
    taken: list[int] = []
    for number in range(1, len(refunds) + 1):
        refunded = sum(refunds[:number])
        taken.append(reversal(Points(original), refunded=refunded, paid=paid, already=sum(taken)))
    return taken


def test_an_order_of_9005_fen_earns_90_points_and_a_refund_of_one_yuan_takes_none_back() -> None:
    assert TERMS.base_points(Minor(sum(EXAMPLE.values()))) == 90
    assert taken_back(90, 90_05, [1_00]) == [0]


def test_the_lines_of_the_example_may_be_refunded_in_either_order() -> None:
    assert taken_back(90, 90_05, [EXAMPLE["B"], EXAMPLE["A"]]) == [36, 54]
    assert taken_back(90, 90_05, [EXAMPLE["A"], EXAMPLE["B"]]) == [53, 37]


def test_all_orders_of_the_same_refunds_end_at_the_whole() -> None:
    for refunds in permutations([1_00, 36_14, 20_00, 32_91]):
        assert sum(taken_back(90, 90_05, list(refunds))) == 90


@given(original=st.integers(0, 10**9), cuts=st.lists(st.integers(0, 10**12), max_size=8), data=st.data())
def test_any_series_of_refunds_never_takes_back_too_much_and_in_the_end_everything(
    original: int, cuts: list[int], data: st.DataObject
) -> None:
    edges = sorted({0, *cuts})
    refunds = data.draw(st.permutations([high - low for low, high in pairwise(edges)]))
    paid = sum(refunds)
    taken = taken_back(original, paid, list(refunds))
    assert all(points >= 0 for points in taken)
    if refunds:
        assert sum(taken) == original
    for number in range(1, len(refunds)):
        assert sum(taken[:number]) == original * sum(refunds[:number]) // paid


def test_an_order_of_nothing_is_refunded_whole_at_once() -> None:
    assert reversal(Points(40), refunded=0, paid=0, already=0) == 40


def test_what_staff_gave_back_already_is_not_given_back_again() -> None:
    assert reversal(Points(100), refunded=50, paid=100, already=30) == 20
    assert reversal(Points(100), refunded=50, paid=100, already=80) < 0


@pytest.mark.parametrize(
    ("base", "bps", "extra"),
    [(90, 10_000, 0), (90, 11_000, 9), (99, 11_000, 9), (99, 12_500, 24), (1, 19_999, 0), (1, 20_000, 1)],
)
def test_a_tiers_bonus_is_rounded_down(base: int, bps: int, extra: int) -> None:
    assert bonus(Points(base), bps) == extra


@given(base=st.integers(0, 10**9), bps=st.integers(10_000, 1_000_000))
def test_a_bonus_is_what_the_multiplier_adds(base: int, bps: int) -> None:
    assert base + bonus(Points(base), BasisPoints(bps)) == base * bps // 10_000


def test_a_plain_ladder_of_the_suite_is_what_the_stories_expect() -> None:
    assert [(rung.code, rung.threshold, rung.earn_multiplier_bps) for rung in LADDER] == [
        ("BASIC", 0, 10_000),
        ("SILVER", 1_000, 11_000),
        ("GOLD", 5_000, 12_500),
    ]
