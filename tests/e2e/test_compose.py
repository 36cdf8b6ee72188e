"""The lab as containers: how they are confined, and that they come back with all the money after whatever befalls one.

Its incidents are in test_incidents.py, which runs them in both runtimes.
"""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from kill import CarefulCustomer, accounts
from support.driving import Lab

from lab.runtime.state import ROOT
from tests.engine import Container, docker, needs_engine
from tests.labs import FIRST_UP_S, forget, labctl, status, wait_until

pytestmark = needs_engine()
NAME = "e2e-compose"
SECOND = "e2e-compose-b"
BASE = 30000
PAUSE_S = 20
BACK_WITHIN_S = 90
QUIET_WITHIN_S = 180
# Of every kind one, and both that hold a book.
VICTIMS = (
    "billing",
    "processor",
    "postgres",
    "load",
    "prometheus",
    "alertmanager",
    "jaeger",
    "telemetry",
    "warroom",
)
# Every one is killed, for each has its own way back. Exhausted memory and a pause do the same to all containers of a
# kind (service, store, collector), so that a few stand for the others: all 27 cases take CI too long. None has a second
# try on a starved machine (tests/starvation.py): the charges are counted across all of them, in this one lab.
OUT_OF_MEMORY = ("billing", "jaeger", "prometheus")
PAUSED = ("billing", "postgres", "jaeger", "warroom")
KEYS = {
    "warroom": {"team", "instructor", "webhook", "pgpass"},
    "alertmanager": {"webhook"},
    "postgres": {"superuser", "lab", "processor", "reader", "warden"},
    **{service: {"pgpass"} for service in ("billing", "processor", "checkout", "inventory", "orders")},
}
# Of /proc/mounts: what the engine mounts into every container, none of it a place to keep things.
ENGINES_OWN = ("/proc", "/sys", "/dev")
NOT_WRITABLE = [
    "/",
    "/bin",
    "/etc",
    "/usr/local",
    "/var",
    "/home",
    "/root",
    "/app",
    "/venv",
    "/cmd",
    "/keys",
    "/releases",
]


def project(name: str) -> str:
    return f"3am-lab-{name}"


def containers(name: str = NAME) -> dict[str, Container]:
    return Container.of(project(name))


def owned(kind: str, name: str) -> set[str]:
    """Ids of what the engine keeps of a lab: containers, networks or volumes."""
    everything = ["--all"] if kind == "container" else []
    label = f"--filter=label=com.docker.compose.project={project(name)}"
    return set(docker(kind, "ls", "--quiet", *everything, label).split())


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    forget(NAME)
    labctl("up", "--runtime", "compose", "--name", NAME, "--port-base", str(BASE), seconds=FIRST_UP_S)
    with Lab(NAME) as lab:
        yield lab
    forget(NAME)


