"""What a browser may ask of the stores, and what comes of it, over ASGI with stores that are not there."""

import asyncio
import json
from collections.abc import Callable
from itertools import pairwise
from urllib.parse import quote

import httpx
import kit
import pytest
from fastapi import FastAPI
from warroom import looking
from warroom.exemplars import slices
from warroom.looking import AT_ONCE, LARGEST_ANSWER, Looking

Answer = Callable[[httpx.Request], httpx.Response]
URLS = {"prometheus": "http://prometheus", "traces": "http://jaeger", "logs": "http://telemetry"}


class Page:
    """Asks the war room what a browser would, and keeps what the stores were asked."""

    def __init__(self) -> None:
        self.asked: list[httpx.Request] = []
        self.answer: Answer = lambda _: httpx.Response(200, json={"status": "success"})

    def get(self, path: str, **parameters: object) -> httpx.Response:
        (answer,) = self.get_all([(path, parameters)])
        return answer

    def get_all(self, wanted: list[tuple[str, dict]]) -> list[httpx.Response]:
        """All at once."""

        async def ask() -> list[httpx.Response]:
            stores = Looking(*URLS.values(), transport=httpx.MockTransport(self._store))
            app = FastAPI()
            kit.problems.install(app)
            app.include_router(looking.router(stores))
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(base_url="http://warroom", transport=transport) as client:
                answers = await asyncio.gather(*(client.get(path, params=given) for path, given in wanted))
            await stores.aclose()
            return answers

        return asyncio.run(ask())

    async def _store(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return self.answer(request)


@pytest.fixture
def page() -> Page:
    return Page()


@pytest.mark.parametrize(
    ("path", "parameters", "url"),
    [
        (
            "prometheus/query",
            {"query": "up", "time": 5},
            "http://prometheus/api/v1/query?query=up&time=5.0&timeout=10s",
        ),
        (
            "prometheus/query_range",
            {"query": "up", "start": 0, "end": 30, "step": 2},
            "http://prometheus/api/v1/query_range?query=up&start=0.0&end=30.0&step=2.0&timeout=10s",
        ),
        ("prometheus/labels", {"match[]": "up"}, "http://prometheus/api/v1/labels?match%5B%5D=up"),
        ("prometheus/label/__name__/values", {}, "http://prometheus/api/v1/label/__name__/values"),
        ("prometheus/metadata", {}, "http://prometheus/api/v1/metadata?limit=2000"),
        ("jaeger/services", {}, "http://jaeger/api/services"),
        ("jaeger/operations", {"service": "a b"}, "http://jaeger/api/operations?service=a+b"),
        (
            "jaeger/traces",
            {"service": "orders", "minDuration": "1.5s", "tags": '{"error":"true"}'},
            "http://jaeger/api/traces?service=orders&tags=%7B%22error%22%3A%22true%22%7D&limit=20&minDuration=1.5s",
        ),
        ("jaeger/traces/0AF7", {}, "http://jaeger/api/traces/0af7"),
        (
            "logs",
            {"service": ["a", "b"], "level": "WARN", "text": "100 %"},
            "http://telemetry/api/logs?service=a&service=b&level=WARN&text=100+%25&limit=200",
        ),
    ],
)
def test_what_is_asked_for_is_asked_of_its_store(page: Page, path: str, parameters: dict, url: str) -> None:
    page.answer = lambda _: httpx.Response(200, content=b'{"as": "it came"}')
    answer = page.get(f"/api/{path}", **parameters)
    assert (answer.status_code, answer.content) == (200, b'{"as": "it came"}')
    assert answer.headers["content-type"] == "application/json"
    (asked,) = page.asked
    assert (asked.method, httpx.URL(url)) == ("GET", asked.url)


def test_of_exemplars_the_slowest_of_each_bucket_and_time_are_given(page: Page) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        begin, until = (float(request.url.params[name]) for name in ("start", "end"))
        found = [
            {
                "seriesLabels": {"le": le, "service": service},
                "exemplars": [
                    {"labels": {"trace_id": f"{service}{at:g}"}, "value": f"{value + at / 1e6}", "timestamp": at}
                    for at in (begin, begin + 1, until - 1)
                ],
            }
            for le, service, value in (("0.5", "orders", 0.3), ("0.5", "billing", 0.2), ("+Inf", "orders", 20))
        ]
        return httpx.Response(200, json={"status": "success", "data": found})

    page.answer = answer
    given = page.get("/api/prometheus/query_exemplars", query="x_bucket", start=0, end=600).json()
    assert [dict(one.url.params) for one in page.asked] == [
        {"query": "x_bucket", "start": "0.0", "end": "300.0"},
        {"query": "x_bucket", "start": "300.0", "end": "600.0"},
    ]
    ids = [(one["seriesLabels"]["le"], one["exemplars"][0]["labels"]["trace_id"]) for one in given["data"]]
    assert sorted(ids) == sorted((le, f"orders{at}") for le in ("0.5", "+Inf") for at in (1, 299, 301, 599))


@pytest.mark.parametrize(
    ("end", "count", "last"), [(1, 1, (0, 1)), (300, 1, (0, 300)), (301, 2, (300, 301)), (20 * 86_400, 40, None)]
)
def test_exemplars_are_asked_for_in_parts(end: float, count: int, last: tuple[float, float] | None) -> None:
    parts = list(slices(0, end))
    assert (len(parts), parts[0][0], parts[-1][1]) == (count, 0, end)
    assert all(before[1] == after[0] for before, after in pairwise(parts))
    assert last is None or parts[-1] == last


def test_only_what_is_named_is_passed_on(page: Page) -> None:
    page.get("/api/jaeger/traces", service="orders", raw="true", traceID="1", lookback="custom")
    assert dict(page.asked[0].url.params) == {"service": "orders", "limit": "20"}
    assert "authorization" not in page.asked[0].headers and "cookie" not in page.asked[0].headers


@pytest.mark.parametrize(
    "path",
    [
        "/api/prometheus/admin/tsdb/delete_series",
        "/api/prometheus/targets",
        "/api/prometheus/status/config",
        "/api/prometheus/label/..%2f..%2fadmin/values",
        "/api/prometheus/label/a%2Fb/values",
        f"/api/prometheus/label/{quote('é')}/values",
        f"/api/prometheus/label/{'a' * 101}/values",
        "/api/jaeger/traces/..%2f..%2fv1%2ftraces",
        "/api/jaeger/traces/%2e%2e",
        "/api/jaeger/traces/0af7?",
        f"/api/jaeger/traces/{'0' * 33}",
        "/api/jaeger/traces/0af7%0d%0aHost:%20other",
        "/api/jaeger/traces/x",
        "/api/jaeger/v1/traces",
        "/api/jaeger//other.example/api/services",
        "/api/logs/../v1/logs",
    ],
)
def test_no_other_path_leads_to_a_store(page: Page, path: str) -> None:
    answer = page.get(path)
    if path.endswith("?"):
        assert str(page.asked[0].url) == "http://jaeger/api/traces/0af7"
    else:
        assert answer.status_code in (404, 422) and not page.asked
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_written(page: Page, method: str) -> None:
    async def ask() -> httpx.Response:
        app = FastAPI()
        app.include_router(looking.router(Looking(*URLS.values(), transport=httpx.MockTransport(page._store))))
        async with httpx.AsyncClient(base_url="http://warroom", transport=httpx.ASGITransport(app)) as client:
            return await client.request(method, "/api/prometheus/query", params={"query": "up"})

    assert asyncio.run(ask()).status_code == 405
    assert not page.asked


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("prometheus/query", {}),
        ("prometheus/query", {"query": ""}),
        ("prometheus/query", {"query": "x" * 4_001}),
        ("prometheus/query", {"query": "up", "time": "NaN"}),
        ("prometheus/query_range", {"query": "up", "start": 0, "end": 3_000, "step": 0}),
        ("prometheus/query_range", {"query": "up", "start": 0, "end": 3_000, "step": 1}),
        ("prometheus/query_range", {"query": "up", "start": 30, "end": 0, "step": 1}),
        ("prometheus/query_range", {"query": "up", "start": "-inf", "end": "inf", "step": 1}),
        ("prometheus/query_exemplars", {"query": "up", "start": 30, "end": 0}),
        ("prometheus/labels", {"match[]": ["up"] * 6}),
        ("prometheus/labels", {"match[]": "x" * 501}),
        ("jaeger/operations", {}),
        ("jaeger/traces", {}),
        ("jaeger/traces", {"service": "orders", "limit": 201}),
        ("jaeger/traces", {"service": "orders", "limit": -1}),
        ("jaeger/traces", {"service": "orders", "minDuration": "1 s&x=y"}),
        ("jaeger/traces", {"service": "orders", "tags": "x" * 2_001}),
        ("logs", {"limit": 1_001}),
        ("logs", {"trace_id": "x"}),
        ("logs", {"text": "x" * 201}),
    ],
)
def test_what_makes_no_sense_or_is_too_much_is_refused_before_a_store_is_asked(
    page: Page, path: str, parameters: dict
) -> None:
    answer = page.get(f"/api/{path}", **parameters)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.json()["detail"].endswith(".")
    assert not page.asked


