import io

from rich.console import Console

from lab.cli.trace import bar_of, error_of, in_order, waterfall


def span(id: str, start: int, duration: int, parent: str | None = None, **tags) -> dict:
    return {
        "spanID": id,
        "operationName": f"op-{id}",
        "startTime": start,
        "duration": duration,
        "references": [{"refType": "CHILD_OF", "traceID": "t", "spanID": parent}] if parent else [],
        "tags": [{"key": key, "value": value} for key, value in tags.items()],
        "processID": "p1",
    }


def test_children_follow_their_parent_in_the_order_in_which_they_began():
    spans = [span("c", 30, 1, "a"), span("a", 0, 100), span("d", 12, 1, "b"), span("b", 10, 5, "a")]
    assert [(depth, one["spanID"]) for depth, one in in_order(spans)] == [(0, "a"), (1, "b"), (2, "d"), (1, "c")]


def test_a_span_whose_parent_is_missing_is_still_shown():
    assert [one["spanID"] for _, one in in_order([span("b", 5, 1, "gone"), span("a", 0, 9)])] == ["a", "b"]


def test_the_bar_lies_within_its_width():
    assert bar_of(0, 100, 100, 10) == "█" * 10
    assert bar_of(50, 50, 100, 10) == " " * 5 + "█" * 5
    assert bar_of(100, 0, 100, 10) == " " * 9 + "█"
    assert bar_of(0, 0, 0, 10) == "█"
    assert all(len(bar_of(start, 100 - start, 100, 10)) <= 10 for start in range(101))


def test_an_error_says_what_it_knows():
    assert error_of(span("a", 0, 1)) == ""
    assert error_of(span("a", 0, 1, error=False)) == ""
    assert error_of(span("a", 0, 1, error=True)) == "error"
    assert error_of(span("a", 0, 1, error=True, **{"http.response.status_code": 504})) == "504"
    assert error_of(span("a", 0, 1, error="true", **{"error.type": "ReadTimeout"})) == "ReadTimeout"


def test_the_waterfall_names_services_operations_durations_and_errors():
    trace = {
        "traceID": "t",
        "spans": [span("a", 1_000, 2_500), span("b", 1_500, 1_000, "a", error=True)],
        "processes": {"p1": {"serviceName": "checkout"}},
    }
    out = io.StringIO()
    Console(file=out, width=120).print(waterfall(trace, 120))
    lines = out.getvalue().splitlines()
    assert lines[0].startswith("trace t: 2 spans, 2.5 ms")
    assert lines[2].split() == ["checkout", "op-a", "█" * 40, "2.5", "ms"]
    assert lines[3].split() == ["checkout", "op-b", "█" * 16, "1.0", "ms", "error"]
