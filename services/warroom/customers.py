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

NOBODY = "no customer is known to have asked for anything"

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
        for at, trouble in self._troubles(begin, end):
            yield at, None if trouble == NOBODY else not trouble

    def _troubles(self, begin: float, end: float) -> Iterator[tuple[float, str]]:
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
                yield at, _trouble(*(window.sums() for window in windows))

    def content(self, begin: float, end: float, without: Callable[[float], bool] = lambda at: False) -> bool:
        """Were they inside their SLO throughout, and was nobody charged wrongly? But for moments `without`."""
        return not self.unrest(begin, end, without)

    def unrest(self, begin: float, end: float, without: Callable[[float], bool] = lambda at: False) -> str:
        """What was the latest to keep them from being content, in half a sentence; empty if they were."""
        troubles = [trouble for at, trouble in self._troubles(begin, end) if not without(at)] or [NOBODY]
        if latest := next(filter(None, reversed(troubles)), ""):
            return latest
        if not self._prometheus.query(COMPARED, at=end):
            return "the books have not been compared for a while"
        return "the books have come to differ" if self.wronged(begin, end, without) else ""

    def wronged(self, begin: float, end: float, without: Callable[[float], bool] = lambda at: False) -> float:
        """Cents by which the two books have come to differ more. What is levelled later has been wrong all the same."""
        return total(self._prometheus, BOOKS, begin, end, gauge=True, without=without)


def _trouble(answered: Counter, failed: Counter, timed: Counter, in_time: Counter, asked: Counter) -> str:
    if not asked.total():
        return NOBODY
    answers = answered.total()
    if answers < ANSWERS * WINDOW or answers < ANSWERED_OF_ASKED * asked.total():
        return f"customers had {answers / WINDOW:.1f} answers a second, and asked {asked.total() / WINDOW:.1f} times"
    if silent := ASKED_BY_CUSTOMERS - {dict(key)["service"] for key, count in answered.items() if count > 0}:
        return f"{', '.join(sorted(silent))} answered no customer"
    if failed.total() > ERROR_RATIO * answers:
        return f"{failed.total() / answers:.1%} of customers' requests failed"
    late = {route: count - in_time[route] for route, count in timed.items()}
    for route, some in sorted(late.items(), key=lambda one: -one[1]):
        if some > LATE_RATIO * timed[route] and some >= LATE_AT_LEAST:
            where = dict(route)
            return (
                f"{some:.0f} of {timed[route]:.0f} answers of {where['service']} {where['route']} "
                "took longer than 500 ms"
            )
    return ""
