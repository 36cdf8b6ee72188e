"""`POST /run` and `GET /healthz` over HTTP, on a port or on a Unix socket. One job at a time; a few may wait."""

import contextlib
import json
import logging
import os
import socketserver
import threading
from collections.abc import Callable, Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import AF_UNIX
from typing import Any

from lab.errors import LabError, UsageError
from lab.runner import checks
from lab.runner.job import Job, Outcome, read

LARGEST = 8 * 1024 * 1024  # bytes of a request
WAITING = 8  # jobs that may wait for their turn
IDLE = 30  # seconds in which a request has to arrive

log = logging.getLogger("runner")


class Busy(LabError):
    """More jobs are waiting than may."""


class Runner:
    """Takes jobs from any thread and does them singly, so that one cannot take another's time."""

    def __init__(self, run: Callable[[Job], Outcome] = checks.run) -> None:
        self._run = run
        self._places = threading.BoundedSemaphore(1 + WAITING)
        self._turn = threading.Lock()

    def run(self, job: Job) -> Outcome:
        if not self._places.acquire(blocking=False):
            raise Busy(f"{WAITING} jobs are waiting already; ask again in a while.")
        try:
            with self._turn:
                return self._run(job)
        finally:
            self._places.release()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = IDLE
    runner: Runner

    def do_GET(self) -> None:
        if self.path == "/healthz":
            self._answer(200, {"service": "runner", "status": "ok"})
        else:
            self._problem(404, f"There is no {self.path[:80]}; POST /run runs a job.")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > LARGEST:
            # What is not read would be taken for the next request.
            self.close_connection = True
            status = 413 if length.isdigit() else 411
            self._problem(status, f"A job needs a Content-Length of {LARGEST} bytes at most.")
            return
        body = self.rfile.read(int(length))
        if self.path != "/run":
            self._problem(404, f"There is no {self.path[:80]}; POST /run runs a job.")
            return
        try:
            self._answer(200, self.runner.run(read(body)).model_dump())
        except UsageError as error:
            self._problem(400, str(error))
        except Busy as error:
            self._problem(503, str(error), {"Retry-After": "5"})
        except LabError as error:
            self._problem(500, str(error))
        except Exception:
            log.exception("job broke off")
            self._problem(500, "The runner broke off; its log has the error.")

    def _problem(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        title = HTTPStatus(status).phrase
        self._answer(
            status,
            {"type": "about:blank", "title": title, "status": status, "detail": detail},
            {"Content-Type": "application/problem+json"} | (headers or {}),
        )

    def _answer(self, status: int, data: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        body = json.dumps(data).encode()
        self.send_response(status)
        for name, value in (
            {"Content-Type": "application/json", "Content-Length": str(len(body))} | (headers or {})
        ).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """The caller knows what it asked for."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A caller that went away is no event."""


class _SocketServer(_Server):
    address_family = AF_UNIX

    def server_bind(self) -> None:
        """Without HTTPServer's, which asks for the name of the host."""
        before = os.umask(0o177)
        try:
            socketserver.TCPServer.server_bind(self)
        finally:
            os.umask(before)


@contextlib.contextmanager
def serving(where: Path | tuple[str, int], runner: Runner | None = None) -> Iterator[Path | tuple[str, int]]:
    """Serves until it is left; gives the place, with the port that was free where 0 was asked for."""
    handler = type("Handler", (_Handler,), {"runner": runner or Runner()})
    if isinstance(where, Path):
        where.unlink(missing_ok=True)
        server: _Server = _SocketServer(str(where), handler)  # type: ignore[arg-type]
    else:
        server = _Server(where, handler)
    thread = threading.Thread(target=server.serve_forever, name="runner", daemon=True)
    thread.start()
    try:
        yield where if isinstance(where, Path) else server.server_address[:2]  # type: ignore[misc]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        if isinstance(where, Path):
            where.unlink(missing_ok=True)
