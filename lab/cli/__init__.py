"""labctl: the command line. One file a group of commands; errors are one sentence on stderr."""

import sys
from collections.abc import Sequence

import click

from lab.cli import lifecycle
from lab.errors import LabError, UsageError

GROUPS = (lifecycle,)


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
        labctl.main(arguments, prog_name="labctl", standalone_mode=False)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.Abort:
        print("labctl: stopped by you", file=sys.stderr)
        return LabError.exit_code
    except click.ClickException as error:
        print(f"labctl: {error.format_message()} See labctl --help.", file=sys.stderr)
        return UsageError.exit_code
    except LabError as error:
        print(f"labctl: {error}", file=sys.stderr)
        return error.exit_code
    return 0
