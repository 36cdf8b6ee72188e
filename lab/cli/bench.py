"""bench: what the lab costs and how fast it is, each figure by a program in benchmarks/."""

import json
import os
import platform
import subprocess
import sys
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


@click.command()
@options.name
@options.as_json
@click.argument("programs", nargs=-1, metavar="[NAME]...")
def bench(name: str, as_json: bool, programs: tuple[str, ...]) -> None:
    """Run the benchmarks, all or those that are named."""
    found = {path.stem: path for path in sorted(FOLDER.glob("*.py")) if not path.stem.startswith("_")}
    if unknown := [one for one in programs if one not in found]:
        raise UsageError(f"There is no benchmark {unknown[0]!r}; there are {', '.join(found) or 'none'}.")
    figures = []
    errors = Console(stderr=True)
    for one in programs or found:
        with errors.status(f"measuring {one}"):
            figures += run(found[one], name)
    if as_json:
        options.print_json({"machine": machine(), "figures": figures})
    else:
        _print(figures)


def run(path: Path, lab: str) -> list[dict[str, Any]]:
    """The figures that one program prints: `{figures: [{name, value, unit, floor}]}`, or the list alone."""
    environment = os.environ | {"LAB_NAME": lab, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, str(path)], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    if done.returncode == CheckFailed.exit_code:
        raise CheckFailed(f"{path.name} found a figure that misses its floor; its output above says which.")
    if done.returncode:
        raise LabError(f"{path.name} ended with exit code {done.returncode}; its output above says why.")
    try:
        printed = json.loads(done.stdout)
        return [{"floor": None, **figure} for figure in (printed["figures"] if isinstance(printed, dict) else printed)]
    except (ValueError, KeyError, TypeError) as error:
        raise LabError(f"{path.name} printed no JSON of figures ({error}); correct the program.") from error


def machine() -> dict[str, Any]:
    return {
        "system": platform.platform(),
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
    }


def _print(figures: list[dict[str, Any]]) -> None:
    table = Table(box=None, pad_edge=False)
    for column, justify in (("figure", "left"), ("value", "right"), ("unit", "left"), ("floor", "right")):
        table.add_column(column, justify=justify)
    for one in figures:
        floor = "" if one["floor"] is None else f"{one['floor']:g}"
        value = "–" if one["value"] is None else f"{one['value']:.4g}"
        table.add_row(one["name"], value, one["unit"], floor)
    options.console().print(table, markup=False)
