from pathlib import Path
from types import SimpleNamespace

import pytest

from lab.runtime import checks
from lab.runtime.local import LocalRuntime
from lab.runtime.state import State


@pytest.fixture
def runtime(tmp_path: Path) -> LocalRuntime:
    return LocalRuntime(State("main", tmp_path))


def found(runtime: LocalRuntime, name: str, **arguments) -> list[checks.Check]:
    return [check for check in checks.run(runtime, **arguments) if check.check == name]


def test_every_check_that_fails_says_how_to_mend_it(runtime: LocalRuntime, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(checks, "MEMORY", 2**60)
    monkeypatch.setattr(checks, "DISK", 2**60)
    monkeypatch.setattr(checks.packages, "find", lambda name: None)
    monkeypatch.setattr(checks.shutil, "which", lambda name: None)
    failed = [check for check in checks.run(runtime, lambda port: False) if not check.ok]
    assert {check.check for check in failed} == {"memory", "disk", *checks.packages.NAMES, "ports"}
    assert all(check.fix for check in failed)


def test_what_the_lab_can_fetch_itself_is_no_failure(runtime: LocalRuntime, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(checks.packages, "find", lambda name: None)
    monkeypatch.setattr(checks.shutil, "which", lambda name: "/usr/bin/apt-get")
    (check,) = found(runtime, "promtool")
    assert check.ok and "labctl up" in check.found


def test_a_taken_port_is_named(runtime: LocalRuntime):
    (check,) = found(runtime, "ports", free=lambda port: port != 8490)
    assert check.found.startswith("8490 is held by") and "--port-base 8500" in check.fix


def test_it_leaves_no_trace(runtime: LocalRuntime):
    checks.run(runtime)
    assert not runtime.state.path.exists()


@pytest.mark.parametrize(
    ("platform", "ok", "untried"), [("linux", True, False), ("darwin", True, True), ("win32", False, False)]
)
def test_it_says_that_only_linux_has_been_tried(runtime: LocalRuntime, monkeypatch, platform, ok, untried):
    monkeypatch.setattr(checks.sys, "platform", platform)
    check = checks._system()
    assert (check.ok, "tried on Linux only" in check.found) == (ok, untried)


def test_the_readmes_gigabyte_is_enough(runtime: LocalRuntime, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(checks.psutil, "virtual_memory", lambda: SimpleNamespace(available=2**30))
    assert found(runtime, "memory")[0].ok
