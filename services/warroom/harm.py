"""What an incident has cost customers: from Prometheus alone, so that it is the same after a crash of this process."""

from lab.clients.prometheus import Prometheus
from lab.drill.event import Harmed
from warroom.customers import DURATION, Customers
from warroom.series import STEP, total

# A customer who was refused, told of an error or not answered has no order.
ORDERS_LOST = f'sum({DURATION}_count{{service="checkout",route="/orders",status!~"2.."}})'


class Harm:
    def __init__(self, prometheus: Prometheus, customers: Customers) -> None:
        self._prometheus = prometheus
        self._customers = customers

    def between(self, begin: float, end: float) -> Harmed:
        """Unix times: from the first trigger to the end of the drill, or to now. Raises LabError."""
        outside = sum(inside is False for _, inside in self._customers.moments(begin, end))
        return Harmed(
            out_of_slo_s=min(STEP * outside, max(0.0, end - begin)),
            orders_lost=round(total(self._prometheus, ORDERS_LOST, begin, end)),
            money_wrong_cents=round(self._customers.wronged(begin, end)),
        )
