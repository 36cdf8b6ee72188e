"""Queries against a real PostgreSQL: what may be asked, and what is seen of it."""

from pathlib import Path

import psycopg
import pytest
from migrations import migrate
from warroom.causes.database import LONGEST_QUERY, Database

from lab import private
from lab.drill.facts import Case, Window
from lab.errors import LabError, UsageError

CASE = Case(Window(0.0, 1.0), Window(2.0, 4_000_000_000.0))
SERVICES = Path(__file__).parents[4] / "services"
KEYS = {"right", "off", "twice", "away"}
SCHEMA = """
CREATE SCHEMA shop; CREATE SCHEMA bank;
CREATE TABLE shop.orders (key text PRIMARY KEY, cents bigint);
CREATE TABLE bank.book (key text PRIMARY KEY, cents bigint);
CREATE VIEW shop.seen AS SELECT key FROM bank.book;
INSERT INTO shop.orders SELECT 'k-' || n, n FROM generate_series(1, 9) AS n;
INSERT INTO bank.book SELECT 'k-' || n, n + n % 2 FROM generate_series(1, 9) AS n;
"""


@pytest.fixture
def database(database_url: str) -> Database:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(SCHEMA)
    return Database(database_url)


def test_the_answer_and_the_tables_that_it_comes_from(database):
    query = (
        "SELECT key, o.cents FROM shop.orders AS o JOIN bank.book AS b USING (key) WHERE o.cents <> b.cents -- those"
    )
    table, known = database.query(query, (), CASE)
    assert table.columns == ("key", "cents")
    assert set(table.rows) == {("k-1", "1"), ("k-3", "3"), ("k-5", "5"), ("k-7", "7"), ("k-9", "9")}
    assert (table.touched, table.whole, known) == ({"shop.orders", "bank.book"}, True, [])


def test_a_query_that_is_no_evidence(database):
    table = database.read("SELECT count(*) AS orders, NULL AS none FROM shop.orders;")
    assert (table.columns, table.rows) == (("orders", "none"), (("9", None),))
    for odd in ("DELETE FROM shop.orders RETURNING key", "SELECT '\x00'", "SELECT '\ud800'"):
        with pytest.raises(UsageError, match="refused by the database"):
            database.read(odd)


def test_a_view_is_what_it_is_made_of(database):
    assert database.query("SELECT * FROM shop.seen;", (), CASE)[0].touched == {"bank.book"}


def test_a_table_in_a_subquery_is_touched(database):
    query = "WITH odd AS MATERIALIZED (SELECT key FROM bank.book) SELECT (SELECT count(*) FROM shop.orders) FROM odd"
    assert database.query(query, (), CASE)[0].touched == {"shop.orders", "bank.book"}


@pytest.mark.parametrize(
    "hidden",
    [
        "(SELECT string_agg(word, ' ') FROM ts_stat('SELECT to_tsvector(key) FROM bank.book'))",
        "ts_rewrite('x', 'SELECT ''y''::tsquery, ''z''::tsquery FROM bank.book')::text",
    ],
)
def test_what_a_function_reads_by_a_text_is_touched(database, hidden):
    query = f"SELECT key, {hidden} FROM shop.orders"
    assert database.query(query, (), CASE)[0].touched == {"shop.orders", "bank.book"}
    # What the referee reads itself in the same moment is not the team's.
    referee = "SELECT ARRAY[key], cents, false FROM bank.book WHERE cents > %(since)s"
    assert database.query("SELECT key FROM shop.orders", [referee], CASE)[0].touched == {"shop.orders"}


def test_the_plan_has_worked_out_constants(database):
    query = "SELECT key FROM shop.orders WHERE key = chr(48) || 'b6c' || '4ef2'"
    assert "0b6c4ef2" in database.query(query, (), CASE)[0].plan


def test_the_referees_rows(database):
    rows = database.entities(
        "SELECT ARRAY[key, upper(key)], cents, cents %% 2 = 1 FROM shop.orders WHERE cents > %(since)s", CASE
    )
    assert {(frozenset({"k-1", "K-1"}), 1.0, True)} <= {(one.ids, one.at, one.affected) for one in rows}
    assert len(rows) == 9


