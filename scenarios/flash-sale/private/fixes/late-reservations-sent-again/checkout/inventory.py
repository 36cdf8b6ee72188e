"""Inventory, which reserves what is ordered."""

import random
import time
from decimal import Decimal
from typing import TypeVar

import httpx
from kit import Problem
from pydantic import BaseModel, ValidationError

from checkout.carts import Cart

ATTEMPTS = 3
PAUSE = 0.1  # seconds before the second attempt, on average; doubled each time

Answer = TypeVar("Answer", bound=BaseModel)


class Refusal(BaseModel):
    title: str
    detail: str


class Reservation(BaseModel):
    promotion: str | None
    discount: Decimal


class Confirmation(BaseModel):
    order_ids: list[str]


class Inventory:
    """Its answers, or a Problem with 404, 409, 502, 503 or 504 where there is none to be had."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def reserve(self, order_id: str, cart: Cart) -> Reservation:
        """Holds the cart's items for an order. What is not confirmed expires by itself and goes back to the stock."""
        items = [{"sku": item.sku, "quantity": item.quantity} for item in cart.items]
        body = {"order_id": order_id, "cart_id": cart.cart_id, "items": items}
        return self._post("/reservations", body, Reservation)

    def confirm(self, order_ids: list[str]) -> list[str]:
        """Makes the reservations of these orders final; gives those that are."""
        return self._post("/confirmations", {"order_ids": order_ids}, Confirmation).order_ids

    def _post(self, path: str, body: dict, answer: type[Answer]) -> Answer:
        try:
            reply = self._send(path, body)
        except httpx.TimeoutException as error:
            raise Problem(504, "Inventory timed out", "Inventory did not answer in time; try again.") from error
        except httpx.TransportError as error:
            raise Problem(503, "Inventory unreachable", "Inventory can't be reached; try again shortly.") from error
        if reply.status_code in (503, 504):
            raise Problem(reply.status_code, "Inventory unavailable", "Inventory can't reserve now; try again.")
        try:
            if reply.status_code in (404, 409):
                refusal = Refusal.model_validate_json(reply.content)
                raise Problem(reply.status_code, refusal.title, refusal.detail)
            return answer.model_validate_json(reply.raise_for_status().content)
        except (httpx.HTTPStatusError, ValidationError) as error:
            raise Problem(502, "Bad answer from inventory", "Inventory's answer made no sense; see its log.") from error

    def _send(self, path: str, body: dict) -> httpx.Response:
        # An order has one reservation, however often it is asked for.
        for attempt in range(1, ATTEMPTS):
            try:
                return self._client.post(path, json=body)
            except httpx.TimeoutException:
                time.sleep(PAUSE * 2**attempt * random.random())
        return self._client.post(path, json=body)
