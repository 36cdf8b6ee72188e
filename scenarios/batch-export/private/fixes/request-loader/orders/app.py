"""Order history by the page, and the export of many accounts."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
import kit
import psycopg
from fastapi import FastAPI, Path, Query, Request
from kit import Problem
from kit.problems import ProblemResponse
from psycopg_pool import AsyncConnectionPool
from pydantic import BaseModel, ConfigDict, Field, field_validator

from orders.callers import hung_up
from orders.history import History, Line, Order
from orders.loader import Loader
from orders.shipping import BATCH, Shipment, Shipping

log = logging.getLogger("orders")

ACCOUNT = r"^[a-z0-9-]{1,40}$"
Account = Annotated[str, Field(pattern=ACCOUNT, examples=["a-17"])]


class Settings(kit.Settings):
    service: str = "orders"
    partner_url: str = "http://127.0.0.1:8407"
    partner_timeout: float = Field(default=2.0, gt=0, description="seconds")
    database_connections: int = Field(default=8, ge=1)
    database_timeout: float = Field(default=0.5, gt=0, description="seconds to wait for a connection")
    max_page: int = Field(default=50, ge=1, description="orders on a page, and of one account in an export")
    max_accounts: int = Field(default=100, ge=1, description="accounts in an export")


class OrderDetails(Order):
    lines: list[Line]
    shipment: Shipment


class AccountOrders(BaseModel):
    account: str
    orders: list[OrderDetails]


class Export(BaseModel):
    accounts: list[AccountOrders]


def create_app(settings: Settings | None = None) -> FastAPI:
    settings = settings or Settings()
    pool = AsyncConnectionPool(
        settings.database_url,
        min_size=settings.database_connections,
        max_size=settings.database_connections,
        timeout=settings.database_timeout,
        kwargs={"autocommit": True},
        open=False,
    )
    client = httpx.AsyncClient(base_url=settings.partner_url, timeout=settings.partner_timeout)
    history = History(pool)
    shipping = Shipping(client)
    # Pages do not wait behind exports.
    for_pages, for_exports = (Loader(shipping.shipments, size=BATCH) for _ in range(2))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await pool.open(wait=True)
        async with pool, client:
            yield

    app = kit.create_app(settings, title="Orders", lifespan=lifespan)
    kit.watch_pool(settings.service, "database", pool)

    @app.exception_handler(psycopg.OperationalError)
    async def database_unavailable(_: Request, error: psycopg.OperationalError) -> ProblemResponse:
        log.error("database unavailable", extra={"error": str(error)})
        return ProblemResponse(503, "Database unavailable", "The order history can't be read now; try again.")

    class ExportRequest(BaseModel):
        model_config = ConfigDict(extra="forbid")

        accounts: Annotated[list[Account], Field(min_length=1, max_length=settings.max_accounts)]
        per_account: Annotated[int, Field(ge=1, le=settings.max_page, strict=True)] = 10

        @field_validator("accounts")
        @classmethod
        def once_each(cls, accounts: list[str]) -> list[str]:
            if len(set(accounts)) < len(accounts):
                raise ValueError("an account stands in the list twice; name each once")
            return accounts

    async def orders_of(accounts: list[str], limit: int, partner: Loader[int, Shipment]) -> list[AccountOrders]:
        latest = await history.latest(accounts, limit)
        for account in accounts:
            if account not in latest:
                raise Problem(404, "Unknown account", f"There is no account {account}; check its id.")
        order_ids = [order.order_id for account in accounts for order in latest[account]]
        lines, *told = await asyncio.gather(history.lines(order_ids), *map(partner.load, order_ids))
        shipments = dict(zip(order_ids, told, strict=True))

        def details(order: Order) -> OrderDetails:
            known = order.model_dump()
            return OrderDetails(**known, lines=lines[order.order_id], shipment=shipments[order.order_id])

        return [
            AccountOrders(account=account, orders=[details(order) for order in latest[account]]) for account in accounts
        ]

    @app.get("/accounts/{account}/orders")
    async def account_orders(
        account: Annotated[str, Path(pattern=ACCOUNT, examples=["a-17"])],
        limit: Annotated[int, Query(ge=1, le=settings.max_page)] = 10,
    ) -> AccountOrders:
        """The account's latest orders, newest first, with their lines and where each shipment is."""
        return (await orders_of([account], limit, for_pages))[0]

    @app.post("/exports")
    async def export(request: ExportRequest, connection: Request) -> Export:
        """The latest orders of many accounts, in the order in which the accounts were named."""
        if await hung_up(connection):
            raise Problem(499, "Client Closed Request", "The caller hung up before the export began.")
        exported = Export(accounts=await orders_of(request.accounts, request.per_account, for_exports))
        orders = sum(len(each.orders) for each in exported.accounts)
        log.info("export made", extra={"accounts": len(request.accounts), "orders": orders})
        return exported

    return app
