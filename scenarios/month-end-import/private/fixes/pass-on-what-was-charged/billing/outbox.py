"""The outbox: charges on their way to the processor."""

import logging
import threading

import httpx
import psycopg
from opentelemetry import context, propagate
from opentelemetry.instrumentation.utils import suppress_instrumentation
from psycopg import Connection
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

log = logging.getLogger("billing")

BATCH = 100
# The processor has understood the message and will never take it; anything else is worth another try.
REFUSALS = {400, 409, 413, 422}
# It takes no message at the moment, whichever it is.
NOT_NOW = {408, 429, 502, 503, 504}


def put(conn: Connection, key: str, account: str, cents: int) -> None:
    """What was charged goes to the processor as lines that come to it with their tax."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    conn.execute(
        "INSERT INTO billing.outbox (idempotency_key, account, lines, traceparent) VALUES (%s, %s, %s, %s)",
        (key, account, Jsonb(_lines(cents)), carrier.get("traceparent")),
    )


def _lines(cents: int) -> list[dict[str, str]]:
    net = cents * 400 // 429
    while net + _tax(net) > cents:
        net -= 1
    while net + 1 + _tax(net + 1) <= cents:
        net += 1
    # A cent has no tax, and there may be one left.
    nets = [net, *[1] * (cents - net - _tax(net))]
    return [{"description": "Invoice", "net": f"{net // 100}.{net % 100:02d}"} for net in nets]


def _tax(net: int) -> int:
    """7.25 % as the processor takes it, in cents."""
    return (net * 29 + 200) // 400


class Relay:
    """Passes the outbox on, oldest first, each message at least once.

    A message on which the processor fails is tried again with the next batch; those behind it need not wait for that.
    """

    def __init__(
        self, pool: ConnectionPool, processor: httpx.Client, *, poll_s: float = 1.0, retry_max_s: float = 5.0
    ) -> None:
        self._pool = pool
        self._processor = processor
        self._poll_s = poll_s
        self._retry_max_s = retry_max_s
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._wake.set()
        self._thread.join()

    def wake(self) -> None:
        """There is something new to pass on."""
        self._wake.set()

    def deliver(self) -> int:
        """Passes on one batch and gives its size. Raises httpx.HTTPError if the processor does not take all of it."""
        # A look into the outbox is nobody's request; traced, it would be a trace a second.
        with suppress_instrumentation(), self._pool.connection() as conn:
            batch = conn.execute(
                "SELECT id, idempotency_key, account, lines, traceparent FROM billing.outbox"
                " WHERE refused_at IS NULL ORDER BY id LIMIT %s",
                (BATCH,),
            ).fetchall()
        failure: httpx.HTTPStatusError | None = None
        for row, key, account, lines, traceparent in batch:
            if self._stopping.is_set():
                break
            # The post belongs to the trace of the request that placed the charge.
            token = context.attach(propagate.extract({"traceparent": traceparent} if traceparent else {}))
            try:
                self._post(row, key, account, lines)
            except httpx.HTTPStatusError as error:
                status = error.response.status_code
                if status in NOT_NOW:
                    raise
                log.warning("processor failed on charge", extra={"key": key, "status": status})
                failure = failure or error
            finally:
                context.detach(token)
        if failure:
            raise failure
        return len(batch)

    def _post(self, row: int, key: str, account: str, lines: list[dict[str, str]]) -> None:
        response = self._processor.post("/charges", json={"idempotency_key": key, "account": account, "lines": lines})
        if response.status_code in REFUSALS:
            log.error("processor refused charge", extra={"key": key, "status": response.status_code})
            statement = "UPDATE billing.outbox SET refused_at = now() WHERE id = %s"
        else:
            response.raise_for_status()
            log.info("charge passed on", extra={"key": key, "account": account})
            statement = "DELETE FROM billing.outbox WHERE id = %s"
        with self._pool.connection() as conn:
            conn.execute(statement, (row,))

    def _run(self) -> None:
        retry_s = 0.25
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                more = self.deliver() == BATCH
            except (httpx.HTTPError, psycopg.Error) as error:
                log.warning("relay waits", extra={"error": f"{type(error).__name__}: {error}", "retry_s": retry_s})
                self._stopping.wait(retry_s)
                retry_s = min(2 * retry_s, self._retry_max_s)
                continue
            except Exception:  # nothing may end the thread: charges would pile up unnoticed
                log.exception("relay failed", extra={"retry_s": retry_s})
                self._stopping.wait(retry_s)
                retry_s = min(2 * retry_s, self._retry_max_s)
                continue
            retry_s = 0.25
            if not more:
                self._wake.wait(self._poll_s)
