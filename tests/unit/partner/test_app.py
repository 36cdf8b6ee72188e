import asyncio
from typing import Any

import httpx
import pytest
from partner.app import Settings, create_app


class Partner:
    """The app, asked without a server."""

    def __init__(self, **settings: float) -> None:
        self._app = create_app(Settings(latency=0, jitter=0, **settings))

    def get(self, path: str) -> httpx.Response:
        return asyncio.run(self._ask("GET", path))

    def post(self, path: str, json: Any) -> httpx.Response:
        return asyncio.run(self._ask("POST", path, json=json))

    async def _ask(self, method: str, path: str, **body: Any) -> httpx.Response:
        transport = httpx.ASGITransport(self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://partner") as client:
            return await client.request(method, path, **body)


@pytest.fixture
def partner() -> Partner:
    return Partner()


def test_a_batch_says_what_single_calls_say_in_the_order_asked_for(partner: Partner) -> None:
    ids = [20000, 1, 777]
    singles = [partner.get(f"/shipments/{order_id}").json() for order_id in ids]
    batch = partner.post("/shipments/batch", json={"order_ids": ids})
    assert batch.status_code == 200
    assert batch.json() == {"shipments": singles}


def test_another_life_of_the_process_says_the_same(partner: Partner) -> None:
    assert partner.get("/shipments/42").json() == Partner().get("/shipments/42").json()


def test_a_call_above_the_limit_is_told_when_to_come_back() -> None:
    partner = Partner(rate=0.5, burst=2)
    assert partner.get("/shipments/1").status_code == 200
    assert partner.post("/shipments/batch", json={"order_ids": [1, 2, 3]}).status_code == 200
    refused = partner.get("/shipments/1")
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "2"
    assert refused.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("order_id", ["0", "-1", str(2**63), "1e400", "NaN", "x", "1.5", "%00"])
def test_an_id_that_no_order_has_is_refused(partner: Partner, order_id: str) -> None:
    assert partner.get(f"/shipments/{order_id}").status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        {"order_ids": []},
        {"order_ids": [1, 1]},
        {"order_ids": list(range(1, 102))},
        {"order_ids": ["1"]},
        {"order_ids": [True]},
        {"order_ids": [0]},
        {"order_ids": [2**63]},
        {"order_ids": None},
        {"order_ids": [1], "more": 1},
        {},
    ],
)
def test_a_bad_batch_is_refused(partner: Partner, body: dict) -> None:
    refused = partner.post("/shipments/batch", json=body)
    assert refused.status_code == 422
    assert refused.headers["Content-Type"] == "application/problem+json"
