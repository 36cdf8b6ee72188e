"""Carts, which belong to checkout."""

import time
from decimal import Decimal

import httpx
from kit import Problem
from pydantic import BaseModel, ValidationError

from promotions.rules import Item

SETTLED = 0.05  # seconds within which a cart may still be changed by its customer


class Cart(BaseModel):
    cart_id: str
    items: list[Item]
    total: Decimal


class Carts:
    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def settled(self, cart_id: str) -> Cart:
        """The cart once it has been the same for a moment; raises as `get` does."""
        seen = None
        while (cart := self.get(cart_id)) != seen:
            seen = cart
            time.sleep(SETTLED)
        return cart

    def get(self, cart_id: str) -> Cart:
        """The cart as checkout has it now; a Problem with 404, 502, 503 or 504 where there is none to be had."""
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
