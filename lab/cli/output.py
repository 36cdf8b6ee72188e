"""What a process wrote to its output, as log records.

Our own programs write JSON lines, PostgreSQL by its `log_line_prefix`, the other servers logfmt. A line that says
neither when nor how bad, such as a traceback's or a statement's, has the time and the level of the one before it.
"""

import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

Record = dict[str, Any]

LEVELS = ("DEBUG", "INFO", "WARN", "ERROR", "FATAL")
_OTHER_LEVELS = {"WARNING": "WARN", "CRITICAL": "FATAL", "PANIC": "FATAL", "LOG": "INFO", "NOTICE": "INFO"}
_OTHER_FIELDS = (("time", "ts"), ("t", "ts"), ("msg", "event"))
_LOGFMT = re.compile(r"\w+=\S.* msg=")
_PAIR = re.compile(r'(\w+)=("(?:\\.|[^"\\])*"|\S*)')
_POSTGRES = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d) (?P<time>[\d:.]+) UTC \[\d+\] .*?"
    r"\b(?P<level>DEBUG|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC)\d?: +(?P<event>.*)"
)


def records(service: str, lines: Iterable[str]) -> Iterator[Record]:
    """A record a line, `ts` and `level` among its fields as far as the line or one before it says them."""
    last: Record = {}
    for line in lines:
        record = {"service": service, **_fields(line)}
        if "ts" not in record and "level" not in record:
            record |= last
        last = {name: record[name] for name in ("ts", "level") if name in record}
        yield record


def matches(record: Record, *, trace_id: str | None, level: str | None, text: str | None, start: int | None) -> bool:
    """What the log store's search means by the same words; what does not say its time or level is not left out."""
    if trace_id and record.get("trace_id") != trace_id:
        return False
    if level and (own := level_of(record)) in LEVELS and LEVELS.index(own) < LEVELS.index(level):
        return False
    if start and (at := _microseconds(record.get("ts"))) is not None and at < start:
        return False
    return not text or any(text.casefold() in str(value).casefold() for value in record.values())


def level_of(record: Record) -> str:
    """One of LEVELS, or whatever else the record says."""
    level = str(record.get("level") or "").upper()
    return _OTHER_LEVELS.get(level, level)


def _fields(line: str) -> Record:
    if line.startswith("{"):
        try:
            return _named(json.loads(line))
        except ValueError:
            return {"event": line}
    if _LOGFMT.match(line):
        return _named({name: _unquoted(value) for name, value in _PAIR.findall(line)})
    if found := _POSTGRES.match(line):
        stamp = f"{found['date']}T{found['time']}Z"
        return {"ts": stamp, "level": _OTHER_LEVELS.get(found["level"], found["level"]), "event": found["event"]}
    return {"event": line}


def _named(fields: Record) -> Record:
    """The same by our names."""
    for other, name in _OTHER_FIELDS:
        if other in fields and name not in fields:
            fields[name] = fields.pop(other)
    if "level" in fields:
        fields["level"] = str(fields["level"]).upper()
    return fields


def _unquoted(value: str) -> str:
    try:
        return json.loads(value) if value.startswith('"') else value
    except ValueError:
        return value


def _microseconds(stamp: Any) -> int | None:
    try:
        moment = datetime.fromisoformat(stamp)
    except (TypeError, ValueError):
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1_000_000)
