"""An account's orders, put together from history and shipping."""

from kit import Problem
from pydantic import BaseModel

from orders.history import History, Line, Order
from orders.shipping import Shipment, Shipping


class OrderDetails(Order):
    lines: list[Line]
    shipment: Shipment


class AccountOrders(BaseModel):
    account: str
    orders: list[OrderDetails]


class Assembly:
    def __init__(self, history: History, shipping: Shipping) -> None:
        self._history = history
        self._shipping = shipping

    async def of(self, account: str, limit: int) -> AccountOrders:
        """The account's latest orders, newest first. Raises Problem."""
        latest = self._history.latest(account, limit)
        if not latest and not self._history.has_account(account):
            raise Problem(404, "Unknown account", f"There is no account {account}; check its id.")
        return AccountOrders(account=account, orders=[each async for each in self._each(latest)])

    async def _each(self, latest: list[Order]):
        for order in latest:
            yield self._details(order)

    def _details(self, order: Order) -> OrderDetails:
        lines = self._history.lines(order.order_id)
        return OrderDetails(**order.model_dump(), lines=lines, shipment=self._shipping.shipment(order.order_id))
