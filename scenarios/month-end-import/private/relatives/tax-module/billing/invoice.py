"""The price of an invoice."""

from collections.abc import Sequence
from dataclasses import dataclass

from billing.models import Line
from billing.tax import SalesTax


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
    tax = SalesTax(tax_rate)
    nets = [float(line.net) for line in lines]
    priced = [PricedLine(line.description, net, tax.on(net)) for line, net in zip(lines, nets, strict=True)]
    return Invoice(priced, sum(map(tax.with_tax, nets)))
