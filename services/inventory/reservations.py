"""Stock and reservations as the database has them."""

from datetime import datetime
from decimal import Decimal

from psycopg import Connection
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool
from pydantic import BaseModel

RETURN_BATCH = 200  # reservations whose items go back in one transaction


class OutOfStock(Exception):
    """There is not enough of `skus`, or no such product; nothing was reserved."""

    def __init__(self, skus: list[str]) -> None:
        super().__init__(", ".join(skus))
        self.skus = skus


class Item(BaseModel):
    sku: str
    quantity: int


class Reservation(BaseModel):
    order_id: str
    cart_id: str
    promotion: str | None
    discount: Decimal
    items: list[Item]
    expires_at: datetime


class Reservations:
    """Rows of the stock are always locked in the order of their skus, whoever takes or returns."""

    def __init__(self, pool: ConnectionPool, *, hold: float) -> None:
        """`hold`: seconds until a reservation that nobody confirms expires."""
        self._pool = pool
        self._hold = hold

    def available(self, sku: str) -> int | None:
        with self._pool.connection() as connection:
            row = connection.execute("SELECT available FROM inventory.stock WHERE sku = %s", (sku,)).fetchone()
            return row[0] if row else None

    def reserve(
        self, order_id: str, cart_id: str, items: list[Item], promotion: str | None, discount: Decimal
    ) -> tuple[Reservation, bool]:
        """The order's reservation, and whether it is new; an order has one, with what it was first given.

        Raises OutOfStock.
        """
        with self._pool.connection() as connection, connection.transaction():
            inserted = connection.execute(
                "INSERT INTO inventory.reservations (order_id, cart_id, promotion, discount, expires_at)"
                " VALUES (%s, %s, %s, %s, now() + make_interval(secs => %s))"
                " ON CONFLICT DO NOTHING RETURNING expires_at",
                (order_id, cart_id, promotion, discount, self._hold),
            ).fetchone()
            if inserted is None:
                return _find(connection, order_id), False
            _take(connection, items)
            connection.execute(
                "INSERT INTO inventory.reservation_items (order_id, sku, quantity)"
                " SELECT %s, * FROM unnest(%s::text[], %s::integer[])",
                (order_id, [item.sku for item in items], [item.quantity for item in items]),
            )
        return Reservation(
            order_id=order_id,
            cart_id=cart_id,
            promotion=promotion,
            discount=discount,
            items=items,
            expires_at=inserted[0],
        ), True

    def confirm(self, order_ids: list[str]) -> list[str]:
        """Makes these orders' reservations final; gives the ids of those that are, now or since before.

        What had expired is taken again if the stock suffices.
        """
        with self._pool.connection() as connection, connection.transaction():
            connection.execute(
                "UPDATE inventory.reservations SET confirmed_at = now()"
                " WHERE order_id = ANY(%s) AND confirmed_at IS NULL AND returned_at IS NULL",
                (order_ids,),
            )
            expired = connection.execute(
                "SELECT order_id FROM inventory.reservations"
                " WHERE order_id = ANY(%s) AND returned_at IS NOT NULL ORDER BY order_id FOR UPDATE",
                (order_ids,),
            ).fetchall()
        for (order_id,) in expired:
            self._take_again(order_id)
        with self._pool.connection() as connection:
            confirmed = connection.execute(
                "SELECT order_id FROM inventory.reservations WHERE order_id = ANY(%s) AND confirmed_at IS NOT NULL",
                (order_ids,),
            )
            return [order_id for (order_id,) in confirmed]

    def return_expired(self) -> int:
        """Puts the items of expired reservations back into the stock; gives how many reservations those were."""
        with self._pool.connection() as connection, connection.transaction():
            expired = connection.execute(
                "UPDATE inventory.reservations SET returned_at = now() WHERE order_id IN ("
                " SELECT order_id FROM inventory.reservations"
                " WHERE confirmed_at IS NULL AND returned_at IS NULL AND expires_at < now()"
                " ORDER BY expires_at LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING order_id",
                (RETURN_BATCH,),
            ).fetchall()
            if expired:
                order_ids = [order_id for (order_id,) in expired]
                _lock(connection, [item.sku for item in _items(connection, order_ids)])
                connection.execute(
                    "UPDATE inventory.stock SET available = available + back.quantity FROM ("
                    " SELECT sku, sum(quantity) AS quantity FROM inventory.reservation_items"
                    " WHERE order_id = ANY(%s) GROUP BY sku) AS back WHERE stock.sku = back.sku",
                    (order_ids,),
                )
            return len(expired)

    def _take_again(self, order_id: str) -> None:
        try:
            with self._pool.connection() as connection, connection.transaction():
                claimed = connection.execute(
                    "UPDATE inventory.reservations SET returned_at = NULL, confirmed_at = now()"
                    " WHERE order_id = %s AND returned_at IS NOT NULL",
                    (order_id,),
                )
                if claimed.rowcount:
                    _take(connection, _items(connection, [order_id]))
        except OutOfStock:
            pass  # It stays expired, and unconfirmed, until there is stock again.


def _find(connection: Connection, order_id: str) -> Reservation:
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            "SELECT order_id, cart_id, promotion, discount, expires_at FROM inventory.reservations WHERE order_id = %s",
            (order_id,),
        ).fetchone()
    return Reservation(**row, items=_items(connection, [order_id]))


def _items(connection: Connection, order_ids: list[str]) -> list[Item]:
    rows = connection.execute(
        "SELECT sku, sum(quantity) FROM inventory.reservation_items WHERE order_id = ANY(%s) GROUP BY sku ORDER BY sku",
        (order_ids,),
    )
    return [Item(sku=sku, quantity=quantity) for sku, quantity in rows]


def _lock(connection: Connection, skus: list[str]) -> dict[str, int]:
    rows = connection.execute(
        "SELECT sku, available FROM inventory.stock WHERE sku = ANY(%s) ORDER BY sku FOR UPDATE", (skus,)
    )
    return dict(rows.fetchall())


def _take(connection: Connection, items: list[Item]) -> None:
    available = _lock(connection, [item.sku for item in items])
    short = [item.sku for item in items if available.get(item.sku, 0) < item.quantity]
    if short:
        raise OutOfStock(short)
    connection.execute(
        "UPDATE inventory.stock SET available = available - taken.quantity"
        " FROM unnest(%s::text[], %s::integer[]) AS taken (sku, quantity) WHERE stock.sku = taken.sku",
        ([item.sku for item in items], [item.quantity for item in items]),
    )
