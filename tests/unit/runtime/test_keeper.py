import os
from contextlib import nullcontext
from types import SimpleNamespace

import psycopg
import pytest

from lab.errors import LabError
from lab.runtime import keeper, processes
from lab.runtime.state import Record


class FakeSupervisor:
    def __init__(self, states: dict[str, str]):
        self.states = states
        self.started: list[str] = []
        self.up = False

    def processes(self) -> dict:
        return {name: {"statename": state} for name, state in self.states.items()}

    def start(self, name: str) -> None:
        self.started.append(name)

    def answers(self) -> bool:
        return self.up


class FakeRuntime:
    """A runtime whose next `failures` starts fail."""

    error: Exception = LabError("billing did not become healthy.")

    def __init__(self, record: Record | None, failures: int = 0, supervisor: FakeSupervisor | None = None):
        self.record = record
        self.failures = failures
        self.supervisor = supervisor or FakeSupervisor({})
        self.brought_up: list[bool] = []
        self.state = SimpleNamespace(load=lambda: self.record, lock=nullcontext, run=None)

    def bring_up(self, progress, *, load: bool, persistent: bool) -> None:
        self.brought_up.append(load)
        assert persistent
        if len(self.brought_up) <= self.failures:
            raise self.error


def alive_for(rounds: int):
    left = iter([True] * rounds + [False])
    return lambda pid: next(left)


def test_processes_that_were_given_up_on_are_tried_again():
    runtime = FakeRuntime(None, supervisor=FakeSupervisor({"billing": "FATAL", "orders": "RUNNING"}))
    keeper.watch(runtime, 1, alive_for(2), lambda seconds: None)
    assert runtime.supervisor.started == ["billing", "billing"]


def test_a_supervisor_that_does_not_answer_yet_is_waited_for():
    runtime = FakeRuntime(None)
    runtime.supervisor.processes = lambda: (_ for _ in ()).throw(ConnectionRefusedError("no"))
    slept: list[float] = []
    keeper.watch(runtime, 1, alive_for(3), slept.append)
    assert len(slept) == 3


@pytest.mark.parametrize("load", [True, False])
def test_a_wanted_lab_is_started_anew_as_it_was(load: bool):
    runtime = FakeRuntime(Record(8400, wanted=True, load=load))
    keeper.recover(runtime, lambda seconds: None)
    assert runtime.brought_up == [load]


@pytest.mark.parametrize("record", [None, Record(8400, wanted=False)])
def test_a_lab_that_was_taken_down_stays_down(record: Record | None):
    runtime = FakeRuntime(record)
    keeper.recover(runtime, lambda seconds: None)
    assert runtime.brought_up == []


def test_a_lab_that_somebody_else_started_is_left_alone():
    runtime = FakeRuntime(Record(8400, wanted=True))
    runtime.supervisor.up = True
    keeper.recover(runtime, lambda seconds: None)
    assert runtime.brought_up == []


def test_it_goes_on_trying_with_growing_pauses(tmp_path):
    runtime = FakeRuntime(Record(8400, wanted=True), failures=7)
    runtime.state.run = tmp_path
    pauses: list[float] = []
    keeper.recover(runtime, pauses.append)
    assert len(runtime.brought_up) == 8
    assert pauses == [1, 2, 4, 8, 16, 30, 30]


@pytest.mark.parametrize(
    "error", [OSError("no space"), ConnectionRefusedError("no"), psycopg.OperationalError("gone"), KeyError("billing")]
)
def test_it_goes_on_trying_whatever_went_wrong(error: Exception, tmp_path, capsys):
    runtime = FakeRuntime(Record(8400, wanted=True), failures=1)
    runtime.error = error
    runtime.state.run = tmp_path
    keeper.recover(runtime, lambda seconds: None)
    assert len(runtime.brought_up) == 2
    assert str(error) in capsys.readouterr().out
    assert [one.pid for one in processes.read(tmp_path / "processes")] == [os.getpid()]


def test_a_lock_that_another_command_holds_is_waited_for(tmp_path):
    runtime = FakeRuntime(Record(8400, wanted=True))
    tries = iter([LabError("Another command is still at work."), None])

    def lock():
        if error := next(tries):
            raise error
        return nullcontext()

    runtime.state.lock = lock
    keeper.recover(runtime, lambda seconds: None)
    assert runtime.brought_up == [True]
