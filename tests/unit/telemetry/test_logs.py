import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from lab.telemetry import otlp
from lab.telemetry.logs import find_logs, parse_query
from lab.telemetry.reader import Reader
from lab.telemetry.search import BadQuery
from tests.jaeger.spans import attributes, trace_id, value

NOW = 1_700_000_000
LEVELS = {"DEBUG": 5, "INFO": 9, "WARN": 13, "ERROR": 17}


def add(
    store, *events: str, service: str = "orders", level: str = "INFO", trace: str = "", at: float = NOW, **extra
) -> None:
    request = ExportLogsServiceRequest()
    resource = request.resource_logs.add()
    resource.resource.attributes.extend(attributes({"service.name": service}))
    records = resource.scope_logs.add().log_records
    for number, event in enumerate(events):
        records.add(
            time_unix_nano=int(at * 10**9) + number * 1000,
            severity_number=LEVELS[level],
            severity_text=level,
            body=value(event),
            attributes=attributes(extra),
            trace_id=trace_id(trace) if trace else b"",
            span_id=b"12345678" if trace else b"",
        )
    store.archive.append([], otlp.log_batches(request.SerializeToString()))


def find(store, **parameters) -> dict:
    with store.reader() as reader:
        return find_logs(reader, parse_query([(name, str(asked)) for name, asked in parameters.items()]))


def events(store, **parameters) -> list[str]:
    return [record["event"] for record in find(store, **parameters)["data"]]


def test_a_record_is_shown_as_the_service_logged_it(store) -> None:
    add(store, "charge accepted", trace="t", account="a-17", cents=1234, event="an attribute never hides the event")
    [record] = find(store)["data"]
    assert record == {
        "ts": "2023-11-14T22:13:20.000000Z",
        "level": "INFO",
        "service": "orders",
        "event": "charge accepted",
        "trace_id": trace_id("t").hex(),
        "span_id": b"12345678".hex(),
        "account": "a-17",
        "cents": 1234,
    }


def test_outside_a_trace_the_ids_are_null(store) -> None:
    add(store, "started")
    [record] = find(store)["data"]
    assert (record["trace_id"], record["span_id"]) == (None, None)


def test_filters(store, clock) -> None:
    add(store, "one", "two", trace="t")
    clock.now += 200
    add(store, "three", service="billing", level="ERROR", trace="t", at=NOW + 1, account="A-17")
    add(store, "four (4)", level="WARN", at=NOW + 2)
    assert events(store) == ["one", "two", "three", "four (4)"]
    assert events(store, service="orders") == ["one", "two", "four (4)"]
    assert events(store, trace_id=trace_id("t").hex()) == ["one", "two", "three"]
    assert events(store, trace_id=trace_id("u").hex()) == []
    assert events(store, level="warn") == ["three", "four (4)"]
    assert events(store, level="WARNING") == ["three", "four (4)"]
    assert events(store, text="TW") == ["two"]
    assert events(store, text="(4)") == ["four (4)"]
    assert events(store, text="a-17") == ["three"]
    assert events(store, start=(NOW + 1) * 10**6) == ["three", "four (4)"]
    assert events(store, end=NOW * 10**6) == ["one"]
    assert events(store, limit=2) == ["three", "four (4)"]


def test_several_services_and_none_for_all(store) -> None:
    for number, service in enumerate(("orders", "billing", "checkout")):
        add(store, f"of {service}", service=service, at=NOW + number)
    with store.reader() as reader:
        found = find_logs(reader, parse_query([("service", "orders"), ("service", "checkout")]))["data"]
    assert [record["service"] for record in found] == ["orders", "checkout"]
    assert len(events(store)) == 3


def test_the_newest_by_their_own_time_whatever_order_they_came_in(store, clock) -> None:
    for number in (3, 1, 4, 0, 2):
        add(store, f"e{number}", at=NOW + number)
        clock.now += 200
    assert events(store, limit=3) == ["e2", "e3", "e4"]


def test_who_follows_sees_each_record_once(store, clock) -> None:
    add(store, "before")
    cursor = find(store)["cursor"]
    seen = []
    for number in range(30):
        add(store, f"a{number}", f"b{number}", at=NOW - number)  # clocks that run backwards
        clock.now += 50
        if number % 4 == 0:
            answer = find(store, after=cursor, limit=3)
            seen, cursor = seen + answer["data"], answer["cursor"]
    while (answer := find(store, after=cursor, limit=3))["data"]:
        seen, cursor = seen + answer["data"], answer["cursor"]
    assert sorted(record["event"] for record in seen) == sorted(f"{x}{i}" for i in range(30) for x in "ab")
    assert answer["cursor"] == cursor


def test_what_arrives_during_a_search_is_left_to_the_next(store) -> None:
    class Racing(Reader):
        def rows(self, statement, *arguments, **options):
            yield from super().rows(statement, *arguments, **options)
            if "max(id)" in statement:
                add(store, "meanwhile")

    add(store, "before")
    with Racing(store.archive.segments()) as reader:
        answer = find_logs(reader, parse_query([]))
    assert [record["event"] for record in answer["data"]] == ["before"]
    assert events(store, after=answer["cursor"]) == ["meanwhile"]


def test_who_follows_an_empty_store_sees_the_first_record(store) -> None:
    answer = find(store)
    assert answer == {"data": [], "cursor": "0"}
    add(store, "first")
    assert events(store, after=answer["cursor"]) == ["first"]


def test_a_cursor_outlives_what_it_pointed_at(store, clock) -> None:
    add(store, "old")
    cursor = find(store)["cursor"]
    clock.now += 10**6
    assert find(store, after=cursor) == {"data": [], "cursor": cursor}
    add(store, "new")
    assert events(store, after=cursor) == ["new"]


@pytest.mark.parametrize(
    "wrong",
    [{"level": "loud"}, {"limit": "0"}, {"limit": "x"}, {"limit": "99999"}, {"start": "now"}, {"trace_id": "xyz"}],
)
def test_what_makes_no_sense_is_refused(store, wrong: dict[str, str]) -> None:
    with pytest.raises(BadQuery, match=next(iter(wrong)) if "trace_id" not in wrong else "ParseUint"):
        find(store, **wrong)
