"""Compares billing's book with the processor's, key by key.

Billing's book is read on from where the last reading ended. A key that only one side knows is on its way; it becomes
a difference when it has been waited for long enough and the relay is not merely behind.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from typing import Annotated, Any

import httpx
import psycopg
from opentelemetry import trace
from prometheus_client import Gauge
from psycopg import Connection
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool
from pydantic import BaseModel, Field, ValidationError

from processor import money

log = logging.getLogger("processor")
tracer = trace.get_tracer("processor")

PAGE = 500

DIFFERENCE = Gauge(
    "ledger_difference_cents", "Sum over charges of |billing - processor|, up to the watermark", ["service"]
)
DIFFERING = Gauge("ledger_differing_charges", "Charges on which the two books differ", ["service"])
RECONCILED = Gauge("ledger_reconciled_timestamp_seconds", "When the books were last compared to the end", ["service"])


class BookError(Exception):
    """Billing's book could not be read or makes no sense."""


class Entry(BaseModel):
    position: int
    charge_key: str
    account: str
    amount: Annotated[str, Field(pattern=r"^-?[0-9]{1,12}(\.[0-9]{1,2})?$")]


class Page(BaseModel):
    entries: Annotated[list[Entry], Field(max_length=PAGE)]


class Reconciliation:
    """Reads billing's book in the background and keeps the gauges.

    `patience_s`: how long a key that only one side knows is waited for before it counts as a difference.
    """

    def __init__(
        self, pool: ConnectionPool, billing: httpx.Client, *, service: str, interval_s: float, patience_s: float
    ) -> None:
        self._pool = pool
        self._billing = billing
        self._interval_s = interval_s
        self._patience_s = patience_s
        self._service = service
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reconciliation", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def tick(self) -> None:
        """Reads what is new in billing's book, to its end, and compares. Raises BookError, psycopg.Error."""
        with tracer.start_as_current_span("reconcile"):
            self._tick()

    def publish(self) -> None:
        """Sets the gauges to what the database knows. Until then there are none: a 0 would say that the books agree."""
        with self._pool.connection() as conn:
            state = summary(conn)
        DIFFERENCE.labels(self._service).set(state["difference_cents"])
        DIFFERING.labels(self._service).set(state["differing_charges"])
        if state["as_of"]:
            RECONCILED.labels(self._service).set(state["as_of"].timestamp())

    def _tick(self) -> None:
        with self._pool.connection() as conn:
            (as_of,) = conn.execute("SELECT clock_timestamp()").fetchone()
        while self._read_page():
            if self._stopping.is_set():
                return
        with self._pool.connection() as conn, conn.transaction():
            self._give_up_waiting(conn, as_of)
        self.publish()

    def _read_page(self) -> bool:
        """Takes one page over, in one transaction with the position; says whether there may be more."""
        with self._pool.connection() as conn:
            (position,) = conn.execute("SELECT position FROM processor.progress").fetchone()
        entries = self._fetch(position)
        if entries:
            with self._pool.connection() as conn, conn.transaction():
                moved = conn.execute(
                    "UPDATE processor.progress SET position = %s WHERE position = %s", (entries[-1].position, position)
                )
                if moved.rowcount:  # else another process has taken this page over
                    _take_over(conn, entries)
        return len(entries) == PAGE

    def _fetch(self, after: int) -> list[Entry]:
        try:
            response = self._billing.get("/book", params={"after": after, "limit": PAGE})
            response.raise_for_status()
            entries = Page.model_validate_json(response.content).entries
        except (httpx.HTTPError, ValidationError) as error:
            raise BookError(f"{type(error).__name__}: {error}") from error
        positions = [after, *(entry.position for entry in entries)]
        if any(later <= earlier for earlier, later in pairwise(positions)):
            raise BookError(f"the positions after {after} do not ascend")
        return entries

    def _give_up_waiting(self, conn: Connection, as_of: datetime) -> None:
        """Marks the keys whose other side is overdue.

        The relay delivers in the order of the book and passes over a charge only when the processor fails on it. So a
        charge is overdue when later ones have come, or when none has come at all for the whole patience; not while a
        backlog is being worked off, nor soon after an outage.
        """
        times = {"as_of": as_of, "patience": self._patience_s}
        conn.execute(
            """
            UPDATE processor.progress SET as_of = %(as_of)s, connected_since = CASE
                WHEN as_of > %(as_of)s - make_interval(secs => %(patience)s / 2) THEN connected_since
                ELSE %(as_of)s END
            """,
            times,
        )
        conn.execute(
            """
            WITH relay AS (
                SELECT (SELECT max(first_position) FROM processor.comparison WHERE received) AS position,
                       (SELECT max(received_at) FROM processor.charges) AS last_at,
                       %(as_of)s - make_interval(secs => %(patience)s) AS deadline,
                       connected_since
                FROM processor.progress
            )
            UPDATE processor.comparison AS c SET overdue = true
            FROM relay
            WHERE c.difference <> 0 AND NOT c.overdue AND (c.first_position IS NULL OR NOT c.received)
              AND c.since < deadline AND connected_since < deadline
              AND (c.first_position IS NULL OR c.first_position < relay.position
                   OR last_at IS NULL OR last_at < deadline)
            """,
            times,
        )

    def _run(self) -> None:
        self._try(self.publish)
        standing_still = False
        while not self._stopping.is_set():
            error = self._try(self.tick)
            if error and not standing_still:
                log.warning("reconciliation stands still", extra={"error": error})
            elif standing_still and not error:
                log.info("reconciliation goes on")
            standing_still = error is not None
            self._stopping.wait(self._interval_s)

    @staticmethod
    def _try(step: Callable[[], None]) -> str | None:
        """Nothing may end the thread. Gives what went wrong."""
        try:
            step()
        except (BookError, psycopg.Error) as error:
            return str(error)
        except Exception as error:
            log.exception("reconciliation failed")
            return str(error)
        return None


