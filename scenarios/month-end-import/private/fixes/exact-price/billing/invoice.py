"""The price of an invoice."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from billing.models import Line

CENT = Decimal("0.01")


@dataclass(frozen=True)
class PricedLine:
    description: str
    net: Decimal
    tax: Decimal


@dataclass(frozen=True)
class Invoice:
    lines: list[PricedLine]
    amount: Decimal


def price(lines: Sequence[Line], tax_rate: float) -> Invoice:
    """Adds the tax to every line, half up to the cent, and the lines to the amount due."""
    rate = Decimal(str(tax_rate))
    priced = []
    amount = Decimal(0)
    for line in lines:
        net = Decimal(line.net)
        tax = (net * rate).quantize(CENT, rounding=ROUND_HALF_UP)
        priced.append(PricedLine(line.description, net, tax))
        amount += net + tax
    return Invoice(priced, amount)
