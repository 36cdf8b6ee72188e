"""A service with a database, for the tests of kit and of the launcher."""

import logging
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import kit
from fastapi import APIRouter, FastAPI
from psycopg_pool import AsyncConnectionPool, ConnectionPool

log = logging.getLogger("back")
QUERY = "SELECT name FROM back.item WHERE id = %s"


class Settings(kit.Settings):
    database_url: str


def create_app(settings: Settings | None = None) -> FastAPI:
    settings = settings or Settings()
    pool = ConnectionPool(settings.database_url, min_size=1, open=False)
    async_pool = AsyncConnectionPool(settings.database_url, min_size=1, open=False)
    released = threading.Event()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with pool:
            async with async_pool:
                yield

    app = kit.create_app(settings, title="Back", lifespan=lifespan)
    items = APIRouter(prefix="/items")

    @items.get("/{id}")
    def item(id: int) -> dict:
        with pool.connection() as connection:
            row = connection.execute(QUERY, [id]).fetchone()
        if row is None:
            raise kit.Problem(404, "No such item", f"There is no item {id}.")
        log.info("item read", extra={"item": id})
        return {"name": row[0]}

    @items.get("/{id}/later")
    async def later(id: int) -> dict:
        async with async_pool.connection() as connection:
            row = await (await connection.execute(QUERY, [id])).fetchone()
        return {"name": row[0]}

    @app.get("/wrong")
    def wrong() -> None:
        with pool.connection() as connection:
            connection.execute("SELECT nothing FROM back.item")

    @app.get("/block")
    async def block(seconds: float) -> dict:
        time.sleep(seconds)
        return {}

    @app.get("/hold")
    def hold() -> dict:
        released.wait(30)
        return {}

    @app.get("/release")
    async def release() -> dict:
        released.set()
        return {}

    app.include_router(items)
    return app