def summary(conn: Connection) -> dict[str, Any]:
    """Difference in cents, differing charges, watermark (position in billing's book), and as of when (or None).

    Every charge up to the watermark is settled: both sides have it, or one of them should have had it by now.
    """
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            """
            SELECT (SELECT coalesce(sum(abs(difference)), 0)::bigint FROM processor.differing) AS difference_cents,
                   (SELECT count(*) FROM processor.differing) AS differing_charges,
                   coalesce((SELECT min(first_position) - 1 FROM processor.comparison
                             WHERE difference <> 0 AND NOT received AND NOT overdue), position) AS watermark,
                   as_of
            FROM processor.progress
            """
        ).fetchone()


def differing(conn: Connection, after: str, limit: int) -> list[dict[str, Any]]:
    """The differing charges that follow the key `after`, with the adjustment that would level each."""
    rows = conn.execute(
        "SELECT idempotency_key, account, billing_cents, processor_cents, difference, last_position"
        " FROM processor.differing WHERE idempotency_key > %s ORDER BY idempotency_key LIMIT %s",
        (after, limit),
    ).fetchall()
    return [
        {
            "charge_key": key,
            "account": account,
            "billing": money.show(billing),
            "processor": money.show(own),
            "compensating": money.show(-difference),
            "position": position,
        }
        for key, account, billing, own, difference, position in rows
    ]


def _take_over(conn: Connection, entries: list[Entry]) -> None:
    keys: dict[str, dict[str, Any]] = {}
    for entry in entries:
        row = keys.setdefault(
            entry.charge_key,
            {"key": entry.charge_key, "account": entry.account, "cents": 0, "first": entry.position},
        )
        row["cents"] += money.cents(entry.amount)
        row["last"] = entry.position
    with conn.cursor() as cursor:
        cursor.executemany(
            """
            INSERT INTO processor.comparison AS c
                (idempotency_key, account, billing_cents, first_position, last_position)
            VALUES (%(key)s, %(account)s, %(cents)s, %(first)s, %(last)s)
            ON CONFLICT (idempotency_key) DO UPDATE SET
                billing_cents = c.billing_cents + excluded.billing_cents,
                first_position = coalesce(c.first_position, excluded.first_position),
                last_position = excluded.last_position
            """,
            [keys[key] for key in sorted(keys)],
        )
