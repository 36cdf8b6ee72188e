"""Orders: their history and exports, and the partner who ships them."""

from dashboards import area
from dashboards.board import Board, Query, Row, graph

SERVICES = ("orders", "partner")

PARTNER = Row(
    "Partner",
    (
        graph(
            "Calls to the partner",
            "Calls a second that came to the partner, refused ones included; a batch counts as one.",
            "reqps",
            Query("sum by (kind) (rate(partner_requests_total[$__rate_interval]))", "{{kind}}"),
            span=12,
            limits=((200, "red"),),
        ),
        graph(
            "Calls refused",
            "Calls a second that the partner's rate limit (200 a second, burst 50) refused.",
            "reqps",
            Query(
                "sum by (kind) (rate(partner_refused_total[$__rate_interval]))"
                " or 0 * sum by (kind) (rate(partner_requests_total[$__rate_interval]))",
                "{{kind}}",
            ),
            span=12,
            limits=((1, "orange"),),
        ),
    ),
)

BOARD = Board(
    "orders",
    "Orders and shipping",
    "Order history and exports, and the partner's answers.",
    (
        area.alerts(SERVICES),
        area.customers(("orders",), "The promise is 500 ms on every route but exports, which are promised no time."),
        area.services(SERVICES),
        area.dependencies(SERVICES),
        PARTNER,
        area.saturation(SERVICES),
    ),
)
