from pathlib import Path

import pytest

from lab.errors import LabError, UsageError
from lab.runtime.local import LocalRuntime
from lab.runtime.state import Record, State


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
