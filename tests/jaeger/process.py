"""Starts servers for a test and waits until they answer."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

HERE = Path(__file__).parent
START_SECONDS = 30


@dataclass(frozen=True)
class Server:
    """Where it takes OTLP, where it answers Jaeger's questions, and of the store: where it tells how it is, and host
    and port where a Jaeger asks it."""

    process: subprocess.Popen
    client: httpx.Client
    otlp: str
    query: str
    ops: str = ""
    storage: str = ""

    def send(self, body: bytes, signal: str = "traces", **headers: str) -> httpx.Response:
        content_type = {"Content-Type": "application/x-protobuf"}
        return self.client.post(f"{self.otlp}/v1/{signal}", content=body, headers=content_type | headers, timeout=30)

    def ask(self, path: str, parameters: Any = None) -> httpx.Response:
        return self.client.get(self.query + path, params=parameters, timeout=30)


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def jaeger_binary() -> str:
    """Built the first time, which takes minutes."""
    build = subprocess.run([HERE / "build.sh"], capture_output=True, text=True)
    if build.returncode:
        last = (build.stderr.strip().splitlines() or ["it said nothing"])[-1]
        pytest.fail(f"There is no Jaeger to compare with, and {HERE / 'build.sh'} made none: {last}", pytrace=False)
    return build.stdout.strip()


@contextlib.contextmanager
def jaeger(storage: str, store: str = "") -> Iterator[Server]:
    """A real Jaeger with nothing in its storage, "memory" or "badger"; or over the lab's "store" at that address."""
    query, grpc, otlp = free_ports(3)
    ports = {"QUERY_PORT": query, "QUERY_GRPC_PORT": grpc, "OTLP_PORT": otlp}
    environment = {name: str(port) for name, port in ports.items()}
    environment |= {"STORAGE": storage, "STORE": store or "127.0.0.1:1"}
    command = [jaeger_binary(), "--config", str(HERE / "jaeger.yaml")]
    url = f"http://127.0.0.1:{query}"
    with running(command, environment, f"{url}/api/services") as process, httpx.Client(trust_env=False) as client:
        yield Server(process, client, f"http://127.0.0.1:{otlp}", url)


@contextlib.contextmanager
def telemetry_store(folder: Path, **settings: object) -> Iterator[Server]:
    """The lab's own store as a process of its own, with further settings by their environment names."""
    port, ops_port, storage_port = free_ports(3)
    environment = {name: str(setting) for name, setting in settings.items()}
    environment |= {"STATE_DIR": str(folder), "PORT": str(port), "OPS_PORT": str(ops_port)}
    environment |= {"STORAGE_PORT": str(storage_port)}
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "lab.telemetry"]
    with running(command, environment, f"{url}/api/services") as process, httpx.Client(trust_env=False) as client:
        yield Server(process, client, url, url, f"http://127.0.0.1:{ops_port}", f"127.0.0.1:{storage_port}")


@contextlib.contextmanager
def running(command: Sequence[str], environment: dict[str, str], url: str) -> Iterator[subprocess.Popen]:
    """The process, once `url` answers; it is ended afterwards, also if the test ended it."""
    with subprocess.Popen(
        command, env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        try:
            wait_for(url, process)
            yield process
        finally:
            process.terminate()
            process.communicate(timeout=START_SECONDS)


def wait_for(url: str, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"{process.args[0]} ended with {process.returncode}:\n{process.stdout.read().decode()}")
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(url, trust_env=False).is_success:
                return
        time.sleep(0.05)
    pytest.fail(f"{url} did not answer within {START_SECONDS} s")
