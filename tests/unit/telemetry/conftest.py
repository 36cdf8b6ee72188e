"""An archive with a clock that the test turns, and ways to fill it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab.telemetry import otlp
from lab.telemetry.archive import Archive
from lab.telemetry.reader import Reader
from tests.jaeger.spans import MS, message, request, span


class Clock:
    """Seconds since the epoch, as far as the test has turned it."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now

    @property
    def nanoseconds(self) -> int:
        return int(self.now * 10**9)


class Store:
    """An archive on disk; `folder` is all that a restart keeps."""

    def __init__(self, folder: Path, clock: Clock, retention: float, max_bytes: int) -> None:
        self.folder, self.clock = folder, clock
        self._settings = {"retention": retention, "max_bytes": max_bytes, "clock": clock}
        self.archive = Archive(folder, **self._settings)
        self.archive.open()

    def restart(self) -> None:
        """As after kill -9: what was open stays as it is, another archive takes the folder up."""
        self.archive = Archive(self.folder, **self._settings)
        self.archive.open()

    def add(self, body: bytes) -> None:
        self.archive.append(otlp.span_batches(body)[0], [])

    def add_trace(self, name: str, service: str = "orders", *, noise: int = 0) -> None:
        """A trace of one span that starts now, with `noise` bytes that do not compress."""
        tags = {"noise": random.randbytes(noise)}
        self.add(request(message(service, span(name, "GET /orders", self.clock.nanoseconds, MS, tags=tags))))

    def reader(self) -> Reader:
        return Reader(self.archive.segments())

    def bytes_on_disk(self) -> int:
        return sum(path.stat().st_size for path in self.folder.iterdir())


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def new_store(tmp_path: Path, clock: Clock) -> Iterator[Callable[..., Store]]:
    stores: list[Store] = []

    def new(retention: float = 3600, max_bytes: int = 64 * 2**20) -> Store:
        stores.append(Store(tmp_path / f"store{len(stores)}", clock, retention, max_bytes))
        return stores[-1]

    yield new
    for store in stores:
        store.archive.close()


@pytest.fixture
def store(new_store: Callable[..., Store]) -> Store:
    return new_store()
