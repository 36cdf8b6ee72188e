from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from lab.runtime import database
from lab.runtime.state import State


@pytest.fixture
def prepared(postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[State]:
    """The lab's roles in the session's server, and its database under a name of the test's own."""
    monkeypatch.setattr(database, "DATABASE", "prepared")

    def url(state: State, role: str, name: str | None = None) -> str:
        user = {} if role == database.SUPERUSER else {"user": role, "password": state.token(f"postgres-{role}")}
        return psycopg.conninfo.make_conninfo(postgres, dbname=name or database.DATABASE, **user)

    monkeypatch.setattr(database, "url", url)
    state = State("main", tmp_path)
    state.create()
    database.prepare(state)
    yield state
    with psycopg.connect(postgres, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {database.DATABASE} WITH (FORCE)")
        for role in ("warden", "reader", "processor", "lab"):
            admin.execute(f"DROP ROLE {role}")


def connect(state: State, role: str) -> psycopg.Connection:
    return psycopg.connect(database.url(state, role), autocommit=True)


@pytest.mark.parametrize(
    "lock",
    [
        "pg_advisory_lock(1)",
        "pg_advisory_lock(1, 2)",
        "pg_advisory_lock_shared(1)",
        "pg_advisory_xact_lock(1)",
        "pg_try_advisory_lock(1)",
        "pg_try_advisory_xact_lock_shared(1, 2)",
    ],
)
def test_only_the_owner_takes_advisory_locks(prepared: State, lock: str):
    with connect(prepared, database.READER) as reader, pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute(f"SELECT {lock}")
    with connect(prepared, database.OWNER) as owner:
        owner.execute(f"SELECT {lock}")
        owner.execute("SELECT pg_advisory_unlock_all()")


def test_preparing_again_changes_nothing(prepared: State):
    database.prepare(prepared)
    with connect(prepared, database.OWNER) as owner:
        owner.execute("SELECT pg_advisory_xact_lock(1)")


def test_a_reader_is_held_to_a_time(prepared: State):
    with connect(prepared, database.READER) as reader:
        limits = [
            reader.execute(f"SHOW {name}").fetchone()[0]
            for name in ("statement_timeout", "idle_in_transaction_session_timeout", "transaction_read_only")
        ]
    assert limits == ["10s", "1min", "on"]
