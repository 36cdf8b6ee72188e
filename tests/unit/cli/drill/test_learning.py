"""review, guardrail, spec, postmortem: decided before it is run, tried, handed in, written down."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lab import cli
from lab.cli.drill import work
from lab.workspace import Workspace

from .conftest import Room

BENCH = {
    "patches": [
        {"patch": f"patch-{n}", "title": f"Change {n}", "diff": "-x\n+[y]\n", "conditions": ["a-cart", "b-cart"]}
        for n in (1, 2)
    ],
    "outcome": None,
}
RUNNING = {"running": True, "step": "running patch-1, 1 of 2", "result": None, "why": ""}
REVIEWED = [
    {"patch": "patch-1", "accepted": True, "condition": "", "right": True},
    {"patch": "patch-2", "accepted": False, "condition": "a-cart", "right": False},
]
DECIDED = ["--accept", "patch-1", "--reject", "patch-2=a-cart"]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "POLL_S", 0)


@pytest.fixture
def opened(workspace: Workspace) -> Workspace:
    workspace.open("d-1")
    return workspace


def test_the_bench_shows_what_is_proposed_and_what_might_fail(room: Room, capsys) -> None:
    room.says("GET /review", BENCH)
    assert cli.main(["drill", "review"]) == 0
    said = capsys.readouterr().out
    assert "patch-2  Change 2" in said and "fails perhaps: a-cart, b-cart" in said and "+[y]" in said
    assert room.sent == []


def test_decisions_are_settled_by_running_the_patches(room: Room, capsys) -> None:
    room.says("POST /review", RUNNING, status=202)
    done = BENCH | {"outcome": RUNNING | {"running": False, "result": REVIEWED}}
    room.says("GET /review", BENCH | {"outcome": RUNNING}, done)
    assert cli.main(["drill", "review", *DECIDED]) == 0
    decisions = {"patch-1": {"accept": True, "condition": ""}, "patch-2": {"accept": False, "condition": "a-cart"}}
    assert room.sent == [("/review", {"decisions": decisions})]
    said = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert said == [["✓", "patch-1", "accepted"], ["✗", "patch-2", "rejected:", "a-cart"]]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--reject", "patch-1"], "write --accept PATCH, or --reject PATCH=CONDITION"),
        (["--reject", "patch-1="], "is no decision"),
        (["--accept", "patch-1=a-cart"], "is no decision"),
        (["--accept", "patch-1", "--reject", "patch-1=a-cart"], "two decisions on patch-1"),
    ],
)
def test_what_is_no_decision_is_refused_before_anything_is_sent(room: Room, capsys, words, sentence: str) -> None:
    assert cli.main(["drill", "review", *words]) == 2
    assert sentence in capsys.readouterr().err
    assert room.asked == []


def test_a_review_that_broke_off_is_the_labs_error(room: Room, capsys) -> None:
    room.says("POST /review", RUNNING | {"running": False, "why": "It broke off."}, status=202)
    assert cli.main(["drill", "review", *DECIDED]) == 1
    assert capsys.readouterr().err == "labctl: It broke off.\n"


@pytest.mark.parametrize(
    ("kind", "path"),
    [("lint", "guardrails/lint/no-eval.yml"), ("test", "guardrails/tests/test_no_eval.py")],
)
def test_a_scaffold_is_written_once(room: Room, opened: Workspace, capsys, kind: str, path: str) -> None:
    assert cli.main(["drill", "guardrail", "new", kind, "no-eval"]) == 0
    assert f"labctl drill guardrail try {path}" in capsys.readouterr().out
    (opened.path / path).write_text("mine\n")
    assert cli.main(["drill", "guardrail", "new", kind, "no-eval"]) == 2
    assert (opened.path / path).read_text() == "mine\n"
    assert cli.main(["drill", "guardrail", "new", kind, "../x"]) == 2


def test_the_test_of_the_scaffold_runs_and_finds(room: Room, opened: Workspace) -> None:
    assert cli.main(["drill", "guardrail", "new", "test"]) == 0

    def ends() -> int:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "guardrails/tests"]
        return subprocess.run(command, cwd=opened.path, capture_output=True).returncode

    assert ends() == 0
    (opened.path / "orders" / "history.py").write_text("x = eval('1')\n")
    assert ends() == 1


def test_the_rule_of_the_scaffold_finds(room: Room, opened: Workspace) -> None:
    assert cli.main(["drill", "guardrail", "new", "lint"]) == 0
    (opened.path / "orders" / "history.py").write_text("x = eval('1')\n")
    program = Path(sys.executable).with_name("ast-grep")
    command = [str(program), "scan", "--rule", "guardrails/lint/never-again.yml", "--json=stream", "."]
    done = subprocess.run(command, cwd=opened.path, capture_output=True, text=True)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(one["file"].removeprefix("./"), one["ruleId"]) for one in found] == [("orders/history.py", "never-again")]


PROOF = {
    "faulty_caught": True,
    "relatives_caught": 3,
    "relatives": 8,
    "fix_silent": True,
    "right_silent": 6,
    "right": 6,
    "bites": False,
    "why": "It catches 3 of 8 relatives of it; make it look at what the code does.",
}


def test_a_guardrail_that_does_not_bite_ends_with_3(room: Room, opened: Workspace, capsys) -> None:
    cli.main(["drill", "guardrail", "new", "lint"])
    path = "guardrails/lint/never-again.yml"
    room.says("POST /guardrail", RUNNING, status=202)
    room.says("GET /guardrail", RUNNING, RUNNING | {"running": False, "result": PROOF})
    capsys.readouterr()
    assert cli.main(["drill", "guardrail", "try", str(opened.path / path)]) == 3
    said = capsys.readouterr()
    assert "its relatives: 3 of 8 found" in said.out and said.err.endswith(f"labctl: {PROOF['why']}\n")
    assert said.err.startswith("trying: running patch-1, 1 of 2\n") and said.err.count("trying") == 1
    (request,) = [one for one in room.asked if one.method == "POST"]
    assert request.url.params["path"] == path
    room.says("GET /guardrail", RUNNING | {"running": False, "result": PROOF | {"bites": True, "why": ""}})
    assert cli.main(["drill", "guardrail", "try", path, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["bites"] is True


@pytest.mark.parametrize("path", ["guardrails/lint/none.yml", "/etc/passwd", "guardrails"])
def test_what_is_not_in_the_workspace_is_not_tried(room: Room, opened: Workspace, capsys, path: str) -> None:
    assert cli.main(["drill", "guardrail", "try", path]) == 2
    assert "labctl drill guardrail new begins one" in capsys.readouterr().err
    assert room.asked == []


def test_the_team_spec_is_handed_in_as_it_is(room: Room, opened: Workspace, capsys) -> None:
    path = opened.path / "team-spec.md"
    path.write_text(path.read_text() + "- Never again.\n")
    room.says("POST /spec", {"lines": 1})
    assert cli.main(["drill", "spec"]) == 0
    assert room.sent == [("/spec", {"text": path.read_text()})]
    path.unlink()
    assert cli.main(["drill", "spec"]) == 2
    assert "git checkout refs/lab/baseline -- team-spec.md" in capsys.readouterr().err


def test_the_post_mortem_is_written_and_the_rest_is_asked_for(room: Room, tmp_path: Path, capsys) -> None:
    found = {"markdown": "# What", "html": "<p>", "parts": {"lucky": "Where?", "ai": "What?"}, "missing": ["lucky"]}
    room.says("GET /postmortem", found)
    assert cli.main(["drill", "postmortem", "--to", str(tmp_path / "new")]) == 0
    assert (tmp_path / "new" / "postmortem-d-1.md").read_text() == "# What"
    assert (tmp_path / "new" / "postmortem-d-1.html").read_text() == "<p>"
    said = capsys.readouterr().out
    assert "lucky" in said and "Where?" in said and "What?" not in said
    (tmp_path / "file").touch()
    assert cli.main(["drill", "postmortem", "--to", str(tmp_path / "file" / "below")]) == 1
    assert "name another folder with --to" in capsys.readouterr().err
