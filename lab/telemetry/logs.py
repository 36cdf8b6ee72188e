"""Log records as JSON lines, searched and followed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from lab.telemetry import otlp
from lab.telemetry.reader import Reader
from lab.telemetry.search import BadQuery, microseconds, parse_trace_id
from lab.telemetry.values import tag, text

DEFAULT_LIMIT = 100
MOST = 10_000
_LEVELS = {"TRACE": 1, "DEBUG": 5, "INFO": 9, "WARN": 13, "WARNING": 13, "ERROR": 17, "FATAL": 21, "CRITICAL": 21}
_LEVEL_NAMES = ("UNSPECIFIED", "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")


@dataclass(frozen=True)
class LogQuery:
    """Times in microseconds; `services` none for all, `severity` the least OTLP severity number, `after` a cursor of an
    earlier answer.
    """

    services: tuple[str, ...]
    trace_id: bytes | None
    severity: int
    text: str
    start: int
    end: int
    limit: int
    after: int | None


def parse_query(parameters: Sequence[tuple[str, str]]) -> LogQuery:
    """The query in a URL's parameters, or BadQuery."""
    first = {name: value for name, value in reversed(parameters)}.get
    level = first("level", "").upper()
    if level and level not in _LEVELS:
        raise BadQuery(f"unable to parse param 'level': {level!r} is none of {', '.join(_LEVELS)}")
    limit = microseconds(first("limit", ""), "limit", DEFAULT_LIMIT)
    if not 0 < limit <= MOST:
        raise BadQuery(f"unable to parse param 'limit': give a number from 1 to {MOST}")
    return LogQuery(
        services=tuple(value for name, value in parameters if name == "service" and value),
        trace_id=parse_trace_id(first("trace_id", "")) if first("trace_id") else None,
        severity=_LEVELS.get(level, 0),
        text=first("text", ""),
        start=microseconds(first("start", ""), "start", 0),
        end=microseconds(first("end", ""), "end", 2**63 - 1),
        limit=limit,
        after=microseconds(first("after", ""), "after", 0) if first("after") else None,
    )


def find_logs(reader: Reader, query: LogQuery) -> dict[str, Any]:
    """`{data: [record…], cursor}`, the newest record last.

    Without `after` they are the newest `limit` that match. With it they are what arrived since that cursor, the first
    `limit` of it (and the rest of the batch that the last of them came in), so that nobody who follows misses any.
    """
    # Read first: what arrives while this searches belongs to the next answer.
    ends = (row[0] or 0 for _, rows in reader.rows("SELECT max(id) FROM log_batch") for row in rows)
    cursor = max(ends, default=0)
    found: list[tuple[int, dict[str, Any]]] = []
    if query.after is not None:
        for id_, records in _arrived_between(reader, query, cursor):
            found += records
            if len(found) >= query.limit:
                cursor = id_
                break
    else:
        for last, records in _newest_first(reader, query, cursor):
            if len(found) >= query.limit and sorted(at for at, _ in found)[-query.limit] > last * 1000 + 999:
                break
            found += records
    found.sort(key=lambda item: item[0])
    shown = found if query.after is not None else found[-query.limit :]
    return {"data": [record for _, record in shown], "cursor": str(cursor)}


def record_json(service: str, record: LogRecord) -> dict[str, Any]:
    """One line: `ts, level, service, event, trace_id, span_id` and the record's attributes beside them.

    The ids are None outside a trace.
    """
    seconds, rest = divmod(otlp.record_time(record), 10**9)
    stamp = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    attributes = {attribute.key: tag(attribute)["value"] for attribute in record.attributes}
    return attributes | {
        "ts": f"{stamp}.{rest // 1000:06d}Z",
        "level": _LEVEL_NAMES[min((record.severity_number + 3) // 4, 6)],
        "service": service,
        "event": text(record.body),
        "trace_id": record.trace_id.hex() or None,
        "span_id": record.span_id.hex() or None,
    }


def _arrived_between(reader: Reader, query: LogQuery, cursor: int) -> Iterator[tuple[int, list]]:
    statement, bounds = _candidates(query, cursor)
    newest_first = reader.rows(f"{statement} AND id > ?", (*bounds, query.after), since=query.after)
    rows = sorted((id_, segment) for segment, found in newest_first for _, id_ in found)
    for id_, segment in rows:
        yield id_, _matching(reader, segment, id_, query)


def _newest_first(reader: Reader, query: LogQuery, cursor: int) -> Iterator[tuple[int, list]]:
    found = [(*row, segment) for segment, rows in reader.rows(*_candidates(query, cursor)) for row in rows]
    for last, id_, segment in sorted(found, key=lambda item: item[:2], reverse=True):
        yield last, _matching(reader, segment, id_, query)


def _candidates(query: LogQuery, cursor: int) -> tuple[str, tuple]:
    statement = "SELECT last, id FROM log_batch WHERE last >= ? AND first <= ? AND severest >= ? AND id <= ?"
    bounds: tuple = (query.start, query.end, query.severity, cursor)
    if query.services:
        statement += f" AND service IN ({', '.join('?' * len(query.services))})"
        bounds = (*bounds, *query.services)
    if query.trace_id:
        statement = f"{statement} AND id IN (SELECT batch FROM log_trace WHERE trace = ?)"
        bounds = (*bounds, otlp.trace_key(query.trace_id))
    return statement, bounds


def _matching(reader: Reader, segment, batch: int, query: LogQuery) -> list[tuple[int, dict[str, Any]]]:
    payload = reader.payload(segment, "log_batch", batch)
    if payload is None:
        return []
    message = otlp.open_logs(payload)
    service = otlp.service_of(message.resource)
    wanted = re.compile(re.escape(query.text), re.IGNORECASE)
    found = []
    for record in (record for scope in message.scope_logs for record in scope.log_records):
        at = otlp.record_time(record)
        if record.severity_number < query.severity or not query.start <= at // 1000 <= query.end:
            continue
        if query.trace_id and record.trace_id != query.trace_id:
            continue
        shown = record_json(service, record)
        if not query.text or any(wanted.search(str(value)) for value in shown.values()):
            found.append((at, shown))
    return found
