"""The telemetry store answers as a real Jaeger does, asked the same about the same spans.

What Jaeger itself leaves open, and this test therefore does not compare:
- the order of services, operations, dependencies, spans of a trace, warnings of a span (Go's maps decide);
- which of a trace's processes is called p1;
- the order of traces found by the memory storage (of arrival; badger's, latest first, is compared);
- the Content-Type of errors (http.Error says text/plain);
- the wording of a JSON parser, and that a refusal came by gRPC.

Where Jaeger's storages differ from each other, the case names the one that the store follows.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.jaeger.process import Server, jaeger, telemetry_store
from tests.jaeger.spans import message, request, requests, span, trace_id

NOW = time.time_ns() // 1000 * 1000  # whole microseconds: badger compares those, memory nanoseconds
FIRST = NOW // 1000 - 600_000_000  # when the first span started, in microseconds
WINDOW = {"start": FIRST - 200_000_000, "end": FIRST + 600_000_000}
SERVICES = ["checkout", "inventory", "customers", "types", "links", "lost", "skew", "durations", "short-id", "again"]
SERVICES += [
    "läger ✓/ü",
    "missing-service-name",
    "empty-service-name",
    "service-name-wrong-type",
    "bare",
    "orders",
    "many",
]
BOTH, MEMORY, BADGER = ("memory", "badger"), ("memory",), ("badger",)


def traces(references: tuple[str, ...] = BOTH, **parameters: Any) -> tuple[str, dict[str, Any], tuple[str, ...]]:
    return "/api/traces", WINDOW | parameters, references


def tags(**wanted: str) -> str:
    return json.dumps({key.replace("__", "."): value for key, value in wanted.items()})


CASES = [
    ("/api/services", {}, BOTH),
    ("/api/services/nobody/operations", {}, BOTH),
    ("/api/services/l%C3%A4ger%20%E2%9C%93%2F%C3%BC/operations", {}, BOTH),
    # badger does not keep the kinds of operations
    *(("/api/operations", {"service": service}, MEMORY) for service in SERVICES),
    *(("/api/operations", {"service": "inventory", "spanKind": kind}, MEMORY) for kind in ("server", "", "?")),
    ("/api/operations", {"service": "nobody"}, BOTH),
    ("/api/operations", {}, BOTH),
    *((f"/api/services/{service}/operations", {}, BOTH) for service in SERVICES if "/" not in service),
    # searches
    *(traces(service=service) for service in SERVICES),
    traces(service="nobody"),
    traces(service="checkout", operation="price"),
    traces(service="checkout", operation="pric"),
    traces(service="checkout", operation="POST /reservations"),
    traces(service="many", operation="op 1"),
    *(traces(service="many", limit=limit) for limit in (1, 7, 29, 30, 31, 1000)),
    *(traces(BADGER, service="many", limit=limit) for limit in (0, -5)),  # memory answers 500
    *(traces(service="many", minDuration=least) for least in ("100ms", "0.1s", "100000µs", "99.999ms", "1m", "0")),
    *(traces(service="many", maxDuration=most) for most in ("100ms", "1ns", "2h45m", "00100.0ms")),
    traces(service="many", minDuration="50ms", maxDuration="70ms"),
    traces(service="many", minDuration="50ms", maxDuration="50ms"),
    traces(MEMORY, service="many", operation="op 1", minDuration="150ms", limit=2),
    traces(service="many", start=FIRST + 110_000_000, end=FIRST + 113_000_000),
    traces(service="many", start=FIRST + 110_000_001, end=FIRST + 112_999_999),
    traces(MEMORY, service="many", start=FIRST + 113_000_000, end=FIRST + 110_000_000),  # badger answers 500
    ("/api/traces", {"service": "many"}, BOTH),
    ("/api/traces", {"service": "skew", "start": FIRST + 60_000_000}, BOTH),
    traces(service="durations", minDuration="1h"),
    traces(service="durations", maxDuration="999ns"),
    *(traces(service="many", tags=tags(number=number)) for number in ("7", "07", "x", "")),
    traces(service="many", tags=tags(even="true", number="8")),
    traces(service="many", tags=tags(even="true", number="9")),
    traces(service="many", tag="number:7"),
    traces(service="many", tag=["even:true", "number:12"]),
    traces(service="inventory", tags=tags(account="a-17")),
    traces(service="checkout", tags=tags(account="a-17")),
    traces(service="inventory", tags=tags(exception__message="no stock")),
    traces(service="inventory", tags=tags(scope__attr="s"), references=MEMORY),
    traces(service="inventory", tags=tags(service__namespace="lab"), limit=2),
    traces(service="types", tags=tags(process__pid="4711")),
    traces(service="types", tags=json.dumps({"schlüssel ✓": "wörter 🚚\n\t\"quoted\""})),
    *(traces(service="types", tags=tags(**{key: value})) for key, value in {
        "widest": str(2**63 - 1), "negative": "-7", "yes": "true", "no": "false", "one": "1", "tenth": "0.1",
        "empty": "", "nothing": "", "html": "<a href='?x&y'>", "empty list": "[]",
        "map": '{"a":{"y":"\\u0026","z":[1,1e-9]},"b":1}',
        "list": '[1,"zwei",3.5,true,null,"AQ==",["\\u003cdeep\\u003e"]]'}.items()),
    # badger writes floats with ten digits and bytes in hexadecimal
    *(traces(MEMORY, service="types", tags=tags(**{key: value})) for key, value in {
        "tiny": "1.5e-7", "huge": "1e+21", "big": "150000000000000000000", "exact": "123456789.125", "zero": "-0",
        "bytes": "AP94"}.items()),
    # what is shown as a tag and is no attribute: memory does not search it, and takes error=true for status OK
    *(traces(BADGER, service="inventory", tags=tags(**{key: value})) for key, value in {
        "error": "true", "span__kind": "server", "otel__status_code": "OK", "otel__scope__name": "inventory.stock",
        "otel__status_description": "no stock: 1 < 2", "w3c__tracestate": "vendor=1,other=2", "event": "bare"}.items()),
    traces(BADGER, service="inventory", tags=tags(span__kind="producer")),
    traces(service="inventory", tags=tags(event="own")),
    traces(BADGER, service="many", tags=tags(error="true")),
    # by id
    ("/api/traces", [("traceID", trace_id(name).hex()) for name in ("chain", "many 3", "unknown", "links")], BOTH),
    ("/api/traces", {"traceID": "00ff"}, BOTH),
    *((f"/api/traces/{trace_id(name).hex()}", parameters, BOTH) for name in ("chain", "types", "links", "skew", "m1")
      for parameters in ({}, {"raw": "false"}, {"prettyPrint": "true"}, {"start": 1, "end": 2})),
    (f"/api/traces/{trace_id('chain').hex().upper()}", {}, BOTH),
    (f"/api/traces/{trace_id('failure').hex()}", {"raw": "true"}, BOTH),
    (f"/api/traces/{trace_id('unknown').hex()}", {}, BOTH),
    ("/api/traces/abc", {}, BOTH),
    # badger leaves out calls from a service to itself, as Jaeger's other storages and its documentation do
    ("/api/dependencies", {}, BADGER),
    ("/api/dependencies", {"endTs": NOW // 1_000_000, "lookback": 3_600_000}, BADGER),
    ("/api/dependencies", {"endTs": NOW // 1_000_000, "lookback": 3_600_000, "service": "inventory"}, BADGER),
    ("/api/dependencies", {"endTs": NOW // 1_000_000, "lookback": 3_600_000, "service": "nobody"}, BADGER),
    ("/api/dependencies", {"endTs": 1_700_000_000_000, "lookback": 1000}, BOTH),
    # what makes no sense
    ("/api/dependencies", {"endTs": "soon"}, BOTH),
    ("/api/dependencies", {"lookback": "1h"}, BOTH),
    ("/api/dependencies", {"endTs": 1_700_000_000_000, "lookback": -5}, MEMORY),
    ("/api/traces", {}, BOTH),
    *((path, {"raw": "perhaps"}, BOTH) for path in ("/api/traces/abc", "/api/traces")),
    *((f"/api/traces/{bad}", {}, BOTH) for bad in ("xyz", "1" * 33, "f" * 31 + "g", "g" * 32, "-1")),
    ("/api/traces/abc", {"start": "x"}, BOTH),
    ("/api/traces", {"traceID": "xyz"}, BOTH),
    *(traces(service="many", **{name: bad}) for name in ("start", "end", "limit")
      for bad in ("x", "1.5", "1e3", "-", "99999999999999999999", " 1")),
    traces(service="many", limit="3000000000"),
    *(traces(service="many", **{name: bad}) for name in ("minDuration", "maxDuration")
      for bad in ("5", "x", "5 s", "5sec", "-", ".", "1s1", "ms", "9999999h", "1.2.3s", "5S")),
    traces(service="many", minDuration="2s", maxDuration="1s"),
    *(traces(service="many", tags=bad) for bad in ("x", "{", '{"a": 1}', "[]", '"a"', '{"a": null}', "null", "{}")),
    *(traces(service="many", tag=bad) for bad in ("number", "", ":", "number:")),
]  # fmt: skip


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Server]]:
    folder = tmp_path_factory.mktemp("telemetry")
    with jaeger("memory") as memory, jaeger("badger") as badger, telemetry_store(folder) as store:
        servers = {"memory": memory, "badger": badger, "store": store}
        for server in servers.values():
            for body in requests(NOW):
                assert server.send(body).status_code == 200
        with jaeger("store", store.storage) as over:
            yield servers | {"over the store": over}


def name(part: object) -> str:
    """The same in every process, whatever the time."""
    return re.sub(r"\b\d{13,16}\b", "now", str(part))[:60]


@pytest.mark.parametrize(("path", "parameters", "references"), CASES, ids=name)
def test_same_answer(servers: dict[str, Server], path: str, parameters: Any, references: tuple[str, ...]) -> None:
    ours = normal(ask(servers["store"], path, parameters))
    for reference in references:
        assert ours == normal(ask(servers[reference], path, parameters)), f"differs from Jaeger with {reference}"


@pytest.mark.parametrize(("path", "parameters"), [case[:2] for case in CASES], ids=name)
def test_same_answer_of_a_jaeger_that_asks_the_store(servers: dict[str, Server], path: str, parameters: Any) -> None:
    answers = (normal(ask(servers[one], path, parameters)) for one in ("store", "over the store"))
    assert next(answers) == next(answers)


def test_a_trace_that_is_larger_than_a_message_of_grpc(servers: dict[str, Server]) -> None:
    """Jaeger takes 4 MiB at once."""
    spans, tags = 350, {"text": "n" * 20_000}
    for part in range(0, spans, 50):
        sent = [span("large", f"span {n}", NOW + n, 1000, tags=tags) for n in range(part, part + 50)]
        assert servers["store"].send(request(message("large", *sent))).status_code == 200
    answers = [ask(servers[one], f"/api/traces/{trace_id('large').hex()}", {}) for one in ("store", "over the store")]
    assert normal(answers[0]) == normal(answers[1])
    assert len(answers[0][1]["data"][0]["spans"]) == spans


@pytest.mark.parametrize("service", SERVICES)
def test_latest_trace_first(servers: dict[str, Server], service: str) -> None:
    answers = [ask(servers[name], "/api/traces", WINDOW | {"service": service})[1] for name in ("store", "badger")]
    ours, theirs = ([trace["traceID"] for trace in answer["data"]] for answer in answers)
    assert ours == theirs


def test_the_cases_find_something(servers: dict[str, Server]) -> None:
    """A comparison of empty answers would prove nothing."""
    for service in SERVICES:
        assert ask(servers["store"], "/api/traces", WINDOW | {"service": service})[1]["data"], service
    found = ask(servers["store"], "/api/traces", WINDOW | {"service": "inventory", "tags": tags(error="true")})
    assert trace_id("failure").hex() in [trace["traceID"] for trace in found[1]["data"]]


def test_bodies_that_are_not_otlp_are_refused_alike(servers: dict[str, Server]) -> None:
    for body in (b"not protobuf", requests(NOW)[0][:-5]):
        assert {name: server.send(body).status_code for name, server in servers.items()} == dict.fromkeys(servers, 400)


def ask(server: Server, path: str, parameters: Any) -> tuple[int, Any]:
    answer = server.ask(path, parameters)
    return answer.status_code, json.loads(answer.content)


def normal(answer: tuple[int, Any]) -> tuple[int, Any]:
    """The answer without what Jaeger leaves open (see above)."""
    status, body = answer
    for error in body["errors"] or ():
        error["msg"] = error["msg"].rpartition(" desc = ")[2].partition("cannot unmarshal JSON: ")[0]
    for item in body["data"] or ():
        if "spans" in item:
            for span in item["spans"]:
                span["process"] = item["processes"][span.pop("processID")]
                span["warnings"] = sorted(span["warnings"] or ())
            item["spans"].sort(key=lambda span: span["spanID"] + span["operationName"])
            item["processes"] = sorted(item["processes"].values(), key=json.dumps)
    if body["data"]:
        body["data"].sort(key=lambda item: json.dumps(item, sort_keys=True))
    elif status == 200:
        body["data"] = []  # Go's nil or empty slice, depending on the storage
    return status, body
