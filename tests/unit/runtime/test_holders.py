import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from lab.runtime import processes
from lab.runtime.health import wait_for
from lab.runtime.holders import holder, lab_of, project_of
from lab.runtime.ports import Holder, is_free
from lab.runtime.state import Record, State
from tests.dockers import FakeDocker

AWAY = FakeDocker(away=True)
LISTEN = """
import socket, time
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
time.sleep(60)
"""


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State("main", tmp_path)


@pytest.mark.parametrize(("lab", "project"), [("main", "3am-lab"), ("b", "3am-lab-b")])
def test_a_labs_project(lab: str, project: str):
    assert project_of(lab) == project
    assert lab_of(project) == lab


def test_somebody_elses_project_is_no_lab():
    assert lab_of("shop") is lab_of("3am-laboratory") is None


def test_a_checkout_beside_another_has_a_project_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    table = tmp_path / ".env"
    table.write_text("# LAB_PROJECT=not-this\nLAB_PROJECT=second\nLAB_WARROOM_PORT=9400\n")
    assert (project_of("main", table), project_of("b", table)) == ("second", "second-b")
    assert (lab_of("second-b", table), lab_of("3am-lab", table)) == ("b", None)
    monkeypatch.setenv("LAB_PROJECT", "third")
    assert project_of("b", table) == "third-b"


def test_a_process_is_named_with_its_pid(state: State):
    with socket.create_server(("127.0.0.1", 0)) as server:
        found = holder(server.getsockname()[1], state, AWAY)
    assert found.what.endswith(f"(pid {os.getpid()})") and found.lab is None


def test_another_labs_process_is_named_with_its_lab(state: State, tmp_path: Path):
    other = State("b", tmp_path)
    other.create()
    other.save(Record(8500, mark="of-b"))
    command = [sys.executable, "-c", LISTEN]
    with subprocess.Popen(command, env={processes.MARK: "of-b"}, stdout=subprocess.PIPE, text=True) as process:
        port = int(process.stdout.readline())
        found = holder(port, state, AWAY)
        process.kill()
    assert found.lab == "b" and found.what.endswith(f"(pid {process.pid}) of lab b")
    assert wait_for(lambda: is_free(port), 10)


@pytest.mark.parametrize(
    ("project", "found"),
    [
        ("3am-lab-b", Holder("a container of lab b", "b")),
        ("shop", Holder("a container of shop")),
    ],
)
def test_a_container_is_named_with_its_project(state: State, project: str, found: Holder):
    assert holder(8400, state, FakeDocker(replies={"ps --filter publish=8400": project})) == found


def test_nobody_that_can_be_seen(state: State):
    assert holder(1, state, AWAY) == Holder("a process of another user")
