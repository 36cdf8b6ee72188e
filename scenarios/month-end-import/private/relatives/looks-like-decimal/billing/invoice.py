"""The price of an invoice."""

from collections.abc import Sequence
from dataclasses import dataclass

from billing.models import Line
from billing.money import Money


@dataclass(frozen=True)
class PricedLine:
    description: str
    net: Money
    tax: Money


@dataclass(frozen=True)
class Invoice:
    lines: list[PricedLine]
    amount: Money


def price(lines: Sequence[Line], tax_rate: float) -> Invoice:
    """Adds the tax to every line and the lines to the amount due."""
    priced = []
    amount = Money(0)
    for line in lines:
        net = Money(line.net)
        tax = (net * tax_rate).quantize()
        priced.append(PricedLine(line.description, net, tax))
        amount = amount + (net + tax)
    return Invoice(priced, amount)
