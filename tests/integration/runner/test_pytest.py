"""Tests that pass, fail, cheat, hang and misbehave."""

import base64
import json
import os
import tempfile
import time
from pathlib import Path

import pytest
from warroom.deploy.deployment import Refused
from warroom.deploy.gatekeepers import Tests as ShippedTests

from lab.errors import UsageError
from lab.releases import EDITABLE
from lab.runner import checks
from lab.runner.job import read

from .conftest import Check, body

ROOT = Path(__file__).parents[3]
PASSES = "def test_it():\n    assert True\n"


def test_tests_that_pass(check: Check, tmp_path: Path):
    outcome = check({"svc/sums.py": "def add(a, b): return a + b\n", "tests/test_a.py": SUM}, kind="pytest")
    assert (outcome.passed, outcome.exit_code, outcome.findings, outcome.why) == (True, 0, [], "")
    assert "1 passed" in outcome.output and 0 < outcome.seconds < 60
    assert list(tmp_path.iterdir()) == []


SUM = "from svc.sums import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n"


def test_a_failing_test_is_named(check: Check):
    outcome = check({"svc/sums.py": "def add(a, b): return a - b\n", "tests/test_a.py": SUM}, kind="pytest")
    assert (outcome.passed, outcome.exit_code, outcome.why) == (False, 1, "")
    (finding,) = outcome.findings
    assert (finding.file, finding.line, finding.rule) == ("tests/test_a.py", 4, "test_add")
    assert "assert -1 == 3" in finding.message


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = 1\n", "No test passed"),
        ("import pytest\n\n\n@pytest.mark.skip\ndef test_it(): pass\n", "No test passed"),
        ("import os\n\n\ndef test_it():\n    os._exit(0)\n", "No test passed"),
        ("import os\n\n\ndef test_it():\n    os.kill(os.getpid(), 9)\n", "No test passed"),
        ("import sys\n\n\ndef test_it():\n    sys.exit(0)\n", ""),
        ("import nothing_of_that_name\n", ""),
        ("def test_it(:\n", ""),
    ],
)
def test_what_does_not_prove_anything_does_not_pass(check: Check, text: str, says: str):
    outcome = check({"test_a.py": text}, kind="pytest")
    assert not outcome.passed and says in outcome.why
    assert outcome.why or outcome.findings


def test_kit_is_there_and_the_tree_comes_first(check: Check):
    text = "import kit\nfrom billing import app\n\n\ndef test_it():\n    assert kit.Problem and app.MINE\n"
    assert check({"test_a.py": text, "billing/app.py": "MINE = 1\n", "billing/__init__.py": ""}, kind="pytest").passed


def test_an_asynchronous_test_runs(check: Check):
    text = "import pytest\n\n\n@pytest.mark.anyio\nasync def test_it():\n    assert True\n\n\n"
    text += '@pytest.fixture\ndef anyio_backend():\n    return "asyncio"\n'
    assert check({"test_a.py": text}, kind="pytest").passed


def test_the_workspaces_own_tests_run(check: Check):
    files = {}
    for root, folder in (("services", "promotions"), ("workspace", "tests/promotions")):
        for path in (ROOT / root / folder).rglob("*.py"):
            files[str(path.relative_to(ROOT / root))] = path.read_text()
    for name in ("pytest.ini", "tests/conftest.py"):
        files[name] = (ROOT / "workspace" / name).read_text()
    outcome = check(files, kind="pytest", paths=["tests/promotions"])
    assert outcome.passed, outcome.output


