from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from processor import money

RATE = Decimal("0.0725")


@pytest.mark.parametrize(
    ("nets", "cents"),
    [
        (["2"], 215),  # 14.5 cents of tax
        (["10.00"], 1073),
        (["4"], 429),
        (["0.01"], 1),
        (["2", "2"], 430),  # per line, not on the total
        (["9999999999.99"], 1_072_499_999_999),
    ],
)
def test_tax_is_rounded_half_up_per_line(nets, cents):
    assert money.due(nets, RATE) == cents


@given(st.integers(1, 999_999_999_999))
def test_tax_in_whole_numbers(cents: int):
    """29/400, half up, by integers alone."""
    assert money.due([money.show(cents)], RATE) == cents + (cents * 29 + 200) // 400


@given(st.lists(st.integers(1, 10**12 - 1), min_size=1, max_size=8), st.randoms())
def test_the_order_of_lines_does_not_matter(cents: list[int], rng):
    nets = [money.show(c) for c in cents]
    shuffled = rng.sample(nets, len(nets))
    assert money.due(nets, RATE) == money.due(shuffled, RATE)


@given(st.integers(-(10**15), 10**15))
def test_shown_amounts_read_back(cents: int):
    assert money.cents(money.show(cents)) == cents


def test_negative_amounts_below_one_keep_their_sign():
    assert money.show(-1) == "-0.01"


def test_a_fraction_of_a_cent_is_refused():
    with pytest.raises(ValueError, match="fraction"):
        money.cents("1.005")
