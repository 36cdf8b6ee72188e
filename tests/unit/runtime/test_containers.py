import pytest

from lab.runtime import containers
from tests.dockers import FakeDocker, inspected


@pytest.mark.parametrize(
    ("status", "health", "state"),
    [
        ("running", "healthy", "healthy"),
        ("running", None, "healthy"),
        ("running", "starting", "starting"),
        ("running", "unhealthy", "unhealthy"),
        ("paused", "healthy", "unhealthy"),
        ("restarting", "healthy", "unhealthy"),
        ("dead", None, "unhealthy"),
        ("created", None, "stopped"),
        ("exited", "unhealthy", "stopped"),
        ("removing", None, "stopped"),
    ],
)
def test_a_state_is_one_of_the_four(status: str, health: str | None, state: str):
    assert containers.parse(inspected("billing", status, health)).state == state


def test_a_container_without_a_healthcheck_says_so_with_null():
    one = inspected("billing", health=None)
    one["State"]["Health"] = None
    assert containers.parse(one).state == "healthy"


def test_one_off_runs_are_left_out():
    runs = {"com.docker.compose.oneoff": "True"}
    docker = FakeDocker([inspected("billing"), inspected("warroom", **runs)])
    assert [one.service for one in containers.of_project(docker, "3am-lab")] == ["billing"]


def test_a_container_that_goes_meanwhile_is_left_out(monkeypatch: pytest.MonkeyPatch):
    docker = FakeDocker([inspected("billing")])
    monkeypatch.setattr(FakeDocker, "found", [], raising=False)
    assert [one.service for one in containers.of_project(docker, "3am-lab")] == ["billing"]
    assert containers.of_project(FakeDocker([]), "3am-lab") == []


@pytest.mark.parametrize(
    ("text", "size"), [("53.5MiB", 56098816), ("1.5GiB", 3 * 2**29), ("12kB", 12000), ("0B", 0), ("--", None)]
)
def test_the_engines_units(text: str, size: int | None):
    found = containers.memory(FakeDocker(replies={"stats": f"abc {text} / 1GiB"}), ["abc"])
    assert found == ({} if size is None else {"abc": size})


def test_the_publisher_of_a_port_is_named_by_its_project():
    docker = FakeDocker(replies={"ps --filter publish=8400": "3am-lab-b\n"})
    assert containers.publisher(docker, 8400) == "3am-lab-b"
    assert containers.publisher(docker, 8401) is None
