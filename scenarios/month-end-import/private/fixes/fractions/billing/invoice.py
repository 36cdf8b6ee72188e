"""The price of an invoice."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import floor

from billing.models import Line

HALF = Fraction(1, 2)


@dataclass(frozen=True)
class PricedLine:
    description: str
    net: Decimal
    tax: Decimal


@dataclass(frozen=True)
class Invoice:
    lines: list[PricedLine]
    amount: Decimal


def price(lines: Sequence[Line], tax_rate: Decimal) -> Invoice:
    """Adds the tax to every line, half up to the cent, and the lines to the amount due."""
    rate = Fraction(tax_rate)
    priced = []
    cents = 0
    for line in lines:
        net = Fraction(line.net) * 100
        tax = floor(net * rate + HALF)
        priced.append(PricedLine(line.description, _units(int(net)), _units(tax)))
        cents += int(net) + tax
    return Invoice(priced, _units(cents))


def _units(cents: int) -> Decimal:
    """1234 → Decimal("12.34")."""
    return Decimal(cents).scaleb(-2)
