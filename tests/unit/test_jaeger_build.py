"""tests/jaeger/build.sh, which CI's stand-ins and the tests may both call at once."""

import os
import subprocess
from pathlib import Path

import pytest

from lab.runtime.state import ROOT

# Takes a moment to write a file, and says that it was asked.
GO = """#!/bin/sh
echo asked >> "$ASKED"
while [ "$1" != -o ]; do shift; done
printf '#!/bin/sh\n' > "$2"
while [ ! -e "$ASKED.both" ]; do sleep 0.05; done
chmod +x "$2"
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    go = tmp_path / "bin" / "go"
    go.parent.mkdir()
    go.write_text(GO)
    go.chmod(0o755)
    path = f"{go.parent}:{os.environ['PATH']}"
    return {"PATH": path, "XDG_CACHE_HOME": str(tmp_path / "cache"), "ASKED": str(tmp_path / "asked")}


def build(environment: dict[str, str]) -> subprocess.Popen[str]:
    command = [ROOT / "tests" / "jaeger" / "build.sh"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_two_at_once_give_one_whole_binary(environment: dict[str, str]) -> None:
    with build(environment) as one, build(environment) as other:
        Path(f"{environment['ASKED']}.both").touch()
        printed = {one.communicate(timeout=30)[0], other.communicate(timeout=30)[0]}
    assert (one.returncode, other.returncode) == (0, 0)
    (path,) = printed
    assert os.access(path.strip(), os.X_OK)
    assert [left for left in Path(path.strip()).parent.iterdir() if left.is_dir()] == []


def test_a_build_that_fails_leaves_nothing_behind(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "bin" / "go").write_text("#!/bin/sh\necho no such module >&2\nexit 1\n")
    with build(environment) as failed:
        assert "no such module" in failed.communicate(timeout=30)[1]
    assert failed.returncode == 1
    assert [left for left in (tmp_path / "cache").glob("3am-lab/*/*") if not left.name.endswith(".lock")] == []
