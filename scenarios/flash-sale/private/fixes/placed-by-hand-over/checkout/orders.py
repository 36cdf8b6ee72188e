"""Orders as the database has them."""

from datetime import datetime
from decimal import Decimal

from psycopg.rows import class_row
from psycopg_pool import ConnectionPool
from pydantic import BaseModel


class Order(BaseModel):
    order_id: str
    cart_id: str
    total: Decimal
    promotion: str | None
    placed_at: datetime


class Orders:
    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    def find(self, order_id: str) -> Order | None:
        with self._pool.connection() as connection, connection.cursor(row_factory=class_row(Order)) as cursor:
            cursor.execute(
                "SELECT order_id, cart_id, total, promotion, placed_at FROM checkout.orders WHERE order_id = %s",
                (order_id,),
            )
            return cursor.fetchone()

    def take_in(self, order_id: str, cart_id: str) -> None:
        """Notes that this order is to be placed; what ends before `add` or `give_up` is found by `taken_in`."""
        with self._pool.connection() as connection:
            connection.execute(
                "INSERT INTO checkout.placements (order_id, cart_id) VALUES (%s, %s)", (order_id, cart_id)
            )

    def add(self, order_id: str, cart_id: str, total: Decimal, promotion: str | None) -> None:
        """The order is placed; one that is already there stays as it is."""
        with self._pool.connection() as connection:
            connection.execute(
                "WITH placed AS (DELETE FROM checkout.placements WHERE order_id = %(order_id)s)"
                " INSERT INTO checkout.orders (order_id, cart_id, total, promotion)"
                " VALUES (%(order_id)s, %(cart_id)s, %(total)s, %(promotion)s) ON CONFLICT DO NOTHING",
                {"order_id": order_id, "cart_id": cart_id, "total": total, "promotion": promotion},
            )

    def give_up(self, order_id: str) -> None:
        with self._pool.connection() as connection:
            connection.execute("DELETE FROM checkout.placements WHERE order_id = %s", (order_id,))

    def taken_in(self, seconds: float) -> list[tuple[str, str]]:
        """The orders (id, cart) still to be placed; forgets those older than that, whose customers have gone."""
        with self._pool.connection() as connection, connection.transaction():
            connection.execute(
                "DELETE FROM checkout.placements WHERE taken_in_at < now() - make_interval(secs => %s)", (seconds,)
            )
            return connection.execute(
                "SELECT order_id, cart_id FROM checkout.placements ORDER BY taken_in_at"
            ).fetchall()

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
