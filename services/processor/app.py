"""The payment processor: takes charges from billing's outbox and reconciles the two books."""

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from decimal import Decimal
from typing import Annotated, Any

import httpx
import kit
import psycopg
from fastapi import FastAPI, Path, Query, Response
from kit import Problem
from psycopg import Connection
from psycopg_pool import ConnectionPool
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from processor import book, money, reconciliation
from processor.reconciliation import Reconciliation

log = logging.getLogger("processor")

KEY = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$"
Key = Annotated[str, Field(pattern=KEY)]


def _more_than_zero(amount: str) -> str:
    if money.cents(amount) == 0:
        raise ValueError("must be more than 0")
    return amount


class Line(BaseModel):
    model_config = ConfigDict(extra="forbid")

    description: Annotated[str, Field(min_length=1, max_length=200)]
    net: Annotated[str, Field(pattern=r"^[0-9]{1,10}(\.[0-9]{1,2})?$"), AfterValidator(_more_than_zero)]


class ChargeRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    idempotency_key: Key
    account: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    lines: Annotated[list[Line], Field(min_length=1, max_length=100)]


class Settings(kit.Settings):
    service: str = "processor"
    billing_url: str = "http://127.0.0.1:8401"
    billing_timeout: float = Field(default=5.0, gt=0, description="seconds")
    database_connections: int = Field(default=4, ge=2)
    database_wait: float = Field(default=3.0, gt=0, description="seconds a request waits for a connection")
    tax_rate: Decimal = Field(default=Decimal("0.0725"), ge=0, lt=1)
    reconciliation_interval: float = Field(default=2.0, gt=0, description="seconds")
    reconciliation_patience: float = Field(
        default=60.0, gt=0, description="seconds a charge that only one book has is waited for"
    )


def create_app(settings: Settings | None = None, *, billing: httpx.Client | None = None) -> FastAPI:
    settings = settings or Settings()
    pool = ConnectionPool(
        settings.database_url,
        min_size=settings.database_connections,
        max_size=settings.database_connections,
        timeout=settings.database_wait,
        kwargs={"autocommit": True},
        open=False,
    )
    client = billing or httpx.Client(base_url=settings.billing_url, timeout=settings.billing_timeout)
    loop = Reconciliation(
        pool,
        client,
        service=settings.service,
        interval_s=settings.reconciliation_interval,
        patience_s=settings.reconciliation_patience,
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with pool, closing(client):
            pool.wait()
            loop.start()
            try:
                yield
            finally:
                loop.stop()

    app = kit.create_app(settings, title="Processor", lifespan=lifespan)
    kit.watch_pool(settings.service, "database", pool)

    @contextmanager
    def database() -> Iterator[Connection]:
        try:
            with pool.connection() as conn:
                yield conn
        except psycopg.OperationalError as error:
            log.warning("database unavailable", extra={"error": str(error)})
            raise Problem(503, "Database unavailable", "The database did not answer; try again.") from error

    @app.post("/charges", status_code=201, responses={200: {"description": "The key was known"}})
    def take_charge(request: ChargeRequest, response: Response) -> dict[str, Any]:
        """Takes a charge once; a key that is known is answered with what the book has."""
        cents = money.due((line.net for line in request.lines), settings.tax_rate)
        with database() as conn:
            charge, new = book.record(conn, request.idempotency_key, request.account, cents)
        if not new:
            response.status_code = 200
        log.info(
            "charge recorded" if new else "charge known",
            extra={"key": charge.idempotency_key, "account": charge.account, "amount": money.show(charge.cents)},
        )
        return _shown(charge)

    @app.get("/book/{idempotency_key}")
    def get_charge(idempotency_key: Annotated[str, Path(pattern=KEY)]) -> dict[str, Any]:
        with database() as conn:
            charge = book.get(conn, idempotency_key)
        if charge is None:
            raise Problem(404, "Unknown key", f"No charge has the key {idempotency_key}; check it.")
        return _shown(charge)

    @app.get("/reconciliation")
    def get_reconciliation(
        after: Annotated[str, Query(pattern=r"^[A-Za-z0-9._:-]{0,100}$")] = "",
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> dict[str, Any]:
        """Where the books differ. Posted to billing as adjustments, the compensating amounts level them."""
        with database() as conn:
            rows = reconciliation.differing(conn, after, limit)
            return {
                **reconciliation.summary(conn),
                "differing": rows,
                "next": rows[-1]["charge_key"] if len(rows) == limit else None,
            }

    return app


def _shown(charge: book.Charge) -> dict[str, Any]:
    return {
        "idempotency_key": charge.idempotency_key,
        "account": charge.account,
        "amount": money.show(charge.cents),
        "received_at": charge.received_at,
    }
