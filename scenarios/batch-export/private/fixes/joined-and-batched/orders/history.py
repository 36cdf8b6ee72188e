"""Orders and their lines as the database has them."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from psycopg_pool import ConnectionPool
from pydantic import BaseModel


class Line(BaseModel):
    sku: str
    quantity: int
    unit_price: Decimal
    amount: Decimal


class Order(BaseModel):
    order_id: int
    placed_at: datetime
    total: Decimal
    lines: list[Line]


class History:
    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    def latest(self, accounts: Sequence[str], limit: int) -> dict[str, list[Order]]:
        """Each account's `limit` latest orders with their lines, newest first; an unknown account is left out."""
        with self._pool.connection() as connection:
            rows = connection.execute(
                "SELECT account, order_id, placed_at, total, sku, quantity, unit_price, amount"
                " FROM orders.accounts LEFT JOIN LATERAL ("
                " SELECT order_id, placed_at, total FROM orders.orders WHERE orders.account = accounts.account"
                " ORDER BY placed_at DESC, order_id DESC LIMIT %s) AS latest ON true"
                " LEFT JOIN orders.lines USING (order_id)"
                " WHERE account = ANY(%s) ORDER BY account, placed_at DESC, order_id DESC, position",
                (limit, list(accounts)),
            ).fetchall()
        found: dict[str, dict[int, Order]] = {}
        for account, order_id, placed_at, total, *line in rows:
            orders = found.setdefault(account, {})
            if order_id is None:
                continue
            if order_id not in orders:
                orders[order_id] = Order(order_id=order_id, placed_at=placed_at, total=total, lines=[])
            sku, quantity, unit_price, amount = line
            if sku is not None:
                orders[order_id].lines.append(Line(sku=sku, quantity=quantity, unit_price=unit_price, amount=amount))
        return {account: list(orders.values()) for account, orders in found.items()}
