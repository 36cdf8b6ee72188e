"""The healthy day must not contain what the import contains: amounts on a half cent, and repeats in another order."""

import random
from decimal import Decimal

import pytest

from loadgen.charges import Charge, ChargeBook, is_tie
from loadgen.settings import Settings

TAX = Decimal("0.0725")


def draw(profile: str, count: int = 4_000) -> list[Charge]:
    """Charges of which every one is answered before the next is drawn."""
    charging = Settings().profiles[profile].charging
    book = ChargeBook(
        random.Random(3),
        ("a-1", "a-2"),
        lines=(charging.min_lines, charging.max_lines),
        whole_units=charging.whole_units,
        retries=charging.retries,
        shuffled=charging.shuffled,
    )
    drawn = []
    for _ in range(count):
        drawn.append(charge := book.draw())
        book.answered(charge)
    return drawn


def ties(charges: list[Charge]) -> int:
    """Counted from the decimal strings that are sent, not with the generator's own predicate."""
    nets = [Decimal(line["net"]) for charge in charges for line in charge.body()["lines"]]
    return sum((net * TAX * 100) % 1 == Decimal("0.5") for net in nets)


def repeats(charges: list[Charge]) -> tuple[int, int]:
    """How many repeat an earlier key, and how many of those list their lines in another order."""
    first: dict[str, Charge] = {}
    again = [(first[charge.key], charge) for charge in charges if first.setdefault(charge.key, charge) is not charge]
    return len(again), sum(before.lines != charge.lines for before, charge in again)


def same_charge_differs_only_in_order(charges: list[Charge]) -> bool:
    contents: dict[str, tuple] = {}
    return all(
        contents.setdefault(c.key, (c.account, sorted(c.lines))) == (c.account, sorted(c.lines)) for c in charges
    )


@pytest.mark.parametrize("cents", [200, 600, 1_000, 89_800])
def test_a_tie_is_a_tax_of_exactly_half_a_cent(cents):
    assert is_tie(cents)
    assert (Decimal(cents) / 100 * TAX * 100) % 1 == Decimal("0.5")
    assert not is_tie(cents + 1)


def test_healthy_has_no_tie():
    assert ties(draw("healthy")) == 0


def test_healthy_repeats_some_charges_as_they_were():
    charges = draw("healthy")
    sent = [charge.key for charge in charges]
    assert 0.05 < 1 - len(set(sent)) / len(sent) < 0.15
    lines = {charge.key: charge.lines for charge in charges}
    assert all(lines[charge.key] == charge.lines for charge in charges)


def test_the_import_has_many_ties():
    charges = draw("month-end-import")
    assert ties(charges) / sum(len(charge.lines) for charge in charges) > 0.1


def test_the_import_repeats_charges_in_another_order():
    charges = draw("month-end-import")
    again, reordered = repeats(charges)
    assert again / len(charges) == pytest.approx(0.15, abs=0.03)
    assert reordered / again > 0.9
    assert same_charge_differs_only_in_order(charges)


def test_the_import_also_has_mixed_cents_in_long_charges():
    charges = draw("month-end-import", 200)
    assert all(6 <= len(charge.lines) <= 8 for charge in charges)
    assert any(cents % 100 for charge in charges for _, cents in charge.lines)


def test_nothing_is_repeated_before_it_was_answered():
    book = ChargeBook(random.Random(1), ("a-1",), lines=(1, 2), whole_units=0, retries=1.0, shuffled=False)
    first = book.draw()
    assert book.draw().key != first.key
    book.answered(first)
    assert book.draw() == first


def test_amounts_are_decimal_strings_with_two_digits():
    assert Charge("k", "a-1", (("Freight", 205),)).body() == {
        "account": "a-1",
        "lines": [{"description": "Freight", "net": "2.05"}],
    }


def test_two_days_of_the_same_seed_have_the_same_charges_under_other_keys():
    def day() -> list[Charge]:
        return draw("healthy", 100)

    first, second = day(), day()
    assert [charge.body() for charge in first] == [charge.body() for charge in second]
    assert not {charge.key for charge in first} & {charge.key for charge in second}
