import json

import click
import pytest

from lab import cli
from lab.errors import CheckFailed, LabError, UsageError


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch):
    """Registers a command `try-it` that raises what the test sets."""
    raised: list[BaseException] = []

    @click.command("try-it")
    def try_it() -> None:
        if raised:
            raise raised[0]

    monkeypatch.setitem(cli.labctl.commands, "try-it", try_it)
    return raised


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (LabError("It broke."), 1),
        (UsageError("It broke."), 2),
        (CheckFailed("It broke."), 3),
        (click.Abort(), 1),
        (click.UsageError("It broke."), 2),
    ],
)
def test_errors_are_one_sentence_on_stderr_and_an_exit_code(command, capsys, error: Exception, code: int):
    command.append(error)
    assert cli.main(["try-it"]) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("labctl: ") and said.err.count("\n") == 1


def test_success_is_silent(command, capsys):
    assert cli.main(["try-it"]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    "arguments",
    [
        ["nope"],
        ["restart"],
        ["load", "start"],
        ["up", "--runtime", "x"],
        ["status", "--name", "No"],
        ["logs", "x", "-n0"],
    ],
)
def test_a_wrong_call_ends_with_2(capsys, arguments: list[str]):
    assert cli.main(arguments) == 2
    assert capsys.readouterr().err.startswith("labctl: ")


def test_without_arguments_it_explains_itself(capsys):
    assert cli.main([]) == 0
    assert "Begin with `labctl up`" in capsys.readouterr().out


@pytest.mark.parametrize(
    "command", [["sql", "select 1"], ["load", "status"], ["pages"], ["trace", "a"], ["logs", "billing"]]
)
def test_a_lab_that_is_not_there_is_said_to_be_missing(capsys, command: list[str]):
    assert (
        cli.main([*command, "--name", "no-such-lab"] if command != ["pages"] else ["pages", "--name", "no-such-lab"])
        == 1
    )
    assert "Lab no-such-lab is not up; start it with labctl up --name no-such-lab." in capsys.readouterr().err


def test_the_status_of_a_lab_that_is_down_is_not_ready(capsys):
    assert cli.main(["status", "--json", "--name", "no-such-lab"]) == 3
    found = json.loads(capsys.readouterr().out)
    assert found["ready"] is False
    assert {service["state"] for service in found["services"]} == {"stopped"}
    assert set(found["services"][0]) == {"name", "state", "pid", "url", "memory_bytes", "started_at"}
