"""validate: which scenarios and fixes are meant, what is printed, and what is left when it ends."""

import contextlib
import json
from types import SimpleNamespace
from typing import Any

import pytest

from lab import cli
from lab.cli import validate
from lab.cli.validate import _chosen
from lab.errors import LabError, UsageError
from lab.runtime.base import Silent
from tests.runtimes import FakeRuntime

BANK = [{"name": f"w-{n}", "right": False} for n in range(9)] + [{"name": f"r-{n}", "right": True} for n in range(5)]


class Room:
    """A war room with a bank; what was under way ends when it is told to."""

    def __init__(self) -> None:
        self.ended = 0
        self.running = True
        self.begun = True

    def described(self, scenario: str) -> dict[str, Any]:
        return {"control": False, "recovery": {}, "fixes": BANK}

    def latest(self) -> dict[str, Any]:
        return {"running": self.running and not self.ended}

    def end(self) -> None:
        self.ended += 1

    def __enter__(self) -> "Room":
        return self

    def __exit__(self, *_: object) -> None: ...


class Lab(FakeRuntime):
    restored = 0

    def restore(self) -> None:
        super().restore()
        self.restored += 1


class Stage:
    """`proofs` is what the proofs come to, in order: whether they passed, or what they raise."""

    def __init__(self) -> None:
        self.room, self.lab = Room(), Lab()
        self.phase = "idle"
        self.proofs: list[bool | BaseException] = [True]
        self.tried: list[tuple] = []
        self.load: list[str] = []
        self.lab.up(Silent())

    def proof(self, scenario: Any, *_: Any) -> SimpleNamespace:
        def run(names: Any, seed: int, *, incident: bool) -> dict[str, Any]:
            self.tried.append((scenario.id, sorted(names), seed, incident))
            outcome = self.proofs.pop(0) if len(self.proofs) > 1 else self.proofs[0]
            if isinstance(outcome, BaseException):
                raise outcome
            return {"scenario": scenario.id, "passed": outcome, "steps": []}

        return SimpleNamespace(run=run)


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    stage = Stage()
    load = SimpleNamespace(profiles=lambda: [], start=stage.load.append, stop=stage.load.append)
    monkeypatch.setattr(validate.choice, "for_up", lambda *_: (stage.lab, ""))
    monkeypatch.setattr(validate, "Validation", lambda *_: stage.room)
    monkeypatch.setattr(validate, "Load", lambda *_: load)
    drill = SimpleNamespace(status=lambda: {"phase": stage.phase})
    monkeypatch.setattr(validate, "Drill", lambda *_: contextlib.nullcontext(drill))
    monkeypatch.setattr(validate, "Proof", lambda *of: stage.proof(*of))
    return stage


def test_one_scenario_and_all_of_its_bank(stage: Stage, capsys: pytest.CaptureFixture[str]):
    assert cli.main(["validate", "flash-sale", "--seed", "3", "--json"]) == 0
    assert stage.tried == [("flash-sale", sorted(fix["name"] for fix in BANK), 3, True)]
    printed = json.loads(capsys.readouterr().out)
    assert printed["scenario"] == "flash-sale" and {"ended_at", "machine"} <= printed.keys()


def test_all_of_them_are_a_list(stage: Stage, capsys: pytest.CaptureFixture[str]):
    assert cli.main(["validate", "--all", "--bank-only", "--json"]) == 0
    ids = [one["scenario"] for one in json.loads(capsys.readouterr().out)]
    assert ids == [tried[0] for tried in stage.tried] and "flash-sale" in ids and len(ids) > 3
    assert not any(tried[3] for tried in stage.tried)


def test_what_does_not_hold_ends_with_3_and_is_printed(stage: Stage, capsys: pytest.CaptureFixture[str]):
    stage.proofs = [True, False]
    assert cli.main(["validate", "flash-sale", "batch-export", "--json"]) == 3
    printed = capsys.readouterr()
    assert len(json.loads(printed.out)) == 2 and "Not proved: batch-export" in printed.err


@pytest.mark.parametrize("how", [KeyboardInterrupt(), LabError("The load does not answer.")])
def test_whatever_ends_it_leaves_the_baseline(stage: Stage, how: BaseException):
    stage.proofs = [how]
    assert cli.main(["validate", "flash-sale"]) == 1
    assert stage.room.ended == 1 and stage.lab.restored and stage.load == ["healthy"]


@pytest.mark.parametrize("phase", ["armed", "dark-room", "post-mortem"])
def test_a_drill_under_way_is_left_alone(stage: Stage, capsys: pytest.CaptureFixture[str], phase: str):
    stage.phase, stage.room.begun = phase, False
    assert cli.main(["validate", "flash-sale"]) == 2
    assert "A drill is under way" in capsys.readouterr().err and stage.tried == []
    assert (stage.room.ended, stage.load, stage.lab.restored) == (0, [], 0)


def test_what_the_war_room_refuses_clears_nothing_up(stage: Stage, capsys: pytest.CaptureFixture[str]):
    stage.proofs, stage.room.begun = [UsageError("A drill is under way.")], False
    assert cli.main(["validate", "flash-sale"]) == 2
    assert "A drill is under way" in capsys.readouterr().err
    assert (stage.room.ended, stage.load, stage.lab.restored) == (0, [], 0)


def test_a_drill_that_begins_meanwhile_keeps_its_load(stage: Stage):
    def proof(scenario: Any, *_: Any) -> SimpleNamespace:
        def run(*_: Any, **__: Any) -> dict[str, Any]:
            stage.phase = "armed"
            return {"scenario": scenario.id, "passed": False, "steps": []}

        return SimpleNamespace(run=run)

    stage.proof = proof
    assert cli.main(["validate", "flash-sale"]) == 3
    assert (stage.room.ended, stage.load, stage.lab.restored) == (0, [], 0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "say --all"),
        (["flash-sale", "--all"], "say --all"),
        (["no-scenario"], "no scenario 'no-scenario'"),
        (["flash-sale", "--fix", "magic"], "has no fix 'magic'"),
        (["--all", "--fix", "w-1"], "of one scenario"),
        (["flash-sale", "--fix", "w-1", "--sample", "1"], "of one scenario"),
        (["flash-sale", "--sample", "0"], "--sample"),
    ],
)
def test_what_makes_no_sense(stage: Stage, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str):
    assert cli.main(["validate", *arguments]) == 2
    assert words in capsys.readouterr().err and stage.tried == []


def test_a_sample_has_so_many_of_each_and_depends_on_the_seed():
    def sample(seed: int, number: int = 2) -> list[str]:
        return _chosen(BANK, (), number, seed, "flash-sale")

    assert [name[0] for name in sample(1)] == ["w", "w", "r", "r"] and sample(1) == sample(1)
    assert len({tuple(sample(seed)) for seed in range(20)}) > 5
    assert len(sample(1, 7)) == 7 + 5, "of five right ones there are no seven"


def test_fixes_by_name():
    assert _chosen(BANK, ("r-1", "w-2"), None, 1, "x") == ["r-1", "w-2"]
    with pytest.raises(UsageError, match="it has none"):
        _chosen([], ("r-1",), None, 1, "x")
