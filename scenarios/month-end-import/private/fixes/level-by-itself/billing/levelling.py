"""Levelling: where the books differ, billing follows the processor."""

import logging
import threading

import httpx
import psycopg
from opentelemetry.instrumentation.utils import suppress_instrumentation
from psycopg_pool import ConnectionPool

from billing import adjustments
from billing.models import AdjustmentRequest

log = logging.getLogger("billing")


class Levelling:
    """Posts the amounts that the processor's reconciliation names, each difference once."""

    def __init__(self, pool: ConnectionPool, processor: httpx.Client, *, every_s: float = 1.0) -> None:
        self._pool = pool
        self._processor = processor
        self._every_s = every_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="levelling", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def level(self) -> None:
        with suppress_instrumentation():
            differing = self._processor.get("/reconciliation", params={"limit": 500}).json()["differing"]
        for one in differing:
            entry = {"charge_key": one["charge_key"], "account": one["account"], "amount": one["compensating"]}
            request = AdjustmentRequest.model_validate(
                {
                    # One entry for a charge at a time: the processor may not have seen the last one yet.
                    "idempotency_key": f"level:{one['position']}:{one['charge_key']}"[:100],
                    "dry_run": False,
                    "entries": [{**entry, "reason": "levelled with the processor"}],
                }
            )
            with self._pool.connection() as conn:
                adjustments.post(conn, request)

    def _run(self) -> None:
        while not self._stopping.wait(self._every_s):
            try:
                self.level()
            except (httpx.HTTPError, psycopg.Error, ValueError, LookupError) as error:
                log.warning("levelling waits", extra={"error": f"{type(error).__name__}: {error}"})
