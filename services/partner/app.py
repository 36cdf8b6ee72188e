"""The shipping company's API as its customers meet it: a network away, and limited in calls a second."""

import asyncio
import math
import random
from typing import Annotated

import kit
from fastapi import FastAPI, Path
from kit import Problem
from prometheus_client import Counter
from pydantic import BaseModel, ConfigDict, Field, field_validator

from partner.ratelimit import TokenBucket
from partner.shipments import Shipment, shipment

LARGEST_ID = 2**63 - 1

_requests = Counter("partner_requests_total", "Calls that came in, refused ones too", ["kind"])
_refused = Counter("partner_refused_total", "Calls refused by the rate limit", ["kind"])


class Settings(kit.Settings):
    service: str = "partner"
    latency: float = Field(default=0.008, ge=0, description="seconds of network and the partner's own work, mean")
    jitter: float = Field(default=0.003, ge=0, description="seconds by which latency varies either way")
    rate: float = Field(default=120, gt=0, description="calls a second, single or batch")
    burst: int = Field(default=50, ge=1, description="calls at once")
    max_batch: int = Field(default=100, ge=1, description="ids in a batch")


class Shipments(BaseModel):
    shipments: list[Shipment]


OrderId = Annotated[int, Field(strict=True, ge=1, le=LARGEST_ID)]


def create_app(settings: Settings | None = None) -> FastAPI:
    settings = settings or Settings()
    bucket = TokenBucket(settings.rate, settings.burst)

    class Batch(BaseModel):
        model_config = ConfigDict(extra="forbid")

        order_ids: Annotated[list[OrderId], Field(min_length=1, max_length=settings.max_batch)]

        @field_validator("order_ids")
        @classmethod
        def once_each(cls, order_ids: list[int]) -> list[int]:
            if len(set(order_ids)) < len(order_ids):
                raise ValueError("an order stands in the list twice; name each once")
            return order_ids

    async def admit(kind: str) -> None:
        """Lets a call in and takes the time that a call across the network takes."""
        _requests.labels(kind).inc()
        wait = bucket.take()
        if wait:
            _refused.labels(kind).inc()
            raise Problem(
                429,
                "Too Many Requests",
                f"More than {settings.rate:g} calls a second; wait as long as Retry-After says.",
                headers={"Retry-After": str(math.ceil(wait))},
            )
        await asyncio.sleep(
            max(0.0, random.uniform(settings.latency - settings.jitter, settings.latency + settings.jitter))
        )

    app = kit.create_app(settings, title="Shipping partner")

    @app.get("/shipments/{order_id}")
    async def one(order_id: Annotated[int, Path(ge=1, le=LARGEST_ID)]) -> Shipment:
        """Where the parcel of one order is."""
        await admit("single")
        return shipment(order_id)

    @app.post("/shipments/batch")
    async def batch(request: Batch) -> Shipments:
        """Where the parcels of many orders are, in the sequence asked for; counts as one call."""
        await admit("batch")
        return Shipments(shipments=[shipment(order_id) for order_id in request.order_ids])

    return app