def test_nothing_of_the_environment_is_to_be_seen(check: Check, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LAB_TOKEN", "a-token-to-be-found")
    text = "import os, pathlib\n\n\ndef test_it():\n    seen = dict(os.environ)\n"
    text += "    parents = pathlib.Path(f'/proc/{os.getppid()}/environ').read_bytes()\n"
    text += "    assert 'a-token-to-be-found' not in str(seen) + str(parents)\n"
    text += "    assert pathlib.Path.home().name == 'home' and not list(pathlib.Path.home().iterdir())\n"
    outcome = check({"test_a.py": text}, kind="pytest")
    assert outcome.passed, outcome.output


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_test_that_hangs_is_ended_with_all_that_it_started(check: Check, tmp_path: Path):
    told = tmp_path / "told"
    text = "import os, subprocess, time\n\n\ndef test_it():\n"
    text += '    child = subprocess.Popen(["sleep", "300"], start_new_session=True)\n'
    text += f"    open({str(told)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
    text += "    time.sleep(300)\n"
    begin = time.monotonic()
    outcome = check({"test_a.py": text}, kind="pytest", timeout_s=15)
    assert time.monotonic() - begin < 60
    assert (outcome.passed, outcome.exit_code) == (False, None) and "15 s" in outcome.why
    assert all(gone(int(pid)) for pid in told.read_text().split())


def test_what_a_passing_test_leaves_running_is_ended(check: Check, tmp_path: Path):
    told = tmp_path / "told"
    text = "import os, subprocess\n\n\ndef test_it():\n"
    text += '    child = subprocess.Popen(["sh", "-c", "sleep 300 & echo $!; wait"], start_new_session=True, '
    text += "stdout=subprocess.PIPE)\n"
    text += f"    open({str(told)!r}, 'w').write(f'{{child.pid}} {{int(child.stdout.readline())}}')\n"
    assert check({"test_a.py": text}, kind="pytest").passed
    assert all(gone(int(pid)) for pid in told.read_text().split())


def test_output_is_bounded(check: Check):
    text = "import sys\n\n\ndef test_it():\n    for _ in range(3000):\n        sys.__stdout__.write('x' * 1000)\n"
    outcome = check({"test_a.py": text, "pytest.ini": "[pytest]\naddopts = -s\n"}, kind="pytest")
    assert outcome.passed and len(outcome.output) < 70_000 and "[cut here: " in outcome.output


@pytest.mark.parametrize(
    "line",
    [
        "assert bytearray(3 * 2**30)",
        "open('large', 'wb').write(b'x' * 64 * 2**20)",
        "assert [open('/dev/null') for _ in range(1000)]",
    ],
)
def test_memory_and_files_are_bounded(check: Check, line: str):
    outcome = check({"test_a.py": f"def test_it():\n    {line}\n"}, kind="pytest")
    assert not outcome.passed and outcome.exit_code == 1
    assert "Error" in outcome.findings[0].message


def test_folders_that_are_locked_or_deep_are_removed_as_well(check: Check, tmp_path: Path):
    text = "import os\n\n\ndef test_it():\n    os.makedirs('a/b/c')\n    os.chmod('a/b', 0)\n    os.chmod('a', 0)\n"
    text += "    for _ in range(1500):\n        os.mkdir('deep')\n        os.chdir('deep')\n"
    assert check({"test_a.py": text}, kind="pytest").passed
    assert list(tmp_path.iterdir()) == []


def test_a_report_that_is_no_file_stops_nothing(check: Check):
    text = "import atexit, os, pathlib\nREPORT = pathlib.Path('..', 'report.xml')\n\n\ndef test_it():\n"
    text += "    atexit.register(lambda: (REPORT.unlink(), os.mkfifo(REPORT)))\n"
    outcome = check({"test_a.py": text}, kind="pytest")
    assert not outcome.passed and "No test passed" in outcome.why


def test_a_configuration_above_the_tree_counts_for_nothing(check: Check, tmp_path: Path):
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --collect-only\n")
    (tmp_path / "conftest.py").write_text("raise SystemExit('from above')\n")
    assert check({"test_a.py": PASSES}, kind="pytest").passed


def test_a_path_that_is_not_there(check: Check):
    with pytest.raises(UsageError, match=r"'tests/none\.py'"):
        check({"test_a.py": PASSES}, kind="pytest", paths=["tests/none.py"])


def test_where_it_is_alone_nothing_stays_of_a_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    text = "import pathlib\n\n\ndef test_it():\n"
    text += f"    pathlib.Path({str(tmp_path)!r}, 'kept').mkdir()\n"
    text += f"    pathlib.Path({str(tmp_path)!r}, 'kept', 'x').write_text('x')\n"
    text += f"    pathlib.Path({str(tmp_path)!r}, 'link').symlink_to('/etc')\n"
    job = read(body({"test_a.py": text}, kind="pytest"))
    assert checks.run(job, alone=True).passed
    assert list(tmp_path.iterdir()) == [] and Path("/etc/passwd").exists()


NEUTRAL = "import pytest\n\n\n@pytest.hookimpl(wrapper=True)\ndef pytest_runtest_call(item):\n"
NEUTRAL += "    try:\n        yield\n    except BaseException:\n        pass\n"


def test_a_conftest_of_the_teams_neutralises_none_of_the_tests_that_are_shipped(check: Check, tmp_path: Path):
    """What the gatekeeper hands in, run by the real tool."""
    services = {f"{name}/{file}": "" for name in EDITABLE for file in ("__init__.py", "app.py")}
    test = "from promotions.rules import MIN\n\n\ndef test_min():\n    assert MIN == 2\n"
    shipped, bundle = tmp_path / "shipped", tmp_path / "bundle"
    for folder, files in (
        (shipped, {"pytest.ini": "[pytest]\npythonpath = .\n", "tests/test_rules.py": test}),
        (bundle, {"promotions/rules.py": "MIN = 1\n", "tests/conftest.py": NEUTRAL, "tests/test_mine.py": PASSES}),
    ):
        for name, text in (services | files if folder is bundle else files).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)

    class Direct:
        def pytest(self, tree: bytes, paths: list[str]):
            packed = base64.b64encode(tree).decode()
            return checks.run(read(json.dumps({"tree": packed, "run": {"kind": "pytest", "paths": paths}}).encode()))

    with pytest.raises(Refused, match=r"tests/test_rules\.py:4 test_min"):
        ShippedTests(Direct(), shipped)(bundle, bundle)
