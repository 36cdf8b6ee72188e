"""What waits to be sent to the OTLP/HTTP endpoint."""

import logging
from collections import deque
from collections.abc import Mapping
from time import monotonic

import httpx
from opentelemetry.instrumentation.utils import suppress_instrumentation

from kit.otlp import request
from kit.ticker import Ticker

CAPACITY = 8_192  # items; about 3.5 MB if the endpoint stays away, and a service has two such queues
BATCH = 2_048  # items a request
INTERVAL = 1.0  # seconds
TIMEOUT = 5.0  # seconds, a request

_log = logging.getLogger("kit.export")


class Outbox:
    """A bounded queue of encoded spans, or of log records, that a thread empties every second.

    While the endpoint does not answer, items wait; when there are too many, the oldest go, and that is logged.
    """

    def __init__(
        self,
        url: str,
        resource: Mapping[str, object],
        transport: httpx.BaseTransport | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._url = url
        self._resource = resource
        self._queue: deque[tuple[str, bytes]] = deque(maxlen=CAPACITY)
        self._lost = 0
        self._failing = False
        # The environment's proxies are none of the lab's business.
        self._client = httpx.Client(timeout=TIMEOUT, trust_env=False, transport=transport, headers=headers)
        self._ticker = Ticker(f"export {url}", INTERVAL, self._send_all)

    def put(self, scope: str, item: bytes) -> None:
        """Queues an item under the name of the instrumentation scope that made it; never blocks."""
        queue = self._queue
        if len(queue) == CAPACITY:
            self._lost += 1
        queue.append((scope, item))
        if len(queue) == BATCH:
            self._ticker.wake()

    def close(self, timeout: float) -> None:
        """Sends what is queued, for so many seconds at most."""
        end = monotonic() + timeout
        self._ticker.stop(timeout)
        if self._queue:
            _log.warning("telemetry not sent", extra={"endpoint": self._url, "items": len(self._queue)})
        if monotonic() < end:
            self._client.close()

    def _send_all(self) -> None:
        while self._queue:
            batch = [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]
            if not self._send(batch):
                return
        if self._lost:
            _log.warning("telemetry lost", extra={"endpoint": self._url, "items": self._lost})
            self._lost = 0

    def _send(self, batch: list[tuple[str, bytes]]) -> bool:
        try:
            with suppress_instrumentation():
                response = self._client.post(
                    self._url,
                    content=request(self._resource, batch),
                    headers={"Content-Type": "application/x-protobuf"},
                )
        except httpx.HTTPError as error:
            return self._keep(batch, f"{type(error).__name__}: {error}")
        if response.status_code == 429 or response.status_code >= 500:
            return self._keep(batch, f"status {response.status_code}")
        if response.is_error:
            # It would be refused again.
            _log.warning(
                "telemetry refused",
                extra={"endpoint": self._url, "items": len(batch), "status": response.status_code},
            )
        self._failing = False
        return True

    def _keep(self, batch: list[tuple[str, bytes]], reason: str) -> bool:
        room = CAPACITY - len(self._queue)
        self._lost += max(0, len(batch) - room)
        self._queue.extendleft(reversed(batch[-room:] if room else []))
        if not self._failing:
            self._failing = True
            _log.warning("telemetry endpoint does not answer", extra={"endpoint": self._url, "reason": reason})
        return False
