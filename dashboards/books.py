"""Billing: charges, and whether billing's book and the processor's agree."""

from dashboards import area
from dashboards.board import Board, Query, Row, graph, number

SERVICES = ("billing", "processor")
SINCE_COMPARED = "time() - max(ledger_reconciled_timestamp_seconds)"

BOOKS = Row(
    "Books",
    (
        number(
            "Difference",
            "Sum over all charges of what billing's book and the processor's differ by, up to the last comparison's "
            "watermark. Healthy books agree to the cent.",
            "suffix: cents",
            Query("sum(ledger_difference_cents)", "difference"),
            span=6,
            limits=((1, "orange"), (10, "red")),
        ),
        number(
            "Differing charges",
            "Charges on which the books differ.",
            "suffix: charges",
            Query("sum(ledger_differing_charges)", "charges"),
            span=6,
            limits=((1, "orange"),),
        ),
        number(
            "Grown in 30 s",
            "How much the difference has grown in the last 30 s. Over 10 cents pages.",
            "suffix: cents",
            Query("max(ledger_difference_cents) - min(min_over_time(ledger_difference_cents[30s]))", "growth"),
            span=6,
            limits=((1, "orange"), (10, "red")),
        ),
        number(
            "Compared",
            "How long ago the last comparison that came to the books' end began. Over 30 s pages.",
            "s",
            Query(SINCE_COMPARED, "ago"),
            span=6,
            limits=((15, "orange"), (30, "red")),
        ),
        graph(
            "Difference",
            "Sum over all charges of what the two books differ by. It stays until compensating entries level it.",
            "suffix: cents",
            Query("sum by (service) (ledger_difference_cents)", "difference"),
            limits=((10, "red"),),
        ),
        graph(
            "Differing charges",
            "Charges on which the books differ.",
            "suffix: charges",
            Query("sum by (service) (ledger_differing_charges)", "charges"),
        ),
        graph(
            "Compared",
            "How long ago the last comparison that came to the books' end began.",
            "s",
            Query(SINCE_COMPARED, "ago"),
            limits=((30, "red"),),
        ),
    ),
)

MONEY = Row(
    "Charges",
    (
        graph(
            "Charges",
            "New charges a second in billing's book; a replay is none.",
            "ops",
            Query("sum(rate(billing_charges_total[$__rate_interval]))", "charges"),
            span=12,
        ),
        graph(
            "Money charged",
            "What billing charges a second, in units of the currency.",
            "suffix: /s",
            Query("sum(rate(billing_charged_cents_total[$__rate_interval])) / 100", "charged"),
            span=12,
        ),
    ),
)

BOARD = Board(
    "books",
    "Billing and books",
    "Charges, the two books, and the services that keep them.",
    (
        area.alerts(SERVICES),
        BOOKS,
        MONEY,
        area.customers(("billing",), "The promise is 500 ms."),
        area.services(SERVICES),
        area.dependencies(SERVICES),
        area.saturation(SERVICES),
    ),
)
