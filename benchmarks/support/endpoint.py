"""The endpoint whose telemetry is measured, one indexed query, and the two servers that have it: bare and with kit.

`python -m support.endpoint sync|async DATABASE_URL PORT` serves it bare.
"""

import gc
import sys
from contextlib import asynccontextmanager

import psycopg
import uvicorn
from fastapi import FastAPI
from psycopg_pool import AsyncConnectionPool, ConnectionPool

POOL = 8
ROWS = 10_000


def fill(url: str) -> None:
    """The table that is queried."""
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE item (id int PRIMARY KEY, name text, price int)")
        connection.execute("INSERT INTO item SELECT n, 'item ' || n, n FROM generate_series(1, %s) n", [ROWS])


def add_endpoint(app: FastAPI, pool: ConnectionPool | AsyncConnectionPool) -> None:
    """The endpoint that both servers have: one indexed query, as a thread's or as the loop's work."""
    statement = "SELECT id, name, price FROM item WHERE id = %s"
    if isinstance(pool, ConnectionPool):

        @app.get("/items/{id}")
        def read(id: int) -> dict:
            with pool.connection() as connection:
                row = connection.execute(statement, [id]).fetchone()
            return {"id": row[0], "name": row[1], "price": row[2]}

    else:

        @app.get("/items/{id}")
        async def read(id: int) -> dict:
            async with pool.connection() as connection:
                row = await (await connection.execute(statement, [id])).fetchone()
            return {"id": row[0], "name": row[1], "price": row[2]}


def make_pool(mode: str, url: str) -> ConnectionPool | AsyncConnectionPool:
    kind = ConnectionPool if mode == "sync" else AsyncConnectionPool
    return kind(url, min_size=POOL, max_size=POOL, open=False)


def opening(pool: ConnectionPool | AsyncConnectionPool):
    """A lifespan that opens and closes the pool."""

    @asynccontextmanager
    async def lifespan(_: FastAPI):
        if isinstance(pool, ConnectionPool):
            with pool:
                yield
        else:
            async with pool:
                yield

    return lifespan


def serve_bare(mode: str, url: str, port: int) -> None:
    pool = make_pool(mode, url)
    app = FastAPI(lifespan=opening(pool))
    add_endpoint(app, pool)
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
    uvicorn.run(
        app,
        port=port,
        loop="uvloop",
        http="httptools",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
    )


# What services/launch.py starts for the measured side.
SERVICE = """
import kit
from support.endpoint import add_endpoint, make_pool, opening

class Settings(kit.Settings):
    database_url: str
    mode: str

def create_app(settings):
    pool = make_pool(settings.mode, settings.database_url)
    app = kit.create_app(settings, title="bench", lifespan=opening(pool))
    kit.watch_pool("bench", "db", pool)
    add_endpoint(app, pool)
    return app
"""


if __name__ == "__main__":
    serve_bare(sys.argv[1], sys.argv[2], int(sys.argv[3]))
