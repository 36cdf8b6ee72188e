"""The Dockerfiles as hadolint sees them."""

import subprocess
import sys
from pathlib import Path

import pytest

from lab.runtime.state import ROOT

HADOLINT = Path(sys.executable).with_name("hadolint")
# Debian's packages are pinned by the release that a stand-in is made of.
PINNED_ELSEWHERE = {"compose/standins/Dockerfile": ["DL3008"]}


@pytest.mark.parametrize("path", ["compose/Dockerfile", "compose/standins/Dockerfile"])
def test_it_is_clean(path: str) -> None:
    ignored = [f"--ignore={rule}" for rule in PINNED_ELSEWHERE.get(path, [])]
    done = subprocess.run([str(HADOLINT), "--no-color", *ignored, str(ROOT / path)], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_a_fault_is_found(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM python\nRUN cd /tmp && pip install x\n")
    done = subprocess.run([str(HADOLINT), "--no-color", str(tmp_path / "Dockerfile")], capture_output=True, text=True)
    assert done.returncode != 0 and "DL3006" in done.stdout
