"""The price of an invoice."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal

from billing.models import Line

CENT = Decimal("0.01")
MONEY = Context(prec=28, rounding=ROUND_HALF_UP)


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
    priced = [PricedLine(line.description, Decimal(line.net), _tax(Decimal(line.net), tax_rate)) for line in lines]
    return Invoice(priced, sum((line.net + line.tax for line in priced), Decimal(0)))


def _tax(net: Decimal, rate: Decimal) -> Decimal:
    return MONEY.quantize(MONEY.multiply(net, rate), CENT)
