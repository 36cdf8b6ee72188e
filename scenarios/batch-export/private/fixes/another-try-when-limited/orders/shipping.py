"""The shipping partner's API, as far as orders needs it."""

import time

import httpx
from kit import Problem
from pydantic import BaseModel, ValidationError

TRIES = 3
BETWEEN = 0.05  # seconds


class Shipment(BaseModel):
    status: str
    tracking: str


class Shipping:
    """The partner's failures become ours: a history that lacks a shipment would look complete and is not."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def shipment(self, order_id: int) -> Shipment:
        """Raises Problem: 504 when the partner is too slow, 503 when it is down, broken or limits our calls."""
        try:
            response = self._client.get(f"/shipments/{order_id}")
            for _ in range(TRIES - 1):
                if response.status_code != 429:
                    break
                time.sleep(BETWEEN)
                response = self._client.get(f"/shipments/{order_id}")
            response.raise_for_status()
            return Shipment.model_validate_json(response.content)
        except httpx.TimeoutException:
            raise _problem(504, order_id, "did not answer in time") from None
        except httpx.HTTPStatusError as error:
            raise _problem(503, order_id, f"answered {error.response.status_code}") from None
        except httpx.TransportError:
            raise _problem(503, order_id, "could not be reached") from None
        except ValidationError:
            raise _problem(503, order_id, "gave an answer that is no shipment") from None


def _problem(status: int, order_id: int, what: str) -> Problem:
    detail = f"The shipping partner {what} when asked for order {order_id}; try again in a moment."
    return Problem(status, "Shipping partner unavailable", detail)
