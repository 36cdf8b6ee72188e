import os
import signal
import subprocess
import sys
from pathlib import Path

from lab.runtime import processes
from lab.runtime.processes import Recorded, end, leftovers


class FakeTable:
    """Processes by pid; those in `stubborn` only go when they are killed, those in `immortal` not even then."""

    def __init__(self, births: dict[int, str], marks: dict[int, str] | None = None):
        self.births = births
        self.marks = marks or {}
        self.stubborn: set[int] = set()
        self.immortal: set[int] = set()
        self.signals: list[tuple[int, int]] = []

    def birth(self, pid: int) -> str | None:
        return self.births.get(pid)

    def marked(self, mark: str) -> list[int]:
        return [pid for pid, its in self.marks.items() if its == mark]

    def signal(self, pid: int, number: int) -> None:
        self.signals.append((pid, number))
        if pid not in self.immortal and (number == signal.SIGKILL or pid not in self.stubborn):
            self.births.pop(pid, None)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def end_all(table: FakeTable, recorded: list[Recorded]) -> list[Recorded]:
    clock = Clock()
    return end(lambda: leftovers(recorded, "m", table), table, grace_s=5, clock=clock, sleep=clock.sleep)


def test_a_pid_that_now_belongs_to_another_process_is_left_alone():
    table = FakeTable({10: "now", 11: "then"})
    assert leftovers([Recorded(10, "then"), Recorded(11, "then"), Recorded(12, "then")], "", table) == [(11, "then")]


def test_grandchildren_are_found_by_the_mark_of_the_run():
    table = FakeTable({10: "a", 20: "b", 30: "c"}, {20: "m", 30: "other"})
    assert leftovers([], "m", table) == [(20, "b")]


def test_without_a_mark_nothing_is_found_by_it():
    assert leftovers([], "", FakeTable({20: "b"}, {20: ""})) == []


def test_who_ends_when_asked_is_not_killed():
    table = FakeTable({10: "a"})
    assert end_all(table, [Recorded(10, "a")]) == []
    assert table.signals == [(10, signal.SIGTERM)]


def test_who_does_not_is_killed_after_the_grace():
    table = FakeTable({10: "a", 11: "a"})
    table.stubborn = {11}
    assert end_all(table, [Recorded(10, "a"), Recorded(11, "a")]) == []
    assert table.signals == [(10, signal.SIGTERM), (11, signal.SIGTERM), (11, signal.SIGKILL)]


def test_who_cannot_be_ended_is_named():
    table = FakeTable({10: "a"})
    table.immortal = {10}
    assert end_all(table, [Recorded(10, "a")]) == [Recorded(10, "a")]


def test_a_record_that_a_crash_cut_short_is_read_as_far_as_it_goes(tmp_path: Path):
    path = tmp_path / "processes"
    processes.write(path, os.getpid())
    with path.open("a") as file:
        file.write("123")
    assert processes.read(path) == [Recorded(os.getpid(), processes.birth(os.getpid()))]
    assert processes.read(tmp_path / "none") == []


def test_the_machine_knows_a_real_process_by_record_and_by_mark(tmp_path: Path):
    mark = f"test-{os.getpid()}"
    child = subprocess.Popen(
        [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()"],
        env={processes.MARK: mark},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    with child:
        child.stdout.readline()
        machine = processes.Machine()
        processes.write(tmp_path / "record", child.pid)
        recorded = processes.read(tmp_path / "record")
        assert leftovers(recorded, "", machine) == leftovers([], mark, machine) == recorded
        machine.signal(child.pid, signal.SIGKILL)
        child.wait(10)
        assert leftovers(recorded, mark, machine) == []