def test_compose_finds_nothing_to_say_about_the_file():
    environment = {key: value for key, value in os.environ.items() if not key.startswith("LAB_")}
    done = subprocess.run(
        ["docker", "compose", "config", "--quiet"], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_all_is_healthy(lab: Lab):
    found = status(NAME)
    assert (found["name"], found["runtime"], found["ready"]) == (NAME, "compose", True)
    assert {one["name"]: one["state"] for one in found["services"]} == dict.fromkeys(containers(), "healthy")


# ── confined ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def failing(holds: Callable[[Container], object]) -> dict[str, object]:
    """By service, the containers for which something is the case."""
    found = {service: holds(container) for service, container in containers().items()}
    return {service: what for service, what in found.items() if what}


def test_nothing_runs_as_root_or_can_become_it(lab: Lab):
    def privileged(container: Container) -> object:
        users = docker("top", container.id, "-eo", "pid,uid").split()[3::2]
        held = dict(line.split(":\t", 1) for line in container.run("cat", "/proc/1/status").splitlines())
        sets = {name: held[name] for name in ("CapEff", "CapPrm", "CapInh", "CapBnd") if int(held[name], 16)}
        host = container.facts["HostConfig"]
        return "0" in users or sets or held["NoNewPrivs"] != "1" or host["Privileged"] or host["CapAdd"]

    assert failing(privileged) == {}


def test_memory_and_processes_are_limited(lab: Lab):
    def unlimited(container: Container) -> bool:
        host = container.facts["HostConfig"]
        return not (host["Memory"] and host["PidsLimit"] and host["LogConfig"]["Config"].get("max-size"))

    assert failing(unlimited) == {}


def test_the_file_system_is_read_only_but_for_volumes(lab: Lab):
    def writable(container: Container) -> object:
        own = {mount["Destination"] for mount in container.facts["Mounts"] if mount["RW"]}
        own |= {
            container.run("readlink", "-f", path).strip() for path in container.facts["HostConfig"].get("Tmpfs") or {}
        }
        rows = [line.split() for line in container.run("cat", "/proc/mounts").splitlines()]
        mounts = {row[1] for row in rows if "rw" in row[3].split(",") and not row[1].startswith(ENGINES_OWN)}
        # the engine's own files in /etc belong to root
        others = [one for one in mounts - own if container.sh(f"test ! -w {one} || echo yes")]
        folders = " ".join(one for one in NOT_WRITABLE if one not in own)
        tried = container.sh(f"for d in {folders}; do (touch $d/x) 2>/dev/null && echo $d; done; true")
        return others + tried.split()

    assert failing(writable) == {}
    assert failing(lambda container: not container.facts["HostConfig"]["ReadonlyRootfs"]) == {}


def test_what_is_mounted_from_this_machine_is_configuration_and_read_only(lab: Lab):
    def unfit(container: Container) -> object:
        binds = [mount for mount in container.facts["Mounts"] if mount["Type"] == "bind"]
        return [one["Source"] for one in binds if one["RW"] or not one["Source"].startswith(f"{ROOT}/")]

    assert failing(unfit) == {}


def test_ports_are_open_to_this_machine_alone(lab: Lab):
    def addresses(container: Container) -> set[str]:
        bindings = container.facts["HostConfig"]["PortBindings"] or {}
        return {one["HostIp"] for ports in bindings.values() for one in ports} - {"127.0.0.1"}

    assert failing(addresses) == {}


def test_nobody_but_the_war_room_can_read_the_answers(lab: Lab):
    names = {path.name for path in ROOT.glob("scenarios/*/private/*")}

    def answers(container: Container) -> object:
        found = container.sh(
            "find / -path /proc -prune -o -path /sys -prune -o -path '*private/*' -print 2>/dev/null; true"
        )
        return container.service != "warroom" and [path for path in found.split() if path.rpartition("/")[2] in names]

    assert failing(answers) == {}


def test_each_sees_the_keys_it_needs(lab: Lab):
    def other_keys(container: Container) -> object:
        return set(container.sh("ls /keys 2>/dev/null; true").split()) ^ KEYS.get(container.service, set())

    assert failing(other_keys) == {}


def test_nobody_speaks_to_anyone_outside(lab: Lab):
    def strangers(container: Container) -> object:
        networks = container.facts["NetworkSettings"]["Networks"].values()
        inside = [ip_network(f"{one['IPAddress']}/{one['IPPrefixLen']}", strict=False) for one in networks]
        lines = container.sh("cat /proc/net/tcp /proc/net/tcp6").splitlines()
        return [str(peer) for peer in peers(lines) if not any(peer in network for network in inside)]

    assert any(peers(one.sh("cat /proc/net/tcp").splitlines()) for one in containers().values())
    assert failing(strangers) == {}


def peers(lines: list[str]) -> set[IPv4Address | IPv6Address]:
    """Remote addresses of connections in /proc/net/tcp and tcp6, where each four bytes stand the wrong way round."""
    remote = {line.split()[2].partition(":")[0] for line in lines if line.strip()[0].isdigit()}
    found = set()
    for digits in remote:
        raw = bytes.fromhex(digits)
        address = ip_address(b"".join(raw[at : at + 4][::-1] for at in range(0, len(raw), 4)))
        found.add(getattr(address, "ipv4_mapped", None) or address)
    return {address for address in found if not address.is_unspecified and not address.is_loopback}


# ── harmed ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def customer(lab: Lab) -> Iterator[CarefulCustomer]:
    """Charges all the while; its charges are looked for in both books at the end."""
    customer = CarefulCustomer(lab.url("billing"))
    customer.start()
    yield customer
    customer.stop()


def kill(container: Container) -> None:
    container.kill()


def exhaust(container: Container) -> None:
    with container.watched_for("oom") as ran_out:
        container.exhaust()
        wait_until(ran_out, f"{container.service} out of memory", 30)


def pause(container: Container) -> None:
    docker("pause", container.id)
    time.sleep(PAUSE_S)
    docker("unpause", container.id)


def served(lab: Lab) -> float:
    """Customers' requests a second that are answered well, of the 21 that are made."""
    return lab.value('sum(rate(customer_request_duration_seconds_count{profile="healthy",status=~"2.."}[10s]))') or 0


@pytest.mark.parametrize(
    "victim, harm",
    [(victim, harm) for harm, some in ((kill, VICTIMS), (exhaust, OUT_OF_MEMORY), (pause, PAUSED)) for victim in some],
)
def test_a_container_comes_back_by_itself(lab: Lab, customer: CarefulCustomer, victim: str, harm):
    before = containers()
    old = before[victim].processes()
    harm(before[victim])
    if harm is not pause:
        # its processes, not its start: a launcher may have outlived what it launched
        wait_until(lambda: set(old) - set(before[victim].processes()), f"{victim} to lose a process")
    wait_until(lambda: status(NAME)["ready"], f"all healthy after {harm.__name__} of {victim}", BACK_WITHIN_S)
    after = containers()
    restarted = {name for name in before if name not in after or after[name].started != before[name].started}
    assert restarted <= {victim}

    wait_until(lambda: lab.value("count(up == 1)") == lab.value("count(up)"), "all reporting", BACK_WITHIN_S)
    done = len(customer.answered)
    wait_until(lambda: served(lab) > 11, "customers being served", BACK_WITHIN_S)
    wait_until(lambda: len(customer.answered) > done + 5, "charges being taken", BACK_WITHIN_S)
    assert lab.get("warroom", "/api/pages") is not None


def test_no_charge_was_lost_or_doubled_and_the_pager_fell_silent(lab: Lab, customer: CarefulCustomer):
    customer.stop()
    assert customer.answered and not customer.refused
    found = accounts(lab, customer)
    assert (found.lost, found.doubled, found.unknown) == ([], [], [])
    assert lab.difference_cents() == 0
    assert lab.pages(), "nobody was paged while half the company was away"
    wait_until(lab.quiet, "no alert and no open page", QUIET_WITHIN_S)


# ── beside another, and down ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_second_lab_runs_beside_it_and_takes_nothing_with_it(lab: Lab):
    before = {name: one.started for name, one in containers().items()}
    forget(SECOND)
    try:
        labctl("up", "--runtime", "compose", "--name", SECOND, "--port-base", str(BASE + 100), "--no-load", seconds=300)
        assert status(SECOND)["ready"] and status(NAME)["ready"]
        assert set(containers(SECOND)) == set(containers())
        for kind in ("container", "network", "volume"):
            assert owned(kind, SECOND) and not owned(kind, SECOND) & owned(kind, NAME)
        token = {name: containers(name)["warroom"].run("cat", "/keys/team") for name in (NAME, SECOND)}
        assert token[NAME] != token[SECOND]
    finally:
        forget(SECOND)
    assert {name: one.started for name, one in containers().items()} == before
    for kind in ("container", "network", "volume"):
        assert not owned(kind, SECOND)


def charges() -> int:
    answer = labctl("sql", "--json", "select count(*) as charges from billing.charges", "--name", NAME)
    return json.loads(answer.stdout)[0]["charges"]


def test_down_keeps_data_and_keys_and_purge_forgets_them(lab: Lab):
    kept, before = containers()["warroom"].run("cat", "/keys/team"), charges()
    labctl("down", "--name", NAME)
    assert not owned("container", NAME) and not owned("network", NAME) and owned("volume", NAME)

    labctl("up", "--runtime", "compose", "--name", NAME, "--no-load")
    assert containers()["warroom"].run("cat", "/keys/team") == kept
    assert charges() >= before > 0
    forget(NAME)
    assert not owned("container", NAME) and not owned("network", NAME) and not owned("volume", NAME)
