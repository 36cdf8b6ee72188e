"""Requests that no document describes: broken bodies, broken addresses, wrong methods."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.integration.fuzz.conftest import COMPANY
from tests.integration.fuzz.fuzzing import assert_problem
from tests.processes import Service

BODIES = {
    "nothing": b"",
    "no object": b"null",
    "a list": b"[]",
    "a number": b"1",
    "cut off": b'{"account": "a-017", "lines": [{"descr',
    "not UTF-8": b'{"account": "\xff\xfe"}',
    "UTF-16": '{"account": "a-017"}'.encode("utf-16"),
    "NUL": b"\x00",
    "nested deep": b"[" * 200_000,
    "objects nested deep": b'{"a":' * 50_000,
    "a number of 5,000 digits": b'{"account": ' + b"9" * 5_000 + b"}",
    "infinity": b'{"account": 1e400, "limit": -Infinity, "order_ids": [NaN]}',
    "a lone surrogate": b'{"account": "\\ud800", "cart_id": "\\udfff", "alerts": [{"\\ud800": "\\ud800"}]}',
    "escaped NUL": b'{"account": "a\\u0000", "cart_id": "c\\u0000", "order_ids": ["\\u0000"]}',
    "the same name twice": b'{"cart_id": 1, "cart_id": 2, "account": 1, "account": 2}',
}
VALUES = [
    "%00",
    "%ff",
    "%0a",
    "%F0%9F%92%A9",
    "-1",
    "0",
    "9" * 400,
    "NaN",
    "1e400",
    "x" * 4_000,
    "..%2f..%2fetc",
    "%27",
]
TYPES = ["application/json", "text/plain", "multipart/form-data", "application/json; charset=x"]


@pytest.mark.parametrize("name", COMPANY)
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_broken_body_is_refused(company: dict[str, Service], token: str, name: str, body: bytes) -> None:
    with caller(company[name], token) as client:
        for method, path, operation in operations(client):
            if "requestBody" not in operation:
                continue
            for content_type in (
                "application/json",
                "text/plain",
                "multipart/form-data",
                "application/json; charset=x",
            ):
                response = client.request(method, path, content=body, headers={"Content-Type": content_type})
                refused(response, range(400, 500))


@pytest.mark.parametrize("name", COMPANY)
@pytest.mark.parametrize("value", VALUES)
def test_a_strange_value_in_an_address_breaks_nothing(
    company: dict[str, Service], token: str, name: str, value: str
) -> None:
    with caller(company[name], token) as client:
        for method, path, operation in operations(client):
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "path":
                    address = path.replace(f"{{{parameter['name']}}}", value)
                elif parameter["in"] == "query":
                    address = f"{path}?{parameter['name']}={value}"
                else:
                    continue
                response = client.request(method, address)
                assert response.status_code < 500, (method, address, response.text)
                if response.status_code >= 400:
                    refused(response, range(400, 500))


@pytest.mark.parametrize("name", COMPANY)
def test_an_address_or_a_method_that_is_not_there_is_a_problem(
    company: dict[str, Service], token: str, name: str
) -> None:
    with caller(company[name], token) as client:
        refused(client.get("/nowhere"), [404])
        refused(client.get("/%00"), [404])
        there = {(method, path) for method, path, _ in operations(client)}
        for path in {path for _, path in there}:
            for method in {"DELETE", "PATCH"} - {method for method, where in there if where == path}:
                refused(client.request(method, path), [405])


def caller(service: Service, token: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "hostile"}
    return httpx.Client(base_url=service.url, headers=headers, timeout=30)


def operations(client: httpx.Client) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and description of everything in the service's document."""
    for path, methods in client.get("/openapi.json").json()["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def refused(response: httpx.Response, statuses: range | list[int]) -> None:
    what = f"{response.request.method} {response.request.url}: {response.status_code} {response.text[:500]}"
    assert response.status_code in statuses, what
    assert response.headers["Content-Type"] == "application/problem+json", what
    assert_problem(response.status_code, response.json())
