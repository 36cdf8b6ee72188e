"""The process: settings in, sockets open, everything closed again."""

from __future__ import annotations

import json
import logging
import signal
import socket
import sys
from datetime import UTC, datetime

import uvicorn

from lab.errors import LabError
from lab.telemetry.app import create_app
from lab.telemetry.archive import Archive
from lab.telemetry.ops import Metrics, serve_ops
from lab.telemetry.settings import Settings
from lab.telemetry.writer import Writer


def main() -> int:
    """Run until SIGTERM or SIGINT; gives the exit code."""
    _log_as_json()
    try:
        serve(Settings.from_environment())
    except (LabError, OSError) as error:
        logging.getLogger("telemetry").error("%s", error)
        return 1
    return 0


def serve(settings: Settings) -> None:
    archive = Archive(settings.state_dir, retention=settings.retention, max_bytes=settings.max_bytes)
    archive.open()
    writer = Writer(archive)
    metrics = Metrics(archive)

    def failure() -> str | None:
        return writer.failure or (None if writer.alive else "the telemetry store's writer is not running")

    asked_at = _bound(settings.host, settings.storage_port) if settings.storage_port else None
    try:
        ops = serve_ops(settings.host, settings.ops_port, metrics, failure)
    except OSError as error:
        raise LabError(f"Port {settings.ops_port} cannot be opened ({error}): set OPS_PORT to a free one.") from None
    writer.start()
    # When it has ended, uvicorn raises the signal that ended it once more; by default that is the end of `finally` too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    try:
        uvicorn.run(
            create_app(archive, writer, metrics, write_token=settings.write_token, asked_at=asked_at),
            host=settings.host,
            port=settings.port,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=3,
        )
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one would leave logs that are not folded away
        writer.stop()
        archive.close()
        ops.shutdown()


def _bound(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port))
    except OSError as error:
        raise LabError(f"Port {port} cannot be opened ({error}): set STORAGE_PORT to a free one.") from None


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        stamp = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        event = record.getMessage()
        if record.exc_info:
            event = f"{event}\n{self.formatException(record.exc_info)}"
        return json.dumps({"ts": stamp, "level": record.levelname, "service": "telemetry", "event": event})


def _log_as_json() -> None:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_JsonLines())
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
