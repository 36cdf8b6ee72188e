import pytest

from lab.cli import output

STAMP = "2026-11-23T02:38:44.635Z"
START = 1_795_401_524_635_000  # the same in microseconds


def fields(record: output.Record) -> tuple:
    return tuple(record.get(name) for name in ("ts", "level", "event"))


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (f'{{"ts": "{STAMP}", "level": "WARN", "event": "slow"}}', (STAMP, "WARN", "slow")),
        (f'ts={STAMP} caller=main.go:973 level=info msg="Server \\"x\\" ready."', (STAMP, "INFO", 'Server "x" ready.')),
        (f"logger=http t={STAMP} level=eror msg=gone", (STAMP, "EROR", "gone")),
        (f'{{"level": "warn", "time": "{STAMP}", "msg": "late", "event": "slow"}}', (STAMP, "WARN", "slow")),
        (f"time={STAMP} level=ERROR source=a.go:1 msg=stopped err=EOF", (STAMP, "ERROR", "stopped")),
        ("2026-11-23 02:38:44.635 UTC [17] lab ERROR:  no such table", (STAMP, "ERROR", "no such table")),
        ("2026-11-23 02:38:44.635 UTC [1]  LOG:  ready", (STAMP, "INFO", "ready")),
        ("2026-11-23 02:38:44.635 UTC [1] PANIC:  no room", (STAMP, "FATAL", "no room")),
        ("[1]", (None, None, "[1]")),
        ("{1", (None, None, "{1")),
    ],
)
def test_time_level_and_event_are_read(line: str, found: tuple):
    (record,) = output.records("x", [line])
    assert fields(record) == found


def test_what_else_a_line_says_is_kept():
    (record,) = output.records("prometheus", [f'ts={STAMP} level=info msg="done" duration=1.5s'])
    assert (record["service"], record["duration"]) == ("prometheus", "1.5s")
    (record,) = output.records("load", ['{"service": "customers", "event": "ready"}'])
    assert record["service"] == "customers"


def test_a_line_that_says_neither_belongs_to_the_one_before():
    lines = ["Traceback", "2026-11-23 02:38:44.635 UTC [17] lab ERROR:  no", "STATEMENT:  SELECT", "  more"]
    found = [fields(record)[:2] for record in output.records("postgres", lines)]
    assert found == [(None, None), (STAMP, "ERROR"), (STAMP, "ERROR"), (STAMP, "ERROR")]


def matches(record: output.Record, **wanted) -> bool:
    return output.matches(record, **{"trace_id": None, "level": None, "text": None, "start": None} | wanted)


def test_level_is_the_least():
    assert [matches({"level": "WARNING"}, level=level) for level in output.LEVELS] == [True, True, True, False, False]
    assert matches({"event": "says none"}, level="FATAL")


def test_start_is_the_earliest():
    assert matches({"ts": STAMP}, start=START)
    assert not matches({"ts": STAMP}, start=START + 1)
    assert matches({"event": "says none"}, start=START)


def test_text_is_in_any_field_and_any_case_of_letters():
    assert matches({"event": "request", "path": "/orders"}, text="ORD")
    assert matches({"event": "request", "status": 503}, text="50")
    assert not matches({"event": "request"}, text="req.*")


def test_the_trace_is_the_records_own():
    assert matches({"trace_id": "a"}, trace_id="a")
    assert not matches({"trace_id": "b"}, trace_id="a")
    assert not matches({}, trace_id="a")
