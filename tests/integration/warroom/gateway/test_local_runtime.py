"""From `labctl up`'s environment to the provider, by the process that the local runtime starts."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from lab.drill.event import Asked
from lab.runtime import outside
from tests.integration.warroom.process import war_room
from tests.processes import eventually

from .conftest import FIXING, KEY, PROMPT


class Recording(ThreadingHTTPServer):
    """A provider on a port of its own that keeps what it is sent."""

    daemon_threads = True

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        super().__init__(("127.0.0.1", 0), Answer)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class Answer(BaseHTTPRequestHandler):
    server: Recording
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.requests.append((self.path, headers, body))
        answer = b'{"answer":"because"}'
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def provider() -> Iterator[Recording]:
    with Recording() as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        serving.start()
        yield server
        server.shutdown()
        serving.join()


def test_what_labctl_up_was_told_reaches_the_war_room_and_the_key_nobody_else(provider: Recording, tmp_path: Path):
    with war_room(tmp_path) as process:
        given = {"AI_UPSTREAM_URL": provider.url, "AI_UPSTREAM_KEY": KEY, "AI_REQUESTS_PER_MINUTE": "2"}
        outside.take(process.state, given)
        process.start()
        with httpx.Client(base_url=process.service.url, trust_env=False, timeout=20) as client:
            team = process.headers("team")
            assert client.post("/v1/messages", json=PROMPT, headers=team).status_code == 423
            process.drills.record("lab", lambda _: FIXING)
            answers = [client.post(path, json=PROMPT, headers=team) for path in ("/v1/messages", "/v1/responses")]
            assert [one.json() for one in answers] == [{"answer": "because"}] * 2
            assert client.post("/v1/messages", json=PROMPT, headers=team).status_code == 429  # as it was told
            sent = {path: headers for path, headers, _ in provider.requests}
            assert sent["/v1/messages"]["x-api-key"] == KEY
            assert sent["/v1/responses"]["authorization"] == f"Bearer {KEY}"
            assert process.state.token("team") not in str(provider.requests)
            eventually(lambda: len(asked(process.drills.events())) == 3, "the requests are on the drill's log")
            seen = [one.text for one in answers] + [
                client.get(path, headers=process.headers(whose)).text
                for path in ("/api/drill", "/api/drill/events", "/api/drill/report")
                for whose in ("team", "instructor")
            ]
        texts = {
            "answers": "".join(seen),
            "log": process.log.read_text(),
            "environment": Path(f"/proc/{process.pid}/environ").read_text(),
            "lab.json and the like": "".join(path.read_text() for path in process.state.config.glob("*.json")),
        }
        assert [where for where, text in texts.items() if KEY in text] == []


def test_without_a_provider_it_says_so(tmp_path: Path):
    with war_room(tmp_path) as process:
        process.start()
        process.drills.record("lab", lambda _: FIXING)
        url = f"{process.service.url}/v1/chat/completions"
        answer = httpx.post(url, json=PROMPT, headers=process.headers("team"), trust_env=False)
        assert answer.status_code == 503
        assert "AI_UPSTREAM_URL" in answer.json()["detail"]


def asked(events: list) -> list[Asked]:
    return [one.what for one in events if isinstance(one.what, Asked)]
