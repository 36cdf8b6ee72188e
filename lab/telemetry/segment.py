"""One SQLite file with the batches that arrived in one stretch of time.

The store drops the oldest telemetry by removing whole segments: no row is ever deleted, so no file ever has holes.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from lab.telemetry.otlp import LogBatch, SpanBatch

SCHEMA_VERSION = 1
PAGE_BYTES = 4096
_SCHEMA = f"""
CREATE TABLE span_batch (
    id INTEGER PRIMARY KEY, service TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    longest INTEGER NOT NULL, failed INTEGER NOT NULL, spans INTEGER NOT NULL, payload BLOB NOT NULL);
CREATE INDEX span_batch_by_service ON span_batch (service, last, first, longest, failed);
CREATE TABLE span_trace (trace INTEGER, batch INTEGER, PRIMARY KEY (trace, batch)) WITHOUT ROWID;
CREATE TABLE log_batch (
    id INTEGER PRIMARY KEY, service TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    severest INTEGER NOT NULL, records INTEGER NOT NULL, payload BLOB NOT NULL);
CREATE INDEX log_batch_by_time ON log_batch (last, first, service, severest);
CREATE TABLE log_trace (trace INTEGER, batch INTEGER, PRIMARY KEY (trace, batch)) WITHOUT ROWID;
CREATE TABLE operation (service TEXT, name TEXT, kind TEXT, PRIMARY KEY (service, name, kind)) WITHOUT ROWID;
CREATE TABLE link (
    minute INTEGER, parent TEXT, child TEXT, calls INTEGER NOT NULL,
    PRIMARY KEY (minute, parent, child)) WITHOUT ROWID;
PRAGMA user_version = {SCHEMA_VERSION};
"""

Link = tuple[int, str, str]
"""A minute since the epoch, the calling service, the called service."""


class Segment:
    """A segment's file; at most one segment of a store is being written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writer: sqlite3.Connection | None = None
        self._operations: set[tuple[str, str, str]] = set()
        self.end = self.start
        """When its last batch arrived, in microseconds; known once it was open."""

    @property
    def start(self) -> int:
        """When its first batch arrived, in microseconds: its name."""
        return int(self.path.stem)

    @property
    def writable(self) -> bool:
        return self._writer is not None

    def open(self) -> None:
        """Open it for writing, made if need be.

        sqlite3.OperationalError if that fails for now, any other sqlite3.DatabaseError if it is damaged or of another
        version.
        """
        writer = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        self._writer = writer
        writer.execute("PRAGMA busy_timeout = 5000")
        writer.execute("PRAGMA journal_mode = WAL")
        # Commits survive the process's death; a power cut may take the last of them, never the file.
        writer.execute("PRAGMA synchronous = NORMAL")
        writer.execute("PRAGMA wal_autocheckpoint = 256")
        writer.execute("PRAGMA journal_size_limit = 0")
        writer.execute("PRAGMA cache_size = -2048")
        version = writer.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            writer.executescript(f"BEGIN; {_SCHEMA} COMMIT;")
        elif version != SCHEMA_VERSION:
            raise sqlite3.DatabaseError(f"it has schema version {version}, not {SCHEMA_VERSION}")
        self._operations = set(writer.execute("SELECT service, name, kind FROM operation"))
        newest = "SELECT max(id) FROM (SELECT max(id) AS id FROM span_batch UNION SELECT max(id) FROM log_batch)"
        self.end = writer.execute(newest).fetchone()[0] or self.start

    def append(
        self,
        spans: Iterable[tuple[int, SpanBatch]],
        logs: Iterable[tuple[int, LogBatch]],
        links: Counter[Link],
    ) -> None:
        """Commit the batches under their ids, and the calls between services that they complete, all or none."""
        writer, fresh, end = self._writer, set(), self.end
        with writer:
            writer.execute("BEGIN IMMEDIATE")
            for batch_id, batch in spans:
                end = batch_id
                writer.execute(
                    "INSERT INTO span_batch VALUES (?,?,?,?,?,?,?,?)",
                    (
                        *(batch_id, batch.service, batch.first, batch.last),
                        *(batch.longest, batch.failed, batch.spans, batch.payload),
                    ),
                )
                writer.executemany("INSERT INTO span_trace VALUES (?,?)", ((t, batch_id) for t in sorted(batch.traces)))
                fresh |= {(batch.service, *operation) for operation in batch.operations} - self._operations
            for batch_id, batch in logs:
                end = batch_id
                writer.execute(
                    "INSERT INTO log_batch VALUES (?,?,?,?,?,?,?)",
                    (
                        *(batch_id, batch.service, batch.first, batch.last),
                        *(batch.severest, batch.records, batch.payload),
                    ),
                )
                writer.executemany("INSERT INTO log_trace VALUES (?,?)", ((t, batch_id) for t in sorted(batch.traces)))
            writer.executemany("INSERT OR IGNORE INTO operation VALUES (?,?,?)", fresh)
            writer.executemany(
                "INSERT INTO link VALUES (?,?,?,?) ON CONFLICT DO UPDATE SET calls = calls + excluded.calls",
                ((*link, calls) for link, calls in links.items()),
            )
        self._operations |= fresh
        self.end = end

    def query(self, statement: str, parameters: Iterable = ()) -> list[tuple]:
        """Rows for the writer's own use."""
        return self._writer.execute(statement, tuple(parameters)).fetchall()

    def close(self) -> None:
        """Fold the write-ahead log into the file and stop writing; idempotent."""
        if self._writer is not None:
            with contextlib.suppress(sqlite3.OperationalError):  # a reader is at it: the next opening does it
                self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._writer.close()
            self._writer = None

    def size(self) -> int:
        """Bytes on disk, with the write-ahead log and its index."""
        return sum(path.stat().st_size for path in self._files() if path.exists())

    def remove(self) -> None:
        """Delete its files; who is reading them reads on."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        for path in self._files():
            path.unlink(missing_ok=True)

    def reader(self) -> sqlite3.Connection:
        """A connection of the caller's own that sees what is committed; sqlite3.OperationalError if it was removed."""
        # A closed segment never changes again: read without locks and without a log beside it.
        final = not self.writable and not self._files()[1].exists()
        how = "mode=ro&immutable=1" if final else "mode=rw"
        connection = sqlite3.connect(f"{self.path.as_uri()}?{how}", uri=True, check_same_thread=False)
        connection.execute("PRAGMA query_only = 1")
        connection.execute("PRAGMA busy_timeout = 5000")
        connection.execute("PRAGMA cache_size = -256")
        return connection

    def _files(self) -> list[Path]:
        return [self.path, *(self.path.with_name(self.path.name + suffix) for suffix in ("-wal", "-shm"))]
