"""Real services under the launcher's parent: what callers and the ops port see of restarts, releases and kills."""

import json
import os
import shutil
import signal
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest

from .conftest import RELEASE, Service, Start, free_port, until

BACK = {"BACK_URL": "http://127.0.0.1:9"}  # of front, which needs no answer from it here


@pytest.fixture
def releases(tmp_path: Path) -> Path:
    """`r-1` is the tests' services, `r-2` the same with a word more in front."""
    for name in ("r-1", "r-2"):
        shutil.copytree(RELEASE, tmp_path / "releases" / name)
    path = tmp_path / "releases" / "r-2" / "front" / "app.py"
    path.write_text(
        path.read_text().replace(
            "    return app", "    @app.get('/new')\n    def new() -> dict:\n        return {}\n\n    return app"
        )
    )
    want(tmp_path / "releases")
    return tmp_path / "releases"


def want(releases: Path, release: str = "r-1", generation: int = 0, stopped: tuple[str, ...] = ()) -> None:
    text = json.dumps(
        {"release": release, "generations": dict.fromkeys(("back", "front"), generation), "stopped": stopped}
    )
    (releases / ".wanted.json").write_text(text)
    (releases / ".wanted.json").replace(releases / "wanted.json")


@pytest.fixture
def launch(start: Start, releases: Path) -> Callable[..., Service]:
    return lambda name, **environment: start(name, RELEASES=str(releases), RELEASE_ROOT="", **environment)


def told(service: Service) -> tuple[str | None, int] | None:
    """Release and generation, of a service that is healthy."""
    try:
        answer = httpx.get(f"{service.ops_url}/healthz")
    except httpx.TransportError:
        return None
    return (answer.json()["release"], answer.json()["generation"]) if answer.status_code == 200 else None


def child(service: Service) -> psutil.Process:
    (found,) = psutil.Process(service.process.pid).children()
    return found


def listens(url: str) -> bool:
    host, port = url.removeprefix("http://").split(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def test_restarts_and_releases_are_taken_one_after_the_other(launch: Callable[..., Service], releases: Path) -> None:
    service = launch("front", **BACK)
    assert told(service) == ("r-1", 0)
    assert httpx.get(f"{service.url}/new").status_code == 404
    for wish in (("r-1", 1), ("r-2", 2), ("r-1", 3), ("r-2", 4)):
        want(releases, *wish)
        until(f"it is {wish}", lambda wish=wish: told(service) == wish)
        assert httpx.get(f"{service.url}/new").status_code == (200 if wish[0] == "r-2" else 404)
        series = [line for line in service.metrics().splitlines() if line.startswith("service_release_info")]
        assert series == [f'service_release_info{{release="{wish[0]}",service="front"}} 1.0']
    assert service.process.poll() is None


def test_a_request_under_way_is_answered_before_the_restart(
    launch: Callable[..., Service], releases: Path, database_url: str
) -> None:
    service = launch("back", DATABASE_URL=database_url)
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(httpx.get, f"{service.url}/block", params={"seconds": 1}, timeout=20)
        until("it is under way", lambda: service.metric('http_server_requests_in_flight{service="back"}') == 1)
        want(releases, generation=1)
        assert running.result().status_code == 200
    until("it has restarted", lambda: told(service) == ("r-1", 1))
    assert httpx.get(f"{service.url}/items/1").status_code == 200


def test_a_blocked_service_is_restarted_too(launch: Callable[..., Service], releases: Path, database_url: str) -> None:
    service = launch("back", DATABASE_URL=database_url)
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(httpx.get, f"{service.url}/block", params={"seconds": 60}, timeout=90)
        until("it is under way", lambda: service.metric('http_server_requests_in_flight{service="back"}') == 1)
        want(releases, generation=1)
        until("it has restarted", lambda: told(service) == ("r-1", 1), 20)
        with pytest.raises(httpx.TransportError):
            running.result()


def test_nobody_listens_while_it_is_stopped(launch: Callable[..., Service], releases: Path) -> None:
    service = launch("front", **BACK)
    want(releases, stopped=("front",))
    until("nobody listens", lambda: not listens(service.url) and not listens(service.ops_url))
    assert service.process.poll() is None
    until("it says so", lambda: service.lines()[-1]["event"] == "stopped by request")
    want(releases)
    until("it is back", lambda: told(service) == ("r-1", 0))


def test_who_is_killed_comes_back_on_its_ports_at_once(launch: Callable[..., Service], releases: Path) -> None:
    ports = {"PORT": str(free_port()), "OPS_PORT": str(free_port())}
    service = launch("front", **BACK, **ports)
    one = child(service)
    one.send_signal(signal.SIGKILL)
    assert service.process.wait(15) == 128 + signal.SIGKILL

    service = launch("front", **BACK, **ports)
    one = child(service)
    service.process.kill()
    service.process.wait()
    service = launch("front", **BACK, **ports)
    # Nobody may have buried it yet.
    assert told(service) == ("r-1", 0) and (not one.is_running() or one.status() == psutil.STATUS_ZOMBIE)


def test_term_ends_both_with_0_and_gives_the_ports_back(launch: Callable[..., Service]) -> None:
    service = launch("front", **BACK)
    one = child(service)
    service.process.terminate()
    assert service.process.wait(15) == 0
    assert not one.is_running() and not listens(service.url)


def test_a_release_that_cannot_start_says_why_and_ends_the_launcher(
    launch: Callable[..., Service], releases: Path
) -> None:
    service = launch("front", **BACK)
    (releases / "r-2" / "front" / "app.py").write_text("import nosuch\n")
    want(releases, "r-2", 1)
    assert service.process.wait(20) == 1
    assert "No module named 'nosuch'" in service.output.read_text()


def test_the_parent_is_small_beside_its_service(launch: Callable[..., Service]) -> None:
    service = launch("front", **BACK)
    of_parent = private(service.process.pid)
    assert of_parent < 8 * 2**20 < private(child(service).pid), of_parent


def private(pid: int) -> int:
    """Bytes that no other process shares."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Private_"))


def test_what_cannot_be_followed_disturbs_nobody(launch: Callable[..., Service], releases: Path) -> None:
    service = launch("front", **BACK)
    before = child(service).pid
    (releases / "wanted.json").write_text("{")
    until("it warns", lambda: [line for line in service.lines() if line["level"] == "WARN"])
    assert child(service).pid == before and told(service) == ("r-1", 0)
    os.unlink(releases / "wanted.json")
    want(releases, generation=1)
    until("it follows again", lambda: told(service) == ("r-1", 1))
