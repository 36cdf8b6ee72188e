"""Which amounts billing gets right, which it does not, and when the order of the lines shows."""

import random
from decimal import ROUND_HALF_UP, Decimal

import pytest
from billing.invoice import price
from billing.models import Line
from hypothesis import given
from hypothesis import strategies as st

from loadgen.charges import ChargeBook
from loadgen.settings import Settings

RATE = 0.0725


def lines(*nets: str) -> list[Line]:
    return [Line(description="Freight", net=net) for net in nets]


def exact(*nets: str) -> str:
    """The amount by the team spec: half up, to the cent, per line."""
    taxes = ((Decimal(net) * Decimal("0.0725")).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP) for net in nets)
    return f"{sum(map(Decimal, nets)) + sum(taxes):.2f}"


def charged(*nets: str) -> str:
    return f"{price(lines(*nets), RATE).amount:.2f}"


def decimal(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def test_whole_amounts_are_wrong_only_on_ties():
    wrong = [n for n in range(1, 20_001) if charged(str(n)) != exact(str(n))]
    assert all(n % 4 == 2 for n in wrong)
    assert len(wrong) / 20_000 == pytest.approx(0.23, abs=0.002)
    assert {Decimal(exact(str(n))) - Decimal(charged(str(n))) for n in wrong} == {Decimal("0.01")}


def test_random_cents_are_seldom_wrong():
    rng = random.Random(7)
    nets = [decimal(rng.randint(1, 1_000_000)) for _ in range(50_000)]
    assert sum(charged(net) != exact(net) for net in nets) / len(nets) == pytest.approx(0.0023, abs=0.0008)


healthy_cents = st.integers(1, 999_999_999_999).filter(lambda cents: cents % 400 != 200)


@given(healthy_cents)
def test_a_line_without_a_tie_is_right(cents: int):
    assert charged(decimal(cents)) == exact(decimal(cents))


@given(st.lists(st.integers(1, 9_000_000_000).filter(lambda cents: cents % 400 != 200), min_size=1, max_size=100))
def test_an_invoice_without_a_tie_is_right(cents: list[int]):
    nets = [decimal(c) for c in cents]
    assert charged(*nets) == exact(*nets)


def test_reversed_lines_can_come_to_another_float():
    nets = ("0.10", "0.20", "0.30")
    forward, backward = price(lines(*nets), 0.0).amount, price(lines(*reversed(nets)), 0.0).amount
    assert forward != backward
    assert abs(forward - backward) < 1e-12


def drawn(profile: str, count: int) -> list[tuple[list[str], list[str]]]:
    """(lines first sent, lines sent again) of the repeats in a profile's traffic."""
    charging = Settings().profiles[profile].charging
    book = ChargeBook(
        random.Random(11),
        ("a-001",),
        lines=(charging.min_lines, charging.max_lines),
        whole_units=charging.whole_units,
        retries=charging.retries,
        shuffled=charging.shuffled,
    )
    first: dict[str, list[str]] = {}
    repeats = []
    for _ in range(count):
        charge = book.draw()
        book.answered(charge)
        nets = [line["net"] for line in charge.body()["lines"]]
        if charge.key in first:
            repeats.append((first[charge.key], nets))
        first.setdefault(charge.key, nets)
    return repeats


def share_that_sums_differently(profile: str) -> float:
    repeats = drawn(profile, 8_000)
    assert len(repeats) > 500
    differ = sum(price(lines(*a), RATE).amount != price(lines(*b), RATE).amount for a, b in repeats)
    return differ / len(repeats)


def test_the_imports_repeats_often_sum_differently():
    assert 0.3 < share_that_sums_differently("month-end-import") < 0.6


def test_a_healthy_days_repeats_never_sum_differently():
    assert share_that_sums_differently("healthy") == 0
