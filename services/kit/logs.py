"""Logs: one JSON object a line on stdout, each naming the trace it was written in."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TextIO

from opentelemetry.trace import get_current_span

from kit import identity

# A record has these by itself; all else in it came by `extra`.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}
_FIXED = frozenset(("ts", "level", "service", "event", "trace_id", "span_id"))
_LEVELS = {"WARNING": "WARN", "CRITICAL": "FATAL"}  # as OTLP names them

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=str).encode


class JsonFormatter(logging.Formatter):
    """`ts` (ISO 8601, UTC), `level`, `service`, `event`, `trace_id`, `span_id`, and the extra fields.

    The two ids are null outside a trace. An exception adds `exception.type`, `.message` and `.stacktrace`.
    """

    def format(self, record: logging.LogRecord) -> str:
        context = get_current_span().get_span_context()
        line = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds")[:-6] + "Z",
            "level": _LEVELS.get(record.levelname, record.levelname),
            "service": identity.current(),
            "event": record.getMessage(),
            "trace_id": format(context.trace_id, "032x") if context.is_valid else None,
            "span_id": format(context.span_id, "016x") if context.is_valid else None,
        }
        for key, value in vars(record).items():
            if key not in _STANDARD and key not in _FIXED:
                line[key] = value
        if record.exc_info and record.exc_info[0] is not None:
            line["exception.type"] = record.exc_info[0].__name__
            line["exception.message"] = str(record.exc_info[1])
            line["exception.stacktrace"] = self.formatException(record.exc_info)
        try:
            return _encode(line)
        except ValueError:  # NaN or an infinity, which JSON does not have
            return _encode({key: str(value) if value is not None else None for key, value in line.items()})


def set_up(level: str, stream: TextIO | None = None) -> None:
    """Makes JSON lines on stdout the process's only log."""
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # httpx and httpcore log every call at INFO; the call's span and metric say the same.
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
