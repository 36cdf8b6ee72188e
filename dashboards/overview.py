"""The overview: the first page to open, at any hour. Customers first, then every service, then what they lean on."""

from dashboards.board import EMPTY, ERROR_LIMITS, LATENCY_LIMITS, Board, Query, Row, dial, graph, listing, number
from dashboards.queries import (
    CLIENT,
    CUSTOMERS,
    DATABASE,
    FAILED,
    SERVER,
    SERVICES,
    error_ratio,
    firing,
    join,
    quantile,
    rate,
)

PICKED = 'service=~"$service"'
NOT_EXPORTS = 'route!="/exports"'
PROMISED = join(PICKED, NOT_EXPORTS)

NOW = Row(
    "Now",
    (
        number(
            "Firing alerts",
            "Alerts that fire, whichever service is picked.",
            "suffix: alerts",
            Query('count(ALERTS{alertstate="firing"}) or vector(0)', "firing"),
            limits=((1, "red"),),
        ),
        number(
            "Customers' error ratio",
            "Share of all customers' requests that failed or were not answered in time. The promise is 1 %.",
            "percentunit",
            Query(
                f"(sum(rate({CUSTOMERS}_count{{{FAILED}}}[$__rate_interval])) or vector(0))"
                f" / sum(rate({CUSTOMERS}_count[$__rate_interval]))",
                "failed",
            ),
            limits=ERROR_LIMITS,
        ),
        number(
            "Customers' P99, slowest service",
            "One in a hundred of the customers' requests to the slowest service takes this long or longer, exports "
            "left out. The promise is 500 ms on an ordinary day and 2.5 s in a burst.",
            "s",
            Query(f"max({quantile(0.99, CUSTOMERS, 'service', NOT_EXPORTS)})", "P99"),
            limits=LATENCY_LIMITS,
        ),
        number(
            "Customers' requests",
            "Requests a second that customers had an answer to or gave up on.",
            "reqps",
            Query(f"sum(rate({CUSTOMERS}_count[$__rate_interval]))", "requests"),
        ),
        number(
            "Books differ by",
            "What billing's book and the processor's differ by, over all charges. Healthy books agree to the cent.",
            "suffix: cents",
            Query("sum(ledger_difference_cents)", "difference"),
            limits=((1, "orange"), (10, "red")),
        ),
        dial(
            "Load sent",
            "Share of what customers wanted to ask that could be sent. Below 90 % the other figures speak of less than "
            "was wanted.",
            Query(
                "sum(rate(customer_requests_sent_total[$__rate_interval]))"
                " / (sum(rate(customer_requests_asked_total[$__rate_interval])) > 0)",
                "sent",
            ),
            limits=((0.9, "green"),),
            base="red",
        ),
        listing(
            "Alerts that fire",
            f"Each alert that fires, and for how long its condition has held. {EMPTY}",
            "s",
            Query(firing(), ""),
            "For",
            span=24,
        ),
    ),
)

SEEN_BY_CUSTOMERS = Row(
    "What customers see",
    (
        graph(
            "Customers' requests",
            "Requests a second to each service that customers had an answer to or gave up on.",
            "reqps",
            Query(rate(CUSTOMERS, "service", PICKED), "{{service}}"),
        ),
        graph(
            "Customers' error ratio",
            "Share of the customers' requests that failed (5xx) or were not answered in time. The promise is 1 %.",
            "percentunit",
            Query(error_ratio(CUSTOMERS, "service", FAILED, PICKED), "{{service}}"),
            limits=ERROR_LIMITS,
        ),
        graph(
            "Customers' P99",
            "One in a hundred of the customers' requests takes this long or longer, exports left out. The promise is "
            "500 ms on an ordinary day and 2.5 s in a burst; 10 s is the last bucket. Points are traces.",
            "s",
            Query(quantile(0.99, CUSTOMERS, "service", PROMISED), "{{service}}", exemplars=True),
            limits=LATENCY_LIMITS,
        ),
    ),
)

