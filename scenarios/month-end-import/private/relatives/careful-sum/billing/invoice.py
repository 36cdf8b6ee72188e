"""The price of an invoice."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum

from billing.models import Line


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
    for line in lines:
        net = float(line.net)
        priced.append(PricedLine(line.description, net, round(net * tax_rate, 2)))
    return Invoice(priced, round(fsum(part for line in priced for part in (line.net, line.tax)), 2))
