import pytest

from lab.runtime import containers
from lab.runtime.docker import Done
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


class Asked:
    def __init__(self, code: int) -> None:
        self.code = code
        self.commands: list[tuple[str, ...]] = []

    def run(self, *command: str, timeout_s: float) -> Done:
        self.commands.append(command)
        return Done(self.code, "", "")


@pytest.mark.parametrize(("health", "code", "well"), [("starting", 0, True), ("starting", 1, False)])
def test_a_container_that_the_engine_has_not_asked_yet_is_asked_by_its_own_check(health: str, code: int, well: bool):
    one = inspected("billing", health=health)
    one["Config"]["Healthcheck"] = {"Test": ["CMD", "bash", "healthy.sh"]}
    docker = Asked(code)
    assert containers.is_well(docker, containers.parse(one)) is well
    assert docker.commands == [("exec", "id-billing", "bash", "healthy.sh")]


@pytest.mark.parametrize(("health", "well"), [("healthy", True), ("unhealthy", False), ("starting", False)])
def test_otherwise_the_engines_word_holds(health: str, well: bool):
    docker = Asked(0)
    assert containers.is_well(docker, containers.parse(inspected("billing", health=health))) is well
    assert docker.commands == []
