"""Applies a service's `migrations/*.sql`, in order and once, however many processes start at the same time."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

log = logging.getLogger("migrations")

CONNECT_TIMEOUT = 3  # seconds, a try
RETRY_PAUSE = 0.25  # seconds


class DatabaseUnreachable(Exception):
    """No connection before the deadline."""


class MigrationFailed(Exception):
    """A statement of a migration was refused; the message names the file."""


def migrate(database_url: str, schema: str, folder: Path, *, deadline: float = 30.0) -> int:
    """Brings `schema` up to date and gives the number of migrations that it took.

    `database_url` is a URI or a conninfo string of libpq; `deadline` is how many seconds PostgreSQL may take to come
    up. Raises DatabaseUnreachable or MigrationFailed.
    """
    # An advisory lock, since it ends with its connection: a process killed in mid-migration locks nobody out.
    with _connect(database_url, deadline) as connection:
        connection.execute("SELECT pg_advisory_lock(hashtext(%s))", [f"migrations of {schema}"])
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema)))
        return _apply(database_url, schema, folder)


@contextmanager
def _connect(database_url: str, deadline: float) -> Iterator[psycopg.Connection]:
    end = time.monotonic() + deadline
    while True:
        try:
            connection = psycopg.connect(database_url, autocommit=True, connect_timeout=CONNECT_TIMEOUT)
            break
        except psycopg.ProgrammingError as error:
            raise DatabaseUnreachable(f"not a PostgreSQL address: {_one_line(error)}") from error
        except psycopg.OperationalError as error:
            if time.monotonic() >= end:
                raise DatabaseUnreachable(f"no connection within {deadline:g} s: {_one_line(error)}") from error
            time.sleep(RETRY_PAUSE)
    with connection:
        yield connection


def _apply(database_url: str, schema: str, folder: Path) -> int:
    # Only here, since a service that is up to date in a release without migrations does not need it.
    import yoyo
    from yoyo.exceptions import BadMigration

    # yoyo's bookkeeping tables are in the service's schema. It reads neither conninfo strings nor some URIs, so every
    # parameter of libpq goes in by name.
    parameters = {**conninfo_to_dict(database_url), "schema": schema}
    backend = yoyo.get_backend(f"postgresql+psycopg:///?{urlencode(parameters)}")
    try:
        pending = backend.to_apply(yoyo.read_migrations(str(folder)))
        for migration in pending:
            try:
                backend.apply_one(migration)
            except (psycopg.Error, BadMigration) as error:
                raise MigrationFailed(f"{folder / migration.id}.sql: {_one_line(error)}") from error
            log.info("migration applied", extra={"schema": schema, "migration": migration.id})
        return len(pending)
    finally:
        backend.connection.close()


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
