import shutil
from pathlib import Path

import pytest

from lab.errors import LabError, UsageError
from lab.runtime import outside
from lab.runtime.local import LocalRuntime
from lab.runtime.programs import NAMES
from lab.runtime.state import ROOT, Record, State


class Notes:
    def __init__(self):
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalRuntime:
    """A lab whose supervisor lives and of which everything starts at once."""
    runtime = LocalRuntime(State("main", tmp_path))
    runtime.state.create()
    runtime.state.save(Record(8400, wanted=False))
    monkeypatch.setattr(runtime.supervisor, "answers", lambda: True)
    monkeypatch.setattr(runtime, "_start_all", lambda progress, began: None)
    return runtime


def test_up_after_an_interrupted_down_has_the_lab_kept_up_again(runtime: LocalRuntime):
    runtime.up(Notes())
    assert runtime.state.load().wanted


def test_another_block_of_ports_is_refused_and_changes_nothing(runtime: LocalRuntime):
    with pytest.raises(UsageError, match="labctl down first"):
        runtime.up(Notes(), port_base=8500)
    assert not runtime.state.load().wanted


@pytest.mark.parametrize(("customers", "asked", "noted"), [(True, False, 1), (True, True, 0), (False, False, 0)])
def test_no_load_is_said_to_come_too_late(runtime: LocalRuntime, customers: bool, asked: bool, noted: int):
    runtime.state.update(load=customers)
    progress = Notes()
    runtime.up(progress, load=asked)
    assert len([note for note in progress.notes if "--no-load has no effect" in note]) == noted


def test_what_is_outside_of_the_lab_is_taken_in_at_its_next_start(
    runtime: LocalRuntime, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AI_UPSTREAM_URL", "https://api.example.com")
    progress = Notes()
    runtime.up(progress)
    runtime.up(progress)  # which is nothing new
    assert len([note for note in progress.notes if "labctl down, then up" in note]) == 1
    assert outside.kept(runtime.state) == {"AI_UPSTREAM_URL": "https://api.example.com"}


@pytest.mark.parametrize("persistent", [True, False])
def test_a_failed_start_leaves_the_lab_wanted_only_by_who_tries_again(
    runtime: LocalRuntime, monkeypatch: pytest.MonkeyPatch, persistent: bool
):
    def fail(*arguments) -> None:
        raise LabError("billing did not become healthy.")

    def fail_to_end(progress) -> None:
        raise OSError("no space")

    monkeypatch.setattr("lab.runtime.local.require_free", lambda *arguments: None)
    monkeypatch.setattr("lab.runtime.local.packages.ensure", lambda note: None)
    monkeypatch.setattr("lab.runtime.local.rendering.render", lambda state, ports: None)
    monkeypatch.setattr("lab.runtime.local.programs", lambda state, ports, load: [])
    monkeypatch.setattr(runtime, "_start", fail)
    monkeypatch.setattr(runtime, "_end", fail_to_end)
    with pytest.raises(OSError):
        runtime.bring_up(Notes(), load=True, persistent=persistent)
    assert runtime.state.load().wanted is persistent


@pytest.fixture
def calls(runtime: LocalRuntime, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What the supervisor was asked for, of a lab in which all are stopped at once and are healthy at once."""
    calls: list[tuple[str, str]] = []
    infos = {name: {"pid": 0} for name in NAMES}
    monkeypatch.setattr(runtime.supervisor, "start", lambda name: calls.append(("start", name)))
    monkeypatch.setattr(runtime.supervisor, "stop", lambda name: calls.append(("stop", name)))
    monkeypatch.setattr(runtime.supervisor, "processes", lambda: infos)
    monkeypatch.setattr(runtime, "_wait", lambda names, progress, began: calls.append(("wait", *names)))
    runtime.releases.lay_out(ROOT / "services")
    return calls


def test_who_was_stopped_by_request_starts_with_the_lab(runtime: LocalRuntime, calls: list):
    runtime.releases.want(stop=["partner"])
    runtime.up(Notes())
    assert runtime.releases.wanted().stopped == () and calls == []


def test_a_restart_starts_who_was_stopped_by_request_and_nobody_else(runtime: LocalRuntime, calls: list):
    runtime.releases.want(stop=["partner", "billing"])
    runtime.restart(["partner", "load"], Notes())
    assert runtime.releases.wanted().stopped == ("billing",)
    assert calls[2:] == [("start", "partner"), ("start", "load"), ("wait", "partner", "load")]


@pytest.mark.parametrize("command", ["up", "restart"])
def test_code_that_has_changed_in_the_checkout_is_taken_in(
    runtime: LocalRuntime, calls: list, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str
):
    shutil.copytree(ROOT / "services", tmp_path / "checkout" / "services")
    (tmp_path / "checkout" / "services" / "orders" / "app.py").write_text("another = 1\n")
    monkeypatch.setattr("lab.runtime.local.ROOT", tmp_path / "checkout")
    progress = Notes()
    if command == "up":
        runtime.up(progress)
    else:
        runtime.restart(["load"], progress)
    assert ("stop", "orders") in calls and ("stop", "billing") not in calls
    assert progress.notes == ["the code of orders has changed: restarting what runs it"]
    assert runtime.releases.wanted()[:2] == (runtime.releases.baseline(), {"orders": 1})
