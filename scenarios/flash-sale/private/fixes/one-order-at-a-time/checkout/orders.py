"""Orders as the database has them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal

from psycopg.rows import class_row
from psycopg_pool import ConnectionPool
from pydantic import BaseModel

PLACING = 0x0DE4  # of PostgreSQL's advisory locks, the one for placing orders


class Order(BaseModel):
    order_id: str
    cart_id: str
    total: Decimal
    promotion: str | None
    placed_at: datetime


class Orders:
    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    @contextmanager
    def one_at_a_time(self) -> Iterator[None]:
        """Whoever places an order, on whichever instance, does it alone."""
        with self._pool.connection() as connection, connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (PLACING,))
            yield

    def find(self, order_id: str) -> Order | None:
        with self._pool.connection() as connection, connection.cursor(row_factory=class_row(Order)) as cursor:
            cursor.execute(
                "SELECT order_id, cart_id, total, promotion, placed_at FROM checkout.orders WHERE order_id = %s",
                (order_id,),
            )
            return cursor.fetchone()

    def add(self, order_id: str, cart_id: str, total: Decimal, promotion: str | None) -> None:
        with self._pool.connection() as connection:
            connection.execute(
                "INSERT INTO checkout.orders (order_id, cart_id, total, promotion) VALUES (%s, %s, %s, %s)",
                (order_id, cart_id, total, promotion),
            )

    def unconfirmed(self, limit: int) -> list[str]:
        """The ids of the oldest orders of whose reservations inventory does not yet know that they are final."""
        with self._pool.connection() as connection:
            rows = connection.execute(
                "SELECT order_id FROM checkout.orders WHERE confirmed_at IS NULL ORDER BY placed_at LIMIT %s", (limit,)
            )
            return [order_id for (order_id,) in rows]

    def confirm(self, order_ids: list[str]) -> None:
        with self._pool.connection() as connection:
            connection.execute("UPDATE checkout.orders SET confirmed_at = now() WHERE order_id = ANY(%s)", (order_ids,))
