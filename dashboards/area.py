"""What the dashboards of the business areas have in common: the area's alerts, its customers, its services."""

from collections.abc import Sequence

from dashboards.board import EMPTY, ERROR_LIMITS, LATENCY_LIMITS, Query, Row, graph, listing
from dashboards.queries import (
    CLIENT,
    CUSTOMERS,
    DATABASE,
    FAILED,
    SERVER,
    error_ratio,
    firing,
    one_of,
    quantile,
    rate,
)


def alerts(services: Sequence[str]) -> Row:
    return Row(
        "Alerts",
        (
            listing(
                "Alerts that fire",
                f"Alerts of {_listed(services)} that fire, and for how long their condition has held. {EMPTY}",
                "s",
                Query(firing(one_of(services)), ""),
                "For",
                span=24,
                height=5,
            ),
        ),
    )


def customers(services: Sequence[str], promise: str) -> Row:
    """`promise` is the sentence that the team spec gives customers of these services."""
    asked = one_of(services)
    return Row(
        "What customers see",
        (
            graph(
                "Customers' requests",
                "Requests a second on each route that customers had an answer to or gave up on.",
                "reqps",
                Query(rate(CUSTOMERS, "service, route", asked), "{{service}} {{route}}"),
                span=6,
            ),
            graph(
                "Customers' error ratio",
                "Share of the customers' requests that failed (5xx) or were not answered in time. The promise is 1 %.",
                "percentunit",
                Query(error_ratio(CUSTOMERS, "service, route", FAILED, asked), "{{service}} {{route}}"),
                span=6,
                limits=ERROR_LIMITS,
            ),
            graph(
                "Customers' P50",
                "Half of the customers' requests take this long or longer.",
                "s",
                Query(quantile(0.5, CUSTOMERS, "service, route", asked), "{{service}} {{route}}", exemplars=True),
                span=6,
            ),
            graph(
                "Customers' P99",
                f"One in a hundred of the customers' requests takes this long or longer. {promise}",
                "s",
                Query(quantile(0.99, CUSTOMERS, "service, route", asked), "{{service}} {{route}}", exemplars=True),
                span=6,
                limits=LATENCY_LIMITS,
            ),
        ),
    )


def services(names: Sequence[str]) -> Row:
    selector = one_of(names)
    return Row(
        "What services see",
        (
            graph(
                "Requests",
                "Requests a second that each route answered, from customers and from other services.",
                "reqps",
                Query(rate(SERVER, "service, method, route", selector), "{{service}} {{method}} {{route}}"),
                span=6,
            ),
            graph(
                "Answers by status",
                "Answers a second by status code; 499 is a caller who left before the answer began.",
                "reqps",
                Query(rate(SERVER, "service, status", selector), "{{service}} {{status}}"),
                span=6,
            ),
            graph(
                "P99 inside",
                "One in a hundred answers took this long or longer, counted from when the service looked at the "
                "request. What a request waited before that is in the caller's figures.",
                "s",
                Query(
                    quantile(0.99, SERVER, "service, method, route", selector),
                    "{{service}} {{method}} {{route}}",
                    exemplars=True,
                ),
                span=6,
                limits=LATENCY_LIMITS,
            ),
            graph(
                "In flight",
                "Requests that have arrived and are not answered yet.",
                "suffix: requests",
                Query(f"sum by (service) (http_server_requests_in_flight{{{selector}}})", "{{service}}"),
                span=6,
            ),
        ),
    )


def dependencies(names: Sequence[str]) -> Row:
    selector = one_of(names)
    return Row(
        "What services ask of others",
        (
            graph(
                "Calls",
                "Calls a second from one service to another, by status; error is a call that had no answer.",
                "reqps",
                Query(rate(CLIENT, "service, peer, status", selector), "{{service}} → {{peer}} {{status}}"),
                span=6,
            ),
            graph(
                "Calls, P99",
                "One in a hundred calls from one service to another took this long or longer, as the caller saw it.",
                "s",
                Query(quantile(0.99, CLIENT, "service, peer", selector), "{{service}} → {{peer}}", exemplars=True),
                span=6,
                limits=LATENCY_LIMITS,
            ),
            graph(
                "Database statements",
                "Statements a second by kind.",
                "ops",
                Query(rate(DATABASE, "service, operation", selector), "{{service}} {{operation}}"),
                span=6,
            ),
            graph(
                "Database, P99",
                "One in a hundred statements took this long or longer, as the service saw it.",
                "s",
                Query(
                    quantile(0.99, DATABASE, "service, operation", selector),
                    "{{service}} {{operation}}",
                    exemplars=True,
                ),
                span=6,
                limits=((0.25, "orange"), (1, "red")),
            ),
        ),
    )


def saturation(names: Sequence[str]) -> Row:
    selector = one_of(names)
    return Row(
        "How full they are",
        (
            graph(
                "Pools",
                "Workers or connections of a pool that are taken, and how many the pool can have.",
                "suffix: slots",
                Query(f"sum by (service, pool) (worker_pool_in_use{{{selector}}})", "{{service}} {{pool}} in use"),
                Query(f"sum by (service, pool) (worker_pool_size{{{selector}}})", "{{service}} {{pool}} size"),
            ),
            graph(
                "Waiting for a pool",
                "Callers that wait for a pool's worker or connection.",
                "suffix: callers",
                Query(f"sum by (service, pool) (worker_pool_waiting{{{selector}}})", "{{service}} {{pool}}"),
                limits=((1, "orange"),),
            ),
            graph(
                "Event-loop lag",
                "Longest wait for a turn on a service's event loop in the last 5 s.",
                "s",
                Query(f"max by (service) (event_loop_lag_seconds{{{selector}}})", "{{service}}"),
                limits=((0.1, "orange"), (0.5, "red")),
            ),
        ),
    )


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"
