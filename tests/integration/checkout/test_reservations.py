import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Event

import pytest
from inventory.app import Settings, create_app
from inventory.reservations import Item, OutOfStock, Reservations
from psycopg_pool import ConnectionPool

from .conftest import migrate

FULL = 1_000_000
ORDER = "o-1"
NOTHING = Decimal("0.00")


@pytest.fixture
def pool(database_url: str) -> Iterator[ConnectionPool]:
    migrate(database_url)
    with ConnectionPool(database_url, min_size=1, max_size=8, kwargs={"autocommit": True}) as pool:
        yield pool


def reserve(reservations: Reservations, order_id: str = ORDER, **quantities: int):
    items = [Item(sku=sku.replace("_", "-"), quantity=quantity) for sku, quantity in quantities.items()]
    return reservations.reserve(order_id, "c-0001", items, None, NOTHING)


def test_an_order_reserves_once_however_often_it_asks(pool):
    reservations = Reservations(pool, hold=900)
    with ThreadPoolExecutor(8) as customers:
        replies = list(customers.map(lambda _: reserve(reservations, sku_0001=2, sku_0002=1), range(8)))

    assert sorted(new for _, new in replies) == [False] * 7 + [True]
    assert all(reservation == replies[0][0] for reservation, _ in replies)
    assert (reservations.available("sku-0001"), reservations.available("sku-0002")) == (FULL - 2, FULL - 1)


def test_an_order_that_can_not_be_had_in_full_reserves_nothing(pool):
    reservations = Reservations(pool, hold=900)

    with pytest.raises(OutOfStock) as caught:
        reserve(reservations, sku_0001=2, sku_0002=FULL + 1)

    assert caught.value.skus == ["sku-0002"]
    assert reservations.available("sku-0001") == FULL
    assert reserve(reservations, sku_0001=2)[1], "the refused order may ask again"


def test_orders_of_the_same_products_in_any_order_do_not_stop_each_other(pool):
    reservations = Reservations(pool, hold=900)

    def order(n: int) -> None:
        quantities = {"sku_0001": 1, "sku_0002": 1}
        reserve(reservations, f"o-{n}", **(quantities if n % 2 else dict(reversed(quantities.items()))))

    with ThreadPoolExecutor(8) as customers:
        list(customers.map(order, range(100)))

    assert (reservations.available("sku-0001"), reservations.available("sku-0002")) == (FULL - 100, FULL - 100)


def test_what_expires_comes_back_once_and_what_is_confirmed_stays(pool):
    reservations = Reservations(pool, hold=-1)  # expired when it is made
    reserve(reservations, "o-1", sku_0001=2, sku_0002=1)
    reserve(reservations, "o-2", sku_0001=5)
    assert reservations.confirm(["o-2", "o-unknown"]) == ["o-2"]

    assert (reservations.return_expired(), reservations.return_expired()) == (1, 0)

    assert (reservations.available("sku-0001"), reservations.available("sku-0002")) == (FULL - 5, FULL)


def test_an_order_confirmed_after_its_reservation_expired_takes_its_items_again(pool):
    reservations = Reservations(pool, hold=-1)
    reserve(reservations, sku_0001=2)
    reservations.return_expired()

    assert reservations.confirm([ORDER]) == reservations.confirm([ORDER]) == [ORDER]

    assert reservations.available("sku-0001") == FULL - 2
    assert reservations.return_expired() == 0


def test_it_stays_unconfirmed_while_there_is_not_enough_stock(pool):
    reservations = Reservations(pool, hold=-1)
    reserve(reservations, sku_0001=2)
    reservations.return_expired()
    with pool.connection() as connection:
        connection.execute("UPDATE inventory.stock SET available = 1 WHERE sku = 'sku-0001'")
        assert reservations.confirm([ORDER]) == []
        assert reservations.available("sku-0001") == 1
        connection.execute("UPDATE inventory.stock SET available = 2 WHERE sku = 'sku-0001'")
    assert reservations.confirm([ORDER]) == [ORDER]
    assert reservations.available("sku-0001") == 0


def test_whatever_a_return_fails_with_there_is_a_next_one(database_url, monkeypatch, caplog):
    migrate(database_url)
    again = Event()

    def return_expired(_: Reservations) -> int:
        if "returning expired" not in caplog.text:
            raise KeyError("sku")
        again.set()
        return 0

    monkeypatch.setattr(Reservations, "return_expired", return_expired)
    app = create_app(Settings(database_url=database_url, return_interval=0.01))

    async def run() -> bool:
        async with app.router.lifespan_context(app):
            return await asyncio.to_thread(again.wait, 10)

    assert asyncio.run(run()), "it is tried again after an error that nobody foresaw"
    assert "returning expired reservations failed" in caplog.text
