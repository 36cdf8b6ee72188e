"""The shipping partner's API, as far as orders needs it."""

import asyncio
from collections.abc import Sequence

import httpx
from kit import Problem
from pydantic import BaseModel, ValidationError

BATCH = 50  # orders in one call: the partner takes a hundred, and a page has no more than these


class Shipment(BaseModel):
    status: str
    tracking: str


class Parcel(Shipment):
    order_id: int


class Parcels(BaseModel):
    shipments: list[Parcel]


class Shipping:
    """The partner's failures become ours: a history that lacks a shipment would look complete and is not."""

    def __init__(self, client: httpx.AsyncClient, calls: int) -> None:
        """calls: how many are under way at the same time, whoever asked for them."""
        self._client = client
        self._turns = asyncio.Semaphore(calls)

    async def shipments(self, order_ids: Sequence[int]) -> dict[int, Shipment]:
        """The shipment of every order, by its id; a call for each fifty of them.

        Raises Problem: 504 when the partner is too slow, 503 when it is down, broken or limits our calls.
        """
        batches = [order_ids[start : start + BATCH] for start in range(0, len(order_ids), BATCH)]
        try:
            async with asyncio.TaskGroup() as calls:
                asked = [calls.create_task(self._in_turn(batch)) for batch in batches]
        except* Problem as failed:
            problem = failed.exceptions[0]
        else:
            return {order_id: shipment for each in asked for order_id, shipment in each.result().items()}
        raise problem

    async def _in_turn(self, order_ids: Sequence[int]) -> dict[int, Shipment]:
        async with self._turns:
            return await self._batch(order_ids)

    async def _batch(self, order_ids: Sequence[int]) -> dict[int, Shipment]:
        try:
            response = await self._client.post("/shipments/batch", json={"order_ids": list(order_ids)})
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
