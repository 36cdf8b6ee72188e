from pathlib import Path

import pytest

from lab.errors import UsageError
from lab.runtime import choice
from lab.runtime.state import Record, State
from tests.dockers import HEALTHY, FakeDocker

NO_IMAGES = {"image inspect": (1, "No such image"), "pull": (1, "no such host")}


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State("main", tmp_path)


def recorded(state: State, runtime: str, *, wanted: bool = False) -> State:
    state.path.mkdir(parents=True)
    state.save(Record(8400, runtime, wanted=wanted))
    return state


def test_a_lab_that_nobody_knows_is_local(state: State):
    assert choice.of(state, FakeDocker()).kind == "local"
    assert choice.of(state, FakeDocker(away=True)).kind == "local"


@pytest.mark.parametrize("kind", ["local", "compose"])
def test_the_record_says(state: State, kind: str):
    assert choice.of(recorded(state, kind), FakeDocker(away=True)).kind == kind


@pytest.mark.parametrize("before", [None, "local", "broken"])
def test_what_docker_compose_up_has_started_is_found(state: State, before: str | None):
    if before == "local":
        recorded(state, "local")
    elif before:
        state.path.mkdir(parents=True)
        (state.path / "lab.json").write_text("{")
    assert choice.of(state, FakeDocker(HEALTHY)).kind == "compose"


def test_with_a_broken_record_it_is_that_which_has_the_labs_volumes(state: State):
    state.path.mkdir(parents=True)
    (state.path / "lab.json").write_text("{")
    assert choice.of(state, FakeDocker(replies={"volume ls": "3am-lab_postgres-data"})).kind == "compose"
    assert choice.of(state, FakeDocker()).kind == choice.of(state, FakeDocker(away=True)).kind == "local"


def test_a_local_lab_that_ought_to_run_is_not_looked_for_elsewhere(state: State):
    docker = FakeDocker(HEALTHY)
    assert choice.of(recorded(state, "local", wanted=True), docker).kind == "local"
    assert docker.calls == []


@pytest.mark.parametrize(
    ("replies", "kind", "why"),
    [
        ({}, "compose", "Docker 28.2.2 answers"),
        ({"compose version": (1, "unknown")}, "local", "Docker has no Compose"),
        (NO_IMAGES, "local", "jaegertracing/jaeger:2.20.0 and 2 more can neither be found nor pulled (no such host)"),
        ({"image inspect": (1, "No such image")}, "compose", "Docker 28.2.2 answers"),
        ({"compose config": (1, "error: .env is broken")}, "local", "docker compose config failed: .env is broken"),
    ],
)
def test_auto_takes_containers_where_they_can_be_had_and_says_why(state: State, replies, kind: str, why: str):
    found = choice.for_up(state, "auto", FakeDocker(replies=replies))
    assert (found.runtime.kind, found.why) == (kind, why)


def test_auto_takes_processes_where_no_engine_answers(state: State):
    found = choice.for_up(state, "auto", FakeDocker(away=True))
    assert (found.runtime.kind, found.why) == ("local", "no Docker engine answers")


def test_auto_starts_nothing(state: State):
    docker = FakeDocker()
    choice.for_up(state, "auto", docker)
    assert {call.split()[0] for call in docker.calls} <= {"version", "compose", "ps", "volume", "image"}
    assert not state.path.exists()


@pytest.mark.parametrize("kind", ["local", "compose"])
def test_what_is_asked_for_is_taken(state: State, kind: str):
    assert choice.for_up(state, kind, FakeDocker())[1] == "asked for"
    assert choice.for_up(state, kind, FakeDocker()).runtime.kind == kind


@pytest.mark.parametrize(
    ("kind", "other", "words"), [("local", "compose", "processes"), ("compose", "local", "containers")]
)
def test_a_lab_stays_in_its_runtime(state: State, kind: str, other: str, words: str):
    recorded(state, kind)
    assert choice.for_up(state, "auto", FakeDocker()).runtime.kind == kind
    assert choice.for_up(state, kind, FakeDocker()).runtime.kind == kind
    with pytest.raises(
        UsageError, match=f"made of {words}.*; forget it with labctl down --purge, or take another name"
    ):
        choice.for_up(state, other, FakeDocker())


def test_what_docker_compose_down_has_left_is_found(state: State):
    assert choice.of(state, FakeDocker(replies={"volume ls": "3am-lab_postgres-data"})).kind == "compose"