@pytest.mark.parametrize(
    ("path", "parameters", "status", "body", "expected"),
    [
        (
            "prometheus/query",
            {"query": "up{"},
            400,
            {"status": "error", "error": "1:4: parse error: unexpected end of input."},
            (422, "Prometheus cannot answer that: 1:4: parse error: unexpected end of input."),
        ),
        (
            "jaeger/traces/1",
            {},
            404,
            {"data": None, "errors": [{"code": 404, "msg": "trace not found"}]},
            (404, "The trace store has none such (trace not found); it may be older than is kept."),
        ),
        (
            "logs",
            {"level": "LOUD"},
            400,
            {"errors": [{"code": 400, "msg": "unable to parse param 'level'"}]},
            (422, "The log store cannot answer that: unable to parse param 'level'."),
        ),
        ("jaeger/services", {}, 500, "<html>", (503, "The trace store failed with 500; see labctl status.")),
        ("jaeger/services", {}, 302, "", (503, "The trace store failed with 302; see labctl status.")),
        ("jaeger/services", {}, 400, {"errors": []}, (503, "The trace store failed with 400; see labctl status.")),
    ],
)
def test_what_a_store_refuses_is_one_sentence(
    page: Page, path: str, parameters: dict, status: int, body: object, expected: tuple[int, str]
) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    page.answer = lambda _: httpx.Response(status, text=text, headers={"location": "http://elsewhere.example/"})
    answer = page.get(f"/api/{path}", **parameters)
    assert (answer.status_code, answer.json()["detail"]) == expected
    assert len(page.asked) == 1


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (httpx.ConnectError("refused"), "Prometheus is away"),
        (
            httpx.ReadTimeout("slow"),
            "Prometheus does not answer in time",
        ),
    ],
)
def test_a_store_that_is_away_is_said_to_be(page: Page, failure: Exception, said: str) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise failure

    page.answer = fail
    answer = page.get("/api/prometheus/query", query="up")
    assert answer.status_code == 503
    assert answer.json()["detail"] == f"{said}; see labctl status and labctl logs prometheus."


