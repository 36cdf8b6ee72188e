"""Promotions, which can put free items into an order."""

from decimal import Decimal

import httpx
from kit import Problem
from pydantic import BaseModel, ValidationError

from inventory.reservations import Item


class Decision(BaseModel):
    promotion: str | None
    discount: Decimal
    free_items: list[Item]


class Promotions:
    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def decide(self, cart_id: str) -> Decision:
        """What the cart gets; a Problem with 404, 502, 503 or 504 where that can't be found out."""
        try:
            reply = self._client.post("/decisions", json={"cart_id": cart_id})
        except httpx.TransportError as error:
            raise _silence(error) from error
        return _read(cart_id, reply)


class AwaitedPromotions:
    """The same, for whoever waits as a coroutine."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def decide(self, cart_id: str) -> Decision:
        try:
            reply = await self._client.post("/decisions", json={"cart_id": cart_id})
        except httpx.TransportError as error:
            raise _silence(error) from error
        return _read(cart_id, reply)


def _silence(error: httpx.TransportError) -> Problem:
    if isinstance(error, httpx.TimeoutException):
        return Problem(504, "Promotions timed out", "Promotions did not decide in time; try again.")
    return Problem(503, "Promotions unreachable", "Promotions can't be reached; try again shortly.")


def _read(cart_id: str, reply: httpx.Response) -> Decision:
    if reply.status_code == 404:
        raise Problem(404, "Unknown cart", f"There is no cart {cart_id}; check its id.")
    if reply.status_code in (503, 504):
        raise Problem(reply.status_code, "Promotions unavailable", "Promotions can't decide now; try again.")
    try:
        return Decision.model_validate_json(reply.raise_for_status().content)
    except (httpx.HTTPStatusError, ValidationError) as error:
        detail = "Promotions' answer was not a decision; see its log."
        raise Problem(502, "Bad answer from promotions", detail) from error
