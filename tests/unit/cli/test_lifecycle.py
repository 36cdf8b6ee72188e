import json
from datetime import UTC, datetime, timedelta

import pytest

from lab import cli
from lab.cli import lifecycle, options
from lab.errors import UsageError
from lab.runtime.base import Silent
from lab.runtime.choice import Choice
from tests.runtimes import FakeRuntime


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> FakeRuntime:
    """The lab that every command finds, not up."""
    lab = FakeRuntime("b")
    monkeypatch.setenv("LAB_NAME", "b")
    monkeypatch.setattr(options, "runtime", lambda name: lab)
    monkeypatch.setattr(lifecycle.choice, "for_up", lambda state, asked: Choice(lab, "no Docker engine answers"))
    return lab


def test_up_says_in_one_line_which_runtime_and_why_and_what_comes_next(lab: FakeRuntime, capsys):
    assert cli.main(["up"]) == 0
    said = capsys.readouterr().out
    assert said.splitlines()[0] == "Lab b, local runtime (no Docker engine answers)"
    assert "http://127.0.0.1:8400/" in said and "Grafana" not in said
    assert "python3 labctl.py status --name b" in said
    assert lab.status().ready


def test_what_cannot_be_had_in_the_other_runtime_is_refused(lab: FakeRuntime, monkeypatch, capsys):
    def refuse(state, asked):
        raise UsageError("Lab b is made of containers.")

    monkeypatch.setattr(lifecycle.choice, "for_up", refuse)
    assert cli.main(["up", "--runtime", "local"]) == 2
    assert capsys.readouterr().err == "labctl: Lab b is made of containers.\n"


def test_down_and_purge(lab: FakeRuntime, capsys):
    lab.up(Silent())
    assert cli.main(["down"]) == 0
    assert lab.exists() and not lab.status().ready
    assert cli.main(["down", "--purge"]) == 0
    assert not lab.exists()
    assert capsys.readouterr().out.splitlines() == ["Lab b is down.", "Lab b is down and forgotten."]


@pytest.mark.parametrize("words", [["down"], ["down", "--purge"]])
def test_down_of_a_lab_that_is_not_there_says_so(lab: FakeRuntime, capsys, words: list[str]):
    assert cli.main(words) == 0
    assert capsys.readouterr().out == "There is no lab b.\n"


def test_status_of_a_lab_that_is_not_there_says_so(lab: FakeRuntime, capsys):
    assert cli.main(["status"]) == 3
    assert capsys.readouterr() == ("", "labctl: There is no lab b; labctl up --name b starts one.\n")


def test_status_shows_since_when(lab: FakeRuntime, capsys):
    lab.up(Silent())
    lab.stop(["partner"])
    assert cli.main(["status"]) == 3
    said = capsys.readouterr()
    billing = next(line for line in said.out.splitlines() if line.startswith("billing"))
    assert "03:00:00Z (" in billing
    assert "Lab b is not all healthy; labctl up --name b starts what is missing." in said.err


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "(0 s)"), (59, "(59 s)"), (61, "(1 min)"), (7200, "(2 h)"), (200_000, "(2 d)"), (-5, "(0 s)")],
)
def test_how_long_ago(seconds: int, text: str):
    then = datetime.now(UTC) - timedelta(seconds=seconds)
    assert lifecycle._since(f"{then:%Y-%m-%dT%H:%M:%SZ}").endswith(text)
    assert lifecycle._since(None) == ""


def test_status_in_json_has_all_keys(lab: FakeRuntime, capsys):
    lab.up(Silent())
    assert cli.main(["status", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["ready"] is True
    assert set(found["services"][0]) == {"name", "state", "pid", "url", "memory_bytes", "started_at"}


def test_the_token_is_all_that_is_printed(lab: FakeRuntime, capsys):
    lab.up(Silent())
    assert cli.main(["token", "instructor"]) == 0
    assert capsys.readouterr() == (f"{lab.token('instructor')}\n", "")
    assert cli.main(["token", "webhook"]) == 2


@pytest.mark.parametrize(
    "words",
    [
        ["restart", "billing"],
        ["token", "team"],
        ["sql", "select 1"],
        ["load", "status"],
        ["load", "start", "flash-sale"],
        ["pages"],
        ["pages", "ack", "p-1"],
        ["logs", "billing"],
        ["logs", "postgres"],
        ["trace", "abc"],
    ],
)
def test_every_command_says_the_same_of_a_lab_that_is_down(lab: FakeRuntime, capsys, words: list[str]):
    assert cli.main(words) == 1
    assert capsys.readouterr().err == "labctl: Lab b is not up; start it with labctl up --name b.\n"