SEEN_BY_SERVICES = Row(
    "What services see",
    (
        graph(
            "Requests",
            "Requests a second that each service answered, from customers and from other services.",
            "reqps",
            Query(rate(SERVER, "service", PICKED), "{{service}}"),
            span=6,
        ),
        graph(
            "Server errors",
            "Share of a service's answers that were server errors (5xx).",
            "percentunit",
            Query(error_ratio(SERVER, "service", 'status=~"5.."', PICKED), "{{service}}"),
            span=6,
            limits=ERROR_LIMITS,
        ),
        graph(
            "P99 inside",
            "One in a hundred answers took this long or longer, counted from when the service looked at the request. "
            "What a request waited before that is in the caller's figures.",
            "s",
            Query(quantile(0.99, SERVER, "service", PICKED), "{{service}}", exemplars=True),
            span=6,
            limits=LATENCY_LIMITS,
        ),
        graph(
            "In flight",
            "Requests that have arrived and are not answered yet.",
            "suffix: requests",
            Query(f"sum by (service) (http_server_requests_in_flight{{{PICKED}}})", "{{service}}"),
            span=6,
        ),
    ),
)

CALLS = Row(
    "What services ask of others",
    (
        graph(
            "Calls, P99",
            "One in a hundred calls from one service to another took this long or longer, as the caller saw it.",
            "s",
            Query(quantile(0.99, CLIENT, "service, peer", PICKED), "{{service}} → {{peer}}", exemplars=True),
            limits=LATENCY_LIMITS,
        ),
        graph(
            "Calls that failed",
            "Share of the calls from one service to another that had a server error (5xx) or no answer.",
            "percentunit",
            Query(error_ratio(CLIENT, "service, peer", 'status=~"5..|error"', PICKED), "{{service}} → {{peer}}"),
            limits=ERROR_LIMITS,
        ),
        graph(
            "Database, P99",
            "One in a hundred statements took this long or longer, as the service saw it.",
            "s",
            Query(quantile(0.99, DATABASE, "service", PICKED), "{{service}}", exemplars=True),
            limits=((0.25, "orange"), (1, "red")),
        ),
    ),
)

SATURATION = Row(
    "How full they are",
    (
        graph(
            "Pools in use",
            "Share of a pool's workers or connections that are taken.",
            "percentunit",
            Query(
                f"sum by (service, pool) (worker_pool_in_use{{{PICKED}}})"
                f" / sum by (service, pool) (worker_pool_size{{{PICKED}}})",
                "{{service}} {{pool}}",
            ),
            limits=((0.8, "orange"), (1, "red")),
            maximum=1,
        ),
        graph(
            "Waiting for a pool",
            "Callers that wait for a pool's worker or connection.",
            "suffix: callers",
            Query(f"sum by (service, pool) (worker_pool_waiting{{{PICKED}}})", "{{service}} {{pool}}"),
            limits=((1, "orange"),),
        ),
        graph(
            "Event-loop lag",
            "Longest wait for a turn on a service's event loop in the last 5 s.",
            "s",
            Query(f"max by (service) (event_loop_lag_seconds{{{PICKED}}})", "{{service}}"),
            limits=((0.1, "orange"), (0.5, "red")),
        ),
    ),
)

LOAD = Row(
    "Load",
    (
        graph(
            "Asked and sent",
            "Requests a second that were due of each profile, and that were sent.",
            "reqps",
            Query("sum by (profile) (rate(customer_requests_asked_total[$__rate_interval]))", "{{profile}} asked"),
            Query("sum by (profile) (rate(customer_requests_sent_total[$__rate_interval]))", "{{profile}} sent"),
            span=12,
        ),
        graph(
            "Answers by outcome",
            "What became of the customers' requests: status codes, timeout for those they gave up on, error for those "
            "that had no answer.",
            "reqps",
            Query(rate(CUSTOMERS, "status", PICKED), "{{status}}"),
            span=12,
            stacked=True,
        ),
    ),
)

BOARD = Board(
    "overview",
    "Overview",
    "What customers see, what every service sees, and how full each is.",
    (NOW, SEEN_BY_CUSTOMERS, SEEN_BY_SERVICES, CALLS, SATURATION, LOAD),
    SERVICES,
)
