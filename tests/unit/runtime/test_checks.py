from pathlib import Path
from types import SimpleNamespace

import pytest

from lab.runtime import checks
from lab.runtime.compose import ComposeRuntime
from lab.runtime.local import LocalRuntime
from lab.runtime.state import Record, State
from tests.dockers import HEALTHY, FakeDocker


@pytest.fixture
def runtime(tmp_path: Path) -> LocalRuntime:
    return LocalRuntime(State("main", tmp_path), FakeDocker(away=True))


def run(runtime: LocalRuntime, docker: FakeDocker | None = None, **arguments) -> list[checks.Check]:
    return checks.run(runtime, ComposeRuntime(runtime.state, docker or runtime.docker), **arguments)


def found(runtime: LocalRuntime, name: str, docker: FakeDocker | None = None, **arguments) -> list[checks.Check]:
    return [check for check in run(runtime, docker, **arguments) if check.check == name]


def test_every_check_that_fails_says_how_to_mend_it(runtime: LocalRuntime, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(checks, "MEMORY", 2**60)
    monkeypatch.setattr(checks, "DISK", 2**60)
    monkeypatch.setattr(checks.packages, "find", lambda name: None)
    monkeypatch.setattr(checks.shutil, "which", lambda name: None)
    failed = [check for check in run(runtime, free=lambda port: False) if not check.ok]
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


def test_a_further_lab_is_told_of_the_block_that_it_would_take(tmp_path: Path):
    runtime = LocalRuntime(State("b", tmp_path), FakeDocker(away=True))
    main = State("main", tmp_path)
    main.create()
    main.save(Record(8400, "local"))
    (check,) = found(runtime, "ports", free=lambda port: port >= 8500)
    assert check.ok and int(check.found.split()[0]) >= 8500


def test_it_leaves_no_trace(runtime: LocalRuntime):
    run(runtime)
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


def test_without_docker_the_lab_runs_all_the_same(runtime: LocalRuntime):
    (check,) = found(runtime, "docker")
    assert check.ok and check.found == "no Docker engine answers; the lab runs without" and not check.fix


def test_docker_its_compose_and_the_images_are_told_of(runtime: LocalRuntime):
    docker = FakeDocker(profiles=True, replies={"image inspect --format {{.Id}} grafana": (1, "No such image")})
    told = {check.check: check.found for check in run(runtime, docker)}
    assert (told["docker"], told["compose"]) == ("engine 28.2.2", "2.26.1")
    assert told["images"] == "missing: grafana/grafana:13.2.0; labctl up gets them"


def test_a_lab_of_containers_needs_docker_and_nothing_of_the_other(runtime: LocalRuntime):
    runtime.state.path.mkdir(parents=True)
    runtime.state.save(Record(8400, "compose"))
    (check,) = found(runtime, "docker")
    assert not check.ok and check.fix == "start it"
    assert not {"postgres", "prometheus"} & {check.check for check in run(runtime)}
    (ports,) = found(runtime, "ports", FakeDocker(HEALTHY), free=lambda port: False)
    assert ports.ok and "in use by this lab" in ports.found


@pytest.mark.parametrize("needed", [True, False])
def test_files_that_containers_cannot_read_are_said(
    runtime: LocalRuntime, monkeypatch: pytest.MonkeyPatch, needed: bool
):
    def closed(composition: object) -> None:
        raise checks.Unreadable("containers run as other users, who may not read alerts", "run chmod")

    (check,) = found(runtime, "files", FakeDocker())
    assert check.ok
    monkeypatch.setattr(checks.mounted, "require_readable", closed)
    if needed:
        runtime.state.path.mkdir(parents=True)
        runtime.state.save(Record(8400, "compose"))
    (check,) = found(runtime, "files", FakeDocker())
    assert check.ok is not needed and "who may not read alerts" in check.found
    assert check.fix == ("run chmod" if needed else "")
