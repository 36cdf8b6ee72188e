"""test: the lab's own tests."""

import os
import shutil
import subprocess
import sys

import click

from lab import environment
from lab.errors import CheckFailed, LabError
from lab.runtime import packages
from lab.runtime.state import ROOT

GO = "install 1.25 or newer from go.dev/dl or your distribution"


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[PYTEST ARGUMENTS]...")
def test(arguments: tuple[str, ...]) -> None:
    """Run the lab's tests with pytest, after seeing to what they need. Exit code 3 if one fails.

    What follows is for pytest, such as test tests/unit -k books -x, or test -- --help for its own help.
    """
    if not shutil.which("go"):
        click.echo(f"The comparison with Jaeger will fail: Go is not on PATH; {GO}.", err=True)
    environment.ensure(environment.DEV_LOCK)
    packages.ensure(lambda text: click.echo(text, err=True))
    done = subprocess.run([sys.executable, "-m", "pytest", *arguments], cwd=ROOT, env=_environment())
    if done.returncode == 1:
        raise CheckFailed("A test failed; its name is in the summary above.")
    if done.returncode:
        raise LabError(f"pytest ended with exit code {done.returncode}; its output above says why.")


def _environment() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith("LAB_")}