def test_an_answer_has_a_size(page: Page) -> None:
    page.answer = lambda _: httpx.Response(200, content=b" " * (LARGEST_ANSWER + 1))
    answer = page.get("/api/jaeger/traces", service="orders")
    assert (answer.status_code, answer.json()["title"]) == (422, "Too much")
    assert answer.json()["detail"] == (
        "The answer has more than 8 MiB; ask for less: a shorter time, or fewer of them."
    )
    page.answer = lambda _: httpx.Response(200, content=b" " * LARGEST_ANSWER)
    assert page.get("/api/jaeger/traces", service="orders").status_code == 200


def test_a_store_is_not_asked_too_much_at_once() -> None:
    under_way = most = 0

    class Slow(Page):
        async def _store(self, request: httpx.Request) -> httpx.Response:
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            for _ in range(10):
                await asyncio.sleep(0)
            under_way -= 1
            return httpx.Response(200, json={})

    answers = Slow().get_all([("/api/prometheus/query", {"query": "up"})] * (3 * AT_ONCE))
    assert {answer.status_code for answer in answers} == {200}
    assert most == AT_ONCE


@pytest.mark.parametrize(
    ("ref", "usable"),
    [
        ("trace:0af7", True),
        ("log:orders:0af7", True),
        ("metric:sum by (service) (rate(db_client_operations_total[30s]))", True),
        ("metric:histogram_quantile(0.99, sum by (le) (rate(x_bucket[8s])))", True),
        ("metric:sum(rate(a_total[8s])) / sum(rate(b_total[8s]))", False),
        ("metric:up > 0", False),
        ("something else", False),
        ("metric:", False),
    ],
)
def test_whether_a_reference_can_be_handed_in(page: Page, ref: str, usable: bool) -> None:
    answer = page.get("/api/evidence/check", ref=ref).json()
    assert (answer["usable"], bool(answer["why"])) == (usable, not usable)
