"""An account's orders, put together from what the database and the partner say of each."""

import asyncio
from functools import partial

from pydantic import BaseModel

from orders.history import History, Line, Order
from orders.loader import Loader
from orders.shipping import BATCH, Shipment, Shipping


class OrderDetails(Order):
    lines: list[Line]
    shipment: Shipment


class AccountOrders(BaseModel):
    account: str
    orders: list[OrderDetails]


class Reader:
    """Each has questions of its own under way, so that those of one do not wait behind those of another."""

    def __init__(self, history: History, shipping: Shipping, *, longest: int) -> None:
        """`longest`: the most orders that are asked for of one account."""
        self._latest = Loader(partial(history.latest, limit=longest))
        self._lines = Loader(history.lines, size=BATCH)
        self._shipments = Loader(shipping.shipments, size=BATCH)

    async def orders_of(self, account: str, limit: int) -> AccountOrders | None:
        """The account's latest orders, newest first; None if there is no such account."""
        latest = await self._latest.load(account)
        if latest is None:
            return None
        details = await asyncio.gather(*(self._details(order) for order in latest[:limit]))
        return AccountOrders(account=account, orders=details)

    async def _details(self, order: Order) -> OrderDetails:
        lines, shipment = await asyncio.gather(self._lines.load(order.order_id), self._shipments.load(order.order_id))
        return OrderDetails(**order.model_dump(), lines=lines, shipment=shipment)
