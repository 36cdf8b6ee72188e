"""Are customers served as they were promised? From what they saw themselves, as Prometheus has it from the load."""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from lab.clients.prometheus import Prometheus
from lab.drill.judgement import SIGHT_S
from warroom.series import STEP, Growth, growth, total

# The team spec's bounds, over as long as the alerts look back.
WINDOW = SIGHT_S
ERROR_RATIO = 0.01
LATE_RATIO = 0.01  # of a route's answers may take longer than 500 ms: that is its P99
# Of few answers the slowest one is the P99; nobody is unhappy about one or two.
LATE_AT_LEAST = 3
# Customers ask 21 times a second, fewer where load was shed. With less than this nobody knows how they fare.
ANSWERS = 10.0  # a second
ANSWERED_OF_ASKED = 0.5  # one that is asked now may be answered in 10 s, and a burst brings many at once
ASKED_BY_CUSTOMERS = frozenset(("billing", "checkout", "inventory", "orders", "promotions"))

DURATION = "customer_request_duration_seconds"
ANSWERED = f"sum by (service, route) ({DURATION}_count)"
FAILED = f'sum by (service, route) ({DURATION}_count{{status!~"2.."}})'
# Exports are promised no time.
TIMED = f'sum by (service, route) ({DURATION}_count{{route!="/exports"}})'
IN_TIME = f'sum by (service, route) ({DURATION}_bucket{{route!="/exports",le="0.5"}})'
ASKED = "sum(customer_requests_asked_total)"
BOOKS = "ledger_difference_cents"
COMPARED = "time() - max(ledger_reconciled_timestamp_seconds) < 30"  # seconds; else nobody knows whether they agree


@dataclass
class Window:
    """The growth of one expression over the last WINDOW seconds."""

    grown: deque[Growth] = field(default_factory=lambda: deque(maxlen=int(WINDOW / STEP)))

    def sums(self) -> Counter:
        found: Counter = Counter()
        for one in self.grown:
            found.update(one)
        return found


class Customers:
    """Unix times throughout. Raises LabError when Prometheus does not answer."""

    def __init__(self, prometheus: Prometheus) -> None:
        self._prometheus = prometheus

    def moments(self, begin: float, end: float) -> Iterator[tuple[float, bool | None]]:
        """For each step from `begin` to `end`: were customers inside their SLO in the WINDOW before it? None where
        nobody has asked for anything, or nobody knows of it."""
        windows = [Window() for _ in range(5)]
        reading = (
            growth(self._prometheus, expression, begin - WINDOW - STEP, end)
            for expression in (ANSWERED, FAILED, TIMED, IN_TIME, ASKED)
        )
        for together in zip(*reading, strict=True):
            for window, (_, grown) in zip(windows, together, strict=True):
                window.grown.append(grown)
            at = together[0][0]
            if at >= begin:
                yield at, _inside(*(window.sums() for window in windows))

    def content(self, begin: float, end: float, without: Callable[[float], bool] = lambda at: False) -> bool:
        """Were they inside their SLO throughout, and was nobody charged wrongly? But for moments `without`."""
        moments = [inside for at, inside in self.moments(begin, end) if not without(at)]
        if not moments or not all(moments) or not self._prometheus.query(COMPARED, at=end):
            return False
        return self.wronged(begin, end, without) == 0

    def wronged(self, begin: float, end: float, without: Callable[[float], bool] = lambda at: False) -> float:
        """Cents by which the two books have come to differ more. What is levelled later has been wrong all the same."""
        return total(self._prometheus, BOOKS, begin, end, gauge=True, without=without)


def _inside(answered: Counter, failed: Counter, timed: Counter, in_time: Counter, asked: Counter) -> bool | None:
    if not asked.total():
        return None
    answers = answered.total()
    services = {dict(key)["service"] for key, count in answered.items() if count > 0}
    if answers < ANSWERS * WINDOW or answers < ANSWERED_OF_ASKED * asked.total() or not services >= ASKED_BY_CUSTOMERS:
        return False
    if failed.total() > ERROR_RATIO * answers:
        return False
    late = {route: count - in_time[route] for route, count in timed.items()}
    return not any(late[route] > LATE_RATIO * timed[route] and late[route] >= LATE_AT_LEAST for route in late)
