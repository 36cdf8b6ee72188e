"""From a number to a person and back: real Prometheus, Alertmanager and war room, and a company of which only the
figures are made up."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from lab.clients.prometheus import Prometheus
from lab.clients.warroom import Warroom
from lab.errors import LabError
from lab.runtime import packages
from tests.processes import free_ports

ROOT = Path(__file__).resolve().parents[2]
RESOLVED_WITHIN = 60  # seconds after recovery, as issue 2 has it
UP_WITHIN = 60
DIFFERENCE = 'ledger_difference_cents{service="processor"}'
RECONCILED = 'ledger_reconciled_timestamp_seconds{service="processor"}'


def wait_for(what: str, get: Callable[[], Any], seconds: float) -> Any:
    """The first true answer."""
    deadline = time.monotonic() + seconds
    while True:
        if found := get():
            return found
        assert time.monotonic() < deadline, f"after {seconds} s still waiting for {what}"
        time.sleep(0.2)


class Company:
    """The load's and the processor's metrics; counters grow by rates that a test sets, in units a second."""

    def __init__(self) -> None:
        self._values: dict[str, float] = {}
        self._rates: dict[str, float] = {}
        self._then = time.monotonic()
        self._lock = threading.Lock()
        for service in ("checkout", "orders"):
            self.customers(service)
        self.set(**{"customer_requests_asked_total": 20, DIFFERENCE: 0})

    def set(self, **rates: float) -> None:
        with self._lock:
            self._grow()
            self._rates.update(rates)

    def customers(self, service: str, *, quick: float = 10, late: float = 0, failed: float = 0) -> None:
        """Answers a second: in time, within 2.5 s, and 504 after 5 s."""
        for status, fast, all_ in (("201", quick, quick + late), ("504", 0, failed)):
            labels = f'profile="healthy",service="{service}",route="/orders",status="{status}"'
            name = "customer_request_duration_seconds"
            slower = all_ if status == "201" else 0
            for le, rate in (("0.5", fast), ("2.5", slower), ("5.0", all_), ("+Inf", all_)):
                self.set(**{f'{name}_bucket{{{labels},le="{le}"}}': rate})
            self.set(**{f"{name}_count{{{labels}}}": all_})

    def metrics(self) -> str:
        with self._lock:
            self._grow()
            lines = [f"{series} {int(value)}" for series, value in self._values.items()]
        return "\n".join([*lines, f"{RECONCILED} {time.time()}", ""])

    def _grow(self) -> None:
        now = time.monotonic()
        for series, rate in self._rates.items():
            self._values[series] = self._values.get(series, 0) + rate * (now - self._then)
        self._then = now


def serve(company: Company) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(company.metrics().encode())

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class Chain:
    """The processes between a metric and a page, configured as the runtimes do it."""

    def __init__(self, folder: Path, targets: dict[str, int]) -> None:
        self._folder = folder
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        names = ("prometheus", "alertmanager", "warroom", "ops")
        self._ports = dict(zip(names, free_ports(len(names)), strict=True))
        self._write(targets)
        self.prometheus = Prometheus(self.url("prometheus"))
        self.warroom = Warroom(self.url("warroom"), "t" * 32)

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self._ports[name]}"

    def up(self) -> None:
        for name in ("warroom", "alertmanager", "prometheus"):
            self.start(name)

    def start(self, name: str) -> None:
        port = self._ports[name]
        command, environment = {
            "warroom": (
                [sys.executable, ROOT / "services" / "launch.py", "warroom"],
                {
                    "PORT": str(port),
                    "OPS_PORT": str(self._ports["ops"]),
                    "STATE_DIR": str(self._folder / "state"),
                    "WEBHOOK_TOKEN_FILE": str(self._folder / "webhook_token"),
                    "TEAM_TOKEN_FILE": str(self._folder / "team"),
                    "ALERTMANAGER_URL": self.url("alertmanager"),
                },
            ),
            "alertmanager": (
                [
                    find("alertmanager"),
                    "--config.file=alertmanager.yml",
                    "--storage.path=alertmanager-data",
                    f"--web.listen-address=127.0.0.1:{port}",
                    "--cluster.listen-address=",
                ],
                {},
            ),
            "prometheus": (
                [
                    find("prometheus"),
                    "--config.file=prometheus.yml",
                    "--storage.tsdb.path=prometheus-data",
                    f"--web.listen-address=127.0.0.1:{port}",
                    "--enable-feature=exemplar-storage,expand-external-labels",
                    "--rules.alert.resend-delay=10s",
                ],
                {"WARROOM_URL": self.url("warroom")},
            ),
        }[name]
        with (self._folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                command, cwd=self._folder, env={**os.environ, **environment}, stdout=log, stderr=log
            )
        probe = self.url("ops") + "/healthz" if name == "warroom" else self.url(name) + "/-/ready"
        wait_for(f"{name} to be ready", lambda: self._ready(name, probe), UP_WITHIN)

    def kill(self, name: str) -> None:
        self._processes[name].send_signal(signal.SIGKILL)
        self._processes[name].wait()

    def down(self) -> None:
        self.prometheus.close()
        self.warroom.close()
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            process.wait(timeout=15)

    def page(self, alertname: str, service: str, status: str = "firing") -> dict[str, Any] | None:
        wanted = (alertname, service, status)
        try:
            pages = self.warroom.pages()
        except LabError:  # killed by the test
            return None
        return next((page for page in pages if (page["alertname"], page["service"], page["status"]) == wanted), None)

    def target(self, service: str, port: int) -> None:
        """Where Prometheus finds the service's metrics from now on."""
        target = [{"targets": [f"127.0.0.1:{port}"], "labels": {"service": service}}]
        (self._folder / "targets" / f"{service}.json").write_text(json.dumps(target))

    def silence(self) -> str:
        """Of everything; gives its id."""
        now = datetime.now(UTC)
        matcher = {"name": "alertname", "value": ".+", "isRegex": True}
        times = {"startsAt": now.isoformat(), "endsAt": (now + timedelta(minutes=5)).isoformat()}
        body = {"matchers": [matcher], "createdBy": "test", "comment": "as when a drill is prepared", **times}
        answer = httpx.post(f"{self.url('alertmanager')}/api/v2/silences", json=body, trust_env=False)
        return answer.raise_for_status().json()["silenceID"]

    def speak(self, silence: str) -> None:
        url = f"{self.url('alertmanager')}/api/v2/silence/{silence}"
        httpx.delete(url, trust_env=False).raise_for_status()

    def alerts(self) -> list[dict[str, Any]]:
        """What Alertmanager knows, also behind a silence."""
        return httpx.get(f"{self.url('alertmanager')}/api/v2/alerts", trust_env=False).json()

    def held_back(self, alertname: str) -> bool:
        return any(one["labels"]["alertname"] == alertname and one["status"]["inhibitedBy"] for one in self.alerts())

    def _ready(self, name: str, probe: str) -> bool:
        log = (self._folder / f"{name}.log").read_text()
        assert self._processes[name].poll() is None, f"{name} has ended:\n{log[-2000:]}"
        try:
            return httpx.get(probe, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def _write(self, targets: dict[str, int]) -> None:
        (self._folder / "webhook_token").write_text("w" * 32)
        (self._folder / "team").write_text("t" * 32)
        (self._folder / "prometheus.yml").write_text((ROOT / "compose" / "prometheus.yml").read_text())
        (self._folder / "rules").symlink_to(ROOT / "alerts" / "rules")
        for folder in ("targets", "alertmanagers"):
            (self._folder / folder).mkdir()
        for service, port in targets.items():
            self.target(service, port)
        alertmanagers = [{"targets": [f"127.0.0.1:{self._ports['alertmanager']}"]}]
        (self._folder / "alertmanagers" / "lab.json").write_text(json.dumps(alertmanagers))
        config = yaml.safe_load((ROOT / "alerts" / "alertmanager.yml").read_text())
        webhook = config["receivers"][0]["webhook_configs"][0]
        webhook["url"] = f"{self.url('warroom')}/webhooks/alertmanager"
        webhook["http_config"]["authorization"]["credentials_file"] = "webhook_token"  # beside the file
        (self._folder / "alertmanager.yml").write_text(yaml.safe_dump(config))


def find(name: str) -> Path:
    path = packages.find(name)
    if path is None:
        pytest.fail(f"{name} was not found: run .lab/venv/bin/python -m lab.runtime.packages.")
    return path


def floor(alertname: str) -> int:
    """Seconds that the configured intervals allow from the first bad scrape to the page."""
    prometheus = yaml.safe_load((ROOT / "compose" / "prometheus.yml").read_text())["global"]
    route = yaml.safe_load((ROOT / "alerts" / "alertmanager.yml").read_text())["route"]
    rules = [
        rule
        for path in (ROOT / "alerts" / "rules").glob("*.yml")
        for group in yaml.safe_load(path.read_text())["groups"]
        for rule in group["rules"]
    ]
    (held,) = [rule["for"] for rule in rules if rule["alert"] == alertname]
    intervals = (prometheus["scrape_interval"], prometheus["evaluation_interval"], held, route["group_wait"])
    return sum(int(text.removesuffix("s")) for text in intervals)


def epoch(moment: str) -> float:
    return datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp()


@pytest.fixture
def company() -> Iterator[tuple[Company, int]]:
    company = Company()
    server = serve(company)
    yield company, server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.fixture
def chain(company: tuple[Company, int], tmp_path: Path) -> Iterator[Chain]:
    chain = Chain(tmp_path, {"load": company[1]})
    try:
        chain.up()
        yield chain
    finally:
        chain.down()


def test_pages_come_in_are_answered_and_end(company: tuple[Company, int], chain: Chain) -> None:
    figures, _ = company
    query = 'count(rate(customer_request_duration_seconds_count{service="checkout"}[10s]))'
    wait_for("a first rate, under the service that the customer asked", lambda: chain.prometheus.query(query), 30)
    assert chain.prometheus.query("up")[0].labels["service"] == "load"
    assert chain.warroom.pages() == []

    # Checkout is late at first; orders fails at once and late, which is one story; the books grow apart.
    began = time.time()
    figures.customers("checkout", quick=8, late=2)
    figures.customers("orders", quick=5, failed=5)
    figures.set(**{DIFFERENCE: 3})

    def first_pages() -> list[dict[str, Any]] | None:
        wanted = [("CustomerLatencyHigh", "checkout"), ("CustomerErrorsHigh", "orders"), ("BooksDisagree", "processor")]
        found = [chain.page(*alert) for alert in wanted]
        return found if all(found) else None

    late, failing, books = wait_for("three pages", first_pages, 60)
    for page in (late, failing, books):
        seconds = epoch(page["delivered_at"]) - began
        print(f"{page['alertname']}: {seconds:.1f} s from the change to the page, floor {floor(page['alertname'])} s")
    assert failing["summary"] == "Customers of orders get errors or no answer"
    assert re.search(r" [345]\d(\.\d+)?% of the customers' requests to orders failed", failing["description"])
    assert re.search(r"to checkout took 2\.\d+s or more; the promise is 500 ms\.$", late["description"])
    assert failing["runbook_url"] == f"{chain.url('warroom')}/runbooks/CustomerErrorsHigh"
    assert httpx.get(failing["runbook_url"], trust_env=False).status_code == 200
    acknowledged = chain.warroom.acknowledge(late["id"])

    # The war room is killed. What comes meanwhile comes when it is back, and what it knew it still knows.
    chain.kill("warroom")
    figures.customers("checkout", quick=5, failed=5)
    worse = '{alertname="CustomerErrorsHigh", service="checkout", alertstate="firing"}'
    wait_for("checkout's failures to fire", lambda: chain.prometheus.query(f"ALERTS{worse}"), 40)
    chain.start("warroom")
    wait_for("the page that came while nobody was there", lambda: chain.page("CustomerErrorsHigh", "checkout"), 40)
    assert chain.page("CustomerLatencyHigh", "checkout") == acknowledged

    # All is well again, and the books stay as far apart as they are. Checkout's lateness ends while its failures still
    # hold it back, and must be seen to end all the same.
    recovered = time.time()
    for service in ("checkout", "orders"):
        figures.customers(service)
    figures.set(**{DIFFERENCE: 0})
    wait_for(
        "every page to be resolved",
        lambda: all(page["status"] == "resolved" for page in chain.warroom.pages()),
        RESOLVED_WITHIN,
    )
    print(f"all resolved {time.time() - recovered:.1f} s after recovery")
    pages = chain.warroom.pages()
    assert sorted((page["alertname"], page["service"]) for page in pages) == [
        ("BooksDisagree", "processor"),
        ("CustomerErrorsHigh", "checkout"),
        ("CustomerErrorsHigh", "orders"),
        ("CustomerLatencyHigh", "checkout"),
    ]
    assert all(page["starts_at"] <= page["delivered_at"] for page in pages)


def test_what_ends_behind_a_silence_and_comes_again_is_a_page_again(company: tuple[Company, int], chain: Chain) -> None:
    figures, _ = company
    figures.set(**{DIFFERENCE: 3})
    first = wait_for("the page", lambda: chain.page("BooksDisagree", "processor"), 60)
    silence = chain.silence()
    figures.set(**{DIFFERENCE: 0})
    wait_for("the alert to end", lambda: not chain.alerts(), 60)
    figures.set(**{DIFFERENCE: 3})
    wait_for("the alert to begin anew", chain.alerts, 60)
    chain.speak(silence)

    def another() -> dict[str, Any] | None:
        page = chain.page("BooksDisagree", "processor")
        return page if page and page["id"] != first["id"] else None

    wait_for("another page", another, 60)


def test_an_end_that_alertmanager_forgot_to_tell_is_found_out(company: tuple[Company, int], tmp_path: Path) -> None:
    (nobody,) = free_ports(1)
    chain = Chain(tmp_path, {"load": nobody})
    try:
        chain.up()
        page = wait_for("the page", lambda: chain.page("TargetDown", "load"), 60)
        assert page["summary"] == "load does not report"
        # The load's figures are missing as well, which is the same story.
        missing = 'ALERTS{alertname="CustomerTrafficMissing", alertstate="firing"}'
        wait_for("the missing traffic to fire", lambda: chain.prometheus.query(missing), 60)
        wait_for("Alertmanager to hold it back", lambda: chain.held_back("CustomerTrafficMissing"), 20)

        chain.kill("alertmanager")
        chain.target("load", company[1])
        wait_for("all alerts to end", lambda: not chain.prometheus.alerts(), 60)
        chain.start("alertmanager")
        wait_for("the page to be resolved", lambda: chain.page("TargetDown", "load", "resolved"), RESOLVED_WITHIN)
        assert len(chain.warroom.pages()) == 1
    finally:
        chain.down()
