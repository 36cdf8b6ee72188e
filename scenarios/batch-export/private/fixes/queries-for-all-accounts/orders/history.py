"""Orders and their lines as the database has them."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from psycopg_pool import ConnectionPool
from pydantic import BaseModel


class Order(BaseModel):
    order_id: int
    placed_at: datetime
    total: Decimal


class Line(BaseModel):
    sku: str
    quantity: int
    unit_price: Decimal
    amount: Decimal


class History:
    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    def latest(self, accounts: Sequence[str], limit: int) -> dict[str, list[Order]]:
        """Each account's `limit` latest orders, newest first; an account that is unknown is left out."""
        with self._pool.connection() as connection:
            rows = connection.execute(
                "SELECT account, order_id, placed_at, total FROM orders.accounts LEFT JOIN LATERAL ("
                " SELECT order_id, placed_at, total FROM orders.orders WHERE orders.account = accounts.account"
                " ORDER BY placed_at DESC, order_id DESC LIMIT %s) AS latest ON true"
                " WHERE account = ANY(%s) ORDER BY account, placed_at DESC, order_id DESC",
                (limit, list(accounts)),
            ).fetchall()
        found: dict[str, list[Order]] = {}
        for account, order_id, placed_at, total in rows:
            orders = found.setdefault(account, [])
            if order_id is not None:
                orders.append(Order(order_id=order_id, placed_at=placed_at, total=total))
        return found

    def lines(self, order_ids: Sequence[int]) -> dict[int, list[Line]]:
        """The lines of every order, by its id and in their sequence."""
        found: dict[int, list[Line]] = {order_id: [] for order_id in order_ids}
        with self._pool.connection() as connection:
            rows = connection.execute(
                "SELECT order_id, sku, quantity, unit_price, amount FROM orders.lines"
                " WHERE order_id = ANY(%s) ORDER BY order_id, position",
                (list(order_ids),),
            ).fetchall()
        for order_id, sku, quantity, unit_price, amount in rows:
            found[order_id].append(Line(sku=sku, quantity=quantity, unit_price=unit_price, amount=amount))
        return found
