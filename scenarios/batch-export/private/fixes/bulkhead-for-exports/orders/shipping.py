"""The shipping partner's API, as far as orders needs it."""

from collections.abc import Sequence

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

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def shipments(self, order_ids: Sequence[int]) -> dict[int, Shipment]:
        """The shipment of every order, by its id; a call for each hundred of them.

        Raises Problem: 504 when the partner is too slow, 503 when it is down, broken or limits our calls.
        """
        found: dict[int, Shipment] = {}
        for start in range(0, len(order_ids), BATCH):
            found |= self._batch(order_ids[start : start + BATCH])
        return found

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
