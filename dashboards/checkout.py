"""Checkout: from a cart to an order, over the stock and the promotions."""

from dashboards import area
from dashboards.board import Board, Query, Row, graph

SERVICES = ("checkout", "inventory", "promotions")

ORDERS = Row(
    "Orders",
    (
        graph(
            "Orders placed",
            "Orders a second that checkout has written.",
            "ops",
            Query("sum(rate(orders_placed_total[$__rate_interval]))", "placed"),
            span=12,
        ),
        graph(
            "Orders asked for and placed",
            "Orders a second that customers wanted, and those of them that were placed at once or a little later.",
            "ops",
            Query(
                'sum(rate(customer_request_duration_seconds_count{service="checkout", route="/orders"}'
                "[$__rate_interval]))",
                "wanted",
            ),
            Query(
                'sum(rate(customer_request_duration_seconds_count{service="checkout", route="/orders", status=~"2.."}'
                "[$__rate_interval]))",
                "placed",
            ),
            span=12,
        ),
    ),
)

BOARD = Board(
    "checkout",
    "Checkout",
    "Orders placed, and the three services that an order needs.",
    (
        area.alerts(SERVICES),
        ORDERS,
        area.customers(SERVICES, "The promise is 500 ms on an ordinary day and 2.5 s in a burst."),
        area.services(SERVICES),
        area.dependencies(SERVICES),
        area.saturation(SERVICES),
    ),
)
