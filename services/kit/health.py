"""The ops server: `/healthz` and `/metrics` on a thread and a port of their own.

It answers while every worker is taken and while the event loop is blocked.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import REGISTRY
from prometheus_client.exposition import choose_encoder


class OpsServer:
    """Serves 503 on `/healthz` until `ready` is called. Raises OSError if the port is taken.

    `/healthz` also tells which `release` runs (null: the lab's own code), and its `generation`, which grows when the
    service is asked to begin anew.
    """

    def __init__(self, service: str, host: str, port: int, release: str | None = None, generation: int = 0) -> None:
        self._state = "starting"
        ops = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 60  # seconds an idle connection is kept

            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                if path == "/healthz":
                    status = 200 if ops._state == "ok" else 503
                    told = {"service": service, "status": ops._state, "release": release, "generation": generation}
                    self._answer(status, "application/json", json.dumps(told).encode())
                elif path == "/metrics":
                    # OpenMetrics, which carries exemplars, only to whom asks for it.
                    encode, content_type = choose_encoder(self.headers.get("Accept", ""))
                    self._answer(200, content_type, encode(REGISTRY))
                else:
                    self._answer(404, "text/plain", b"Only /healthz and /metrics are here.\n")

            do_HEAD = do_GET

            def _answer(self, status: int, content_type: str, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """A scrape every two seconds is no event."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, *_: object) -> None:
                """A client that went away in mid-answer is no event either."""

        self._server = Server((host, port), Handler)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, name="ops", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ready(self) -> None:
        """From now on `/healthz` says 200."""
        self._state = "ok"

    def stopping(self) -> None:
        """From now on `/healthz` says 503, while requests under way are finished."""
        self._state = "stopping"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
