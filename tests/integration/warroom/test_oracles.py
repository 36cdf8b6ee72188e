"""What the referee expects of orders and histories is what the company's own data comes to."""

from decimal import Decimal

import psycopg
from migrations import migrate
from promotions.rules import Item, decide
from warroom.verify import history, sales

from lab.runtime.state import ROOT

SERVICES = ROOT / "services"


def test_every_standing_cart_comes_to_what_is_expected(database_url: str):
    migrate(database_url, "checkout", SERVICES / "checkout" / "migrations")
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT cart_id, sku, quantity, unit_price FROM checkout.cart_items").fetchall()
    carts: dict[int, list[tuple[str, int, Decimal]]] = {}
    for cart, sku, quantity, price in rows:
        carts.setdefault(int(cart.removeprefix("c-")), []).append((sku, quantity, price))
    assert len(carts) == sales.CARTS
    for number, items in carts.items():
        total = sum(quantity * price for _, quantity, price in items)
        decision = decide([Item(sku=sku, quantity=quantity) for sku, quantity, _ in items], total)
        reserved = {sku: quantity for sku, quantity, _ in items}
        for free in decision.free_items:
            reserved[free.sku] = reserved.get(free.sku, 0) + free.quantity
        wanted = sales.Sale(total - decision.discount, decision.promotion, reserved)
        assert sales.expected(number) == wanted, number


def test_every_promotion_is_met_by_some_cart():
    met = {sales.expected(number).promotion for number in range(1, sales.CARTS + 1)}
    assert met >= {None, "SPRING10", "CAMPFIRE"}


def test_histories_are_what_is_expected(database_url: str):
    migrate(database_url, "orders", SERVICES / "orders" / "migrations")
    with psycopg.connect(database_url) as connection:
        for number in (1, 250, 500):
            latest = connection.execute(
                "SELECT order_id FROM orders.orders WHERE account = %s ORDER BY placed_at DESC, order_id DESC",
                (f"a-{number}",),
            ).fetchall()
            wanted = history.facts(number, history.ORDERS_EACH)
            assert [order for (order,) in latest] == [order["order_id"] for order in wanted]
            for order in wanted[:3]:
                lines = connection.execute(
                    "SELECT sku, quantity, unit_price, amount FROM orders.lines WHERE order_id = %s ORDER BY position",
                    (order["order_id"],),
                ).fetchall()
                assert [tuple(line.values()) for line in order["lines"]] == lines
