"""Tells inventory which orders were placed, so that their reservations become final."""

import logging

import psycopg
from kit import Problem

from checkout.inventory import Inventory
from checkout.orders import Orders

BATCH = 100  # orders in one call

log = logging.getLogger("checkout")


class Confirmations:
    """An order is unconfirmed until inventory has answered, so what fails is sent again the next time."""

    def __init__(self, orders: Orders, inventory: Inventory) -> None:
        self._orders = orders
        self._inventory = inventory

    def send(self) -> None:
        """Confirms the oldest unconfirmed orders; a failure is logged, not raised, so that there is a next time."""
        try:
            order_ids = self._orders.unconfirmed(BATCH)
            if order_ids:
                self._orders.confirm(self._inventory.confirm(order_ids))
        except (Problem, psycopg.OperationalError) as error:
            log.warning("orders not confirmed", extra={"error": str(error)})
        except Exception:
            log.exception("confirming orders failed")
