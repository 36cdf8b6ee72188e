"""The carts that reservations are for, as checkout has them."""

import httpx
from kit import Problem
from pydantic import BaseModel, ValidationError

from inventory.reservations import Item


class Cart(BaseModel):
    items: list[Item]


def check(client: httpx.Client, cart_id: str, wanted: dict[str, int]) -> None:
    """Raises Problem (409) unless the cart holds exactly so many of each sku; 404, 502, 503 or 504 as usual."""
    try:
        reply = client.get(f"/carts/{cart_id}")
    except httpx.TimeoutException as error:
        raise Problem(504, "Checkout timed out", "Checkout did not send the cart in time; try again.") from error
    except httpx.TransportError as error:
        raise Problem(503, "Checkout unreachable", "Checkout can't be reached; try again shortly.") from error
    if reply.status_code == 404:
        raise Problem(404, "Unknown cart", f"There is no cart {cart_id}; check its id.")
    if reply.status_code in (503, 504):
        raise Problem(reply.status_code, "Checkout unavailable", "Checkout can't serve the cart now; try again.")
    try:
        cart = Cart.model_validate_json(reply.raise_for_status().content)
    except (httpx.HTTPStatusError, ValidationError) as error:
        raise Problem(502, "Bad answer from checkout", "Checkout's answer was not a cart; see its log.") from error
    if {item.sku: item.quantity for item in cart.items} != wanted:
        raise Problem(409, "Cart changed", f"Cart {cart_id} holds something else; order it again.")
