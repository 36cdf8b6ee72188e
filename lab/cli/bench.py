"""bench: what the lab costs and how fast it is, each figure by a program in benchmarks/."""

import itertools
import json
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import psutil
from rich.console import Console
from rich.table import Table

from lab.cli import options
from lab.errors import CheckFailed, LabError, UsageError
from lab.runtime.state import ROOT

FOLDER = ROOT / "benchmarks"
DRILLS = ("screenshots", "two_drills", "whole_drill")  # hold drills, for most of an hour: only when they are named
ARGUMENTS_REFUSED = 2  # argparse's exit code
MARKS = {True: "✓", False: "✗", None: ""}


@click.command()
@options.name
@options.as_json
@click.argument("words", nargs=-1, metavar="[BENCHMARK]... [-- ARGUMENTS]")
def bench(name: str, as_json: bool, words: tuple[str, ...]) -> None:
    """Run the benchmarks: those that are named, or all but those that hold drills. Exit code 3 if a figure misses its
    floor.

    ARGUMENTS are for the one benchmark that is named, such as bench page_latency -- --times 10, or --help for its own
    help. An unknown name lists those there are.
    """
    programs = tuple(itertools.takewhile(lambda word: not word.startswith("-"), words))
    arguments = words[len(programs) :]
    if arguments and len(programs) != 1:
        raise UsageError("Arguments are for one benchmark: name it before --, such as bench startup -- --times 1.")
    found = {path.stem: path for path in sorted(FOLDER.glob("*.py")) if not path.stem.startswith("_")}
    if unknown := [one for one in programs if one not in found]:
        raise UsageError(f"There is no benchmark {unknown[0]!r}; there are {', '.join(found) or 'none'}.")
    if {"-h", "--help"} & set(arguments):
        subprocess.run([sys.executable, str(found[programs[0]]), "--help"], cwd=ROOT, env=_environment(name))
        return
    figures = []
    errors = Console(stderr=True)
    for one in programs or [one for one in found if one not in DRILLS]:
        with errors.status(f"measuring {one}"):
            figures += run(found[one], name, arguments)
    if as_json:
        options.print_json({"machine": machine(), "figures": figures})
    else:
        _print(figures)
    if missed := [one["name"] for one in figures if one["passed"] is False]:
        raise CheckFailed(f"These figures miss their floor: {'; '.join(missed)}.")


def run(path: Path, lab: str, arguments: Sequence[str] = ()) -> list[dict[str, Any]]:
    """The figures that one program prints: `{figures: [{name, value, unit, floor, passed}]}`, or the list alone."""
    command = [sys.executable, str(path), *arguments]
    done = subprocess.run(command, cwd=ROOT, env=_environment(lab), stdout=subprocess.PIPE, text=True)
    if done.returncode == ARGUMENTS_REFUSED:
        raise UsageError(f"{path.stem} does not take {' '.join(arguments)}; its output above says what it takes.")
    if done.returncode not in (0, CheckFailed.exit_code):  # a floor that is missed is seen in its figures
        raise LabError(f"{path.name} ended with exit code {done.returncode}; its output above says why.")
    try:
        printed = json.loads(done.stdout)
        return [
            {"floor": None, "passed": None, **figure}
            for figure in (printed["figures"] if isinstance(printed, dict) else printed)
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise LabError(f"{path.name} printed no JSON of figures ({error}); correct the program.") from error


def _environment(lab: str) -> dict[str, str]:
    return os.environ | {"LAB_NAME": lab, "PYTHONPATH": str(ROOT)}


def machine() -> dict[str, Any]:
    return {
        "system": platform.platform(),
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
    }


def _print(figures: list[dict[str, Any]]) -> None:
    table = Table(box=None, pad_edge=False)
    for column, justify in (("figure", "left"), ("value", "right"), ("unit", "left"), ("floor", "right"), ("", "left")):
        table.add_column(column, justify=justify)
    for one in figures:
        floor = "" if one["floor"] is None else f"{one['floor']:g}"
        value = "–" if one["value"] is None else f"{one['value']:.4g}"
        table.add_row(one["name"], value, one["unit"], floor, MARKS[one["passed"]])
    options.console().print(table, markup=False)
