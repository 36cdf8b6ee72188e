import json
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from lab import cli
from lab.cli import logs
from lab.errors import LabError, UsageError

T1, T2 = "1".zfill(32), "2".zfill(32)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the process wrote to its output."""
    lines = [
        f'{{"event": "charge accepted", "level": "INFO", "trace_id": "{T1}"}}',
        "Traceback",
        f'{{"event": "request", "level": "WARN", "trace_id": "{T2}"}}',
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


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    assert cli.main(["logs", "--json", *arguments]) == 0
    return [record["event"] for record in json.loads(capsys.readouterr().out)]


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert cli.main(["logs", *arguments]) == 2
    return capsys.readouterr().err


def test_the_store_is_asked_for_what_is_wanted(written, monkeypatch, capsys):
    asked = []
    store_that(monkeypatch, lambda **query: asked.append(query) or [{"event": "from the store"}])
    assert shown(capsys, "billing") == ["from the store"]
    words = ["--trace", "1", "--level", "Warn", "--grep", "c-1", "--since", "2026-11-23T03:00:00Z"]
    assert shown(capsys, "billing", "checkout", *words) == ["from the store"]
    assert shown(capsys, "-n", "5", "--since", "1h") == ["from the store"]
    nothing = {"trace_id": None, "level": None, "text": None, "start": None}
    assert asked[0] == {"service": ("billing",), "limit": 100} | nothing
    assert asked[1] == {
        "service": ("billing", "checkout"),
        "trace_id": T1,
        "level": "WARN",
        "text": "c-1",
        "start": 1_795_402_800_000_000,
        "limit": 10_000,
    }
    assert (asked[2]["service"], asked[2]["limit"]) == ((), 5)


def test_postgres_is_read_from_its_output(written, capsys):
    assert shown(capsys, "postgres") == ["charge accepted", "Traceback", "request", "[1]"]
    assert shown(capsys, "postgres", "-n", "2") == ["request", "[1]"]
    assert shown(capsys, "postgres", "--level", "warn") == ["request", "[1]"]
    assert shown(capsys, "postgres", "--grep", "trace") == ["Traceback"]


def test_without_a_store_the_output_is_read_and_said_so(written, monkeypatch, capsys):
    def down(**query):
        raise LabError("The log store does not answer.")

    store_that(monkeypatch, down)
    assert cli.main(["logs", "billing", "--json", "--trace", "2"]) == 0
    said = capsys.readouterr()
    assert [record["event"] for record in json.loads(said.out)] == ["request"]
    assert "The log store does not answer. Until then, this is what the process itself wrote." in said.err
    for several in ([], ["billing", "checkout"]):
        assert cli.main(["logs", *several]) == 1
        assert capsys.readouterr().err == "labctl: The log store does not answer.\n"


def test_a_question_that_the_store_refuses_is_not_asked_elsewhere(written, monkeypatch, capsys):
    def refuse(**query):
        raise UsageError("No.")

    store_that(monkeypatch, refuse)
    assert refused(capsys, "billing") == "labctl: No.\n"


def test_a_wrong_call_is_refused_in_one_sentence(written, capsys):
    assert refused(capsys, "billing", "--trace", "zzz") == (
        "labctl: 'zzz' is no trace id: give up to 32 hexadecimal digits, as after trace= in the logs.\n"
    )
    assert "does not log to the telemetry store; ask for it alone" in refused(capsys, "billing", "postgres")
    assert "'yesterday' is no time" in refused(capsys, "billing", "--since", "yesterday")
    assert "'loud' is not one of" in refused(capsys, "billing", "--level", "loud")


def test_a_line_for_people_begins_with_time_and_event_and_ends_with_the_trace():
    record = {"ts": "2026-11-22T03:00:00.123456Z", "level": "INFO", "event": "charge accepted", "amount": "1.00"}
    record |= {"service": "billing", "trace_id": "t1", "span_id": None}
    assert logs.readable(record).plain == "03:00:00.123 INFO  charge accepted amount=1.00 trace=t1"
    assert logs.readable(record, named=True).plain.startswith("03:00:00.123 INFO  billing    charge accepted")
    assert logs.readable({"event": "LOG:  ready"}).plain == "LOG:  ready"
