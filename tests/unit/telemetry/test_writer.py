import sqlite3
import threading

import pytest

from lab.telemetry import writer as writer_module
from lab.telemetry.archive import DoesNotFit
from lab.telemetry.otlp import BadBody, BodyTooLarge
from lab.telemetry.writer import Busy, Receipt, Writer
from tests.jaeger.spans import MS, message, request, span

SECONDS = 10


class FakeArchive:
    """Remembers the sizes of commits; a commit waits for `open`, and fails with `error` if there is one."""

    max_bytes = 1000

    def __init__(self) -> None:
        self.commits: list[int] = []
        self.open = threading.Event()
        self.open.set()
        self.error: Exception | None = None
        self.largest = 10**9

    def append(self, spans, logs) -> None:
        assert self.open.wait(SECONDS)
        if len(spans) > self.largest:
            raise DoesNotFit
        if self.error:
            raise self.error
        self.commits.append(len(spans) + len(logs))


@pytest.fixture
def archive() -> FakeArchive:
    return FakeArchive()


@pytest.fixture
def writer(archive: FakeArchive):
    writer = Writer(archive)
    writer.start()
    yield writer
    archive.open.set()
    if writer.alive:
        writer.stop()


def body(name: str = "t", services: int = 1) -> bytes:
    return request(*(message(f"service {i}", span(name, f"op {i}", 10**18, MS)) for i in range(services)))


def test_the_answer_comes_with_the_commit(archive, writer) -> None:
    archive.open.clear()
    done = writer.submit("traces", body(services=2), "")
    assert not done.done()
    archive.open.set()
    assert done.result(SECONDS) == Receipt(spans=2)
    assert archive.commits == [2]


def test_what_waits_is_committed_together(archive, writer) -> None:
    archive.open.clear()
    done = [writer.submit("traces", body(f"t{i}"), "") for i in range(20)]
    archive.open.set()
    assert [each.result(SECONDS).spans for each in done] == [1] * 20
    assert sum(archive.commits) == 20
    assert len(archive.commits) <= 2


def test_a_bad_body_hurts_nobody_else(archive, writer) -> None:
    archive.open.clear()
    first = writer.submit("traces", body("a"), "")
    bad = writer.submit("traces", b"bad", "")
    unknown = writer.submit("traces", b"", "br")
    good = writer.submit("traces", body("b"), "")
    archive.open.set()
    for each in (bad, unknown):
        with pytest.raises(BadBody):
            each.result(SECONDS)
    assert first.result(SECONDS) == good.result(SECONDS) == Receipt(spans=1)
    assert writer.alive


def test_a_full_queue_refuses_and_recovers(archive, writer, monkeypatch) -> None:
    monkeypatch.setattr(writer_module, "_WAITING_BYTES", 10 * len(body()))
    archive.open.clear()
    accepted = [writer.submit("traces", body(), "") for _ in range(10)]
    with pytest.raises(Busy):
        writer.submit("traces", body(), "")
    archive.open.set()
    assert all(each.result(SECONDS) for each in accepted)
    writer.stop()
    assert writer._waiting_bytes == 0


@pytest.mark.parametrize("error", [sqlite3.OperationalError("database or disk is full"), OSError("no space")])
def test_a_disk_that_refuses_is_told_and_forgotten_when_it_takes_again(archive, writer, error) -> None:
    archive.error = error
    with pytest.raises(Busy, match="could not write"):
        writer.submit("traces", body(), "").result(SECONDS)
    assert str(error) in writer.failure
    archive.error = None
    assert writer.submit("traces", body(), "").result(SECONDS)
    assert writer.failure is None


def test_requests_that_only_fit_one_by_one_are_committed_one_by_one(archive, writer) -> None:
    archive.open.clear()
    archive.largest = 2
    done = [writer.submit("traces", body(services=services), "") for services in (1, 2, 2, 3)]
    archive.open.set()
    assert [each.result(SECONDS).spans for each in done[:3]] == [1, 2, 2]
    with pytest.raises(BodyTooLarge, match="does not fit into a store of 1000 bytes"):
        done[3].result(SECONDS)


def test_stop_commits_what_waits(archive, writer) -> None:
    archive.open.clear()
    done = [writer.submit("traces", body(), "") for _ in range(3)]
    threading.Timer(0.05, archive.open.set).start()
    writer.stop()
    assert all(each.done() for each in done)
