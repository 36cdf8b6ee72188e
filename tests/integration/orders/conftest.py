"""Orders and the shipping partner as processes, on a database of their own."""

from collections.abc import Iterator

import httpx
import psycopg
import pytest

from tests.processes import Service, running


@pytest.fixture(scope="package")
def database(postgres: str) -> Iterator[str]:
    with psycopg.connect(postgres, autocommit=True) as admin:
        admin.execute("CREATE DATABASE order_history")
        yield psycopg.conninfo.make_conninfo(postgres, dbname="order_history")
        admin.execute("DROP DATABASE order_history WITH (FORCE)")


@pytest.fixture(scope="package")
def services(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Service]]:
    with running(["partner", "orders"], database, tmp_path_factory.mktemp("orders")) as services:
        yield services


@pytest.fixture(scope="package")
def orders(services: dict[str, Service]) -> Service:
    return services["orders"]


@pytest.fixture(scope="package")
def partner(services: dict[str, Service]) -> Service:
    return services["partner"]


@pytest.fixture
def client(orders: Service) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=orders.url, timeout=30) as client:
        yield client
