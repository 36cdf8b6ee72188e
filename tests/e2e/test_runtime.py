"""A whole lab of real processes, and what happens to it when some of them die."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from lab.releases import EDITABLE, SERVICES, Releases
from lab.runtime import processes
from lab.runtime.local import LocalRuntime
from lab.runtime.ports import Ports
from lab.runtime.programs import NAMES
from lab.runtime.state import ROOT, State
from tests.labs import DEADLINE_S, forget, labctl, status, wait_until

BASE = 21000
LOCAL = ("--runtime", "local")


def pids(name: str) -> dict[str, int]:
    return {service["name"]: service["pid"] for service in status(name)["services"]}


@pytest.fixture(scope="module")
def lab() -> Iterator[str]:
    name = "e2e-runtime"
    forget(name)
    labctl("up", *LOCAL, "--name", name, "--port-base", str(BASE), "--no-load")
    yield name
    forget(name)


def living(name: str) -> list[processes.Recorded]:
    state = State(name)
    record = state.load()
    return processes.leftovers(processes.read(state.run / "processes"), record.mark, processes.Machine())


def test_all_is_healthy_and_says_what_it_takes(lab: str):
    found = status(lab)
    assert (found["name"], found["runtime"], found["ready"]) == (lab, "local", True)
    assert [service["name"] for service in found["services"]] == [*NAMES, "supervisor", "keeper"]
    for service in found["services"]:
        assert service["state"] == "healthy" and service["pid"] and service["memory_bytes"] > 2**20
    assert found["services"][NAMES.index("warroom")]["url"] == Ports(BASE).url("warroom")


def test_up_again_changes_nothing(lab: str):
    before = pids(lab)
    labctl("up", *LOCAL, "--name", lab)
    assert pids(lab) == before


@pytest.mark.parametrize("victim", ["billing", "telemetry", "prometheus", "load", "keeper"])
def test_a_killed_process_comes_back_and_the_others_do_not_notice(lab: str, victim: str):
    before = pids(lab)
    os.kill(before[victim], signal.SIGKILL)
    wait_until(lambda: pids(lab)[victim] not in (None, before[victim]) and status(lab)["ready"], f"{victim} back")
    assert {**pids(lab), victim: 0} == {**before, victim: 0}


def service_pid(launcher: int) -> int:
    """Of the service that this launcher has forked."""
    (child,) = psutil.Process(launcher).children()
    return child.pid


@pytest.mark.parametrize("victim", ["billing", "processor"])
def test_a_killed_child_of_a_launcher_comes_back_with_a_new_one(lab: str, victim: str):
    before = pids(lab)
    os.kill(service_pid(before[victim]), signal.SIGKILL)
    wait_until(lambda: pids(lab)[victim] not in (None, before[victim]) and status(lab)["ready"], f"{victim} back")
    assert {**pids(lab), victim: 0} == {**before, victim: 0}


def states(name: str) -> dict[str, str]:
    return {service["name"]: service["state"] for service in status(name)["services"]}


def told(service: str) -> dict | None:
    """What its /healthz says."""
    try:
        with urllib.request.urlopen(f"{Ports(BASE).ops_url(service)}/healthz", timeout=2) as answer:
            return json.load(answer)
    except OSError:
        return None


def test_a_release_is_deployed_and_taken_back_and_nobody_else_restarts(lab: str, tmp_path: Path):
    releases, before = Releases(State(lab).releases), pids(lab)
    assert {told(name)["release"] for name in EDITABLE} == {releases.baseline()}
    assert told("processor")["release"] is told("partner")["release"] is told("warroom")["release"] is None
    others = {name: service_pid(before[name]) for name in SERVICES if name != "orders"}
    shutil.copytree(ROOT / "services", tmp_path / "services")
    with (tmp_path / "services" / "orders" / "app.py").open("a") as file:
        file.write("\n# deployed\n")
    name = releases.add(tmp_path / "services")
    for wanted in (name, releases.baseline()):
        generation = releases.want(wanted).generations["orders"]
        wait_until(lambda now=generation: (told("orders") or {}).get("generation") == now, "the release to run", 20)
        wait_until(lambda: status(lab)["ready"], "all healthy", 20)
        assert told("orders")["release"] == wanted
    assert pids(lab) == before
    assert {name: service_pid(pid) for name, pid in before.items() if name in others} == others


def test_who_is_stopped_by_request_is_shown_so_and_started_by_a_restart(lab: str):
    releases = Releases(State(lab).releases)
    releases.want(stop=["partner", "promotions"])
    wait_until(lambda: [states(lab)[name] for name in ("partner", "promotions")] == ["stopped"] * 2, "both stopped", 20)
    labctl("restart", "partner", "--name", lab)
    assert (states(lab)["partner"], states(lab)["promotions"]) == ("healthy", "stopped")
    labctl("up", *LOCAL, "--name", lab)
    assert status(lab)["ready"] and releases.wanted().stopped == ()


def test_postgres_comes_back_with_what_was_committed(lab: str):
    count = "select count(*) from orders.orders"
    rows = labctl("sql", "--json", count, "--name", lab).stdout
    os.kill(pids(lab)["postgres"], signal.SIGKILL)
    wait_until(lambda: status(lab)["ready"], "all healthy after postgres was killed")
    assert labctl("sql", "--json", count, "--name", lab).stdout == rows


def test_restart_waits_until_the_service_is_healthy_again(lab: str):
    before = pids(lab)
    labctl("restart", "orders", "partner", "--name", lab)
    after = pids(lab)
    assert status(lab)["ready"]
    assert {name for name in after if after[name] != before[name]} == {"orders", "partner"}


def test_a_restart_of_an_unknown_service_is_a_usage_error(lab: str):
    assert "There is no service 'frob'" in labctl("restart", "frob", "--name", lab, code=2).stderr


def test_the_lab_comes_back_when_the_supervisor_itself_is_killed(lab: str):
    before = pids(lab)
    os.kill(before["supervisor"], signal.SIGKILL)
    wait_until(lambda: pids(lab).get("keeper") not in (None, before["keeper"]), "a new keeper")
    wait_until(lambda: status(lab)["ready"], "all healthy again")
    after = pids(lab)
    assert all(after[name] != pid for name, pid in before.items())
    machine = processes.Machine()
    wait_until(lambda: not [pid for pid in before.values() if machine.birth(pid)], "nothing left of the run before")


def test_readers_may_only_read(lab: str):
    for statement in (
        "create table x (a int)",
        "create temporary table x (a int)",
        "insert into billing.charges default values",
        "select lo_create(0)",
        "select 1; select 2",
        "select * from pg_authid",
    ):
        assert "PostgreSQL refused" in labctl("sql", statement, "--name", lab, code=2).stderr
    assert json.loads(labctl("sql", "--json", "select 1 as one, null as none", "--name", lab).stdout) == [
        {"one": 1, "none": None}
    ]


def test_nothing_listens_for_other_machines_and_tokens_are_closed(lab: str):
    state = State(lab)
    for path in state.tokens.iterdir():
        assert path.stat().st_mode & 0o077 == 0
    assert (state.config / "supervisord.conf").stat().st_mode & 0o077 == 0
    for port in Ports(BASE).all():
        with socket.socket() as other, pytest.raises(ConnectionRefusedError):
            other.connect(("127.0.0.2", port))


def test_a_second_lab_runs_beside_it_and_takes_nothing_with_it(lab: str):
    before = pids(lab)
    forget("e2e-second")
    try:
        refused = labctl("up", *LOCAL, "--name", "e2e-second", "--port-base", str(BASE), code=1)
        assert f"Port {BASE}, which warroom needs, is held by" in refused.stderr
        assert "(pid " in refused.stderr
        labctl("up", *LOCAL, "--name", "e2e-second", "--port-base", str(BASE + 100), "--no-load")
        assert status("e2e-second")["ready"]
        assert not set(pids("e2e-second").values()) & set(before.values())
    finally:
        forget("e2e-second")
    assert pids(lab) == before and status(lab)["ready"]


def test_down_leaves_nothing_also_when_supervisor_and_keeper_were_killed(lab: str):
    found = pids(lab)
    for name in ("keeper", "supervisor"):
        os.kill(found[name], signal.SIGKILL)
    state = State(lab)
    labctl("down", "--name", lab)
    assert living(lab) == []
    assert list(state.sockets.glob("**/*.sock")) == list(state.sockets.glob("**/.s.*")) == []
    assert not status(lab)["ready"]

    labctl("up", *LOCAL, "--name", lab, "--no-load")
    assert status(lab)["ready"]
    assert set(pids(lab)) == {*NAMES, "supervisor", "keeper"}


def test_a_service_that_cannot_start_is_named_with_its_last_lines(lab: str, monkeypatch: pytest.MonkeyPatch):
    name = "e2e-broken"
    forget(name)
    runtime = LocalRuntime(State(name))
    runtime.state.create()
    # a folder where the war room wants its file
    (runtime.state.data / "warroom" / "pages.sqlite").mkdir(parents=True)
    with contextlib.ExitStack() as after:
        after.callback(forget, name)
        failed = labctl("up", *LOCAL, "--name", name, "--port-base", str(BASE + 200), "--no-load", code=1)
        assert "warroom did not become healthy" in failed.stderr
        assert "unable to open database file" in failed.stderr
        assert living(name) == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 1), (signal.SIGINT, 1), (signal.SIGKILL, -9)])
def test_an_interrupted_up_is_undone_or_finished_by_the_next(number: int, code: int):
    name = "e2e-broken"
    forget(name)
    command = [
        sys.executable,
        str(ROOT / "labctl.py"),
        "up",
        *LOCAL,
        "--name",
        name,
        "--port-base",
        str(BASE + 200),
        "--no-load",
    ]
    with contextlib.ExitStack() as after:
        after.callback(forget, name)
        # What a shell runs in the background ignores SIGINT, and so would this.
        heard = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)}
        up = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **heard)
        wait_until((State(name).run / "supervisor.pid").exists, "a supervisor")
        up.send_signal(number)
        assert up.wait(DEADLINE_S) == code
        if code == 1:
            assert living(name) == []
        else:
            labctl("up", *LOCAL, "--name", name)
            assert status(name)["ready"]
