"""The tests that a workspace begins with pass on what the company runs, and on every right fix, whatever its design.

Otherwise a deploy would turn a right fix down.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab import bank, scenario
from lab.bank import Patch
from lab.workspace import EDITABLE, ROOT, files

RIGHT = [
    (f"{path.parent.parent.name}/{fix.name}", fix.patch)
    for path in sorted(scenario.FOLDER.glob("*/private/fixes"))
    for fix in bank.load(path.parent.parent.name).right
    if fix.deploy
]


def ran(tree: Path, names: dict[str, Path], services: set[str]) -> subprocess.CompletedProcess:
    """The tests of these services, in a tree that has `names` in it."""
    for name, path in names.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(path.read_bytes())
    tests = [f"tests/{name}" for name in sorted(services)]
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests],
        cwd=tree,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "services"), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )


def test_they_pass_on_what_the_company_runs(tmp_path: Path) -> None:
    done = ran(tmp_path, files(), set(EDITABLE))
    assert done.returncode == 0, done.stdout
    assert "skipped" not in done.stdout and "warning" not in done.stdout


@pytest.mark.parametrize("patch", [patch for _, patch in RIGHT], ids=[name for name, _ in RIGHT])
def test_they_pass_on_a_right_fix(tmp_path: Path, patch: Patch) -> None:
    changed = patch.files()
    done = ran(tmp_path, files() | changed, {name.split("/")[0] for name in changed})
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("name", "was", "instead"),
    [
        ("billing/models.py", "if Decimal(amount) <= 0:", "if Decimal(amount) < 0:"),
        ("checkout/app.py", "le=20", "le=21"),
        ("inventory/app.py", "max_length=100", "max_length=101"),
        ("orders/app.py", "max_page: int = Field(default=50", "max_page: int = Field(default=51"),
        ("promotions/rules.py", 'min_total=Decimal("100.00")', 'min_total=Decimal("100.01")'),
    ],
)
def test_they_fail_on_a_broken_promise(tmp_path: Path, name: str, was: str, instead: str) -> None:
    exported = files()
    text = exported[name].read_text()
    assert was in text
    broken = tmp_path / "broken.py"
    broken.write_text(text.replace(was, instead))
    done = ran(tmp_path / "tree", exported | {name: broken}, {name.split("/")[0]})
    assert done.returncode == 1, done.stdout