@pytest.mark.parametrize(
    "query",
    [
        "it was the disk",
        "",
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP TABLE shop.orders",
        "SELECT 1; COMMIT; DROP TABLE shop.orders",
        "DELETE FROM shop.orders RETURNING key",
        "WITH gone AS (DELETE FROM shop.orders RETURNING key) SELECT * FROM gone",
        "INSERT INTO shop.orders VALUES ('x', 1)",
        "SELECT * INTO shop.copy FROM shop.orders",
        "SELECT key FROM shop.orders FOR UPDATE",
        "COPY shop.orders TO STDOUT",
        "ANALYZE SELECT 1",
        "EXPLAIN SELECT 1",
        "SET default_transaction_read_only = off",
        "DO $$ BEGIN PERFORM 1; END $$",
        "SELECT set_config('transaction_read_only', 'off', false), pg_notify('a', 'b') FROM shop.nothing",
        "SELECT lo_create(0)",
        "SELECT key FROM shop.orders WHERE key = %s",
    ],
)
def test_what_is_no_single_query_is_refused_in_a_sentence(database, database_url, query):
    with pytest.raises(UsageError) as refusal:
        database.query(query, (), CASE)
    assert "\n" not in str(refusal.value)
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM shop.orders").fetchone() == (9,)


def test_a_percent_sign_is_nothing_special(database):
    assert (
        len(database.query("SELECT key FROM shop.orders WHERE key LIKE 'k-%' AND cents % 2 = 0", (), CASE)[0].rows) == 4
    )


def test_what_takes_long_or_gives_much_is_cut(database, monkeypatch):
    monkeypatch.setattr("warroom.causes.database.PATIENCE", "200ms")
    with pytest.raises(UsageError, match="takes longer"):
        database.query("SELECT set_config('statement_timeout', '0', false), pg_sleep(60)", (), CASE)
    monkeypatch.setattr("warroom.causes.database.PATIENCE", "30s")
    monkeypatch.setattr("warroom.causes.database.MOST_ROWS", 5)
    table, _ = database.query("SELECT repeat('x', 1000) FROM shop.orders", (), CASE)
    assert (len(table.rows), table.whole, len(table.rows[0][0] or "")) == (5, False, 200)
    with pytest.raises(UsageError, match=f"in {LONGEST_QUERY} at most"):
        database.query("SELECT 1 -- " + "x" * LONGEST_QUERY, (), CASE)


def test_a_database_that_is_away_is_no_mistake_of_the_team():
    with pytest.raises(LabError, match="does not answer") as away:
        Database("postgresql://nobody@127.0.0.1:1/lab").query("SELECT 1", (), CASE)
    assert not isinstance(away.value, UsageError)


@pytest.fixture
def books(database_url: str) -> Database:
    """Key `right` is in both books alike, `off` is not, `twice` was charged again, `away` is on its way."""
    for service in ("billing", "processor"):
        migrate(database_url, service, SERVICES / service / "migrations")
    charged = [("right", 1.0), ("off", 2.14), ("twice", 3.0), ("twice", 3.0000000000000004), ("away", 4.0)]
    with psycopg.connect(database_url, autocommit=True) as connection:
        for key, amount in charged:
            connection.execute(
                "INSERT INTO billing.charges (idempotency_key, account, amount) VALUES (%s, 'a-001', %s)", (key, amount)
            )
        for key, cents in [("right", 100), ("off", 215), ("twice", 300)]:
            connection.execute("INSERT INTO processor.charges VALUES (%s, 'a-001', %s)", (key, cents))
    return Database(database_url)


@pytest.mark.parametrize(("pattern", "affected"), [("books-apart", {"off", "twice"}), ("key-charged-twice", {"twice"})])
def test_the_referee_finds_what_the_import_does_wrong(books, pattern, affected):
    query = next(one for one in private.evidence("month-end-import").sql if one.name == pattern).entities
    found = books.entities(query, CASE)
    assert {next(iter(one.ids & KEYS)) for one in found if one.affected} == affected
    assert {next(iter(one.ids & KEYS)) for one in found} == KEYS
    assert sum(len(one.ids) for one in found) == len(KEYS) + 5, "a charge may be named by its id as well"
    assert all(one.at in CASE.affected for one in found)
