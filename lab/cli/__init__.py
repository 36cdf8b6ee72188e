"""labctl: the command line. One file a group of commands; errors are one sentence on stderr."""

import os
import sys
from collections.abc import Sequence

import click

from lab.cli import bench, doctor, lifecycle, load, logs, pages, scenarios, sql, test, trace
from lab.errors import LabError, UsageError

GROUPS = (lifecycle, doctor, scenarios, load, pages, logs, trace, sql, bench, test)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def labctl() -> None:
    """3 A.M. Lab: a small company with real faults, a real pager, and you.

    Begin with `labctl up`. Exit codes: 0 done, 1 the lab could not, 2 the call was wrong, 3 the check did not pass.
    """


for group in GROUPS:
    for command in group.COMMANDS:
        labctl.add_command(command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code."""
    try:
        code = run(arguments)
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # whoever read has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def run(arguments: Sequence[str] | None) -> int:
    try:
        return labctl.main(arguments, prog_name="labctl", standalone_mode=False) or 0
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return 0
    except click.Abort:
        return _say("stopped by you.", LabError.exit_code)
    except click.ClickException as error:
        return _say(f"{error.format_message().rstrip('.')}; see labctl --help.", UsageError.exit_code)
    except LabError as error:
        return _say(str(error), error.exit_code)


def _say(sentence: str, code: int) -> int:
    print(f"labctl: {sentence}", file=sys.stderr)
    return code
