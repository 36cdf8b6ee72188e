"""The price of an invoice."""

from collections.abc import Sequence
from dataclasses import dataclass

from billing.models import Line

NUDGE = 1e-9  # more than a product is off, less than taxes lie apart


@dataclass(frozen=True)
class PricedLine:
    description: str
    net: float
    tax: float


@dataclass(frozen=True)
class Invoice:
    lines: list[PricedLine]
    amount: float


def price(lines: Sequence[Line], tax_rate: float) -> Invoice:
    """Adds the tax to every line and the lines to the amount due."""
    priced = []
    amount = 0.0
    for line in lines:
        net = float(line.net)
        tax = round(net * tax_rate + NUDGE, 2)
        priced.append(PricedLine(line.description, net, tax))
        amount += net + tax
    return Invoice(priced, amount)
