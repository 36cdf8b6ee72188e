"""Orders and their lines as the database has them."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from psycopg.rows import class_row
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

    def has_account(self, account: str) -> bool:
        with self._pool.connection() as connection:
            found = connection.execute("SELECT 1 FROM orders.accounts WHERE account = %s", (account,))
            return found.fetchone() is not None

    def latest(self, account: str, limit: int) -> list[Order]:
        """The account's `limit` latest orders, newest first; none for an unknown account."""
        with self._pool.connection() as connection, connection.cursor(row_factory=class_row(Order)) as cursor:
            cursor.execute(
                "SELECT order_id, placed_at, total FROM orders.orders WHERE account = %s"
                " ORDER BY placed_at DESC, order_id DESC LIMIT %s",
                (account, limit),
            )
            return cursor.fetchall()

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
