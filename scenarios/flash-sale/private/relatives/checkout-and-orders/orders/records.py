"""Orders that checkout has placed, before they are shipped."""

from collections import deque
from datetime import datetime
from decimal import Decimal

import httpx
from kit import Problem
from pydantic import BaseModel, ValidationError

KEPT = 1_000


class Placed(BaseModel):
    order_id: str
    cart_id: str
    total: Decimal
    promotion: str | None
    placed_at: datetime


class Records:
    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._placed: deque[Placed] = deque(maxlen=KEPT)

    def add(self, order_id: str) -> Placed:
        """Records the order as checkout has it; a Problem with 502, 503 or 504 where it can't be had."""
        try:
            reply = self._client.get(f"/orders/{order_id}")
            placed = Placed.model_validate_json(reply.raise_for_status().content)
        except httpx.TimeoutException as error:
            raise Problem(504, "Checkout timed out", "Checkout did not send the order in time; try again.") from error
        except httpx.TransportError as error:
            raise Problem(503, "Checkout unreachable", "Checkout can't be reached; try again shortly.") from error
        except (httpx.HTTPStatusError, ValidationError) as error:
            raise Problem(502, "Bad answer from checkout", "What came is not an order; see checkout's log.") from error
        self._placed.append(placed)
        return placed
