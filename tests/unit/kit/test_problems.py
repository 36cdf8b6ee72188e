import logging
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from typing import Annotated

import httpx
import kit
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

Ask = Callable[..., httpx.Response]


class Line(BaseModel):
    net: Annotated[Decimal, Field(gt=0, max_digits=10, decimal_places=2)]
    quantity: float = 1.0


class Order(BaseModel):
    lines: Annotated[list[Line], Field(min_length=1)]


@pytest.fixture
def app() -> FastAPI:
    app = kit.create_app(kit.Settings(service="shop"), title="Shop")
    inner = APIRouter(prefix="/inner")

    @app.post("/orders")
    def order(order: Order) -> dict:
        return {"lines": len(order.lines)}

    @app.get("/busy")
    def busy() -> None:
        raise kit.Problem(429, "Too many requests", "Wait a second and ask again.", headers={"Retry-After": "1"})

    @inner.get("/broken/{what}")
    def broken(what: str) -> None:
        raise KeyError(what)

    @app.get("/half")
    def half() -> StreamingResponse:
        def body() -> Iterator[bytes]:
            yield b"half"
            raise OSError("disk gone")

        return StreamingResponse(body())

    app.include_router(inner)
    return app


@pytest.fixture
def client(app: FastAPI, ask: Ask) -> Ask:
    return partial(ask, app)


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b'{"lines": [', 400, "not valid JSON at offset 11"),
        (b"\xff\xfe", 400, "body"),
        (b"[" * 100_000, 400, ""),
        (b'{"lines": [{"net": NaN}]}', 422, "body.lines.0.net: Input should be a finite number."),
        (b'{"lines": [{"net": 1e400}]}', 422, "body.lines.0.net: Input should be a finite number."),
        (b'{"lines": [{"net": "-1"}]}', 422, "body.lines.0.net: Input should be greater than 0."),
        (b'{"lines": [{"net": "0.001"}]}', 422, "body.lines.0.net"),
        (b'{"lines": [{"net": "1", "quantity": "x"}, {}]}', 422, "(and 1 more)."),
        (b'{"lines": [{"net": "\\ud800"}]}', 422, "body.lines.0.net"),
        (b'{"lines": []}', 422, "body.lines"),
        (b"", 422, "body"),
        (b"null", 422, "body"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(client: Ask, body: bytes, status: int, says: str) -> None:
    answer = client("POST", "/orders", content=body, headers={"Content-Type": "application/json"})
    problem = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert problem["status"] == status
    assert says in problem["detail"]
    assert problem["detail"].endswith(".") and "\n" not in problem["detail"]


def test_a_problem_becomes_the_answer_with_its_headers(client: Ask) -> None:
    answer = client("GET", "/busy")
    assert answer.headers["retry-after"] == "1"
    assert answer.json() == {
        "type": "about:blank",
        "title": "Too many requests",
        "status": 429,
        "detail": "Wait a second and ask again.",
    }


def test_unknown_paths_and_methods_are_problems_too(client: Ask) -> None:
    nowhere = client("GET", "/nowhere").json()
    assert (nowhere["title"], nowhere["detail"]) == ("Not Found", "Not Found: GET /nowhere.")
    refused = client("DELETE", "/orders")
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    assert refused.headers["content-type"] == "application/problem+json"


def test_an_exception_tells_the_client_nothing_and_the_log_all(client: Ask, caplog: pytest.LogCaptureFixture) -> None:
    answer = client("GET", "/inner/broken/secret")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "secret" not in answer.text
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [error.getMessage() for error in errors] == ["unhandled exception"]
    assert errors[0].exc_info[0] is KeyError


def test_an_answer_that_has_begun_is_cut_off(client: Ask) -> None:
    with pytest.raises(OSError, match="disk gone"):
        client("GET", "/half")


def test_the_openapi_document_knows_the_error_format(client: Ask) -> None:
    operation = client("GET", "/openapi.json").json()["paths"]["/orders"]["post"]
    assert set(operation["responses"]) == {"200", "4XX", "5XX"}
    assert "application/problem+json" in operation["responses"]["4XX"]["content"]
