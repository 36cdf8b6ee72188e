from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from lab.cli import logs
from lab.errors import LabError, UsageError


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the process wrote to its output."""
    lines = [
        '{"event": "charge accepted", "trace_id": "t1"}',
        "Traceback",
        '{"event": "request", "trace_id": "t2"}',
        "[1]",
    ]
    runtime = SimpleNamespace(logs=lambda service, follow: iter(lines))
    monkeypatch.setattr(logs.options, "runtime", lambda name: runtime)
    monkeypatch.setattr(logs.options, "endpoint", lambda name, service: "http://x")
    return lines


def store_that(monkeypatch: pytest.MonkeyPatch, search) -> None:
    @contextmanager
    def opened(url: str):
        yield SimpleNamespace(search=search)

    monkeypatch.setattr(logs, "Logs", opened)


def events(service: str, trace_id: str | None = None, lines: int = 10) -> list[str]:
    return [record["event"] for record in logs.records("main", service, trace_id, False, lines)]


def test_a_service_is_read_from_the_store(written, monkeypatch):
    asked = {}
    store_that(monkeypatch, lambda **query: asked.update(query) or [{"event": "from the store"}])
    assert events("billing", "t1") == ["from the store"]
    assert asked == {"service": "billing", "trace_id": "t1", "limit": 10}


def test_postgres_is_read_from_its_output(written):
    assert events("postgres") == ["charge accepted", "Traceback", "request", "[1]"]
    assert events("postgres", lines=2) == ["request", "[1]"]


def test_without_a_store_the_output_is_read_and_said_so(written, monkeypatch, capsys):
    def down(**query):
        raise LabError("The log store does not answer.")

    store_that(monkeypatch, down)
    assert events("billing", "t2") == ["request"]
    assert "The log store does not answer." in capsys.readouterr().err


def test_a_question_that_the_store_refuses_is_not_asked_elsewhere(written, monkeypatch):
    def refuse(**query):
        raise UsageError("no trace id")

    store_that(monkeypatch, refuse)
    with pytest.raises(UsageError):
        events("billing", "x")


def test_a_line_for_people_begins_with_time_and_event_and_ends_with_the_trace():
    record = {"ts": "2026-11-22T03:00:00.123456Z", "level": "INFO", "event": "charge accepted", "amount": "1.00"}
    line = logs.readable(record | {"service": "billing", "trace_id": "t1", "span_id": None}).plain
    assert line == "03:00:00.123 INFO  charge accepted amount=1.00 trace=t1"
    assert logs.readable({"event": "LOG:  ready"}).plain == "LOG:  ready"
