"""The lab as containers: how they are confined."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import httpx
import pytest

from lab.runtime.holders import project_of
from lab.runtime.state import ROOT
from tests.engine import Container, docker, needs_engine
from tests.labs import status
from tests.living import Living

pytestmark = [needs_engine(), pytest.mark.parametrize("living", ["compose"], indirect=True)]
KEYS = {
    "warroom": {"team", "instructor", "webhook", "pgpass"},
    "alertmanager": {"webhook", "alertmanager.yml"},
    "postgres": {"superuser", "lab", "processor", "reader", "warden"},
    **{service: {"telemetry"} for service in ("jaeger", "telemetry")},
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


OTHERS = [("1.1.1.1", 443), ("billing", 8401)]  # a name may be asked of the machine's resolver, which takes its time
# What somebody might write into a check: who of these can be connected to; and an order to the pager.
TRY = """
import asyncio, json, sys
async def connected(place):
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(*place), 5)
    except (OSError, TimeoutError):
        return []
    writer.close()
    return [place]
async def main(places):
    return sum(await asyncio.gather(*map(connected, places)), [])
print(json.dumps(asyncio.run(main(json.loads(sys.argv[1])))))
"""
ASK = """
import urllib.error, urllib.request
try:
    urllib.request.urlopen("http://warroom:8400/api/pages/p-1/ack", b"", 5)
except urllib.error.HTTPError as refused:
    print(refused.code)
"""


Failing = Callable[[Callable[[Container], object]], dict[str, object]]


@pytest.fixture
def containers(living: Living) -> dict[str, Container]:
    return Container.of(project_of(living.name))


@pytest.fixture
def failing(containers: dict[str, Container]) -> Failing:
    """By service, the containers for which something is the case."""

    def failing(holds: Callable[[Container], object]) -> dict[str, object]:
        with ThreadPoolExecutor(4) as some:  # the engine takes its time over each command
            found = dict(zip(containers, some.map(holds, containers.values()), strict=True))
        return {service: what for service, what in found.items() if what}

    return failing


def test_all_is_healthy(living: Living, containers: dict[str, Container]):
    found = status(living.name)
    assert (found["name"], found["runtime"], found["ready"]) == (living.name, "compose", True)
    assert {one["name"]: one["state"] for one in found["services"]} == dict.fromkeys(containers, "healthy")


def test_nothing_runs_as_root_or_can_become_it(failing: Failing):
    def privileged(container: Container) -> object:
        users = docker("top", container.id, "-eo", "pid,uid").split()[3::2]
        held = dict(line.split(":\t", 1) for line in container.run("cat", "/proc/1/status").splitlines())
        sets = {name: held[name] for name in ("CapEff", "CapPrm", "CapInh", "CapBnd") if int(held[name], 16)}
        host = container.facts["HostConfig"]
        return "0" in users or sets or held["NoNewPrivs"] != "1" or host["Privileged"] or host["CapAdd"]

    assert failing(privileged) == {}


def test_memory_and_processes_are_limited(failing: Failing):
    def unlimited(container: Container) -> bool:
        host = container.facts["HostConfig"]
        return not (host["Memory"] and host["PidsLimit"] and host["LogConfig"]["Config"].get("max-size"))

    assert failing(unlimited) == {}


def test_nobody_on_the_host_writes_telemetry(living: Living):
    """With a body that the store would take: a trace is evidence."""
    sent = {"content-type": "application/x-protobuf"}
    for signal in ("traces", "logs"):
        answer = httpx.post(f"{living.ports.url('telemetry')}/v1/{signal}", content=b"", headers=sent, trust_env=False)
        assert answer.status_code == 401, answer.text


def test_the_file_system_is_read_only_but_for_volumes(failing: Failing):
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


def test_what_is_mounted_from_this_machine_is_configuration_and_read_only(failing: Failing):
    def unfit(container: Container) -> object:
        binds = [mount for mount in container.facts["Mounts"] if mount["Type"] == "bind"]
        return [one["Source"] for one in binds if one["RW"] or not one["Source"].startswith(f"{ROOT}/")]

    assert failing(unfit) == {}


def test_ports_are_open_to_this_machine_alone(failing: Failing):
    def addresses(container: Container) -> set[str]:
        bindings = container.facts["HostConfig"]["PortBindings"] or {}
        return {one["HostIp"] for ports in bindings.values() for one in ports} - {"127.0.0.1"}

    assert failing(addresses) == {}


def test_nobody_but_the_war_room_can_read_the_answers(failing: Failing):
    names = {path.name for path in ROOT.glob("scenarios/*/private/*")}

    def answers(container: Container) -> object:
        found = container.sh(
            "find / -path /proc -prune -o -path /sys -prune -o -path '*private/*' -print 2>/dev/null; true"
        )
        return container.service != "warroom" and [path for path in found.split() if path.rpartition("/")[2] in names]

    assert failing(answers) == {}


def test_each_sees_the_keys_it_needs(failing: Failing):
    def other_keys(container: Container) -> object:
        return set(container.sh("ls /keys 2>/dev/null; true").split()) ^ KEYS.get(container.service, set())

    assert failing(other_keys) == {}


def test_what_a_team_writes_reaches_the_war_room_alone_and_has_no_token_there(containers: dict[str, Container]):
    addresses = {
        one["IPAddress"]
        for name, container in containers.items()
        if name != "runner"
        for network, one in container.facts["NetworkSettings"]["Networks"].items()
        if not network.endswith("_bench")
    }
    assert len(addresses) == len(containers) - 1
    places = [*((address, port) for address in sorted(addresses) for port in (5432, 8400, 8401, 9090)), *OTHERS]
    reached = containers["runner"].run("python", "-c", TRY, json.dumps([*places, ("warroom", 8400)]))
    assert json.loads(reached) == [["warroom", 8400]]
    assert containers["runner"].run("python", "-c", ASK).split() == ["401"]


def test_nobody_speaks_to_anyone_outside(containers: dict[str, Container], failing: Failing):
    def strangers(container: Container) -> object:
        networks = container.facts["NetworkSettings"]["Networks"].values()
        inside = [ip_network(f"{one['IPAddress']}/{one['IPPrefixLen']}", strict=False) for one in networks]
        lines = container.sh("cat /proc/net/tcp /proc/net/tcp6").splitlines()
        return [str(peer) for peer in peers(lines) if not any(peer in network for network in inside)]

    assert any(peers(one.sh("cat /proc/net/tcp").splitlines()) for one in containers.values())
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
