"""Where links to dashboards lead."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from warroom.app import Settings, create_app

Get = Callable[..., httpx.Response]


@pytest.fixture
def get(tmp_path: Path) -> Get:
    """Asks a war room that has these addresses for a path."""
    tokens = {f"{name}_token_file": tmp_path / name for name in ("webhook", "team")}
    for path in tokens.values():
        path.write_text("t" * 48)

    def get(path: str, **addresses: str) -> httpx.Response:
        app = create_app(Settings(**tokens, state_dir=tmp_path / "state", **addresses))

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(base_url="http://warroom", transport=transport) as client:
                return await client.get(path)

        return asyncio.run(ask())

    return get


def test_a_dashboard_is_in_grafana_with_all_that_was_asked(get: Get) -> None:
    query = "?from=now-1h&to=now&var-service=billing&var-service=orders%20x"
    answer = get(f"/d/overview{query}", grafana_url="http://127.0.0.1:8491/")
    assert (answer.status_code, answer.headers["location"]) == (302, f"http://127.0.0.1:8491/d/overview{query}")
    assert get("/d/books", grafana_url="http://127.0.0.1:8491").headers["location"] == "http://127.0.0.1:8491/d/books"


@pytest.mark.parametrize("uid", ["..%5cadmin", "x%3f", "%0d%0aset-cookie:a=b", "é"])
def test_a_uid_stays_a_uid(get: Get, uid: str) -> None:
    answer = get(f"/d/{uid}", grafana_url="http://127.0.0.1:8491")
    address = httpx.URL(answer.headers["location"])
    assert (address.host, address.port, address.query) == ("127.0.0.1", 8491, b"")
    assert address.path.startswith("/d/") and address.path.count("/") == 2
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(("profiles", "is_on"), [("loki", False), ("", False), ("loki,grafana", True), ("*", True)])
def test_grafanas_address_counts_where_its_profile_is_on(get: Get, profiles: str, is_on: bool) -> None:
    answer = get("/d/books", grafana_url="http://127.0.0.1:8491", profiles=profiles)
    assert answer.headers.get("location") == ("http://127.0.0.1:8491/d/books" if is_on else "/boards/books")


@pytest.mark.parametrize("uid", ["overview", "%3Cscript%3E", "..%5cadmin"])
def test_without_grafana_it_is_in_the_page(get: Get, uid: str) -> None:
    answer = get(f"/d/{uid}?from=now-1h", prometheus_url="http://127.0.0.1:8490")
    address = httpx.URL(answer.headers["location"])
    assert (answer.status_code, address.host) == (302, "")
    assert address.raw_path.decode().lower() == f"/boards/{uid.lower()}?from=now-1h"
