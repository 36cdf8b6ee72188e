"""Carts as the database has them."""

import uuid
from decimal import Decimal

from psycopg import Connection
from psycopg_pool import ConnectionPool
from pydantic import BaseModel


class UnknownSkus(Exception):
    """There are no such products; no cart was made."""

    def __init__(self, skus: list[str]) -> None:
        super().__init__(", ".join(skus))


class Item(BaseModel):
    sku: str
    quantity: int
    unit_price: Decimal


class Cart(BaseModel):
    cart_id: str
    items: list[Item]
    total: Decimal


class Carts:
    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    def find(self, cart_id: str) -> Cart | None:
        with self._pool.connection() as connection:
            return self.find_by(connection, cart_id)

    def find_by(self, connection: Connection, cart_id: str) -> Cart | None:
        rows = connection.execute(
            "SELECT sku, quantity, unit_price FROM checkout.cart_items WHERE cart_id = %s ORDER BY sku", (cart_id,)
        ).fetchall()
        return _cart(cart_id, rows) if rows else None

    def create(self, quantities: dict[str, int]) -> Cart:
        """A new cart with so many of each sku, at today's prices. Raises UnknownSkus."""
        cart_id = f"c-{uuid.uuid4().hex}"
        with self._pool.connection() as connection, connection.transaction():
            connection.execute("INSERT INTO checkout.carts (cart_id) VALUES (%s)", (cart_id,))
            rows = connection.execute(
                "INSERT INTO checkout.cart_items (cart_id, sku, quantity, unit_price)"
                " SELECT %s, sku, wanted.quantity, products.unit_price"
                " FROM unnest(%s::text[], %s::integer[]) AS wanted (sku, quantity)"
                " JOIN checkout.products USING (sku) ORDER BY sku RETURNING sku, quantity, unit_price",
                (cart_id, list(quantities), list(quantities.values())),
            ).fetchall()
            unknown = set(quantities) - {sku for sku, _, _ in rows}
            if unknown:
                raise UnknownSkus(sorted(unknown))
        return _cart(cart_id, rows)


def _cart(cart_id: str, rows: list[tuple[str, int, Decimal]]) -> Cart:
    items = [Item(sku=sku, quantity=quantity, unit_price=unit_price) for sku, quantity, unit_price in rows]
    return Cart(cart_id=cart_id, items=items, total=sum(item.quantity * item.unit_price for item in items))
