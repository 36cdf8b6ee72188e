"""What there is: services, their operations, and who calls whom."""

from __future__ import annotations

from lab.telemetry.reader import Reader


def services(reading: Reader) -> list[str]:
    """Their names, sorted."""
    return sorted({name for _, rows in reading.rows("SELECT DISTINCT service FROM operation") for (name,) in rows})


def operations(reading: Reader, service: str, kind: str | None = None) -> list[tuple[str, str]]:
    """Name and kind of each, sorted; of one kind if it is named."""
    statement = "SELECT name, kind FROM operation WHERE service = ?"
    rows = {row for _, some in reading.rows(statement, (service,)) for row in some}
    return sorted(row for row in rows if kind in (None, "", row[1]))


def calls(reading: Reader, start: int, end: int) -> dict[tuple[str, str], int]:
    """How often each parent has called each child, in the minutes from `start` to `end` (milliseconds)."""
    statement = "SELECT parent, child, sum(calls) FROM link WHERE minute BETWEEN ? AND ? GROUP BY parent, child"
    found: dict[tuple[str, str], int] = {}
    for _, rows in reading.rows(statement, (start // 60_000, end // 60_000)):
        for parent, child, count in rows:
            found[parent, child] = found.get((parent, child), 0) + count
    return found
