"""Sales tax."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SalesTax:
    rate: float

    def on(self, net: float) -> float:
        """The tax on a net amount, to the cent."""
        return round(self.rate * net, 2)

    def with_tax(self, net: float) -> float:
        return net + self.on(net)
