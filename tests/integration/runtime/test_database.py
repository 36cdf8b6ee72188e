from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from migrations import migrate

from lab.runtime import database
from lab.runtime.state import ROOT, State

MIGRATIONS = ROOT / "services" / "processor" / "migrations"
# What compose/postgres/roles.sql made before the processor had a role of its own.
EARLIER = """
    CREATE ROLE lab LOGIN;
    CREATE ROLE reader LOGIN;
    ALTER DATABASE prepared OWNER TO lab;
    REVOKE ALL ON DATABASE prepared FROM PUBLIC;
    GRANT CONNECT ON DATABASE prepared TO reader;
    ALTER DEFAULT PRIVILEGES FOR ROLE lab GRANT USAGE ON SCHEMAS TO reader;
    ALTER DEFAULT PRIVILEGES FOR ROLE lab GRANT SELECT ON TABLES TO reader;
"""


@pytest.fixture
def state(postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[State]:
    """The session's server stands for the lab's, whose database has a name of the test's own."""
    monkeypatch.setattr(database, "DATABASE", "prepared")

    def url(state: State, role: str, name: str | None = None) -> str:
        user = {} if role == database.SUPERUSER else {"user": role, "password": state.token(f"postgres-{role}")}
        return psycopg.conninfo.make_conninfo(postgres, dbname=name or database.DATABASE, **user)

    monkeypatch.setattr(database, "url", url)
    state = State("main", tmp_path)
    state.create()
    yield state
    with psycopg.connect(postgres, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {database.DATABASE} WITH (FORCE)")
        for role in ("warden", "reader", "processor", "lab"):
            admin.execute(f"DROP ROLE {role}")


@pytest.fixture
def prepared(state: State) -> State:
    database.prepare(state)
    return state


@pytest.fixture
def used(prepared: State) -> State:
    """With both books, each with a row."""
    migrate(database.url(prepared, "processor"), "processor", MIGRATIONS)
    with connect(prepared, "processor") as processor:
        processor.execute("INSERT INTO processor.charges VALUES ('k-1', 'a-1', 1050)")
    with connect(prepared, "lab") as lab:
        lab.execute(
            "CREATE SCHEMA billing; CREATE TABLE billing.charges (id int); INSERT INTO billing.charges VALUES (1)"
        )
    return prepared


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
def test_a_reader_takes_no_advisory_locks(prepared: State, lock: str):
    with connect(prepared, database.READER) as reader, pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute(f"SELECT {lock}")
    with connect(prepared, database.OWNER) as owner:
        owner.execute(f"SELECT {lock}")
        owner.execute("SELECT pg_advisory_unlock_all()")


@pytest.mark.parametrize(
    "call",
    [
        "query_to_xml('SELECT 1', false, false, '')",
        "query_to_xml_and_xmlschema('SELECT 1', false, false, '')",
        "table_to_xml('pg_class', false, false, '')",
        "schema_to_xml('public', false, false, '')",
        "database_to_xml(false, false, '')",
        "cursor_to_xml('c', 1, false, false, '')",
        "ts_stat('SELECT to_tsvector(''x'')')",
        "ts_rewrite('x'::tsquery, 'SELECT ''x''::tsquery, ''y''::tsquery')",
    ],
)
def test_a_reader_reads_nothing_by_functions_that_run_a_text(prepared: State, call: str):
    with connect(prepared, database.READER) as reader, pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute(f"SELECT {call}")


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


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM processor.charges",
        "INSERT INTO processor.charges VALUES ('k-2', 'a-1', 1)",
        "UPDATE processor.progress SET position = 9",
        "DROP SCHEMA processor CASCADE",
        "CREATE TABLE processor.mine (id int)",
        "SET ROLE processor",
        "GRANT processor TO lab",
        "ALTER DATABASE prepared SET search_path = mine",
        "ALTER ROLE processor SET search_path = mine",
        "CREATE TABLE public.mine (id int)",
    ],
)
def test_whose_code_trainees_change_has_no_part_in_the_independent_book(used: State, statement: str):
    with connect(used, "lab") as lab, pytest.raises(psycopg.errors.InsufficientPrivilege):
        lab.execute(statement)


def test_the_processor_has_no_part_in_the_others_tables(used: State):
    with connect(used, "processor") as processor, pytest.raises(psycopg.errors.InsufficientPrivilege):
        processor.execute("SELECT * FROM billing.charges")


def test_the_reader_sees_all_of_it(used: State):
    with connect(used, "reader") as reader:
        for table in ("processor.charges", "processor.comparison", "processor.differing", "billing.charges"):
            reader.execute(f"SELECT * FROM {table}")
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            reader.execute("DELETE FROM processor.charges")


def test_the_warden_puts_everything_back(used: State):
    with connect(used, "warden") as warden:
        warden.execute("TRUNCATE processor.charges, billing.charges")
        warden.execute("SELECT pg_advisory_lock(1)")
        warden.execute("CREATE SCHEMA kept; CREATE TABLE kept.charges AS TABLE billing.charges")
        warden.execute("SET ROLE lab; DROP SCHEMA billing CASCADE; CREATE SCHEMA billing; RESET ROLE")
        warden.execute("ALTER TABLE processor.charges DISABLE TRIGGER USER")
    for role in ("lab", "processor"):
        with connect(used, role) as other, pytest.raises(psycopg.errors.InsufficientPrivilege):
            other.execute("SELECT * FROM kept.charges")


def test_a_lab_of_an_earlier_version_gets_the_roles_and_keeps_its_book(state: State):
    with psycopg.connect(database.url(state, database.SUPERUSER, "postgres"), autocommit=True) as admin:
        admin.execute("CREATE DATABASE prepared")
    with psycopg.connect(database.url(state, database.SUPERUSER), autocommit=True) as admin:
        admin.execute(EARLIER)
        admin.execute(f"ALTER ROLE lab PASSWORD '{state.token('postgres-lab')}'")
    migrate(database.url(state, "lab"), "processor", MIGRATIONS)
    with connect(state, "lab") as lab:
        lab.execute("INSERT INTO processor.charges VALUES ('k-1', 'a-1', 1050)")
        lab.execute("CREATE TABLE processor.numbered (id bigserial, other bigint GENERATED ALWAYS AS IDENTITY)")
        lab.execute("CREATE SEQUENCE processor.alone; CREATE MATERIALIZED VIEW processor.seen AS SELECT 1 AS one")

    for _ in range(2):
        database.prepare(state)
        assert migrate(database.url(state, "processor"), "processor", MIGRATIONS) == 0
        with connect(state, "processor") as processor:
            assert processor.execute("SELECT cents FROM processor.charges").fetchall() == [(1050,)]
            processor.execute("INSERT INTO processor.numbered DEFAULT VALUES; SELECT nextval('processor.alone')")
            processor.execute("REFRESH MATERIALIZED VIEW processor.seen")
        with connect(state, "lab") as lab:
            for name in ("charges", "comparison", "differing", "progress", "numbered", "seen", "_yoyo_migration"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    lab.execute(f"SELECT * FROM processor.{name}")
        with connect(state, "reader") as reader:
            assert reader.execute("SELECT count(*) FROM processor.charges").fetchone() == (1,)
