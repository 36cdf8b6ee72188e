"""A real Alertmanager, as the local runtime starts it, and who else it is to tell."""

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from lab.runtime import outside, packages
from lab.runtime.ports import Ports, next_block
from lab.runtime.programs import programs
from lab.runtime.rendering import render
from lab.runtime.state import State
from tests.processes import eventually

ALERT = {
    "labels": {"alertname": "CustomerErrorsHigh", "service": "checkout", "severity": "critical"},
    "annotations": {"summary": "Customers get errors", "description": "From checkout.", "runbook_url": "http://r/book"},
}


class Receiver(ThreadingHTTPServer):
    """Keeps what it is sent, by path."""

    daemon_threads = True

    def __init__(self) -> None:
        self.got: list[tuple[str, dict]] = []
        super().__init__(("127.0.0.1", 0), Taking)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def at(self, path: str) -> list[dict]:
        return [body for where, body in self.got if where == path]


class Taking(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        self.server.got.append((self.path, json.loads(self.rfile.read(int(self.headers["content-length"])))))
        self.send_response(202 if self.path == "/events" else 200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        serving.start()
        yield server
        server.shutdown()
        serving.join()


@contextmanager
def alertmanager(state: State) -> Iterator[str]:
    """Its address; it is started as in the local runtime, in a block of ports of its own."""
    packages.ensure()
    ports = Ports(next_block(43_000, ()))  # no other lab's war room is to be paged
    render(state, ports)
    (state.data / "alertmanager").mkdir()
    program = next(one for one in programs(state, ports) if one.name == "alertmanager")
    url = ports.url("alertmanager")
    with (state.logs / "alertmanager.log").open("wb") as log:
        process = subprocess.Popen(program.command, cwd=program.folder, stdout=log, stderr=subprocess.STDOUT)
    try:
        eventually(lambda: _ready(url) or process.poll() is not None, "Alertmanager is ready")
        assert process.poll() is None, (state.logs / "alertmanager.log").read_text()
        yield url
    finally:
        process.terminate()
        process.wait(15)


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/-/ready", trust_env=False).is_success
    except httpx.HTTPError:
        return False


def test_pages_go_on_in_their_forms_and_the_keys_show_nowhere(tmp_path: Path, receiver: Receiver):
    state = State("main", tmp_path)
    state.create()
    said = {"ONWARD_SLACK_URL": f"{receiver.url}/hook", "ONWARD_PAGERDUTY_URL": f"{receiver.url}/events"}
    outside.take(state, said | {"ONWARD_PAGERDUTY_KEY": "r" * 32})
    with alertmanager(state) as url:
        httpx.post(f"{url}/api/v2/alerts", json=[ALERT], trust_env=False).raise_for_status()
        eventually(lambda: receiver.at("/hook") and receiver.at("/events"), "both are told")
        shown = httpx.get(f"{url}/api/v2/status", trust_env=False).text
    (attachment,) = receiver.at("/hook")[0]["attachments"]
    assert attachment["title"] == "FIRING CustomerErrorsHigh checkout" and attachment["title_link"] == "http://r/book"
    assert attachment["text"] == "Customers get errors: From checkout.\n"
    event = receiver.at("/events")[0]
    assert (event["routing_key"], event["event_action"]) == ("r" * 32, "trigger")
    assert (event["payload"]["summary"], event["payload"]["severity"]) == ("Customers get errors", "critical")
    assert "r" * 32 not in shown and f"{receiver.url}/hook" not in shown


def test_nobody_else_is_told_unless_that_is_said(tmp_path: Path, receiver: Receiver):
    state = State("main", tmp_path)
    state.create()
    with alertmanager(state) as url:
        status = httpx.get(f"{url}/api/v2/status", trust_env=False).json()["config"]["original"]
    assert "slack" not in status.split("receivers:")[1] and "routing_key" not in status
