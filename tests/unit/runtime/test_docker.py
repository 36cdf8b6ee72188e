import os
import stat
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.runtime import docker as module
from lab.runtime.docker import Docker, Unavailable, reason
from lab.runtime.health import wait_for


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Puts a `docker` that runs the given lines of shell on PATH."""

    def put(script: str) -> Docker:
        path = tmp_path / "docker"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        return Docker(tmp_path)

    return put


def test_what_it_prints_and_what_it_is_given(program):
    assert program('echo "$1 $LAB_PROJECT"').ask("ps", environment={"LAB_PROJECT": "p"}) == "ps p\n"


def test_a_failure_is_said_in_dockers_words(program):
    docker = program("echo warning >&2; echo 'Error response from daemon: no such thing.' >&2; exit 1")
    with pytest.raises(LabError, match=r"^docker volume failed: no such thing\.$"):
        docker.ask("volume", "rm", "x")
    assert docker.run("volume", "rm", "x").code == 1


def test_a_failure_of_compose_names_what_was_asked_of_it(program):
    docker = program("exit 1")
    with pytest.raises(LabError, match=r"^docker compose config failed: it said nothing\.$"):
        docker.ask("compose", "--project-name", "p", "--profile", "*", "config", "--format", "json")


@pytest.mark.parametrize(
    ("said", "clause"),
    [
        ("Cannot connect to the Docker daemon at unix:///x.sock. Is the docker daemon running?", "no Docker engine"),
        ("permission denied while trying to connect to the Docker daemon socket", "this user may not"),
    ],
)
def test_an_engine_that_does_not_answer_is_told_apart(program, said: str, clause: str):
    with pytest.raises(Unavailable) as error:
        program(f"echo '{said}' >&2; exit 1").engine()
    assert error.value.reason.startswith(clause)


def test_a_silent_engine_is_not_waited_for(program, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "ANSWER_S", 0.2)
    with pytest.raises(Unavailable, match=r"gave no answer in 0\.2 s"):
        program("exec sleep 30").engine()


def test_without_docker_it_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(Unavailable, match="Docker is not on PATH"):
        Docker().engine()


def test_versions(program):
    docker = program('[ "$1" = compose ] && echo v2.26.1-4 || echo 28.2.2')
    assert (docker.engine(), docker.compose()) == ("28.2.2", "2.26.1-4")
    with pytest.raises(Unavailable, match="Docker has no Compose"):
        program("echo \"docker: 'compose' is not a docker command.\" >&2; exit 125").compose()


def test_a_command_in_the_background_shows_what_it_writes_and_ends_with_its_block(program):
    docker = program("trap 'exit 9' TERM; echo one; echo two >&2; sleep 30 & wait")
    with docker.start("pull", "x") as running:
        assert wait_for(lambda: len(running.output()) == 2, 10)
        assert running.output() == ["one", "two"] and running.code is None
    assert running.code == 9


def test_lines_come_from_both_streams(program):
    assert list(program("echo one; echo two >&2").lines("logs", "x")) == ["one", "two"]


@pytest.mark.parametrize(
    ("lines", "gist"),
    [
        ([], "it said nothing"),
        (["failed to solve: pip said no.", ""], "pip said no"),
        (["Error response from daemon: Get x: dial tcp: no such host"], "Get x: dial tcp: no such host"),
    ],
)
def test_the_gist(lines: list[str], gist: str):
    assert reason(lines) == gist


def test_an_old_compose_is_refused(program):
    with pytest.raises(Unavailable, match=r"^Docker's Compose is 2\.17\.3; install 2\.20 or newer\.$"):
        program("echo 2.17.3").compose()


def test_compose_reads_the_repositorys_file_and_no_other(program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COMPOSE_FILE", "/elsewhere.yml")
    said = program('echo "$COMPOSE_FILE$@"').ask("compose", "--project-name", "p", "config")
    where = f"--project-directory {tmp_path} --file {tmp_path}/docker-compose.yml"
    assert said == f"compose {where} --project-name p config\n"
