"""Carts, which belong to checkout."""

import threading
from collections import OrderedDict
from decimal import Decimal

import httpx
from kit import Problem
from pydantic import BaseModel, ValidationError

from promotions.rules import Item

REMEMBERED = 5_000  # carts


class Cart(BaseModel):
    cart_id: str
    items: list[Item]
    total: Decimal


class Carts:
    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._known: OrderedDict[str, Cart] = OrderedDict()

    def get(self, cart_id: str) -> Cart:
        """The cart, which never changes once it is made; a Problem with 404, 502, 503 or 504 if there is none."""
        with self._lock:
            if cart_id in self._known:
                self._known.move_to_end(cart_id)
                return self._known[cart_id]
        cart = self._ask(cart_id)
        with self._lock:
            self._known[cart_id] = cart
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return cart

    def _ask(self, cart_id: str) -> Cart:
        try:
            reply = self._client.get(f"/carts/{cart_id}")
        except httpx.TimeoutException as error:
            raise Problem(504, "Checkout timed out", "Checkout did not send the cart in time; try again.") from error
        except httpx.TransportError as error:
            raise Problem(503, "Checkout unreachable", "Checkout can't be reached; try again shortly.") from error
        if reply.status_code == 404:
            raise Problem(404, "Unknown cart", f"There is no cart {cart_id}; check its id.")
        if reply.status_code in (503, 504):
            raise Problem(reply.status_code, "Checkout unavailable", "Checkout can't serve the cart now; try again.")
        try:
            return Cart.model_validate_json(reply.raise_for_status().content)
        except (httpx.HTTPStatusError, ValidationError) as error:
            raise Problem(502, "Bad answer from checkout", "Checkout's answer was not a cart; see its log.") from error
