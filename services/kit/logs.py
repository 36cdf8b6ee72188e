"""Logs: one JSON object a line on stdout, each naming the trace it was written in."""

import io
import json
import logging
import sys
import time
from typing import TextIO

from opentelemetry.trace import get_current_span

from kit import identity
from kit.ticker import Ticker

FLUSH_INTERVAL = 0.2  # seconds; a write a line was a tenth of a small request's CPU

# A record has these by itself; all else in it came by `extra`.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}
_FIXED = frozenset(("ts", "level", "service", "event", "trace_id", "span_id"))
_SEVERITIES = {"WARNING": "WARN", "CRITICAL": "FATAL"}  # as OpenTelemetry names them

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=str).encode


def severity(record: logging.LogRecord) -> str:
    """DEBUG, INFO, WARN, ERROR or FATAL."""
    return _SEVERITIES.get(record.levelname, record.levelname)


def extras(record: logging.LogRecord) -> dict[str, object]:
    """The fields that came by `extra`; for an exception also its type, message and stack, by OpenTelemetry's names."""
    found = {key: value for key, value in vars(record).items() if key not in _STANDARD and key not in _FIXED}
    if record.exc_info and record.exc_info[0] is not None:
        found["exception.type"] = record.exc_info[0].__name__
        found["exception.message"] = str(record.exc_info[1])
        record.exc_text = record.exc_text or logging.Formatter().formatException(record.exc_info)
        found["exception.stacktrace"] = record.exc_text
    return found


class JsonFormatter(logging.Formatter):
    """`ts` (ISO 8601, UTC), `level`, `service`, `event`, `trace_id`, `span_id` (null outside a trace), extras."""

    def __init__(self) -> None:
        super().__init__()
        self._second = (-1, "")

    def format(self, record: logging.LogRecord) -> str:
        context = get_current_span().get_span_context()
        line = {
            "ts": self._timestamp(record.created),
            "level": severity(record),
            "service": identity.current(),
            "event": record.getMessage(),
            "trace_id": format(context.trace_id, "032x") if context.is_valid else None,
            "span_id": format(context.span_id, "016x") if context.is_valid else None,
            **extras(record),
        }
        try:
            return _encode(line)
        except ValueError:  # NaN or an infinity, which JSON does not have
            return _encode({key: str(value) if isinstance(value, float) else value for key, value in line.items()})

    def _timestamp(self, created: float) -> str:
        second = int(created)
        known, text = self._second
        if second != known:
            text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._second = (second, text)
        return f"{text}.{int((created - second) * 1e6):06d}Z"


class _LineHandler(logging.StreamHandler):
    """Leaves lines in the stream's buffer for a moment, but for warnings and errors."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self.stream.write(self.format(record) + "\n")
            if record.levelno >= logging.WARNING:
                self.flush()
        except Exception:
            self.handleError(record)


def set_up(level: str, stream: TextIO | None = None) -> None:
    """Makes JSON lines, on stdout by default, the process's only log, and starts the thread that flushes it."""
    stream = stream or sys.stdout
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(line_buffering=False)
    handler = _LineHandler(stream)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # They log every call at INFO; the call's span and metric say the same.
    for name in ("httpx", "httpcore", "yoyo"):
        logging.getLogger(name).setLevel(logging.WARNING)
    Ticker("log flush", FLUSH_INTERVAL, handler.flush)
