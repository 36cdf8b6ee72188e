"""Orders and their lines as the database has them."""

from datetime import datetime
from decimal import Decimal

from psycopg.rows import class_row
from psycopg_pool import AsyncConnectionPool
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
    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def has_account(self, account: str) -> bool:
        async with self._pool.connection() as connection:
            found = await connection.execute("SELECT 1 FROM orders.accounts WHERE account = %s", (account,))
            return await found.fetchone() is not None

    async def latest(self, account: str, limit: int) -> list[Order]:
        """The account's `limit` latest orders, newest first; none for an unknown account."""
        async with self._pool.connection() as connection, connection.cursor(row_factory=class_row(Order)) as cursor:
            await cursor.execute(
                "SELECT order_id, placed_at, total FROM orders.orders WHERE account = %s"
                " ORDER BY placed_at DESC, order_id DESC LIMIT %s",
                (account, limit),
            )
            return await cursor.fetchall()

    async def lines(self, order_id: int) -> list[Line]:
        async with self._pool.connection() as connection, connection.cursor(row_factory=class_row(Line)) as cursor:
            await cursor.execute(
                "SELECT sku, quantity, unit_price, amount FROM orders.lines WHERE order_id = %s ORDER BY position",
                (order_id,),
            )
            return await cursor.fetchall()
