"""Root causes that must not be accepted: with forged evidence, with somebody else's, with the wrong name; and guesses.

Evidence that is true of every incident alike (a trace of another drill, a selector true at all times) is made from what
the incident's own telemetry offers, so that nothing but what is wrong with it is wrong.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lab.drill.cause import MECHANISMS

NOWHERE = "0123456789abcdef" * 2
COMPONENTS = ("billing", "processor", "checkout", "inventory", "promotions", "orders", "partner", "warroom")


@dataclass(frozen=True)
class Try:
    name: str
    given: Mapping[str, Any]


@dataclass(frozen=True)
class Known:
    """What is right about a scenario, and what comes near it. `metrics` and `queries` hold for a mechanism (`{since}`:
    epoch seconds, since an earlier incident left rows of its own), `near` are
    metrics and `rows` queries that somebody might try; all are of the component, `foreign_…` of another. `always` goes
    with every right cause."""

    component: str
    mechanism: str
    metrics: Sequence[str]
    symptom: str
    near: Sequence[str]
    foreign_metric: str
    rows: Sequence[str]
    foreign_rows: str
    queries: Sequence[str] = ()
    beside: str = "inventory"  # a component that has no part in it
    always: Sequence[str] = ()


@dataclass(frozen=True)
class Specimens:
    """Ids that were found in a lab. `right` are references that hold, by kind; the traces are of the component (`other`
    is not), `old` shows the incident in an earlier drill."""

    right: Mapping[str, list[str]]
    healthy: str
    quiet: str
    other: str
    old: str
    probes: Mapping[str, str] = field(default_factory=dict)  # fine, other


KNOWN = {
    "annual-invoices": Known(
        component="billing",
        mechanism="no-incident",
        metrics=(
            "histogram_quantile(0.99, sum by (service, le) (rate(customer_request_duration_seconds_bucket[30s])))",
            "histogram_quantile(0.99, sum by (le) (rate("
            'customer_request_duration_seconds_bucket{service="billing"}[1m])))',
        ),
        symptom='sum(rate(billing_charged_cents_total{service="billing"}[20s]))',
        near=(
            "sum(rate(customer_request_duration_seconds_count[30s]))",
            "histogram_quantile(0.99, sum by (le) (rate(http_server_request_duration_seconds_bucket[30s])))",
            'ledger_reconciled_timestamp_seconds{service="processor"}',
            'worker_pool_in_use{service="billing"}',
        ),
        foreign_metric='event_loop_lag_seconds{service="orders"}',
        rows=(
            "SELECT idempotency_key FROM billing.charges",
            "SELECT sum(amount) FROM billing.charges",
            "SELECT c.id FROM billing.charges AS c LEFT JOIN processor.charges AS p USING (idempotency_key)"
            " WHERE round(c.amount::numeric * 100) <> p.cents",
        ),
        foreign_rows="SELECT order_id FROM checkout.orders",
        queries=(
            "SELECT idempotency_key, amount, cents FROM billing.charges JOIN processor.charges USING (idempotency_key)"
            " ORDER BY created_at DESC LIMIT 200",
        ),
        beside="orders",
        always=(
            "metric:max(ledger_difference_cents)",
            "metric:histogram_quantile(0.99, sum by (le) (rate(customer_request_duration_seconds_bucket[30s])))",
        ),
    ),
    "month-end-import": Known(
        component="billing",
        mechanism="binary-money",
        metrics=(
            'sum(increase(http_client_request_duration_seconds_count{service="billing",peer="processor",status="200"}[1m]))',
            'sum by (status) (rate(http_client_request_duration_seconds_count{service="billing",'
            'peer="processor"}[30s]))',
        ),
        symptom='max(ledger_difference_cents{service="processor"})',
        near=(
            'ledger_differing_charges{service="processor"}',
            'sum(rate(billing_charges_total{service="billing"}[30s]))',
            'sum(rate(billing_charged_cents_total{service="billing"}[30s]))',
            'sum(rate(http_server_request_duration_seconds_count{service="billing",status="201"}[30s]))',
            'sum(rate(http_client_request_duration_seconds_count{service="billing",peer="processor"}[30s]))',
            'worker_pool_in_use{service="billing"}',
        ),
        foreign_metric='event_loop_lag_seconds{service="orders"}',
        rows=(
            "SELECT idempotency_key FROM billing.charges",
            "SELECT idempotency_key FROM billing.charges WHERE created_at > now() - interval '1 minute'",
            "SELECT charge_id FROM billing.charge_lines GROUP BY charge_id HAVING count(*) >= 6",
            "SELECT d.idempotency_key FROM processor.differing AS d JOIN billing.charges AS c USING (idempotency_key)",
            "SELECT sum(amount) FROM billing.charges",
            "SELECT id, balance FROM billing.accounts",
        ),
        foreign_rows="SELECT order_id FROM checkout.orders",
        queries=(
            "SELECT idempotency_key, count(*) FROM billing.charges WHERE created_at > to_timestamp({since})"
            " GROUP BY idempotency_key HAVING count(*) > 1",
            "SELECT b.charge_key, sum(b.amount), p.cents FROM billing.book AS b JOIN processor.charges AS p"
            " ON p.idempotency_key = b.charge_key WHERE b.at > to_timestamp({since})"
            " GROUP BY b.charge_key, p.cents HAVING sum(b.amount) * 100 <> p.cents",
            "SELECT charge_id, line, net, tax FROM billing.charge_lines JOIN billing.charges ON id = charge_id"
            " WHERE created_at > to_timestamp({since}) AND tax <> round(net * 0.0725, 2)",
        ),
    ),
    "flash-sale": Known(
        component="checkout",
        mechanism="circular-wait",
        metrics=(
            'worker_pool_waiting{service="checkout",pool="workers"}',
            'max by (service) (worker_pool_in_use{pool="workers"})',
            'histogram_quantile(0.95, sum by (le) (rate(http_client_request_duration_seconds_bucket{service="checkout",'
            'peer="inventory"}[30s])))',
        ),
        symptom='sum(rate(customer_request_duration_seconds_count{service="checkout",status=~"5.."}[30s]))',
        near=(
            'worker_pool_size{service="checkout",pool="workers"}',
            'sum(rate(http_server_request_duration_seconds_count{service="checkout"}[30s]))',
            'sum(rate(orders_placed_total{service="checkout"}[30s]))',
            'event_loop_lag_seconds{service="checkout"}',
            'sum(rate(db_client_operation_duration_seconds_count{service="checkout"}[30s]))',
        ),
        foreign_metric='worker_pool_in_use{service="billing"}',
        rows=(
            "SELECT order_id FROM checkout.orders",
            "SELECT order_id FROM checkout.orders WHERE confirmed_at IS NULL",
            "SELECT count(*) FROM checkout.orders WHERE placed_at > now() - interval '1 minute'",
        ),
        foreign_rows="SELECT id FROM billing.charges",
        beside="orders",
    ),
    "batch-export": Known(
        component="orders",
        mechanism="query-per-item",
        metrics=(
            'event_loop_lag_seconds{service="orders"}',
            'sum(rate(http_client_request_duration_seconds_count{service="orders",peer="partner"}[10s]))',
            'sum(rate(db_client_operation_duration_seconds_count{service="orders",operation="SELECT"}[10s]))',
        ),
        symptom='sum(rate(customer_request_duration_seconds_bucket{service="orders",le="0.5"}[30s]))',
        near=(
            'worker_pool_in_use{service="orders",pool="database"}',
            'worker_pool_size{service="orders"}',
            'sum(rate(http_server_request_duration_seconds_count{service="orders"}[30s]))',
            'http_server_requests_in_flight{service="orders"}',
            'sum(rate(partner_refused_total{kind="single"}[30s]))',
        ),
        foreign_metric='event_loop_lag_seconds{service="billing"}',
        rows=(
            "SELECT order_id FROM orders.orders",
            "SELECT order_id, count(*) FROM orders.lines GROUP BY order_id",
            "SELECT account FROM orders.accounts",
        ),
        foreign_rows="SELECT id FROM billing.charges",
        beside="billing",
    ),
}


def right(known: Known, found: Specimens) -> Iterator[Try]:
    """What must be accepted: a piece of each kind with one of every other."""
    kinds = list(found.right)
    for at, kind in enumerate(kinds):
        for other in kinds[at + 1 :]:
            for piece in found.right[kind]:
                yield _try(f"right: {kind} and {other}", known, piece, found.right[other][0], *known.always)


def wrong(known: Known, found: Specimens) -> Iterator[Try]:
    """At least thirty: each with one piece that holds, so that the other one is what it fails on."""
    trace = found.right["trace"][0]
    metric = f"metric:{known.metrics[0]}"
    component = known.component
    for name, forged in {
        "another drill's": found.old,
        "a healthy one": found.healthy,
        "one of quiet times": found.quiet,
        "somebody else's": found.other,
        "one that is not": NOWHERE,
    }.items():
        yield _try(f"trace: {name}", known, f"trace:{forged}", metric, *known.always)
        yield _try(f"log: of a trace: {name}", known, f"log:{component}:{forged}", metric, *known.always)
    yield _try("log: of another service", known, f"log:customers:{trace.partition(':')[2]}", metric)
    for name, text in {
        "the alert's own": known.symptom,
        "up": f'up{{service="{component}"}}',
        "true at all times": f'up{{service="{component}"}}',
        "the alerts": 'ALERTS{alertstate="firing"}',
        "somebody else's": known.foreign_metric,
        "everybody's": "max(event_loop_lag_seconds)",
        "a raw counter": f'sum(http_server_request_duration_seconds_count{{service="{component}"}})',
        "over an hour": known.metrics[0].replace("[30s]", "[1h]").replace("[1m]", "[1h]").replace("[10s]", "[1h]")
        if "[" in known.metrics[0]
        else f"max_over_time({known.metrics[0]}[1h])",
        "that is not": f'trouble{{service="{component}"}}',
    }.items():
        yield _try(f"metric: {name}", known, f"metric:{text}", trace)
    for text in known.near:
        yield _try(f"metric: near: {text}", known, f"metric:{text}", trace)
    for name, query in {
        "nothing": "SELECT 1",
        "somebody else's": known.foreign_rows,
        "by hand": f"SELECT * FROM pg_class WHERE relname <> '{NOWHERE}'",
        "text": "it was the database",
        "two statements": f"{known.rows[0]}; SELECT 1",
        "a change": f"DELETE FROM {known.rows[0].partition('FROM ')[2].split()[0]}",
        **{f"near: {query}": query for query in known.rows},
    }.items():
        yield _try(f"sql: {name}", known, f"sql:{query}", trace)
    for name, probe in {**found.probes, "that is not": "pr-999", "text": "it was slow when I tried"}.items():
        yield _try(f"probe: {name}", known, f"probe:{probe}", trace)
    yield _try("text for a trace", known, "trace:it was slow", metric)
    yield _try("text for a metric", known, "metric:it was slow", trace)
    yield _try("arithmetic", known, f"metric:{known.metrics[0]} + 100", trace)
    yield _try("one kind only", known, trace, f"trace:{found.healthy}")
    yield _try("one piece twice", known, trace, trace)
    yield _try("text alone", known, "it was the code", "believe me")
    for mechanism in ("pool-too-small", "unit-mismatch", "retry-storm", "dependency-down", "capacity", "no-incident"):
        if mechanism != known.mechanism:
            yield _try(f"another mechanism: {mechanism}", known, trace, metric, *known.always, mechanism=mechanism)
    for other in (known.beside, "partner", "warroom", "postgres"):
        yield _try(f"another component: {other}", known, trace, metric, *known.always, component=other)


def _try(name: str, known: Known, *pieces: str, component: str = "", mechanism: str = "") -> Try:
    return Try(
        name,
        {
            "component": component or known.component,
            "mechanism": mechanism or known.mechanism,
            "location": "services/app.py",
            "sentence": "This is what is wrong in this incident, says the evidence.",
            "evidence": list(pieces),
        },
    )


# ── somebody who has read the page and the company's documents, and has looked at nothing ──

SERIES = (
    'worker_pool_in_use{{service="{service}"}}',
    'worker_pool_waiting{{service="{service}"}}',
    'event_loop_lag_seconds{{service="{service}"}}',
    'http_server_requests_in_flight{{service="{service}"}}',
    'sum(rate(http_server_request_duration_seconds_count{{service="{service}",status=~"5.."}}[30s]))',
    'histogram_quantile(0.9,sum by(le)(rate(http_server_request_duration_seconds_bucket{{service="{service}"}}[30s])))',
    'sum(rate(http_client_request_duration_seconds_count{{service="{service}"}}[30s]))',
    'sum(rate(http_client_request_duration_seconds_count{{service="{service}",status="error"}}[30s]))',
    'sum(rate(db_client_operation_duration_seconds_count{{service="{service}"}}[30s]))',
    'histogram_quantile(0.9,sum by(le)(rate(db_client_operation_duration_seconds_bucket{{service="{service}"}}[30s])))',
    'ledger_differing_charges{{service="processor"}}',
    'customer_request_duration_seconds_count{{service="{service}"}}',
    "sum(rate(partner_refused_total[30s]))",
)
QUERIES = (
    "SELECT * FROM billing.charges",
    "SELECT idempotency_key FROM billing.charges GROUP BY 1 HAVING count(*) > 1",
    "SELECT * FROM billing.book ORDER BY position DESC LIMIT 100",
    "SELECT * FROM processor.differing",
    "SELECT order_id FROM checkout.orders WHERE confirmed_at IS NULL",
    "SELECT * FROM inventory.reservations WHERE confirmed_at IS NULL",
    "SELECT * FROM inventory.stock WHERE available = 0",
    "SELECT order_id FROM orders.orders ORDER BY placed_at DESC LIMIT 100",
)


def guess(service: str, probes: Sequence[str], seed: int) -> Try:
    """`service` is the page's. `probes` are of ordinary requests, which anybody can send."""
    rng = random.Random(f"guess {seed}")
    component = service if rng.random() < 0.6 else rng.choice(COMPONENTS)
    kinds = rng.sample(["metric", "sql", "probe", "trace", "log"], rng.choice([2, 3]))
    pieces = {
        "metric": lambda: rng.choice(SERIES).format(service=component),
        "sql": lambda: rng.choice(QUERIES),
        "probe": lambda: rng.choice(probes),
        "trace": lambda: f"{rng.getrandbits(128):032x}",
        "log": lambda: f"{component}:{rng.getrandbits(128):032x}",
    }
    evidence = [f"{kind}:{pieces[kind]()}" for kind in kinds]
    mechanism = rng.choice(sorted(MECHANISMS))
    known = Known(component, mechanism, (), "", (), "", (), "")
    return _try(f"guess {seed}: {mechanism} at {component}", known, *evidence)
