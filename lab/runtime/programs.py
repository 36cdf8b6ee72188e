"""The lab's processes: how each is started, with what environment, and how it shows that it is healthy."""

import dataclasses
import sys

from lab.runtime import database, outside, packages
from lab.runtime.base import WHOSE
from lab.runtime.ports import HOST, Ports
from lab.runtime.program import Program
from lab.runtime.state import ROOT, State

COMPANY = ("billing", "processor", "checkout", "inventory", "promotions", "orders", "partner")
# Who asks whom, and who keeps something in the database. What is missing here a service cannot reach.
CALLS = {
    "warroom": ("alertmanager", "prometheus", "telemetry", "load", *COMPANY),
    "billing": ("processor",),
    "processor": ("billing",),
    "checkout": ("inventory",),
    "inventory": ("promotions",),
    "promotions": ("checkout",),
    "orders": ("partner",),
    "partner": (),
    "load": ("billing", "checkout", "inventory", "promotions", "orders"),
}
WITHOUT_DATABASE = ("warroom", "promotions", "partner")
# The stand-ins for other companies: no release replaces their code, and their books are closed to trainees' code.
OUTSIDE = ("processor", "partner")
SERVICES = tuple(name for name in CALLS if name != "load")
NAMES = ("postgres", "prometheus", "alertmanager", "telemetry", *SERVICES, "runner", "load")
# Watches the supervisor itself; see lab.runtime.keeper.
KEEPER = "keeper"
# What nobody waits on is stopped first, what all need last.
STOP_ORDER = (("load",), ("telemetry", "prometheus", "alertmanager", *SERVICES, "runner"), ("postgres",))


def programs(state: State, ports: Ports, *, load: bool = True) -> list[Program]:
    """All of them, in the order in which `status` shows them."""
    return [
        database.program(state),
        _prometheus(state, ports),
        _alertmanager(state, ports),
        _telemetry(state, ports),
        *(_service(name, state, ports) for name in SERVICES),
        _runner(state),
        _load(state, ports, healthy=load),
    ]


def keeper(lab: str) -> Program:
    return Program(KEEPER, [sys.executable, "-m", "lab.runtime.keeper", lab], forked=True)


def _prometheus(state: State, ports: Ports) -> Program:
    return Program(
        "prometheus",
        [
            str(packages.find("prometheus")),
            "--config.file=prometheus.yml",
            f"--storage.tsdb.path={state.data / 'prometheus'}",
            f"--web.listen-address={HOST}:{ports.main('prometheus')}",
            "--enable-feature=exemplar-storage,expand-external-labels",
            "--storage.tsdb.retention.time=6h",
            "--storage.tsdb.retention.size=512MB",
            "--rules.alert.resend-delay=10s",
        ],
        folder=state.config / "prometheus",
        environment={"WARROOM_URL": ports.url("warroom")},
        url=ports.url("prometheus"),
        probe=f"{ports.url('prometheus')}/-/ready",
    )


def _alertmanager(state: State, ports: Ports) -> Program:
    return Program(
        "alertmanager",
        [
            str(packages.find("alertmanager")),
            "--config.file=alertmanager.yml",
            f"--storage.path={state.data / 'alertmanager'}",
            f"--web.listen-address={HOST}:{ports.main('alertmanager')}",
            "--cluster.listen-address=",
        ],
        folder=state.config / "alertmanager",
        url=ports.url("alertmanager"),
        probe=f"{ports.url('alertmanager')}/-/ready",
    )


def _python(name: str, arguments: list[str], state: State, ports: Ports, extra: dict[str, str]) -> Program:
    environment = {
        "SERVICE": name,
        "HOST": HOST,
        "PORT": str(ports.main(name)),
        "OPS_PORT": str(ports.ops(name)),
        "LOG_LEVEL": "INFO",
    } | {f"{peer.upper()}_URL": ports.url(peer) for peer in CALLS.get(name, ())}
    if name != "telemetry":
        environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = ports.url("telemetry")
        environment["OTEL_EXPORTER_OTLP_HEADERS"] = f"x-write-token={state.token('telemetry')}"
    return Program(
        name,
        [sys.executable, *arguments],
        environment=environment | extra,
        forked=True,
        url=ports.url(name),
        probe=f"{ports.ops_url(name)}/healthz",
    )


def _telemetry(state: State, ports: Ports) -> Program:
    """Who may read its port may not write to it: what is in it is evidence."""
    extra = {"STATE_DIR": str(state.data / "telemetry"), "WRITE_TOKEN": state.token("telemetry")}
    return _python("telemetry", ["-m", "lab.telemetry"], state, ports, extra)


def _service(name: str, state: State, ports: Ports) -> Program:
    extra = {"RELEASES_DIR" if name == "warroom" else "RELEASES": str(state.releases)}
    if name in OUTSIDE:
        extra["RELEASE_ROOT"] = str(ROOT / "services")
    if name not in WITHOUT_DATABASE:
        extra["DATABASE_URL"] = database.url(state, "processor" if name == "processor" else "lab")
    if name == "warroom":
        extra |= {f"{whose.upper()}_TOKEN_FILE": str(state.tokens / whose) for whose in ("webhook", *WHOSE)}
        extra["STATE_DIR"] = str(state.data / "warroom")
        extra["WARDEN_URL"] = database.url(state, "warden")
        extra["TRACES_URL"] = extra["LOGS_URL"] = ports.url("telemetry")
        extra["READER_URL"] = database.url(state, "reader")
        extra["RUNNER"] = _runner(state).probe or ""
        extra |= outside.of_the_war_room(state)
    return _python(name, [str(ROOT / "services" / "launch.py"), name], state, ports, extra)


def _runner(state: State) -> Program:
    """What a team writes is run in it: it has no port, no variable of the lab's, and nothing to say but its answers."""
    socket = state.sockets / "runner"
    command = [sys.executable, "-m", "lab.runner", "--socket", str(socket)]
    return Program("runner", command, forked=True, probe=f"unix:{socket}")


def _load(state: State, ports: Ports, *, healthy: bool) -> Program:
    # gevent patches the standard library as it starts: the load has a process of its own from the beginning
    extra = {"LAB_HEALTHY": "1" if healthy else "0"}
    return dataclasses.replace(_python("load", ["-m", "loadgen"], state, ports, extra), forked=False)
