"""Reservations for orders, and what is in stock."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Annotated

import httpx
import kit
import psycopg
from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI, Path, Request, Response
from kit import Problem
from kit.problems import ProblemResponse
from psycopg_pool import ConnectionPool
from pydantic import BaseModel, ConfigDict, Field

from inventory.decisions import Decisions
from inventory.promotions import Promotions
from inventory.reservations import Item, OutOfStock, Reservation, Reservations

SKU = r"^sku-[0-9]{4}$"
CartId = Annotated[str, Field(pattern=r"^c-[0-9a-f]{4,32}$", examples=["c-0017"])]
OrderId = Annotated[str, Field(pattern=r"^o-[0-9a-f]{32}$", examples=["o-0123456789abcdef0123456789abcdef"])]

log = logging.getLogger("inventory")


class Settings(kit.Settings):
    service: str = "inventory"
    promotions_url: str = "http://127.0.0.1:8405"
    promotions_timeout: float = Field(default=1.6, gt=0, description="seconds")
    workers: int = Field(default=12, ge=1, description="requests served at the same time")
    database_connections: int = Field(default=16, ge=2)
    database_timeout: float = Field(default=0.5, gt=0, description="seconds to wait for a connection")
    reservation_hold: float = Field(default=900, gt=0, description="seconds until an unconfirmed reservation expires")
    return_interval: float = Field(default=5, gt=0, description="seconds between looks for expired reservations")


class WantedItem(BaseModel):
    model_config = ConfigDict(extra="forbid")

    sku: Annotated[str, Field(pattern=SKU, examples=["sku-0017"])]
    quantity: Annotated[int, Field(ge=1, le=100, strict=True)]


class ReservationRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    order_id: OrderId
    cart_id: CartId
    items: Annotated[list[WantedItem], Field(min_length=1, max_length=50)]


class ConfirmationRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    order_ids: Annotated[list[OrderId], Field(min_length=1, max_length=100)]


class Confirmation(BaseModel):
    order_ids: list[str]


class Stock(BaseModel):
    sku: str
    available: int


def create_app(settings: Settings | None = None) -> FastAPI:
    settings = settings or Settings()
    pool = ConnectionPool(
        settings.database_url,
        min_size=2,
        max_size=settings.database_connections,
        timeout=settings.database_timeout,
        kwargs={"autocommit": True},
        open=False,
    )
    client = httpx.Client(
        base_url=settings.promotions_url,
        timeout=settings.promotions_timeout,
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=settings.workers),
    )
    reservations = Reservations(pool, hold=settings.reservation_hold)
    decisions = Decisions(Promotions(client))

    async def return_expired() -> None:
        thread = CapacityLimiter(1)
        while True:
            await asyncio.sleep(settings.return_interval)
            try:
                if returned := await to_thread.run_sync(reservations.return_expired, limiter=thread):
                    log.info("expired reservations returned", extra={"reservations": returned})
            except psycopg.OperationalError as error:
                log.warning("expired reservations not returned", extra={"error": str(error)})
            except Exception:  # nothing may end this: stock would stay reserved unnoticed
                log.exception("returning expired reservations failed")

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        workers = to_thread.current_default_thread_limiter()
        workers.total_tokens = settings.workers
        kit.watch_pool(settings.service, "workers", workers)
        pool.open(wait=True)
        with pool, client:
            housekeeping = asyncio.create_task(return_expired())
            yield
            housekeeping.cancel()
            with suppress(asyncio.CancelledError):
                await housekeeping

    app = kit.create_app(settings, title="Inventory", lifespan=lifespan)

    @app.exception_handler(psycopg.OperationalError)
    async def database_unavailable(_: Request, error: psycopg.OperationalError) -> ProblemResponse:
        log.error("database unavailable", extra={"error": str(error)})
        return ProblemResponse(503, "Database unavailable", "The stock can't be read or changed now; try again.")

    @app.post("/reservations", status_code=201, responses={200: {"model": Reservation}})
    def reserve(request: ReservationRequest, response: Response) -> Reservation:
        """Reserves a cart's items, and those that a promotion adds for free, until the order is confirmed.

        An order that has a reservation gets that one again, with 200.
        """
        decision = decisions.decide(request.cart_id, (item.sku for item in request.items))
        quantities = Counter[str]()
        for item in [*request.items, *decision.free_items]:
            quantities[item.sku] += item.quantity
        items = [Item(sku=sku, quantity=quantity) for sku, quantity in sorted(quantities.items())]
        try:
            reservation, new = reservations.reserve(
                request.order_id, request.cart_id, items, decision.promotion, decision.discount
            )
        except OutOfStock as error:
            raise Problem(409, "Out of stock", f"There is not enough of {error}; order less of it.") from error
        if not new:
            response.status_code = 200
        return reservation

    @app.post("/confirmations")
    def confirm(request: ConfirmationRequest) -> Confirmation:
        """Makes the reservations of placed orders final; gives the orders whose reservations are."""
        return Confirmation(order_ids=reservations.confirm(request.order_ids))

    @app.get("/stock/{sku}")
    def stock(sku: Annotated[str, Path(pattern=SKU, examples=["sku-0017"])]) -> Stock:
        """How many of a product can still be reserved."""
        available = reservations.available(sku)
        if available is None:
            raise Problem(404, "Unknown product", f"There is no product {sku}; check its sku.")
        return Stock(sku=sku, available=available)

    return app
