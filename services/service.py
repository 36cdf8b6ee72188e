"""One service in this process, for services/launch.py.

Applies its migrations, starts the ops server on a thread of its own, then serves it by uvicorn. Importing it starts
nothing.
"""

import asyncio
import gc
import importlib
import importlib.util
import logging
import os
import signal
import socket
import sys
import traceback
from pathlib import Path
from typing import NoReturn

import uvicorn
from kit import logs, telemetry
from kit.health import OpsServer
from kit.loop_lag import LoopLag
from kit.metrics import LOOP_LAG, RELEASE
from kit.settings import Settings, explain
from migrations import DatabaseUnreachable, MigrationFailed, migrate
from opentelemetry.instrumentation.utils import suppress_instrumentation
from pydantic import ValidationError

KEEP_ALIVE = (
    75  # seconds; longer than httpx keeps an idle connection (5 s), so it is never the server that closes first
)
GRACE = 3  # seconds that requests under way have after SIGTERM
FLUSH = 3  # seconds for telemetry that is still queued
GC_THRESHOLD = (10_000, 20, 20)
BACKLOG = 2048  # connections

log = logging.getLogger("launch")


class LaunchError(Exception):
    """The service can't be started; the message is one sentence that says what to do next."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


class _Server(uvicorn.Server):
    """Tells the ops server from when on requests are answered, and until when."""

    def __init__(self, config: uvicorn.Config, ops: OpsServer, service: str) -> None:
        super().__init__(config)
        self._ops = ops
        self._service = service

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        lag = LoopLag.watch(asyncio.get_running_loop())
        LOOP_LAG.labels(self._service).set_function(lag.seconds)
        await super().startup(sockets)
        self._ops.ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._ops.stopping()
        # Answers that would go on for ever: who stops would wait for them in vain.
        leave = getattr(self.config.app.state, "leave", None)
        if leave:
            leave()
        await super().shutdown(sockets)


def serve(name: str, root: Path, release: str | None, generation: int) -> NoReturn:
    """Runs the service whose package is in `root` until SIGTERM or SIGINT, then ends the process.

    Its exit code is 0 after a signal, 2 when the name or a setting is wrong, 1 when something it needs can't be had.
    `release` and `generation` are what /healthz says of it.
    """
    code = 1
    try:
        code = _serve(name, root, release, generation)
        logging.shutdown()
    finally:
        # Handlers may still wait in their threads: nothing can end a thread, and sys.exit would wait for them.
        os._exit(code)


def _serve(name: str, root: Path, release: str | None, generation: int) -> int:
    try:
        signal.signal(signal.SIGTERM, _exit)
        signal.signal(signal.SIGINT, _exit)
        _run(name, root, release, generation)
    except LaunchError as error:
        print(f"{name}: {error}", file=sys.stderr, flush=True)
        return error.code
    except SystemExit as leaving:  # by a signal, or by uvicorn when the lifespan failed
        return 0 if leaving.code in (0, None) else 1
    except Exception:
        traceback.print_exc()
        return 1
    finally:
        telemetry.close(FLUSH)
    return 0


def _exit(*_: object) -> NoReturn:
    # uvicorn takes the signals while it serves, and raises them again once it has shut down.
    raise SystemExit(0)


def _run(name: str, root: Path, release: str | None, generation: int) -> None:
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    if not (root / name / "app.py").is_file():
        known = ", ".join(sorted(path.parent.name for path in root.glob("*/app.py") if path.parent.name != "kit"))
        raise LaunchError(f"There is no service {name!r} in {root}; start one of: {known or 'none is there'}.", 2)
    os.environ["SERVICE"] = name
    module = importlib.import_module(f"{name}.app")
    settings = _settings(getattr(module, "Settings", Settings))
    lines = logs.set_up(settings.log_level)
    if settings.otel_exporter_otlp_endpoint:
        headers = settings.otel_exporter_otlp_headers
        telemetry.export_to(settings.otel_exporter_otlp_endpoint, name, lines, headers)
    else:
        telemetry.set_up(name)

    ops = _ops_server(settings, release, generation)
    listener = _listener(settings)
    _migrate(name, root, settings)
    log.info(
        "starting",
        extra={"address": f"{settings.host}:{listener.getsockname()[1]}", "ops_address": f"{settings.host}:{ops.port}"},
    )
    app = module.create_app(settings)
    # Spans are many small objects that die young by themselves; what is here now stays.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLD)
    config = uvicorn.Config(
        app,
        loop="uvloop" if importlib.util.find_spec("uvloop") else "asyncio",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
    )
    _Server(config, ops, name).run(sockets=[listener])


def _settings(cls: type[Settings]) -> Settings:
    try:
        return cls()
    except ValidationError as error:
        raise LaunchError(explain(error), 2) from error


def _ops_server(settings: Settings, release: str | None, generation: int) -> OpsServer:
    try:
        ops = OpsServer(settings.service, settings.host, settings.ops_port, release, generation)
    except OSError as error:
        raise _taken("OPS_PORT", settings.host, settings.ops_port, error) from error
    if release:
        RELEASE.labels(settings.service, release).set(1)
    ops.start()
    return ops


def _listener(settings: Settings) -> socket.socket:
    listener = socket.socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise _taken("PORT", settings.host, settings.port, error) from error
    listener.set_inheritable(True)
    return listener


def _taken(variable: str, host: str, port: int, error: OSError) -> LaunchError:
    return LaunchError(
        f"{host}:{port} can't be listened on ({error.strerror}); end the process that holds it or set {variable}."
    )


def _migrate(name: str, root: Path, settings: Settings) -> None:
    folder = root / name / "migrations"
    if not folder.is_dir():
        return
    if not settings.database_url:
        raise LaunchError("DATABASE_URL is not set, and the service has migrations; set it and start again.", 2)
    try:
        # No traces of their own: nobody asked for these statements.
        with suppress_instrumentation():
            migrate(settings.database_url, name, folder)
    except DatabaseUnreachable as error:
        raise LaunchError(f"The database can't be reached ({error}); start it or correct DATABASE_URL.") from error
    except MigrationFailed as error:
        raise LaunchError(f"A migration failed ({error}); correct it and start again.") from error
