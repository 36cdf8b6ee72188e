"""Logs: one JSON object a line on stdout, each naming the trace it was written in."""

import io
import json
import logging
import sys
import time
from collections.abc import Callable
from typing import TextIO

from opentelemetry.trace import SpanContext, get_current_span

from kit import identity
from kit.ticker import Ticker

# Called with a record, its severity (as OpenTelemetry names it), its extra fields, and the span it was written in.
Export = Callable[[logging.LogRecord, str, dict[str, object], SpanContext], None]

FLUSH_INTERVAL = 0.2  # seconds; a write a line was a tenth of a small request's CPU

# A record has these by itself; all else in it came by `extra`.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}
_FIXED = frozenset(("ts", "level", "service", "event", "trace_id", "span_id"))
_SEVERITIES = {"WARNING": "WARN", "CRITICAL": "FATAL"}  # as OpenTelemetry names them

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=str).encode


def extras(record: logging.LogRecord) -> dict[str, object]:
    """The fields that came by `extra`; for an exception also its type, message and stack, by OpenTelemetry's names."""
    found = {key: value for key, value in vars(record).items() if key not in _STANDARD and key not in _FIXED}
    if record.exc_info and record.exc_info[0] is not None:
        found["exception.type"] = record.exc_info[0].__name__
        found["exception.message"] = str(record.exc_info[1])
        record.exc_text = record.exc_text or logging.Formatter().formatException(record.exc_info)
        found["exception.stacktrace"] = record.exc_text
    return found


class JsonLines(logging.Handler):
    """Writes `ts` (ISO 8601, UTC), `level`, `service`, `event`, `trace_id`, `span_id` (null outside a trace), extras.

    Lines stay in the stream's buffer for a moment, but for warnings and errors.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream
        self._second = (-1, "")
        self._export: Export | None = None

    def export_to(self, export: Export) -> None:
        """Has `export` called with each record from now on."""
        self._export = export

    def emit(self, record: logging.LogRecord) -> None:
        try:
            context = get_current_span().get_span_context()
            level, fields = _SEVERITIES.get(record.levelname, record.levelname), extras(record)
            self._stream.write(self._line(record, level, fields, context))
            if record.levelno >= logging.WARNING:
                self.flush()
            if self._export is not None:
                self._export(record, level, fields, context)
        except Exception:
            self.handleError(record)

    def flush(self) -> None:
        with self.lock:
            if not self._stream.closed:
                self._stream.flush()

    def _line(self, record: logging.LogRecord, level: str, fields: dict[str, object], context: SpanContext) -> str:
        line = {
            "ts": self._timestamp(record.created),
            "level": level,
            "service": identity.current(),
            "event": record.getMessage(),
            "trace_id": format(context.trace_id, "032x") if context.is_valid else None,
            "span_id": format(context.span_id, "016x") if context.is_valid else None,
            **fields,
        }
        try:
            return _encode(line) + "\n"
        except ValueError:  # NaN or an infinity, which JSON does not have
            line = {key: str(value) if isinstance(value, float) else value for key, value in line.items()}
            return _encode(line) + "\n"

    def _timestamp(self, created: float) -> str:
        second = int(created)
        known, text = self._second
        if second != known:
            text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._second = (second, text)
        return f"{text}.{int((created - second) * 1e6):06d}Z"


def set_up(level: str, stream: TextIO | None = None) -> JsonLines:
    """Makes JSON lines, on stdout by default, the process's only log, and starts the thread that flushes it."""
    stream = stream or sys.stdout
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(line_buffering=False)
    handler = JsonLines(stream)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # They log every call at INFO; the call's span and metric say the same.
    for name in ("httpx", "httpcore", "yoyo"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # What no line shows need not be found out (docs.python.org/3/howto/logging.html#optimization).
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = logging.logAsyncioTasks = False
    Ticker("log flush", FLUSH_INTERVAL, handler.flush)
    return handler
