"""The war room is killed while people look at it, and comes back."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from warroom import instants
from warroom.chronicle import Chronicle

from lab.drill import event as happened
from lab.drill.phase import Phase
from tests.browsers import UNREACHABLE
from tests.e2e.page.conftest import ASSESSED, NOBODY, PAGED, TOKENS
from tests.processes import SERVICES, Service, eventually, free_ports

ARMED = happened.Armed(
    drill="d-1", scenario="flash-sale", seed=7, profile="180", pace=1, assessment=False, team="blue", delay_s=1
)


class Warroom:
    """A process that can be killed and begun again, in the middle of a drill."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        ports = free_ports(2)
        self.service = Service("warroom", *ports)
        for name in ("webhook", "team"):
            (folder / name).write_text(TOKENS[name])
        (folder / "state").mkdir()
        chronicle = Chronicle(folder / "state" / "drill.sqlite")
        now = instants.now()
        quiet = happened.Quiet(since=now.at - 60, until=now.at - 30)
        entered = happened.Entered(phase=Phase.DARK_ROOM, why="assessed")
        begun = [ARMED, quiet, happened.Triggered(time=1), PAGED, ASSESSED, entered]
        chronicle.append("lab", begun, 0, now)
        self._environment = {
            **os.environ,
            "PORT": str(ports[0]),
            "OPS_PORT": str(ports[1]),
            "STATE_DIR": str(folder / "state"),
            "WEBHOOK_TOKEN_FILE": str(folder / "webhook"),
            "TEAM_TOKEN_FILE": str(folder / "team"),
            **{name.upper(): "http://127.0.0.1:9" for name in NOBODY},
        }
        self.begin()

    def begin(self) -> None:
        with (self._folder / "log").open("ab") as log:
            command = [sys.executable, str(SERVICES / "launch.py"), "warroom"]
            self._process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)
        eventually(self.service.healthy, "the war room is healthy", 60)

    def kill(self) -> None:
        # The parent would bring its child back; it is the machine that has gone here.
        pids = subprocess.run(["pgrep", "-P", str(self._process.pid)], capture_output=True, text=True).stdout.split()
        for pid in (self._process.pid, *map(int, pids)):
            os.kill(pid, signal.SIGKILL)
        self._process.wait()

    def end(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=20)


@pytest.fixture
def warroom(tmp_path: Path) -> Iterator[Warroom]:
    process = Warroom(tmp_path)
    yield process
    process.end()


def connection(page: Page, says: str) -> None:
    expect(page.locator("#bar .dot")).to_have_text(says, timeout=60_000)


def test_it_is_said_and_nothing_is_lost(warroom: Warroom, look) -> None:
    one, other = look(warroom.service.url), look(warroom.service.url)
    for viewer in (one, other):
        viewer.tolerated += [*UNREACHABLE, "status of 503"]  # nothing that is looked at is there
    page, beside = one.go("/postmortem"), other.go("/cause")
    for each in (page, beside):
        connection(each, "live")
    summary = page.locator("[data-part='summary']")
    summary.get_by_role("textbox").fill("Before.")
    expect(summary).to_contain_text("Saved at")

    warroom.kill()
    for each in (page, beside):
        connection(each, "no connection")
    summary.get_by_role("textbox").fill("Before, and while nobody listened.")
    expect(summary).to_contain_text("Not saved, but kept in this browser.")
    beside.get_by_label("Why that hurts customers").fill("Written while it was away.")
    expect(beside.locator("#bar")).to_contain_text("Dark room")  # what was known stays in sight

    warroom.begin()
    for each in (page, beside):
        connection(each, "live")
        expect(each.locator("#bar")).to_contain_text("Dark room")
    expect(summary).to_contain_text("Saved at")
    expect(beside.get_by_label("Why that hurts customers")).to_have_value("Written while it was away.")
    again = look(warroom.service.url)
    again.tolerated.append("status of 503")
    again.go("/postmortem")
    expect(again.page.locator("[data-part='summary'] textarea")).to_have_value("Before, and while nobody listened.")
