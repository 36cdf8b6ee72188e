"""labctl: the command line. One file a group of commands; errors are one sentence on stderr."""

import importlib
import os
import signal
import sys
from collections.abc import Sequence

import click

from lab.errors import LabError, UsageError

# A command's module is imported when it is asked for: `status` need not wait for a database driver.
MODULES = {
    "lifecycle": ("up", "down", "restart", "status"),
    "doctor": ("doctor",),
    "token": ("token",),
    "images": ("images",),
    "scenarios": ("scenarios",),
    "load": ("load",),
    "pages": ("pages",),
    "logs": ("logs",),
    "trace": ("trace",),
    "sql": ("sql",),
    "drill": ("drill",),
    "panic": ("panic",),
    "validate": ("validate",),
    "bench": ("bench",),
    "test": ("test",),
}


class Commands(click.Group):
    def list_commands(self, context: click.Context) -> list[str]:
        return sorted({*self.commands, *(name for names in MODULES.values() for name in names)})

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        for module, names in MODULES.items():
            if name in names:
                return getattr(importlib.import_module(f"lab.cli.{module}"), name)
        return super().get_command(context, name)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def labctl() -> None:
    """3 A.M. Lab: a small company with real faults, a real pager, and you.

    Begin with `labctl up`. Exit codes: 0 done, 1 the lab could not, 2 the call was wrong, 3 the check did not pass.
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # an `up` that is ended ends what it has started
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
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "labctl"
        return _say(f"{error.format_message().rstrip('.')}; see {command} --help.", UsageError.exit_code)
    except LabError as error:
        return _say(str(error), error.exit_code)


def _say(sentence: str, code: int) -> int:
    print(f"labctl: {sentence}", file=sys.stderr)
    return code
