"""The launcher: migrations, the ops port, ends and errors."""

import signal
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psycopg
import pytest
from migrations import DatabaseUnreachable, MigrationFailed, migrate

from .conftest import RELEASE, Service, Start, until

WORKERS = 40  # anyio's threads for `def` handlers


@pytest.fixture
def back(start: Start, database_url: str) -> Service:
    return start("back", DATABASE_URL=database_url)


def test_two_processes_that_start_together_migrate_once(start: Start, database_url: str) -> None:
    both = [start("back", wait=False, DATABASE_URL=database_url) for _ in range(2)]
    for service in both:
        until("it is healthy", service.healthy)
    applied = [
        line["migration"] for service in both for line in service.lines() if line["event"] == "migration applied"
    ]
    assert applied == ["0001.item", "0002.price"]
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM back.item WHERE price = 1").fetchone() == (2,)


def test_a_second_start_finds_nothing_to_do_and_ids_are_kept_in_the_service_s_schema(database_url: str) -> None:
    folder = RELEASE / "back" / "migrations"
    assert migrate(database_url, "back", folder) == 2
    assert migrate(database_url, "back", folder) == 0
    with psycopg.connect(database_url) as connection:
        tables = connection.execute(
            "SELECT DISTINCT schemaname FROM pg_tables WHERE tablename LIKE '%yoyo%'"
        ).fetchall()
    assert tables == [("back",)]


def test_services_migrate_at_the_same_time(database_url: str, tmp_path: Path) -> None:
    names = [f"service_{number}" for number in range(6)]
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "0001.sql").write_text(f"CREATE TABLE {name}.t (id int);")
    with ThreadPoolExecutor(len(names)) as threads:
        applied = list(threads.map(lambda name: migrate(database_url, name, tmp_path / name), names))
    assert applied == [1] * len(names)


def test_understands_conninfo_strings_as_well_as_uris(database_url: str) -> None:
    parameters = psycopg.conninfo.conninfo_to_dict(database_url)
    conninfo = psycopg.conninfo.make_conninfo(**parameters)
    uri = f"postgresql://{parameters['user']}@/{parameters['dbname']}?host={parameters['host']}"
    assert conninfo != uri
    assert migrate(conninfo, "back", RELEASE / "back" / "migrations") == 2
    assert migrate(uri, "back", RELEASE / "back" / "migrations") == 0


def test_a_migration_that_fails_is_named_and_leaves_nothing(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "0001.t.sql").write_text("CREATE TABLE shop.t (id int); INSERT INTO shop.t VALUES ('x');")
    with pytest.raises(MigrationFailed, match=r"0001\.t\.sql: invalid input syntax"):
        migrate(database_url, "shop", tmp_path)
    (tmp_path / "0001.t.sql").write_text("CREATE TABLE shop.t (id int);")
    assert migrate(database_url, "shop", tmp_path) == 1


def test_a_database_that_never_comes_is_an_error_after_the_deadline(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnreachable, match=r"no connection within 0\.3 s"):
        migrate(f"host={tmp_path} dbname=x", "shop", tmp_path, deadline=0.3)


def test_ops_answers_while_the_event_loop_is_blocked(back: Service) -> None:
    with ThreadPoolExecutor(1) as threads:
        blocked = threads.submit(httpx.get, f"{back.url}/block", params={"seconds": 3}, timeout=20)
        until("the lag shows", lambda: back.metric('event_loop_lag_seconds{service="back"}') > 0.5)
        assert not blocked.done(), "the lag was seen while the loop was blocked"
        assert back.healthy()
        assert not blocked.done()
        assert blocked.result().status_code == 200


def test_ops_answers_while_every_worker_is_taken(back: Service) -> None:
    with ThreadPoolExecutor(WORKERS + 1) as threads:
        held = [threads.submit(httpx.get, f"{back.url}/hold", timeout=60) for _ in range(WORKERS)]
        in_flight = 'http_server_requests_in_flight{service="back"}'
        until("all workers are taken", lambda: back.metric(in_flight) == WORKERS)
        waiting = threads.submit(httpx.get, f"{back.url}/items/1", timeout=60)
        until("one more waits", lambda: back.metric(in_flight) == WORKERS + 1)
        assert back.healthy()
        assert not waiting.done()
        httpx.get(f"{back.url}/release")
        assert {answer.result().status_code for answer in [*held, waiting]} == {200}
    until("nothing is in flight", lambda: back.metric(in_flight) == 0)


def test_term_lets_a_request_finish_and_ends_with_0(back: Service) -> None:
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(httpx.get, f"{back.url}/block", params={"seconds": 1}, timeout=20)
        until("it is under way", lambda: back.metric('http_server_requests_in_flight{service="back"}') == 1)
        back.process.send_signal(signal.SIGTERM)
        assert running.result().status_code == 200
    assert back.process.wait(15) == 0


def test_term_does_not_wait_for_a_worker_that_hangs(back: Service) -> None:
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(httpx.get, f"{back.url}/hold", timeout=60)
        until("it is under way", lambda: back.metric('http_server_requests_in_flight{service="back"}') == 1)
        back.process.send_signal(signal.SIGTERM)
        assert back.process.wait(12) == 0, "the handler would hold it for 30 s"
        assert (running.result().status_code, running.result().json()["title"]) == (503, "Service Unavailable")
    assert not [line for line in back.lines() if "ASGI" in line["event"]]


@pytest.mark.parametrize(
    ("name", "environment", "code", "says"),
    [
        ("nosuch", {}, 2, "There is no service 'nosuch'"),
        ("back", {}, 2, "DATABASE_URL is not set"),
        ("front", {}, 2, "BACK_URL is not set"),
        ("back", {"DATABASE_URL": "x", "PORT": "many"}, 2, "PORT is 'many'"),
        ("back", {"DATABASE_URL": "no such thing"}, 1, "not a PostgreSQL address"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    start: Start, name: str, environment: dict[str, str], code: int, says: str
) -> None:
    service = start(name, wait=False, **environment)
    assert service.process.wait(30) == code
    lines = service.output.read_text().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"{name}: ") and says in lines[0]


@pytest.mark.parametrize("variable", ["PORT", "OPS_PORT"])
def test_a_taken_port_is_named(start: Start, variable: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        service = start("front", wait=False, BACK_URL="http://127.0.0.1:9", **{variable: str(port)})
        assert service.process.wait(30) == 1
    text = service.output.read_text()
    assert f"front: 127.0.0.1:{port} can't be listened on" in text and variable in text


def test_term_while_waiting_for_the_database_ends_it(start: Start, tmp_path: Path) -> None:
    service = start("back", wait=False, DATABASE_URL=f"host={tmp_path} dbname=x")
    until("the ops server is up and says 503", lambda: _status(service) == 503)
    service.process.terminate()
    try:
        assert service.process.wait(15) == 0
    except subprocess.TimeoutExpired:
        pytest.fail("it went on waiting")


def _status(service: Service) -> int | None:
    try:
        return httpx.get(f"{service.ops_url}/healthz").status_code
    except httpx.TransportError:
        return None
