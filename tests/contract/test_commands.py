"""The documents and the commands say the same."""

import click
import pytest

from lab.cli import labctl
from lab.cli.drill import SECTIONS
from lab.cli.reference import reference
from lab.runtime.state import ROOT

COMMANDS = {
    "up",
    "down",
    "restart",
    "status",
    "doctor",
    "scenarios",
    "load",
    "pages",
    "logs",
    "trace",
    "sql",
    "bench",
    "test",
    "token",
    "images",
    "drill",
    "panic",
    "validate",
}
READING = [
    *("status", "doctor", "scenarios", "load status", "pages", "logs", "trace", "sql", "bench", "validate"),
    *("drill status", "drill events", "drill report", "drill history", "drill debrief", "drill mechanisms"),
    *(
        "drill probe",
        "drill submit",
        "drill workspace",
        "drill diff",
        "drill deploy",
        "drill releases",
        "drill verify",
        "drill chain",
    ),
    *("drill review", "drill guardrail try", "drill postmortem"),
]
NAMES = [name for names in SECTIONS.values() for name in names]
DRILL = [*(name for name in NAMES if name != "guardrail"), "guardrail new", "guardrail try"]


def command(words: str) -> click.Command:
    found: click.Command = labctl
    for word in words.split():
        assert isinstance(found, click.Group)
        found = found.get_command(click.Context(found), word)
        assert found is not None
    return found


def test_the_reference_is_what_help_says():
    assert (ROOT / "docs" / "commands.md").read_text() == reference(), (
        "run .lab/venv/bin/python -m lab.cli.reference > docs/commands.md"
    )


def test_the_commands_are_those_of_the_design():
    assert set(labctl.list_commands(click.Context(labctl))) == COMMANDS


@pytest.mark.parametrize("words", READING)
def test_everything_that_reads_prints_json(words: str):
    assert "--json" in {option for parameter in command(words).params for option in parameter.opts}


@pytest.mark.parametrize(
    "words",
    [
        *sorted(COMMANDS - {"scenarios", "load", "test", "images", "drill"}),
        *("load start", "load stop", "pages ack"),
        *(f"drill {name}" for name in DRILL if name != "mechanisms"),
    ],
)
def test_every_command_about_a_lab_takes_its_name(words: str):
    assert "--name" in {option for parameter in command(words).params for option in parameter.opts}


@pytest.mark.parametrize("name", [name for name in DRILL if name not in ("mechanisms", "diff", "guardrail new")])
def test_everything_that_is_asked_of_the_war_room_can_be_asked_as_the_instructor(name: str):
    assert "--as" in {option for parameter in command(f"drill {name}").params for option in parameter.opts}


def test_no_command_of_the_drill_stands_in_two_sections():
    assert len(NAMES) == len(set(NAMES))
