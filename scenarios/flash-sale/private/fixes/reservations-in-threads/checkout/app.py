"""Carts, and the orders placed from them."""

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from contextvars import copy_context
from decimal import Decimal
from typing import Annotated

import httpx
import kit
import psycopg
from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI, Path, Request, Response
from kit import Problem
from kit.problems import ProblemResponse
from prometheus_client import Counter
from psycopg_pool import ConnectionPool
from pydantic import BaseModel, ConfigDict, Field, field_validator

from checkout.carts import Cart, Carts, UnknownSkus
from checkout.confirmations import Confirmations
from checkout.inventory import Inventory
from checkout.orders import Order, Orders

CART = r"^c-[0-9a-f]{4,32}$"
ORDER = r"^o-[0-9a-f]{32}$"

ORDERS_PLACED = Counter("orders_placed_total", "Orders placed", ["service"])

log = logging.getLogger("checkout")


class Settings(kit.Settings):
    service: str = "checkout"
    inventory_url: str = "http://127.0.0.1:8404"
    inventory_timeout: float = Field(default=5.0, gt=0, description="seconds")
    workers: int = Field(default=12, ge=1, description="requests served at the same time")
    reserving_workers: int = Field(default=64, ge=1, description="reservations asked for at the same time")
    database_connections: int = Field(default=16, ge=2)
    database_timeout: float = Field(default=0.5, gt=0, description="seconds to wait for a connection")
    confirmation_interval: float = Field(default=1, gt=0, description="seconds between two batches")


class WantedItem(BaseModel):
    model_config = ConfigDict(extra="forbid")

    sku: Annotated[str, Field(pattern=r"^sku-[0-9]{4}$", examples=["sku-0017"])]
    quantity: Annotated[int, Field(ge=1, le=20, strict=True)]


class CartRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    items: Annotated[list[WantedItem], Field(min_length=1, max_length=20)]

    @field_validator("items")
    @classmethod
    def once_each(cls, items: list[WantedItem]) -> list[WantedItem]:
        if len({item.sku for item in items}) < len(items):
            raise ValueError("a sku stands in the list twice; add up its quantities")
        return items


class OrderRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    cart_id: Annotated[str, Field(pattern=CART, examples=["c-0017"])]


class PlacedOrder(BaseModel):
    order_id: str
    total: Decimal
    promotion: str | None


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
        base_url=settings.inventory_url,
        timeout=settings.inventory_timeout,
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=settings.workers),
    )
    carts = Carts(pool)
    orders = Orders(pool)
    inventory = Inventory(client)
    confirmations = Confirmations(orders, inventory)
    reserving = ThreadPoolExecutor(settings.reserving_workers, thread_name_prefix="reserving")

    async def send_confirmations() -> None:
        thread = CapacityLimiter(1)
        while True:
            await asyncio.sleep(settings.confirmation_interval)
            await to_thread.run_sync(confirmations.send, limiter=thread)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        workers = to_thread.current_default_thread_limiter()
        workers.total_tokens = settings.workers
        kit.watch_pool(settings.service, "workers", workers)
        pool.open(wait=True)
        with pool, client:
            sending = asyncio.create_task(send_confirmations())
            yield
            reserving.shutdown(cancel_futures=True)
            sending.cancel()
            with suppress(asyncio.CancelledError):
                await sending

    app = kit.create_app(settings, title="Checkout", lifespan=lifespan)

    @app.exception_handler(psycopg.OperationalError)
    async def database_unavailable(_: Request, error: psycopg.OperationalError) -> ProblemResponse:
        log.error("database unavailable", extra={"error": str(error)})
        return ProblemResponse(503, "Database unavailable", "Carts and orders can't be had now; try again.")

    def find_cart(cart_id: str) -> Cart:
        cart = carts.find(cart_id)
        if cart is None:
            raise Problem(404, "Unknown cart", f"There is no cart {cart_id}; check its id.")
        return cart

    @app.post("/carts", status_code=201)
    def create_cart(request: CartRequest, response: Response) -> Cart:
        """A new cart with these items at today's prices."""
        try:
            cart = carts.create({item.sku: item.quantity for item in request.items})
        except UnknownSkus as error:
            raise Problem(422, "Unknown product", f"There is no product {error}; check its sku.") from error
        response.headers["Location"] = f"/carts/{cart.cart_id}"
        return cart

    @app.get("/carts/{cart_id}")
    def cart(cart_id: Annotated[str, Path(pattern=CART, examples=["c-0017"])]) -> Cart:
        """A cart with its items and its total before any promotion."""
        return find_cart(cart_id)

    @app.post("/orders", status_code=201)
    def place_order(request: OrderRequest, response: Response) -> PlacedOrder:
        """Places an order for what is in the cart: either all of it is reserved and ordered, or none is."""
        cart = find_cart(request.cart_id)
        order_id = f"o-{uuid.uuid4().hex}"
        reservation = reserving.submit(copy_context().run, inventory.reserve, order_id, cart).result()
        total = cart.total - reservation.discount
        orders.add(order_id, cart.cart_id, total, reservation.promotion)
        ORDERS_PLACED.labels(settings.service).inc()
        log.info("order placed", extra={"order_id": order_id, "cart_id": cart.cart_id, "total": str(total)})
        response.headers["Location"] = f"/orders/{order_id}"
        return PlacedOrder(order_id=order_id, total=total, promotion=reservation.promotion)

    @app.get("/orders/{order_id}")
    def order(order_id: Annotated[str, Path(pattern=ORDER)]) -> Order:
        """An order that was placed."""
        found = orders.find(order_id)
        if found is None:
            raise Problem(404, "Unknown order", f"There is no order {order_id}; check its id.")
        return found

    return app
