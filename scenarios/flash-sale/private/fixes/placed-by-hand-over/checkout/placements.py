"""Orders on their way from taken in to placed."""

import asyncio
import logging
import time
from collections.abc import Callable
from decimal import Decimal

import psycopg
from anyio import CapacityLimiter, to_thread
from kit import Problem
from pydantic import BaseModel

from checkout.carts import Cart
from checkout.orders import Orders

ANSWERED_WITHIN = 0.8  # seconds until somebody who asks for an outcome is told that there is none yet
PLACED_WITHIN = 2.0  # seconds in which placing must have begun: the promise to customers
OUTCOME_KEPT = 30  # seconds

log = logging.getLogger("checkout")


class PlacedOrder(BaseModel):
    order_id: str
    total: Decimal
    promotion: str | None


class Placements:
    """Places orders by workers of its own; whoever asks for an outcome waits without one."""

    def __init__(
        self, orders: Orders, place: Callable[[str, Cart], PlacedOrder], *, workers: int, at_once: int
    ) -> None:
        """`at_once`: orders that may be on their way before others are refused."""
        self._orders = orders
        self._place = place
        self._at_once = at_once
        self._tasks: dict[str, asyncio.Task[PlacedOrder]] = {}
        self._unfinished = 0
        self.workers = CapacityLimiter(workers)

    def __contains__(self, order_id: str) -> bool:
        return order_id in self._tasks

    def check_room(self) -> None:
        """Raises Problem (503) while more orders are on their way than can be placed in time."""
        if self._unfinished >= self._at_once:
            detail = "More orders wait than can be placed in time; try again shortly."
            raise Problem(503, "Too many orders", detail, headers={"Retry-After": "1"})

    def begin(self, order_id: str, cart: Cart) -> None:
        """Places the order in the background; its outcome can be asked for until a while after."""
        self._unfinished += 1
        self._tasks[order_id] = task = asyncio.create_task(self._run(order_id, cart))
        task.add_done_callback(lambda _: self._finished(order_id))

    async def outcome(self, order_id: str) -> PlacedOrder | None:
        """The placed order, or none if it is not placed yet; raises what placing it raised."""
        task = self._tasks[order_id]
        await asyncio.wait([task], timeout=ANSWERED_WITHIN)
        return task.result() if task.done() else None

    async def _run(self, order_id: str, cart: Cart) -> PlacedOrder:
        deadline = time.monotonic() + PLACED_WITHIN

        def in_time() -> PlacedOrder:
            if time.monotonic() > deadline:
                raise Problem(503, "Too many orders", "The order could not be placed in time; try again shortly.")
            return self._place(order_id, cart)

        try:
            return await to_thread.run_sync(in_time, limiter=self.workers)
        except Exception:
            try:
                await to_thread.run_sync(self._orders.give_up, order_id, limiter=self.workers)
            except psycopg.OperationalError as error:
                log.warning("order not given up", extra={"order_id": order_id, "error": str(error)})
            raise

    def _finished(self, order_id: str) -> None:
        self._unfinished -= 1
        task = self._tasks[order_id]
        if not task.cancelled():
            task.exception()  # nobody may ask for it
        asyncio.get_running_loop().call_later(OUTCOME_KEPT, self._tasks.pop, order_id, None)
