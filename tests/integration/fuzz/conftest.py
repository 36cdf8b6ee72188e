"""The company and the war room as processes. They live for all fuzzing: what one request broke, the next one meets."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.processes import Service, running

COMPANY = ["partner", "promotions", "processor", "billing", "inventory", "checkout", "orders", "warroom"]


@contextmanager
def database(postgres: str, name: str) -> Iterator[str]:
    with psycopg.connect(postgres, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        yield psycopg.conninfo.make_conninfo(postgres, dbname=name)
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="package")
def token() -> str:
    return secrets.token_urlsafe(24)


@pytest.fixture(scope="package")
def books(postgres: str) -> Iterator[str]:
    """The company's database."""
    with database(postgres, "fuzzed_company") as url:
        yield url


@pytest.fixture(scope="package")
def company(books: str, token: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Service]]:
    folder: Path = tmp_path_factory.mktemp("fuzzed")
    (folder / "token").write_text(token)
    environment = {
        "processor": {"RECONCILIATION_INTERVAL": "0.2", "RECONCILIATION_PATIENCE": "3"},
        "warroom": {
            "WEBHOOK_TOKEN_FILE": str(folder / "token"),
            "TEAM_TOKEN_FILE": str(folder / "token"),
            "STATE_DIR": str(folder),
        },
    }
    with running(COMPANY, books, folder, environment) as services:
        yield services


@pytest.fixture(scope="package")
def other_processor(
    postgres: str, company: dict[str, Service], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """A processor whose book nobody has to agree with."""
    environment = {"processor": {"BILLING_URL": company["billing"].url}}
    with (
        database(postgres, "fuzzed_processor") as url,
        running(["processor"], url, tmp_path_factory.mktemp("other"), environment) as services,
    ):
        yield services["processor"]
