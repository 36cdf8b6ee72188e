"""The runner over HTTP: a port, a socket, what it refuses, and one job at a time."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from lab.clients.runner import Runner as Client
from lab.clients.runner import pack
from lab.errors import LabError, UsageError
from lab.runner.job import Job, Outcome
from lab.runner.server import WAITING, Runner, serving

from .conftest import body

FILES = {"test_a.py": "def test_it():\n    assert True\n"}
DONE = Outcome(passed=True, exit_code=0, seconds=0.1, output="", findings=[])


@pytest.fixture
def url() -> Iterator[str]:
    with serving(("127.0.0.1", 0)) as (host, port):
        yield f"http://{host}:{port}"


def test_a_job_is_done(url: str):
    answer = httpx.post(f"{url}/run", content=body(FILES, kind="pytest"), timeout=60, trust_env=False)
    assert answer.status_code == 200
    assert answer.json()["passed"] is True and set(answer.json()) == set(Outcome.model_fields)
    assert httpx.get(f"{url}/healthz", trust_env=False).json()["status"] == "ok"


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("POST", "/run", b"{", 400),
        ("POST", "/run", body(FILES, kind="pytest", paths=["none"]), 400),
        ("POST", "/run", b" " * (8 * 2**20 + 1), 413),
        ("POST", "/else", b"{}", 404),
        ("GET", "/run", b"", 404),
    ],
)
def test_what_is_refused(url: str, method: str, path: str, content: bytes, status: int):
    answer = httpx.request(method, url + path, content=content, trust_env=False)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json" and answer.json()["detail"].endswith(".")


class Slow:
    """Jobs that are done when the test says so, and how many were done together."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.together = self.most = 0

    def __call__(self, _: Job) -> Outcome:
        self.together += 1
        self.most = max(self.most, self.together)
        self.go.wait(20)
        self.together -= 1
        return DONE


def test_jobs_are_done_singly_and_few_may_wait():
    slow = Slow()
    answers: list[int] = []
    with serving(("127.0.0.1", 0), Runner(slow)) as (host, port):

        def ask() -> None:
            answers.append(
                httpx.post(
                    f"http://{host}:{port}/run", content=body({}, kind="pytest"), timeout=60, trust_env=False
                ).status_code
            )

        threads = [threading.Thread(target=ask) for _ in range(WAITING + 3)]
        for thread in threads:
            thread.start()
        end = time.monotonic() + 10
        while len(answers) < 2 and time.monotonic() < end:
            time.sleep(0.01)
        assert answers == [503, 503]
        slow.go.set()
        for thread in threads:
            thread.join()
    assert sorted(answers) == [200] * (WAITING + 1) + [503] * 2 and slow.most == 1


def test_by_a_socket_that_is_its_owners_alone(tmp_path: Path):
    place = tmp_path / "runner.sock"
    command = [sys.executable, "-m", "lab.runner", "--socket", str(place)]
    process = subprocess.Popen(command, cwd=Path(__file__).parents[3])
    try:
        end = time.monotonic() + 20
        while not place.exists() and time.monotonic() < end:
            time.sleep(0.05)
        assert place.stat().st_mode & 0o777 == 0o600
        (tmp_path / "tree" / "tests").mkdir(parents=True)
        (tmp_path / "tree" / "tests" / "test_a.py").write_text("def test_it():\n    assert 1 == 2\n")
        with Client(f"unix:{place}") as client:
            outcome = client.pytest(pack([tmp_path / "tree"]), ["tests"])
            assert not outcome.passed and outcome.findings[0].rule == "test_it"
            assert client.ruff(pack([tmp_path / "tree"]), ["tests/test_a.py:1"], ["F"]).passed
            with pytest.raises(UsageError, match="'none'"):
                client.pytest(pack([tmp_path / "tree"]), ["none"])
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert not place.exists()


def test_a_runner_that_is_not_there():
    with pytest.raises(LabError, match="does not answer"), Client("http://127.0.0.1:9") as client:
        client.pytest(b"")


def test_a_later_folder_replaces_files_of_an_earlier_one(tmp_path: Path):
    for folder, text in (("one", "assert False"), ("two", "assert True")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "test_a.py").write_text(f"def test_it():\n    {text}\n")
    os.symlink("/etc/passwd", tmp_path / "two" / "link")
    with serving(("127.0.0.1", 0)) as (host, port), Client(f"http://{host}:{port}") as client:
        assert client.pytest(pack([tmp_path / "one", tmp_path / "two"])).passed
        assert not client.pytest(pack([tmp_path / "two", tmp_path / "one"])).passed
