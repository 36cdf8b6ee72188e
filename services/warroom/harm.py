"""What an incident has cost customers: from Prometheus alone, so that it is the same after a crash of this process."""

from collections.abc import Sequence

from lab.clients.prometheus import Prometheus
from lab.drill.drill import Drill
from lab.drill.event import Harmed
from lab.drill.judgement import Judgement, apart
from warroom.customers import DURATION, Customers
from warroom.series import STEP, total

# A customer who was refused, told of an error or not answered has no order.
ORDERS_LOST = f'sum({DURATION}_count{{service="checkout",route="/orders",status!~"2.."}})'


class Harm:
    def __init__(self, prometheus: Prometheus, customers: Customers) -> None:
        self._prometheus = prometheus
        self._customers = customers

    def of(self, drill: Drill) -> Harmed | None:
        """From the first trigger to the end of the drill, or to now; None before that. Raises LabError."""
        if drill.triggered_at is None:
            return None
        end = drill.ended_at or drill.clock.read
        return self.between(drill.triggered_at.at, end.at, drill.apart)

    def between(self, begin: float, end: float, judgements: Sequence[Judgement] = ()) -> Harmed:
        """Unix times. What the lab does to customers to judge a fix is not the incident's, and is left out."""
        moments = list(self._customers.moments(begin, end))
        left_out = frozenset(apart(moments, judgements))
        outside = sum(inside is False for at, inside in moments if at not in left_out)
        without = left_out.__contains__
        return Harmed(
            out_of_slo_s=min(STEP * outside, max(0.0, end - begin)),
            orders_lost=round(total(self._prometheus, ORDERS_LOST, begin, end, without=without)),
            money_wrong_cents=round(self._customers.wronged(begin, end, without)),
        )
