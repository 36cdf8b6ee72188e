"""The shipping partner's API, as far as orders needs it."""

from collections.abc import Sequence
from threading import Lock
from time import monotonic

import httpx
from kit import Problem
from pydantic import BaseModel, ValidationError

BATCH = 100  # orders in one call: as many as the partner takes


class Shipment(BaseModel):
    status: str
    tracking: str


class Parcel(Shipment):
    order_id: int


class Parcels(BaseModel):
    shipments: list[Parcel]


class Shipping:
    """The partner's failures become ours: a history that lacks a shipment would look complete and is not."""

    def __init__(self, client: httpx.Client, age: float) -> None:
        """age: seconds after which an order is asked for again, counted from when it was asked for."""
        self._client = client
        self._age = age
        self._recent: dict[int, tuple[float, Shipment]] = {}  # when it was asked for, and the answer
        self._lock = Lock()

    def shipments(self, order_ids: Sequence[int]) -> dict[int, Shipment]:
        """The shipment of every order, by its id; a call for each hundred that nobody asked for a moment ago.

        Raises Problem: 504 when the partner is too slow, 503 when it is down, broken or limits our calls.
        """
        found = self._known(order_ids)
        missing = [order_id for order_id in order_ids if order_id not in found]
        for start in range(0, len(missing), BATCH):
            asked = monotonic()
            batch = self._batch(missing[start : start + BATCH])
            self._keep(asked, batch)
            found |= batch
        return found

    def _known(self, order_ids: Sequence[int]) -> dict[int, Shipment]:
        with self._lock:
            oldest = monotonic() - self._age
            for order_id in [order_id for order_id, (asked, _) in self._recent.items() if asked <= oldest]:
                del self._recent[order_id]
            return {order_id: self._recent[order_id][1] for order_id in order_ids if order_id in self._recent}

    def _keep(self, asked: float, batch: dict[int, Shipment]) -> None:
        with self._lock:
            self._recent |= {order_id: (asked, shipment) for order_id, shipment in batch.items()}

    def _batch(self, order_ids: Sequence[int]) -> dict[int, Shipment]:
        try:
            response = self._client.post("/shipments/batch", json={"order_ids": list(order_ids)})
            response.raise_for_status()
            parcels = Parcels.model_validate_json(response.content).shipments
        except httpx.TimeoutException:
            raise _problem(504, order_ids, "did not answer in time") from None
        except httpx.HTTPStatusError as error:
            raise _problem(503, order_ids, f"answered {error.response.status_code}") from None
        except httpx.TransportError:
            raise _problem(503, order_ids, "could not be reached") from None
        except ValidationError:
            raise _problem(503, order_ids, "gave an answer that is no shipment") from None
        found = {parcel.order_id: Shipment(status=parcel.status, tracking=parcel.tracking) for parcel in parcels}
        if found.keys() != set(order_ids):
            raise _problem(503, order_ids, "left some out")
        return found


def _problem(status: int, order_ids: Sequence[int], what: str) -> Problem:
    detail = f"The shipping partner {what} when asked for {len(order_ids)} orders; try again in a moment."
    return Problem(status, "Shipping partner unavailable", detail)
