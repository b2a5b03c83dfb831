"""Prices of members: rounded once, exact over the lines, never below nothing, and never more for more off."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.units import BasisPoints, Minor
from rules.prices import member_prices

lines = st.lists(st.integers(0, 10**9).map(Minor), min_size=1, max_size=12)
bps = st.integers(0, 9_999).map(BasisPoints)


@pytest.mark.parametrize(
    ("cart", "off", "prices"),
    [
        ([200_00], 1_000, [180_00]),
        ([59_90, 40_15], 1_000, [53_91, 36_13]),
        ([5], 1_000, [4]),
        ([4], 1_000, [4]),
        ([5, 5, 5], 1_000, [4, 4, 5]),
        ([0, 0], 9_999, [0, 0]),
        ([1, 0], 9_999, [0, 0]),
        ([7, 9], 0, [7, 9]),
    ],
)
def test_a_price_is_rounded_half_up_once_and_split_over_the_lines(
    cart: list[int], off: int, prices: list[int]
) -> None:
    assert member_prices([Minor(each) for each in cart], BasisPoints(off)) == tuple(prices)


@given(lines, bps)
def test_no_line_costs_less_than_nothing_or_more_than_it_did(cart: list[Minor], off: BasisPoints) -> None:
    priced = member_prices(cart, off)
    assert len(priced) == len(cart)
    assert all(0 <= now <= before for now, before in zip(priced, cart, strict=True))


@given(lines, bps)
def test_the_lines_together_cost_what_the_cart_does(cart: list[Minor], off: BasisPoints) -> None:
    less = sum(cart) - sum(member_prices(cart, off))
    assert -5_000 < sum(cart) * off - less * 10_000 < 5_000 or 10_000 * less - sum(cart) * off == 5_000


@given(lines, bps, bps, st.integers(0, 10**6))
def test_more_off_is_never_dearer_and_a_dearer_cart_never_cheaper(
    cart: list[Minor], one: BasisPoints, other: BasisPoints, more: int
) -> None:
    less, most = sorted((one, other))
    assert sum(member_prices(cart, BasisPoints(most))) <= sum(member_prices(cart, BasisPoints(less)))
    dearer = [*cart[:-1], Minor(cart[-1] + more)]
    assert sum(member_prices(dearer, one)) >= sum(member_prices(cart, one))
