"""The price of an invoice."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from billing.models import Line


class PricedLine(BaseModel):
    model_config = ConfigDict(frozen=True)

    description: str
    net: float
    rate: float

    @property
    def tax(self) -> float:
        return round(self.net * self.rate, 2)

    @property
    def gross(self) -> float:
        return self.net + self.tax


class Invoice(BaseModel):
    lines: list[PricedLine]

    @property
    def amount(self) -> float:
        return sum(line.gross for line in self.lines)


def price(lines: Sequence[Line], tax_rate: float) -> Invoice:
    """Adds the tax to every line and the lines to the amount due."""
    return Invoice(lines=[PricedLine(**line.model_dump(), rate=tax_rate) for line in lines])
