"""The price of an invoice, in whole cents."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from billing.models import Line


@dataclass(frozen=True)
class PricedLine:
    description: str
    net_cents: int
    tax_cents: int


@dataclass(frozen=True)
class Invoice:
    lines: list[PricedLine]
    cents: int


def price(lines: Sequence[Line], tax_rate: Decimal) -> Invoice:
    """Adds the tax to every line, half up to the cent, and the lines to the amount due."""
    above, below = tax_rate.as_integer_ratio()
    priced = []
    for line in lines:
        net = int(Decimal(line.net).scaleb(2))
        priced.append(PricedLine(line.description, net, (2 * net * above + below) // (2 * below)))
    return Invoice(priced, sum(line.net_cents + line.tax_cents for line in priced))


def units(cents: int) -> Decimal:
    """1234 → Decimal("12.34")."""
    return Decimal(cents).scaleb(-2)
