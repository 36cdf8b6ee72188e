"""Inventory, which reserves what is ordered."""

from decimal import Decimal
from typing import TypeVar

import httpx
from kit import Problem
from pydantic import BaseModel, ValidationError

from checkout.carts import Cart

Answer = TypeVar("Answer", bound=BaseModel)


class Refusal(BaseModel):
    title: str
    detail: str


class Reservation(BaseModel):
    promotion: str | None
    discount: Decimal


class Confirmation(BaseModel):
    order_ids: list[str]


class Reservations:
    """Inventory for whoever waits as a coroutine: no worker is taken meanwhile."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def reserve(self, order_id: str, cart: Cart) -> Reservation:
        """Holds the cart's items for an order; a Problem as from Inventory where that fails."""
        try:
            reply = await self._client.post("/reservations", json=_wish(order_id, cart))
        except httpx.TransportError as error:
            raise _silence(error) from error
        return _read(reply, Reservation)


class Inventory:
    """Its answers, or a Problem with 404, 409, 502, 503 or 504 where there is none to be had."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def reserve(self, order_id: str, cart: Cart) -> Reservation:
        """Holds the cart's items for an order. What is not confirmed expires by itself and goes back to the stock."""
        return self._post("/reservations", _wish(order_id, cart), Reservation)

    def confirm(self, order_ids: list[str]) -> list[str]:
        """Makes the reservations of these orders final; gives those that are."""
        return self._post("/confirmations", {"order_ids": order_ids}, Confirmation).order_ids

    def _post(self, path: str, body: dict, answer: type[Answer]) -> Answer:
        try:
            reply = self._client.post(path, json=body)
        except httpx.TransportError as error:
            raise _silence(error) from error
        return _read(reply, answer)


def _wish(order_id: str, cart: Cart) -> dict:
    items = [{"sku": item.sku, "quantity": item.quantity} for item in cart.items]
    return {"order_id": order_id, "cart_id": cart.cart_id, "items": items}


def _silence(error: httpx.TransportError) -> Problem:
    if isinstance(error, httpx.TimeoutException):
        return Problem(504, "Inventory timed out", "Inventory did not answer in time; try again.")
    return Problem(503, "Inventory unreachable", "Inventory can't be reached; try again shortly.")


def _read(reply: httpx.Response, answer: type[Answer]) -> Answer:
    if reply.status_code in (503, 504):
        raise Problem(reply.status_code, "Inventory unavailable", "Inventory can't reserve now; try again.")
    try:
        if reply.status_code in (404, 409):
            refusal = Refusal.model_validate_json(reply.content)
            raise Problem(reply.status_code, refusal.title, refusal.detail)
        return answer.model_validate_json(reply.raise_for_status().content)
    except (httpx.HTTPStatusError, ValidationError) as error:
        raise Problem(502, "Bad answer from inventory", "Inventory's answer made no sense; see its log.") from error
