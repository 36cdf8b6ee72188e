import http.server
import os
import threading
from pathlib import Path

import pytest

from lab.runtime import health
from lab.runtime.program import Program
from lab.runtime.state import State


@pytest.fixture
def server():
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/ok" else 503)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_only_200_is_healthy(server: str):
    assert health.answers(f"{server}/ok")
    assert not health.answers(f"{server}/starting")


def test_nobody_there_is_not_healthy():
    assert not health.answers("http://127.0.0.1:1/ok")


def test_a_proxy_of_the_environment_is_not_asked(server: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert health.answers(f"{server}/ok")


def test_those_that_answer_are_named(server: str, tmp_path: Path):
    programs = [Program("a", [], probe=f"{server}/ok"), Program("b", [], probe=f"{server}/no")]
    assert health.healthy(programs, State("main", tmp_path)) == {"a"}
    assert health.healthy([], State("main", tmp_path)) == set()


def test_memory_is_bytes_and_none_for_who_is_gone():
    assert 2**20 < health.memory(os.getpid()) < 2**32
    assert health.memory(4_000_000) is None


def test_waiting_ends_when_it_holds_or_when_the_time_is_over():
    answers = iter([False, False, True])
    assert health.wait_for(lambda: next(answers), 10, every_s=0)
    assert not health.wait_for(lambda: False, 0, every_s=0)
