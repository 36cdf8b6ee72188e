"""The war room over HTTP: who gets in, what is refused, and what the browser is given."""

import asyncio
import copy
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import ValidationError
from warroom.app import LARGEST_BODY, Settings, create_app

WEBHOOK = {"Authorization": "Bearer " + "w" * 48}
TEAM = {"Authorization": "Bearer " + "t" * 48}
# As Alertmanager 0.25 sends it.
PAYLOAD = {
    "receiver": "warroom",
    "status": "firing",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "TargetDown", "service": "billing", "severity": "critical"},
            "annotations": {
                "summary": "billing does not report",
                "description": "No metrics.",
                "runbook_url": "http://127.0.0.1:8400/runbooks/TargetDown",
                "dashboard_url": "http://127.0.0.1:8400/d/overview",
            },
            "startsAt": "2026-11-23T03:00:00.123456789Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus:9090/graph",
            "fingerprint": "0123456789abcdef",
        }
    ],
    "groupLabels": {"alertname": "TargetDown", "service": "billing"},
    "commonLabels": {},
    "commonAnnotations": {},
    "externalURL": "http://alertmanager:9093",
    "version": "4",
    "groupKey": '{}:{alertname="TargetDown", service="billing"}',
    "truncatedAlerts": 0,
}


class Client:
    """Asks the app without a network."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self._ask("GET", path, headers=headers)

    def post(self, path: str, **request: Any) -> httpx.Response:
        return self._ask("POST", path, **request)

    def _ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(base_url="http://warroom", transport=httpx.ASGITransport(self._app)) as client:
                return await client.request(method, path, **request)

        return asyncio.run(ask())


async def chunks(*parts: bytes) -> Any:
    for part in parts:
        yield part


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "webhook").write_text("w" * 48)
    (tmp_path / "team").write_text("t" * 48 + "\n")
    return Settings(
        webhook_token_file=tmp_path / "webhook", team_token_file=tmp_path / "team", state_dir=tmp_path / "state"
    )


@pytest.fixture
def client(settings: Settings) -> Client:
    return Client(create_app(settings))


def test_a_page_comes_in_is_listed_and_acknowledged(client: Client) -> None:
    answer = client.post("/webhooks/alertmanager", json=PAYLOAD, headers=WEBHOOK)
    assert (answer.status_code, answer.json()) == (200, {"alerts": 1, "new_pages": 1})
    (page,) = client.get("/api/pages").json()
    assert (page["id"], page["status"], page["service"]) == ("p-1", "firing", "billing")
    assert page["starts_at"] == "2026-11-23T03:00:00.123Z"
    acknowledged = client.post("/api/pages/p-1/ack", headers=TEAM).json()
    assert acknowledged["acknowledged_at"]
    assert client.get("/api/pages").json() == [acknowledged]


@pytest.mark.parametrize(
    ("path", "right", "wrong"), [("/webhooks/alertmanager", WEBHOOK, TEAM), ("/api/pages/p-1/ack", TEAM, WEBHOOK)]
)
def test_each_door_has_its_own_token(client: Client, path: str, right: dict, wrong: dict) -> None:
    assert client.post(path, json=PAYLOAD).status_code == 401
    assert client.post(path, json=PAYLOAD, headers={"Authorization": "Basic d3c6"}).status_code == 401
    assert client.post(path, json=PAYLOAD, headers={"Authorization": "Bearer "}).status_code == 401
    refused = client.post(path, json=PAYLOAD, headers=wrong)
    assert (refused.status_code, refused.headers["content-type"]) == (403, "application/problem+json")
    umlaut = {"Authorization": "Bearer é".encode("latin-1")}
    assert client.post(path, json=PAYLOAD, headers=umlaut).status_code == 403
    assert client.get("/api/pages").json() == []
    assert client.post(path, json=PAYLOAD, headers=right).status_code != 403


def test_a_query_needs_a_token_and_a_way_to_the_database(client: Client, settings: Settings) -> None:
    wanted = {"statement": "SELECT 1"}
    assert client.post("/api/sql", json=wanted).status_code == 401
    assert client.post("/api/sql", json=wanted, headers=WEBHOOK).status_code == 403
    assert client.post("/api/sql", json=wanted, headers=TEAM).status_code == 409
    away = Client(create_app(settings.model_copy(update={"reader_url": "postgresql://nobody@127.0.0.1:1/lab"})))
    assert away.post("/api/sql", json=wanted, headers=TEAM).status_code == 503
    assert away.post("/api/sql", json={"statement": ""}, headers=TEAM).status_code == 422


def test_an_unknown_page_is_not_found(client: Client) -> None:
    refused = client.post("/api/pages/p-7/ack", headers=TEAM)
    assert refused.status_code == 404
    assert refused.json()["detail"] == "There is no page 'p-7'; GET /api/pages lists them."


def changed(**changes: object) -> dict:
    payload = copy.deepcopy(PAYLOAD)
    payload["alerts"][0].update(changes)
    return payload


@pytest.mark.parametrize(
    "payload",
    [
        [],
        {},
        {**PAYLOAD, "version": "3"},
        {**PAYLOAD, "alerts": [None]},
        {**PAYLOAD, "alerts": PAYLOAD["alerts"] * 1001},
        changed(status="pending"),
        changed(labels={}),
        changed(labels={"alertname": 7}),
        changed(labels={"alertname": "\ud800"}),
        changed(startsAt="2026-11-23T03:00:00"),
        changed(startsAt="0001-01-01T00:00:00+05:00"),
        changed(startsAt="yesterday"),
        changed(fingerprint="'; DROP TABLE pages"),
    ],
)
def test_a_payload_of_another_form_is_refused_and_nothing_is_kept(client: Client, payload: object) -> None:
    headers = {**WEBHOOK, "Content-Type": "application/json"}
    refused = client.post("/webhooks/alertmanager", content=json.dumps(payload), headers=headers)
    assert refused.status_code == 422, refused.text
    assert client.get("/api/pages").json() == []


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000])
def test_a_body_that_is_no_json_is_refused(client: Client, body: bytes) -> None:
    headers = {**WEBHOOK, "Content-Type": "application/json"}
    assert 400 <= client.post("/webhooks/alertmanager", content=body, headers=headers).status_code < 500


def test_too_large_a_body_is_refused_however_it_is_sent(client: Client) -> None:
    headers = {**WEBHOOK, "Content-Type": "application/json"}
    large = b" " * (LARGEST_BODY + 1)
    assert client.post("/webhooks/alertmanager", content=large, headers=headers).status_code == 413
    chunked = client.post("/webhooks/alertmanager", content=chunks(large[:1000], large), headers=headers)
    assert chunked.status_code == 413


@pytest.mark.parametrize(("token", "whose"), [("t" * 48, "team"), ("i" * 48, "instructor")])
def test_a_token_says_whose_it_is(settings: Settings, tmp_path: Path, token: str, whose: str) -> None:
    (tmp_path / "instructor").write_text("i" * 48)
    client = Client(create_app(settings.model_copy(update={"instructor_token_file": tmp_path / "instructor"})))
    assert client.get("/api/who", Authorization=f"Bearer {token}").json() == {"who": whose}
    assert client.get("/api/who").status_code == 401
    assert client.get("/api/who", Authorization="Bearer " + "x" * 48).status_code == 403


def test_a_browser_is_told_where_else_to_look(settings: Settings) -> None:
    client = Client(create_app(settings.model_copy(update={"jaeger_url": "http://127.0.0.1:16686"})))
    assert client.get("/api/links").json() == {"grafana": "", "jaeger": "http://127.0.0.1:16686", "prometheus": ""}


def test_runbooks_are_readable_pages(client: Client) -> None:
    page = client.get("/runbooks/BooksDisagree")
    assert page.headers["content-type"].startswith("text/html")
    assert "<h2>Diagnosis</h2>" in page.text
    assert "script-src 'none'" in page.headers["content-security-policy"]


@pytest.mark.parametrize("name", ["Nothing", "..%2Falertmanager", "%2e%2e", "BooksDisagree.md", "*"])
def test_only_runbooks_are_served(client: Client, name: str) -> None:
    assert client.get(f"/runbooks/{name}").status_code == 404


def test_markup_in_a_runbook_is_text(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "books").mkdir()
    (tmp_path / "books" / "A.md").write_text("# A\n\n<script>alert(1)</script> [x](javascript:alert(1))")
    text = Client(create_app(settings.model_copy(update={"runbooks_dir": tmp_path / "books"}))).get("/runbooks/A").text
    assert "<script" not in text and 'href="javascript' not in text


@pytest.mark.parametrize("token", [None, "", "short", " \n"])
def test_it_does_not_start_without_a_token(tmp_path: Path, token: str | None) -> None:
    (tmp_path / "team").write_text("t" * 48)
    if token is not None:
        (tmp_path / "webhook").write_text(token)
    with pytest.raises(ValidationError, match=r"cannot be read|holds no token"):
        Settings(webhook_token_file=tmp_path / "webhook", team_token_file=tmp_path / "team", state_dir=tmp_path)
