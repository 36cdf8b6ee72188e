"""The price of an invoice."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

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


def price(lines: Sequence[Line], tax_rate: Decimal) -> Invoice:
    """Adds the tax to every line, to the cent, and the lines to the amount due."""
    priced = []
    amount = Decimal(0)
    for line in lines:
        net = Decimal(line.net)
        tax = (net * tax_rate).quantize(CENT)
        priced.append(PricedLine(line.description, net, tax))
        amount += net + tax
    return Invoice(priced, amount)
