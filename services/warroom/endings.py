"""Ends of alerts that no webhook tells.

Alertmanager sends nothing about an alert that is silenced while it ends, and when it is killed it forgets what it has
sent, and so whose end it owes. While a page is open, Alertmanager is asked whether its alert is still there.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
from opentelemetry.instrumentation.utils import suppress_instrumentation

from warroom.pages import Pages

log = logging.getLogger("warroom")

INTERVAL = 3.0  # seconds
# Seconds an alert must be gone. Prometheus repeats what fires every 10 s (--rules.alert.resend-delay): an Alertmanager
# that has just started knows nothing for that long.
PATIENCE = 20.0


class Endings:
    def __init__(
        self, pages: Pages, alertmanager: httpx.AsyncClient, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._pages = pages
        self._alertmanager = alertmanager
        self._clock = clock
        self._gone: dict[str, datetime] = {}  # fingerprint → since when

    async def watch(self) -> None:
        """Looks every few seconds, until it is cancelled."""
        while True:
            await asyncio.sleep(INTERVAL)
            try:
                await self.look()
            except Exception:  # a full disk, an answer of another form: the next look may do better
                log.exception("open pages could not be compared with Alertmanager")

    async def look(self) -> None:
        """Resolves the open pages whose alerts have been gone for PATIENCE seconds."""
        candidates = await asyncio.to_thread(self._pages.open)
        alive = await self._alive() if candidates else set()
        if alive is None:  # nobody knows: count anew
            self._gone.clear()
            return
        now = self._clock()
        self._gone = {name: self._gone.get(name, now) for name in candidates - alive}
        for fingerprint, since in self._gone.items():
            if (now - since).total_seconds() >= PATIENCE:
                await asyncio.to_thread(self._pages.resolve, fingerprint, since)
                log.info("page resolved: Alertmanager no longer has its alert", extra={"fingerprint": fingerprint})

    async def _alive(self) -> set[str] | None:
        try:
            with suppress_instrumentation():  # a question every few seconds is no trace
                answer = await self._alertmanager.get("/api/v2/alerts")
            answer.raise_for_status()
        except httpx.HTTPError:
            return None
        return {alert["fingerprint"] for alert in answer.json()}
