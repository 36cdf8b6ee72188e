"""Services as processes of their own, as the lab runs them: started by services/launch.py, stopped by SIGTERM."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

SERVICES = Path(__file__).parents[1] / "services"


class Service:
    """A service that runs; `url` is its API, `ops_url` has `/metrics` and `/healthz`."""

    def __init__(self, name: str, port: int, ops_port: int) -> None:
        self.name = name
        self.url = f"http://127.0.0.1:{port}"
        self.ops_url = f"http://127.0.0.1:{ops_port}"

    def healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.ops_url}/healthz", timeout=2) as response:
                return response.status == 200
        except OSError:
            return False

    def sample(self, name: str, **labels: str) -> float:
        """The sum of all series of that name that have these labels."""
        with urllib.request.urlopen(f"{self.ops_url}/metrics", timeout=5) as response:
            lines = response.read().decode().splitlines()
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        return sum(
            float(line.rsplit(" ", 1)[1])
            for line in lines
            if line.startswith((f"{name} ", f"{name}{{")) and all(label in line for label in wanted)
        )


def eventually(holds: Callable[[], object], what: str, seconds: float = 30) -> None:
    """Polls until `holds()` is true; fails with `what` was waited for after `seconds`."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"Not within {seconds:g} s: {what}.")
        time.sleep(0.02)


def free_ports(count: int) -> list[int]:
    """Ports that nobody had a moment ago, no two the same."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


@contextmanager
def running(
    names: Sequence[str], database_url: str, logs: Path, environment: Mapping[str, Mapping[str, str]] | None = None
) -> Iterator[dict[str, Service]]:
    """Runs services that know each other's addresses; `environment` has more variables for some of them.

    Each writes to `logs`/NAME.log. Fails if one does not become healthy, or does not end well.
    """
    ports = free_ports(2 * len(names))
    services = {name: Service(name, *ports[2 * n : 2 * n + 2]) for n, name in enumerate(names)}
    urls = {f"{name.upper()}_URL": service.url for name, service in services.items()}
    processes: dict[str, subprocess.Popen] = {}
    try:
        for name, service in services.items():
            with open(logs / f"{name}.log", "wb") as log:
                processes[name] = subprocess.Popen(
                    [sys.executable, str(SERVICES / "launch.py"), name],
                    env={
                        **os.environ,
                        **urls,
                        "PORT": service.url.rpartition(":")[2],
                        "OPS_PORT": service.ops_url.rpartition(":")[2],
                        "DATABASE_URL": database_url,
                        **(environment or {}).get(name, {}),
                    },
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
        for name, service in services.items():
            process = processes[name]
            eventually(
                lambda service=service, process=process: service.healthy() or process.poll() is not None,
                f"{name} is healthy",
                90,
            )
            assert process.poll() is None, (logs / f"{name}.log").read_text()
        yield services
    finally:
        for process in processes.values():
            process.terminate()
        for process in processes.values():
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    for name, process in processes.items():
        assert process.returncode == 0, (logs / f"{name}.log").read_text()
