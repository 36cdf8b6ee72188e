"""All segments of one folder: where batches go, and what is dropped when time or room runs out."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from lab.telemetry import otlp
from lab.telemetry.links import LinkTracker
from lab.telemetry.otlp import LogBatch, SpanBatch
from lab.telemetry.segment import PAGE_BYTES, Segment

_SEGMENTS = 36  # the oldest is dropped whole, so this is how finely time and room are divided
_REPLAYED_SECONDS = 60

log = logging.getLogger("telemetry")


class DoesNotFit(Exception):
    """The batches alone would take more than half of the room that the archive may use."""


class Archive:
    """The writing side, for one thread; `segments` may be called from any.

    Keeps what arrived in the last `retention` seconds (and up to a 36th more) as long as the files, write-ahead logs
    included, take at most `max_bytes`. `clock` gives seconds since the epoch.
    """

    def __init__(
        self, folder: Path, *, retention: float, max_bytes: int, clock: Callable[[], float] = time.time
    ) -> None:
        self._folder = folder.resolve()
        self._retention = retention
        self.max_bytes = max_bytes
        self._clock = clock
        self._segments: tuple[Segment, ...] = ()
        self._links = LinkTracker()
        self._last_id = 0

    def open(self) -> None:
        """Take up what is in the folder, each time with a line in the log for what is not.

        A damaged segment is dropped. One that can't be read now, say for want of room or of file descriptors, is left
        where it is for the next opening.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        paths = self._paths()
        for path in paths:
            segment = Segment(path)
            try:
                segment.open()
                if path == paths[-1]:
                    self._recall(segment)
                segment.close()
            except sqlite3.OperationalError as error:
                log.error("leaving the telemetry in %s out: %s; start again once that is put right", path, error)
                segment.close()
                continue
            except sqlite3.DatabaseError as error:
                log.error("dropping the telemetry in %s: %s", path, error)
                segment.remove()
                continue
            self._segments += (segment,)
        self._expire()

    def append(self, spans: Sequence[SpanBatch], logs: Sequence[LogBatch]) -> None:
        """Commit the batches; DoesNotFit and sqlite3.Error leave everything as it was."""
        self._expire()
        self._make_room(spans, logs)
        if not self._segments or self._is_full(self._segments[-1]):
            self._roll()
        segment = self._segments[-1]
        calls = self._links.feed(batch.message for batch in spans)
        first_id = self._next_id()
        span_ids = range(first_id, first_id + len(spans))
        log_ids = range(span_ids.stop, span_ids.stop + len(logs))
        segment.append(zip(span_ids, spans, strict=True), zip(log_ids, logs, strict=True), calls)
        self._last_id = log_ids.stop

    def segments(self) -> tuple[Segment, ...]:
        """The segments there are, oldest first."""
        return self._segments

    def size(self) -> int:
        """Bytes on disk."""
        return sum(segment.size() for segment in self._segments)

    def close(self) -> None:
        """Fold the write-ahead log away; the archive can be opened again."""
        for segment in self._segments:
            segment.close()
        self._segments = ()

    def _next_id(self) -> int:
        """Ids are arrival times in microseconds, ever rising even if the clock is set back."""
        return max(int(self._clock() * 1_000_000), self._last_id + 1)

    def _is_full(self, segment: Segment) -> bool:
        age = self._clock() - segment.start / 1_000_000
        too_old, too_big = age >= self._retention / _SEGMENTS, segment.size() >= self.max_bytes / _SEGMENTS
        return not segment.writable or too_old or too_big

    def _roll(self) -> None:
        if self._segments:
            self._segments[-1].close()
        segment = Segment(self._folder / f"{self._next_id()}.sqlite")
        segment.open()
        self._segments += (segment,)

    def _expire(self) -> None:
        horizon = (self._clock() - self._retention) * 1_000_000
        while self._segments and self._segments[0].end <= horizon:
            self._drop_oldest()

    def _make_room(self, spans: Sequence[SpanBatch], logs: Sequence[LogBatch]) -> None:
        if _room_for(spans, logs, 0) > self.max_bytes // 2:
            raise DoesNotFit
        needed = _room_for(spans, logs, self._segments[-1].size() // PAGE_BYTES if self._segments else 0)
        while self._segments and self.size() + needed > self.max_bytes:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        oldest, *rest = self._segments
        self._segments = tuple(rest)
        oldest.remove()
        log.debug("dropped the oldest telemetry: %s", oldest.path)

    def _paths(self) -> list[Path]:
        """The segments' files, oldest first; a file of another name is somebody else's."""
        paths = (path for path in self._folder.glob("*.sqlite") if path.stem.isdecimal())
        return sorted(paths, key=lambda path: int(path.stem))

    def _recall(self, segment: Segment) -> None:
        """Let the link tracker see the last batches again, so that a restart breaks no link in two."""
        self._last_id = segment.end
        since = self._last_id - _REPLAYED_SECONDS * 1_000_000
        for (payload,) in segment.query("SELECT payload FROM span_batch WHERE id >= ? ORDER BY id", (since,)):
            self._links.feed([otlp.open_spans(payload)])


def _room_for(spans: Sequence[SpanBatch], logs: Sequence[LogBatch], pages: int) -> int:
    """By at most so many bytes a segment of so many pages grows: what is written is in its log and in its file."""
    rows = sum(len(batch.traces) for batch in (*spans, *logs)) + sum(len(batch.operations) for batch in spans)
    index_pages = min(rows, pages + rows // 50) + 32
    payload_pages = sum(len(batch.payload) // PAGE_BYTES + 2 for batch in (*spans, *logs))
    return 2 * PAGE_BYTES * (index_pages + payload_pages)
