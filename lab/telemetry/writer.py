"""The one thread that parses and commits: senders wait for it, readers do not."""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field

from lab.telemetry import otlp
from lab.telemetry.archive import Archive, DoesNotFit
from lab.telemetry.otlp import BodyTooLarge, LogBatch, SpanBatch

_WAITING_REQUESTS = 256
_WAITING_BYTES = 32 * 1024 * 1024
_BYTES_PER_COMMIT = 1024 * 1024

log = logging.getLogger("telemetry")


class Busy(Exception):
    """More waits to be written than there is room for, or the disk refused: the sender should try again."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a committed request held; `refused` counts spans without valid ids."""

    spans: int = 0
    records: int = 0
    refused: int = 0


@dataclass(slots=True)
class _Request:
    signal: str
    body: bytes
    encoding: str
    done: Future[Receipt] = field(default_factory=Future)
    spans: list[SpanBatch] = field(default_factory=list)
    logs: list[LogBatch] = field(default_factory=list)
    receipt: Receipt = Receipt()

    def parse(self) -> None:
        body = otlp.inflate(self.body, self.encoding)
        if self.signal == "traces":
            self.spans, refused = otlp.span_batches(body)
            self.receipt = Receipt(spans=sum(batch.spans for batch in self.spans), refused=refused)
        else:
            self.logs = otlp.log_batches(body)
            self.receipt = Receipt(records=sum(batch.records for batch in self.logs))


class Writer:
    """Commits what is submitted, several requests at once when they queue up."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._requests: queue.Queue[_Request | None] = queue.Queue(_WAITING_REQUESTS)
        self._waiting_bytes = 0
        self._counting = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="telemetry-writer", daemon=True)
        self.failure: str | None = None
        """Why the last commit did not happen, or None."""

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Commit what waits, then end."""
        self._requests.put(None)
        self._thread.join()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def submit(self, signal: str, body: bytes, encoding: str) -> Future[Receipt]:
        """A future that is done when the "traces" or "logs" in `body` are on disk; it raises BadBody or Busy."""
        request = _Request(signal, body, encoding)
        with self._counting:
            if self._waiting_bytes + len(body) > _WAITING_BYTES:
                raise Busy
            self._waiting_bytes += len(body)
        try:
            self._requests.put_nowait(request)
        except queue.Full:
            self._forget(request)
            raise Busy from None
        return request.done

    def _run(self) -> None:
        while (first := self._requests.get()) is not None:
            group, last = self._group(first)
            self._commit([request for request in group if self._parsed(request)])
            for request in group:
                self._forget(request)
            if last:
                return

    def _group(self, first: _Request) -> tuple[list[_Request], bool]:
        group, size = [first], len(first.body)
        while size < _BYTES_PER_COMMIT:
            try:
                request = self._requests.get_nowait()
            except queue.Empty:
                break
            if request is None:
                return group, True
            group.append(request)
            size += len(request.body)
        return group, False

    def _parsed(self, request: _Request) -> bool:
        try:
            request.parse()
        except Exception as error:  # whatever a body makes of the parser is its sender's answer, not this thread's end
            request.done.set_exception(error)
            return False
        return True

    def _commit(self, group: list[_Request]) -> None:
        spans = [batch for request in group for batch in request.spans]
        logs = [batch for request in group for batch in request.logs]
        try:
            if spans or logs:
                self._archive.append(spans, logs)
        except DoesNotFit:
            self._refuse(group)
        except (sqlite3.Error, OSError) as error:
            self.failure = f"the telemetry store could not write: {error}"
            log.error(self.failure)
            for request in group:
                request.done.set_exception(Busy(self.failure))
        else:
            self.failure = None
            for request in group:
                request.done.set_result(request.receipt)

    def _refuse(self, group: list[_Request]) -> None:
        if len(group) > 1:
            for request in group:
                self._commit([request])
        else:
            sentence = f"The batch does not fit into a store of {self._archive.max_bytes} bytes: send less at once."
            group[0].done.set_exception(BodyTooLarge(sentence))

    def _forget(self, request: _Request) -> None:
        with self._counting:
            self._waiting_bytes -= len(request.body)
