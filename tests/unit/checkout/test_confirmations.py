import logging

import psycopg
import pytest
from checkout.confirmations import BATCH, Confirmations
from kit import Problem


class FakeOrders:
    def __init__(self, *order_ids: str) -> None:
        self.pending = list(order_ids)

    def unconfirmed(self, limit: int) -> list[str]:
        return self.pending[:limit]

    def confirm(self, order_ids: list[str]) -> None:
        self.pending = [order_id for order_id in self.pending if order_id not in order_ids]


class FakeInventory:
    """Confirms all but what it does not know; fails first with each of `errors`."""

    def __init__(self, *errors: Exception, unknown: str = "") -> None:
        self.errors = list(errors)
        self.unknown = unknown
        self.asked: list[list[str]] = []

    def confirm(self, order_ids: list[str]) -> list[str]:
        self.asked.append(order_ids)
        if self.errors:
            raise self.errors.pop(0)
        return [order_id for order_id in order_ids if order_id != self.unknown]


def test_placed_orders_are_confirmed_once():
    orders, inventory = FakeOrders("o-1", "o-2"), FakeInventory()
    confirmations = Confirmations(orders, inventory)

    confirmations.send()
    confirmations.send()

    assert inventory.asked == [["o-1", "o-2"]]
    assert orders.pending == []


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (Problem(504, "Inventory timed out", "late"), "orders not confirmed"),
        (psycopg.OperationalError("gone"), "orders not confirmed"),
        (KeyError("order_ids"), "confirming orders failed"),
    ],
)
def test_what_failed_is_sent_again_and_logged(error, line, caplog):
    orders, inventory = FakeOrders("o-1"), FakeInventory(error)
    confirmations = Confirmations(orders, inventory)

    with caplog.at_level(logging.WARNING):
        confirmations.send()
    assert orders.pending == ["o-1"]
    assert [record.getMessage() for record in caplog.records] == [line]

    confirmations.send()
    assert inventory.asked == [["o-1"], ["o-1"]]
    assert orders.pending == []


def test_an_order_that_inventory_does_not_confirm_stays_unconfirmed():
    orders = FakeOrders("o-1", "o-2")

    Confirmations(orders, FakeInventory(unknown="o-1")).send()

    assert orders.pending == ["o-1"]


def test_a_batch_is_bounded():
    orders, inventory = FakeOrders(*(f"o-{n}" for n in range(BATCH + 1))), FakeInventory()

    Confirmations(orders, inventory).send()

    assert len(inventory.asked[0]) == BATCH
    assert len(orders.pending) == 1
