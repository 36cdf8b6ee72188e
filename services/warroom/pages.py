"""The pages, in a SQLite file: what has been answered for is on disk."""

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Set
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from warroom.notification import Alert

SCHEMA = """
CREATE TABLE IF NOT EXISTS pages (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    fingerprint TEXT NOT NULL,
    starts_at TEXT NOT NULL,
    alertname TEXT NOT NULL,
    severity TEXT NOT NULL,
    service TEXT NOT NULL,
    summary TEXT NOT NULL,
    description TEXT NOT NULL,
    runbook_url TEXT NOT NULL,
    dashboard_url TEXT NOT NULL,
    delivered_at TEXT NOT NULL,
    acknowledged_at TEXT,
    resolved_at TEXT,
    UNIQUE (fingerprint, starts_at)
) STRICT;
CREATE INDEX IF NOT EXISTS open_pages ON pages (fingerprint) WHERE resolved_at IS NULL;
"""

# An alert is the same page as long as it started at the same moment. What came last holds: an alert that fires on after
# somebody believed it over is open again, with the text it was first delivered with.
KEEP = """
INSERT INTO pages (fingerprint, starts_at, alertname, severity, service, summary, description, runbook_url,
                   dashboard_url, delivered_at, resolved_at)
VALUES (:fingerprint, :starts_at, :alertname, :severity, :service, :summary, :description, :runbook_url,
        :dashboard_url, :delivered_at, :resolved_at)
ON CONFLICT (fingerprint, starts_at) DO UPDATE
SET resolved_at = iif(excluded.resolved_at IS NULL, NULL, coalesce(pages.resolved_at, excluded.resolved_at))
"""

LIST = """
SELECT * FROM pages
ORDER BY resolved_at IS NOT NULL,
         iif(resolved_at IS NULL,
             CASE severity WHEN 'critical' THEN 1 WHEN 'warning' THEN 2 WHEN 'info' THEN 3 ELSE 4 END, NULL),
         number DESC
LIMIT ?
"""

# It can only have begun anew if it had ended before.
END_EARLIER = """
UPDATE pages SET resolved_at = :starts_at
WHERE fingerprint = :fingerprint AND starts_at < :starts_at AND resolved_at IS NULL
"""

NUMBER = r"[pP]-([1-9][0-9]{0,17})"


class Page(BaseModel):
    """Times are ISO 8601 in UTC, with milliseconds."""

    id: str
    alertname: str
    severity: str
    status: Literal["firing", "resolved"]
    summary: str
    service: str
    starts_at: str
    delivered_at: str
    acknowledged_at: str | None
    resolved_at: str | None
    description: str
    runbook_url: str
    dashboard_url: str


def stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def stamp_of(at: float) -> str:
    """Of a Unix time."""
    return stamp(datetime.fromtimestamp(at, UTC))


class Pages:
    """Any thread may call it. `clock` gives the time in UTC. `changed` is called whenever something did."""

    def __init__(self, path: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._path = path
        self._clock = clock
        self.changed: Callable[[], None] = lambda: None
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA journal_mode = WAL")
            database.executescript(SCHEMA)

    def receive(self, alerts: Iterable[Alert]) -> int:
        """Keeps all of them or none; gives how many pages are new."""
        now = stamp(self._clock())
        new = 0
        with self._transaction() as database:
            for alert in alerts:
                row = _row(alert, now)
                known = database.execute("SELECT 1 FROM pages WHERE (fingerprint, starts_at) = (?, ?)", _key(row))
                new += known.fetchone() is None
                database.execute(KEEP, row)
                database.execute(END_EARLIER, row)
        self.changed()
        return new

    def list(self, limit: int) -> list[Page]:
        """Open pages first, the worst of them before the newest; then the others, the newest first."""
        with self._transaction() as database:
            rows = database.execute(LIST, (limit,)).fetchall()
        return [_page(row) for row in rows]

    def acknowledge(self, page_id: str) -> Page | None:
        """The page, acknowledged now or earlier; None if there is no such page. `P-12` is `p-12`."""
        number = re.fullmatch(NUMBER, page_id)
        if number is None:
            return None
        with self._transaction() as database:
            row = database.execute(
                "UPDATE pages SET acknowledged_at = coalesce(acknowledged_at, ?) WHERE number = ? RETURNING *",
                (stamp(self._clock()), int(number[1])),
            ).fetchone()
        self.changed()
        return _page(row) if row else None

    def get(self, page_id: str) -> Page | None:
        number = re.fullmatch(NUMBER, page_id)
        if number is None:
            return None
        with self._transaction() as database:
            row = database.execute("SELECT * FROM pages WHERE number = ?", (int(number[1]),)).fetchone()
        return _page(row) if row else None

    def first(self, since: str, alerts: Set[tuple[str, str]]) -> Page | None:
        """The first page delivered `since` then for one of the alerts, by their names and services."""
        with self._transaction() as database:
            rows = database.execute("SELECT * FROM pages WHERE delivered_at >= ? ORDER BY number", (since,)).fetchall()
        return next((_page(row) for row in rows if (row["alertname"], row["service"]) in alerts), None)

    def open(self) -> set[str]:
        """The fingerprints of all pages that still fire."""
        with self._transaction() as database:
            rows = database.execute("SELECT fingerprint FROM pages WHERE resolved_at IS NULL").fetchall()
        return {row["fingerprint"] for row in rows}

    def resolve(self, fingerprint: str, since: datetime) -> None:
        """The alert of this fingerprint has been over `since` then."""
        with self._transaction() as database:
            database.execute(
                "UPDATE pages SET resolved_at = max(?, starts_at) WHERE fingerprint = ? AND resolved_at IS NULL",
                (stamp(since), fingerprint),
            )
        self.changed()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, timeout=5)) as database, database:
            database.row_factory = sqlite3.Row
            yield database


def _row(alert: Alert, now: str) -> dict[str, str | None]:
    return {
        **{name: alert.labels.get(name, "") for name in ("alertname", "severity", "service")},
        **{
            name: alert.annotations.get(name, "") for name in ("summary", "description", "runbook_url", "dashboard_url")
        },
        "fingerprint": alert.fingerprint,
        "starts_at": stamp(alert.startsAt),
        "delivered_at": now,
        "resolved_at": None if alert.status == "firing" else max(stamp(alert.endsAt), stamp(alert.startsAt)),
    }


def _key(row: dict[str, str | None]) -> tuple[str | None, str | None]:
    return row["fingerprint"], row["starts_at"]


def _page(row: sqlite3.Row) -> Page:
    kept = {name: row[name] for name in Page.model_fields if name not in ("id", "status")}
    return Page(id=f"p-{row['number']}", status="resolved" if row["resolved_at"] else "firing", **kept)
