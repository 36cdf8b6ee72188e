"""workspace, diff, deploy, rollback, releases."""

import io
import json
import tarfile

import pytest

from lab import cli
from lab.cli.drill import release
from lab.workspace import EDITABLE, Workspace

from .conftest import STATUS, Room

OTHERS = ("guardrails", "team-spec.md")
RUNNING = {"state": "running", "steps": [{"name": "lint", "state": "running", "detail": ""}]}
STEPS = [
    {"name": "lint", "state": "passed", "detail": ""},
    {"name": "tests", "state": "failed", "detail": "1 of 46: test_a_page_has_1_to_50_orders"},
]


@pytest.fixture
def opened(workspace: Workspace) -> Workspace:
    workspace.open("d-1")
    return workspace


def test_the_workspace_is_opened_for_the_drill_once(room: Room, workspace: Workspace, capsys) -> None:
    assert cli.main(["drill", "workspace"]) == 0
    assert capsys.readouterr().out == f"{workspace.path}\nbranch drill/d-1, 0 files changed\n"
    (workspace.path / "orders" / "app.py").write_text("# new\n")
    assert cli.main(["drill", "workspace", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["branch"], [one["path"] for one in found["changed"]]) == ("drill/d-1", ["orders/app.py"])


def test_without_a_drill_there_is_no_workspace_to_open(room: Room, workspace: Workspace, capsys) -> None:
    room.says("GET ", {"id": None, "phase": "idle"})
    assert cli.main(["drill", "workspace"]) == 2
    assert cli.main(["drill", "diff"]) == 2
    assert capsys.readouterr().err.count("labctl drill start opens one") == 2


def test_diff_shows_what_is_changed(opened: Workspace, capsys) -> None:
    assert cli.main(["drill", "diff"]) == 0
    assert capsys.readouterr().out == "Nothing is changed.\n"
    (opened.path / "orders" / "new.py").write_text("x = 1\n")
    assert cli.main(["drill", "diff"]) == 0
    assert "+x = 1" in capsys.readouterr().out
    assert cli.main(["drill", "diff", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["files"] == [{"path": "orders/new.py", "added": 1, "removed": 0}]
    assert found["branch"] == "drill/d-1" and "+x = 1" in found["patch"]


def test_deploy_sends_the_services_and_follows_the_steps(room: Room, opened: Workspace, capsys) -> None:
    (opened.path / "orders" / "new.py").write_text("x = 1\n")
    room.says("POST /deploy", RUNNING, status=202)
    done = {"state": "deployed", "release": "r-1", "steps": [STEPS[0], {"name": "tests", "state": "passed"}]}
    room.says("GET /deploy", RUNNING, {"state": "running", "steps": STEPS[:1]}, done)
    assert cli.main(["drill", "deploy"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.split() for line in said[:2]] == [["✓", "lint"], ["✓", "tests"]]
    assert said[2].startswith("r-1 runs;")
    request = next(one for one in room.asked if one.method == "POST")
    assert request.headers["content-type"] == "application/gzip"
    with tarfile.open(fileobj=io.BytesIO(request.content)) as tar:
        names = tar.getnames()
    assert "orders/new.py" in names and {name.split("/")[0] for name in names} == {*EDITABLE, "tests", *OTHERS}


@pytest.mark.parametrize("state", ["refused", "rolled-back"])
def test_a_release_that_does_not_run_ends_with_3(room: Room, opened: Workspace, capsys, state: str) -> None:
    outcome = {"state": state, "release": None, "steps": STEPS, "why": "A test failed."}
    room.says("POST /deploy", outcome, status=202)
    assert cli.main(["drill", "deploy"]) == 3
    said = capsys.readouterr()
    assert "✗ tests" in said.out and "test_a_page_has_1_to_50_orders" in said.out
    assert said.err == f"labctl: The release was {state.replace('-', ' ')}: A test failed.\n"
    assert cli.main(["drill", "deploy", "--json"]) == 3
    assert json.loads(capsys.readouterr().out) == outcome


def test_a_deploy_that_could_not_be_made_is_the_labs_error(room: Room, opened: Workspace, capsys) -> None:
    room.says("POST /deploy", {"state": "failed", "steps": [], "why": "No room on the disk."}, status=202)
    assert cli.main(["drill", "deploy"]) == 1
    assert capsys.readouterr().err == "labctl: The deploy did not work: No room on the disk.\n"


def test_a_deploy_under_way_can_be_followed_without_another(room: Room, opened: Workspace, capsys) -> None:
    room.says("GET /deploy", RUNNING, {"state": "deployed", "release": "r-1", "steps": STEPS[:1]})
    assert cli.main(["drill", "deploy", "--status"]) == 0
    assert room.sent == []
    assert "✓ lint" in capsys.readouterr().out


def refused(room: Room, capsys, code: int, sentence: str) -> None:
    assert cli.main(["drill", "deploy"]) == code
    assert sentence in capsys.readouterr().err
    assert room.sent == []


def test_what_is_no_release_is_not_sent(room: Room, opened: Workspace, monkeypatch, capsys) -> None:
    app = opened.path / "orders" / "app.py"
    before = app.read_text()
    app.write_text("def broken(:\n")
    refused(room, capsys, 2, "orders/app.py, line 1: Python cannot read it")
    app.write_text(before)
    monkeypatch.setattr(release, "LARGEST_RELEASE", 1)
    refused(room, capsys, 2, "the war room takes 1024")


def test_an_earlier_drills_work_is_not_deployed(room: Room, opened: Workspace, capsys) -> None:
    room.says("GET ", STATUS | {"id": "d-2"})
    refused(room, capsys, 2, "open this one's with labctl drill workspace")


def test_nothing_is_deployed_outside_a_drill(room: Room, opened: Workspace, capsys) -> None:
    room.says("GET ", {"id": None, "phase": "idle"})
    refused(room, capsys, 2, "No drill is under way")


def test_a_deploy_without_end_is_given_up(room: Room, opened: Workspace, monkeypatch, capsys) -> None:
    monkeypatch.setattr(release, "LIMIT_S", 0)
    room.says("POST /deploy", RUNNING, status=202)
    assert cli.main(["drill", "deploy"]) == 1
    assert "not done after 0 s" in capsys.readouterr().err


def test_rollback_says_what_runs_again(room: Room, capsys) -> None:
    room.says("POST /act", STATUS | {"release": "r-1"})
    assert cli.main(["drill", "rollback", "r-1", "--why", "slower"]) == 0
    assert cli.main(["drill", "rollback", "--why", "slower"]) == 0
    act = {"action": "rollback", "why": "slower"}
    assert room.sent == [("/act", {**act, "on": ["r-1"]}), ("/act", {**act, "on": []})]
    assert capsys.readouterr().out == "r-1 runs again.\n" * 2


def test_releases_are_a_table(room: Room, capsys) -> None:
    room.says("GET /releases", [{"release": "r-1", "services": ["orders"], "healthy": True, "current": False}])
    assert cli.main(["drill", "releases"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split() == ["r-1", "orders", "yes", "no"]
