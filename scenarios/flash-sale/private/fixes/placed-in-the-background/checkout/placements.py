"""Orders that were taken in, placed in the order in which they came."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from decimal import Decimal

from pydantic import BaseModel

from checkout.carts import Cart

KEPT = 2_000  # outcomes
PACE = 0.07  # seconds from one order to the next, so that a burst reaches inventory as 15 a second

log = logging.getLogger("checkout")


class PlacedOrder(BaseModel):
    order_id: str
    total: Decimal
    promotion: str | None


class Placements:
    def __init__(self, place: Callable[[str, Cart], PlacedOrder]) -> None:
        self._place = place
        self._placing = ThreadPoolExecutor(1, thread_name_prefix="placing")
        self._outcomes: dict[str, Future[PlacedOrder]] = {}

    def begin(self, order_id: str, cart: Cart) -> None:
        while len(self._outcomes) >= KEPT:
            self._outcomes.pop(next(iter(self._outcomes)), None)
        self._outcomes[order_id] = self._placing.submit(copy_context().run, self._next, order_id, cart)

    def known(self, order_id: str) -> bool:
        return order_id in self._outcomes

    def outcome(self, order_id: str) -> PlacedOrder | None:
        """The placed order, or none yet; raises what placing it raised."""
        outcome = self._outcomes[order_id]
        return outcome.result() if outcome.done() else None

    def close(self) -> None:
        self._placing.shutdown()

    def _next(self, order_id: str, cart: Cart) -> PlacedOrder:
        begun = time.monotonic()
        try:
            return self._place(order_id, cart)
        finally:
            time.sleep(max(0.0, begun + PACE - time.monotonic()))
