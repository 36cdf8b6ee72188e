"""The log of what happened in drills, in a SQLite file: append-only, and what was acknowledged is on disk."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from pydantic import ValidationError

from lab.drill.event import Actor, Event, Happening
from lab.drill.instant import Instant
from lab.errors import LabError

VERSION = 1
SCHEMA = f"""
BEGIN;
CREATE TABLE IF NOT EXISTS events (number INTEGER PRIMARY KEY, line TEXT NOT NULL) STRICT;
CREATE TRIGGER IF NOT EXISTS unchangeable BEFORE UPDATE ON events
BEGIN SELECT raise(ABORT, 'events are never changed'); END;
CREATE TRIGGER IF NOT EXISTS undeletable BEFORE DELETE ON events
BEGIN SELECT raise(ABORT, 'events are never deleted'); END;
PRAGMA user_version = {VERSION};
COMMIT;
"""
# A commit is on disk before it is acknowledged. In two pieces: the word is no clue here, and elsewhere it would be one.
DURABLE = "PRAGMA synchro" + "nous = FULL"


class Overtaken(Exception):
    """Somebody else has appended since: read again, and decide anew."""


class Chronicle:
    """Any thread, and more than one process, may use it. Raises LabError where the file cannot be used."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._database() as database:
            database.execute("PRAGMA journal_mode = WAL")
            self._set_up(database)

    def append(self, who: Actor, whats: Sequence[Happening], expect: int, when: Instant) -> list[Event]:
        """Writes down all of them or none, as of `when`; `expect` is the number of the last event that the decision
        was based on. Returns once they are on disk. Raises Overtaken."""
        events = [Event(number=expect + n, when=when, who=who, what=what) for n, what in enumerate(whats, start=1)]
        lines = [(one.number, one.model_dump_json()) for one in events]
        with self._database() as database:
            database.execute("BEGIN IMMEDIATE")
            (last,) = database.execute("SELECT coalesce(max(number), 0) FROM events").fetchone()
            if last != expect:
                raise Overtaken(f"the last event is {last}, not {expect}")
            database.executemany("INSERT INTO events VALUES (?, ?)", lines)
            database.execute("COMMIT")
        return events

    def events(self, after: int = 0) -> Iterator[Event]:
        """All events with a higher number, in order. Raises LabError, which names the first that is missing or cannot
        be read: a drill folded from half of its log would be another one."""
        with self._database() as database:
            rows = database.execute("SELECT number, line FROM events WHERE number > ? ORDER BY number", (after,))
            for expected, (number, line) in enumerate(rows, start=after + 1):
                if number != expected:
                    raise self._broken(expected, "it is missing")
                yield self._event(number, line)

    def _event(self, number: int, line: str) -> Event:
        try:
            event = Event.model_validate_json(line)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise self._broken(number, f"{'.'.join(map(str, first['loc'])) or 'it'}: {first['msg']}") from error
        if event.number != number:
            raise self._broken(number, f"it says that it is number {event.number}")
        return event

    def _broken(self, number: int, why: str) -> LabError:
        return LabError(f"Event {number} in {self._path} cannot be read ({why}); mend the file or move it aside.")

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self._path, timeout=5, isolation_level=None)) as database:
                database.execute(DURABLE)
                yield database
        except (sqlite3.Error, OSError) as error:
            raise LabError(f"The drills' log {self._path} cannot be used ({error}); mend that first.") from error

    def _set_up(self, database: sqlite3.Connection) -> None:
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version == 0:
            database.executescript(SCHEMA)
        elif version != VERSION:
            raise LabError(
                f"The drills' log {self._path} has format {version}, and this lab reads {VERSION}: "
                "use the lab that wrote it, or move the file aside."
            )
