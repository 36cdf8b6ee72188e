"""Checkout, inventory and promotions, each with its own event loop and workers, over one database."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import checkout.app
import httpx
import inventory.app
import promotions.app
import psycopg
import pytest
import uvicorn
from fastapi import FastAPI
from prometheus_client import REGISTRY

SERVICES = Path(checkout.app.__file__).parents[1]


def until(condition: Callable[[], bool], what: str, seconds: float = 20) -> None:
    """Polls until the condition holds; fails with `what` after so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s"
        time.sleep(0.01)


def workers(service: str) -> dict[str, float]:
    """The worker pool's gauges: size, in_use, waiting."""
    labels = {"service": service, "pool": "workers"}
    return {name: REGISTRY.get_sample_value(f"worker_pool_{name}", labels) for name in ("size", "in_use", "waiting")}


class Server:
    """An app on a port of its own, served from a thread."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._server: uvicorn.Server | None = None

    def start(self, app: FastAPI) -> None:
        self._server = uvicorn.Server(uvicorn.Config(app, log_config=None, ws="none", timeout_graceful_shutdown=3))
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],))
        self._thread.start()
        until(lambda: self._server.started, "the server's start")

    def stop(self) -> None:
        if self._server:
            self._server.should_exit = True
            self._thread.join()
            self._server = None
        self._socket.close()


class Circle:
    """The three services; `start` gives a client of checkout. Settings go to each service that has them."""

    def __init__(self, database_url: str) -> None:
        self.database_url = database_url
        self.servers = {name: Server() for name in ("checkout", "inventory", "promotions")}
        self._clients: list[httpx.Client] = []

    def start(self, **settings: object) -> httpx.Client:
        urls = {f"{name}_url": server.url for name, server in self.servers.items()}
        for module in (promotions.app, inventory.app, checkout.app):
            values = {"database_url": self.database_url, **urls, **settings}
            known = {name: value for name, value in values.items() if name in module.Settings.model_fields}
            app = module.create_app(module.Settings(**known))
            self.servers[module.Settings().service].start(app)
        return self.client("checkout")

    def client(self, service: str) -> httpx.Client:
        client = httpx.Client(base_url=self.servers[service].url, timeout=30, limits=httpx.Limits(max_connections=None))
        self._clients.append(client)
        return client

    def sql(self, statement: str, *parameters: object) -> list[tuple]:
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            cursor = connection.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def stop(self) -> None:
        for client in self._clients:
            client.close()
        for server in self.servers.values():
            server.stop()


def migrate(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        for service in ("checkout", "inventory"):
            for path in sorted((SERVICES / service / "migrations").glob("*.sql")):
                connection.execute(path.read_text())


@pytest.fixture
def circle(database_url: str) -> Iterator[Circle]:
    migrate(database_url)
    circle = Circle(database_url)
    try:
        yield circle
    finally:
        circle.stop()
