from collections.abc import Iterator

import httpx
import pytest
from kit.health import OpsServer
from kit.metrics import POOL_IN_USE


@pytest.fixture
def ops() -> Iterator[OpsServer]:
    server = OpsServer("shop", "127.0.0.1", 0, "r-1", 3)
    server.start()
    yield server
    server.close()


@pytest.fixture
def client(ops: OpsServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{ops.port}") as client:
        yield client


def test_is_503_until_ready_and_again_when_stopping(ops: OpsServer, client: httpx.Client) -> None:
    answers = [client.get("/healthz")]
    ops.ready()
    answers.append(client.get("/healthz"))
    ops.stopping()
    answers.append(client.get("/healthz"))
    assert [answer.status_code for answer in answers] == [503, 200, 503]
    assert [answer.json()["status"] for answer in answers] == ["starting", "ok", "stopping"]


def test_says_what_runs(client: httpx.Client) -> None:
    assert client.get("/healthz").json() == {"service": "shop", "status": "starting", "release": "r-1", "generation": 3}


def test_metrics_are_plain_text_and_openmetrics_for_whom_asks(client: httpx.Client) -> None:
    POOL_IN_USE.labels("shop", "db").set(3)
    plain = client.get("/metrics")
    assert plain.headers["content-type"].startswith("text/plain")
    assert 'worker_pool_in_use{pool="db",service="shop"} 3.0' in plain.text
    accept = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2"
    opened = client.get("/metrics", headers={"Accept": accept})
    assert opened.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert opened.text.endswith("# EOF\n")
    assert "_created" not in opened.text


def test_nothing_else_is_there(client: httpx.Client) -> None:
    assert client.get("/").status_code == 404
    head = client.head("/healthz")
    assert (head.status_code, head.content) == (503, b"")


def test_a_taken_port_is_an_error(ops: OpsServer) -> None:
    with pytest.raises(OSError, match="in use"):
        OpsServer("shop", "127.0.0.1", ops.port)
