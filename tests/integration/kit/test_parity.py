"""kit's spans of requests and statements are those of the contrib instrumentation, by the stable conventions.

Where the two differ, the difference stands here with its reason.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(__file__).with_name("instrumented.py")
SERVICES = Path(__file__).parents[3] / "services"
PARENT = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate": "vendor=1"}

REQUESTS: dict[str, list] = {  # method, path, headers, body
    "path and query": ["GET", "/items/7?q=a%20b&q=%C3%BC", {}, None],
    "within a trace": ["GET", "/items/7", PARENT, None],
    "bad traceparent": ["GET", "/items/7", {"traceparent": "00-0-0-0"}, None],
    "no user agent": ["GET", "/items/7", {"user-agent": ""}, None],
    "post": ["POST", "/items", PARENT, {"n": 1}],
    "nested router": ["GET", "/v1/accounts/a-1/orders/7", {}, None],
    "unmatched": ["GET", "/nowhere", PARENT, None],
    "invalid path": ["GET", "/items/seven", {}, None],
    "invalid body": ["POST", "/items", {}, {"n": "one"}],
    "refused by the service": ["GET", "/busy", {}, None],
    "exception": ["GET", "/broken", PARENT, None],
    "broken off": ["GET", "/cut", {}, None],
    "head": ["HEAD", "/items/7", {}, None],
    "options": ["OPTIONS", "/items/7", {}, None],
    "unknown method": ["BREW", "/items/7", {}, None],
    "unknown method, unmatched": ["BREW", "/nowhere", {}, None],
}
STATEMENTS: dict[str, list] = {  # how it is sent, text
    "text": ["text", "SELECT 1"],
    "lower case": ["text", "select 1"],
    "leading comment": ["text", "/* of the shop */ SELECT 1"],
    "composed": ["composed", "SELECT 1"],
    "bytes": ["bytes", "SELECT 1"],
    "many": ["many", "SELECT %s"],
    "empty": ["text", ""],
    "asynchronous": ["asynchronous", "SELECT 1"],
    "refused": ["text", "SELECT * FROM nowhere"],
    "refused, asynchronous": ["asynchronous", "SELECT * FROM nowhere"],
}

# Attributes of contrib that kit leaves out.
LEFT_OUT = {
    "client.port",  # only on request by the conventions, and another one for each connection
}
LEFT_OUT_OF_STATEMENTS = {
    "server.port",  # a Unix socket has none; contrib gives libpq's default
}

Spans = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def made(postgres: str) -> dict[str, Spans]:
    def run(maker: str) -> Spans:
        keep = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
        done = subprocess.run(
            [sys.executable, str(PROGRAM), maker, postgres, json.dumps(REQUESTS | STATEMENTS)],
            env=keep | {"PYTHONPATH": str(SERVICES), "OTEL_SEMCONV_STABILITY_OPT_IN": "http,database"},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return {maker: run(maker) for maker in ("kit", "contrib")}


def pair(made: dict[str, Spans], case: str) -> tuple[dict[str, Any], dict[str, Any]]:
    (ours,), (reference,) = made["kit"][case], made["contrib"][case]
    return ours, reference


@pytest.mark.parametrize("case", REQUESTS)
def test_a_request_s_span(made: dict[str, Spans], case: str) -> None:
    ours, reference = pair(made, case)
    attributes, expected = ours.pop("attributes"), reference.pop("attributes")
    if case == "broken off":  # contrib records the exception twice
        assert reference["events"].pop() in reference["events"]
    assert ours == reference
    # The conventions want the address alone; contrib adds the port.
    assert expected.pop("server.address") == f"{attributes.pop('server.address')}:{attributes['server.port']}"
    if case == "exception":  # the conventions allow both, and the type says more
        assert (attributes.pop("error.type"), expected.pop("error.type")) == ("LookupError", "500")
    if case == "broken off":  # contrib has none, as it only looks at the status sent, 200
        assert attributes.pop("error.type") == "LookupError"
    assert attributes == {name: value for name, value in expected.items() if name not in LEFT_OUT}
    assert expected.keys() >= LEFT_OUT


@pytest.mark.parametrize("case", STATEMENTS)
def test_a_statement_s_span(made: dict[str, Spans], case: str) -> None:
    ours, reference = pair(made, case)
    attributes, expected = ours.pop("attributes"), reference.pop("attributes")
    # What kit adds are the conventions' own.
    assert attributes.pop("db.operation.name", ours["name"]) == ours["name"]
    if case.startswith("refused"):
        assert (attributes.pop("error.type"), attributes.pop("db.response.status_code")) == ("UndefinedTable", "42P01")
    if case == "bytes":  # contrib doesn't look for an operation in bytes
        assert (ours.pop("name"), reference.pop("name")) == ("SELECT", expected["db.namespace"])
    assert ours == reference
    assert attributes == {name: value for name, value in expected.items() if name not in LEFT_OUT_OF_STATEMENTS}
    assert expected.keys() >= LEFT_OUT_OF_STATEMENTS
