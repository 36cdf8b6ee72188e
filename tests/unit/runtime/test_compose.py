import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from lab import releases
from lab.errors import LabError, UsageError
from lab.runtime import compose
from lab.runtime.base import NotUp
from lab.runtime.compose import ComposeRuntime
from lab.runtime.mounted import Unreadable
from lab.runtime.ports import Holder, Ports, require_free
from lab.runtime.state import Record, State
from tests.dockers import HEALTHY, INIT, SERVICES, FakeDocker, FakeRunning, inspected


class Told:
    """Progress that remembers."""

    def __init__(self):
        self.notes: list[str] = []
        self.well: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def healthy(self, service: str, seconds: float) -> None:
        self.well.append(service)


def ports_are_free(monkeypatch: pytest.MonkeyPatch, free: Callable[[int], bool]) -> None:
    monkeypatch.setattr(compose, "require_free", partial(require_free, free=free))


@pytest.fixture(autouse=True)
def everything_is_free_and_here(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("COMPOSE_PROFILES", raising=False)
    ports_are_free(monkeypatch, lambda port: True)
    monkeypatch.setattr(compose, "START_LIMIT_S", 10)
    monkeypatch.setattr(compose.Images, "ensure", lambda images, progress: None)


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State("main", tmp_path)


def lab(state: State, *polls: list[dict], **replies: object) -> ComposeRuntime:
    return ComposeRuntime(state, FakeDocker(*polls, replies=replies.get("replies", {})), every_s=0)


# up


def test_up_tells_of_each_service_as_it_becomes_healthy(state: State):
    one = inspected("postgres")
    waiting = [inspected(name, health="starting") for name in SERVICES[1:]]
    runtime = lab(state, [], [INIT, one, *waiting], HEALTHY)
    told = Told()
    runtime.up(told)
    assert told.well == ["postgres", "warroom", "billing", "jaeger"]
    assert state.load() == Record(8400, "compose", wanted=True)


class Replacing(FakeRunning):
    """Takes two looks until it has come to its end."""

    codes = [None, None, 0]  # noqa: RUF012

    @property
    def code(self) -> int | None:
        return self.codes.pop(0) if len(self.codes) > 1 else self.codes[0]

    @code.setter
    def code(self, code: int) -> None: ...


def test_up_waits_for_what_it_replaces_after_it_was_healthy(state: State, monkeypatch: pytest.MonkeyPatch):
    replaced = [one if one["Id"] != "id-billing" else inspected("billing", health="starting") for one in HEALTHY]
    runtime = lab(state, HEALTHY, HEALTHY, replaced, replaced, HEALTHY, [])
    monkeypatch.setattr(runtime.docker, "start", lambda *arguments, environment: Replacing(0, []))
    told = Told()
    runtime.up(told)
    assert runtime.docker.polls == [[]]
    assert sorted(told.well) == sorted(SERVICES)


def test_services_of_a_profile_that_is_on_are_waited_for(state: State):
    grafana = inspected("grafana", health="starting")
    runtime = lab(state, [], [*HEALTHY, grafana], [*HEALTHY, inspected("grafana")])
    runtime.docker.profiles = True
    told = Told()
    runtime.up(told)
    assert told.well[-1] == "grafana"


def test_the_block_from_8400_on_is_envs_own_and_any_other_is_passed(state: State, tmp_path: Path):
    runtime = lab(state, [], HEALTHY)
    runtime.up(Told())
    assert runtime.docker.environments["compose up"] == {"LAB_PROJECT": "3am-lab", "LAB_HEALTHY": "1"}

    other = lab(State("b", tmp_path), [], HEALTHY)
    other.up(Told(), load=False)
    passed = other.docker.environments["compose up"]
    assert passed["LAB_PROJECT"] == "3am-lab-b" and passed["LAB_HEALTHY"] == "0"
    ports = {key: value for key, value in passed.items() if key.endswith("_PORT")}
    block = Ports(int(ports["LAB_WARROOM_PORT"]))  # whichever is free on this machine
    assert block.base > 8400 and ports["LAB_GRAFANA_PORT"] == str(block.base + 91)
    assert ports == {f"LAB_{service.upper()}_PORT": str(port) for service, port in block.published().items()}
    assert len(ports) == 15


def test_what_is_outside_of_the_lab_is_remembered(state: State, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AI_UPSTREAM_URL", "https://api.example.com")
    monkeypatch.setenv("AI_UPSTREAM_KEY", "sk-0123456789")
    told = Told()
    lab(state, [], HEALTHY).up(told)
    assert told.notes == ["requests to AI go on to api.example.com, when a drill allows them"]
    monkeypatch.delenv("AI_UPSTREAM_URL")
    monkeypatch.delenv("AI_UPSTREAM_KEY")
    again = lab(state, HEALTHY)
    again.up(Told())
    passed = again.docker.environments["compose up"]
    assert (passed["AI_UPSTREAM_URL"], passed["AI_UPSTREAM_KEY"]) == ("https://api.example.com", "sk-0123456789")
    assert "0123456789" not in (state.path / "lab.json").read_text()


def test_profiles_that_were_asked_for_are_remembered(state: State, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COMPOSE_PROFILES", "")
    lab(state, [], HEALTHY).up(Told())
    monkeypatch.delenv("COMPOSE_PROFILES")
    again = lab(state, HEALTHY)
    again.up(Told())
    assert again.docker.environments["compose up"]["COMPOSE_PROFILES"] == ""


def test_up_on_a_lab_that_is_up_keeps_its_load_and_refuses_other_ports(state: State):
    state.path.mkdir(parents=True)
    state.save(Record(8400, "compose", wanted=False, load=False))
    runtime = lab(state, HEALTHY)
    runtime.up(Told())
    assert runtime.docker.environments["compose up"]["LAB_HEALTHY"] == "0"
    assert state.load().wanted
    with pytest.raises(UsageError, match="up on ports from 8400 on"):
        runtime.up(Told(), port_base=8500)
    state.update(load=True)
    told = Told()
    runtime.up(told, load=False)
    assert [note for note in told.notes if "--no-load has no effect" in note]


def test_a_lab_that_somebody_else_has_started_keeps_its_ports(tmp_path: Path):
    moved = inspected("warroom")
    moved["HostConfig"]["PortBindings"] = {"8400/tcp": [{"HostIp": "127.0.0.1", "HostPort": "9700"}]}
    state = State("b", tmp_path)
    lab(state, [moved, *(one for one in HEALTHY if one["Id"] != "id-warroom")]).up(Told())
    assert state.load().port_base == 9700


def test_a_taken_port_is_refused_before_anything_starts(state: State, monkeypatch: pytest.MonkeyPatch):
    ports_are_free(monkeypatch, lambda port: port != 8492)
    monkeypatch.setattr(compose, "holder", lambda port, state, docker: Holder("postgres (pid 7)"))
    runtime = lab(state, [])
    with pytest.raises(LabError, match=r"Port 8492, which postgres needs, is held by postgres \(pid 7\)"):
        runtime.up(Told())
    assert not runtime.docker.asked("compose up") and state.load() is None


def test_its_own_ports_are_no_conflict(state: State, monkeypatch: pytest.MonkeyPatch):
    ports_are_free(monkeypatch, lambda port: False)
    told = Told()
    lab(state, HEALTHY).up(told)
    assert "postgres" in told.well


def test_a_service_that_does_not_become_healthy_is_named_with_its_last_lines(state: State):
    failed = [INIT, inspected("postgres", health="unhealthy"), inspected("warroom", "created", None)]
    replies = {
        "compose up": (1, "dependency failed to start: container 3am-lab-postgres-1 is unhealthy"),
        "logs --tail 10 id-postgres": "FATAL: no space left on device",
    }
    runtime = lab(state, [], failed, replies=replies)
    with pytest.raises(LabError, match=r"postgres did not become healthy; .*\nFATAL: no space left on device"):
        runtime.up(Told())
    assert runtime.docker.asked("stop") == ["stop -t 5 id-postgres id-warroom"]
    assert state.load().wanted is False


def test_a_service_that_begins_anew_again_and_again_is_not_waited_for(state: State):
    crashing = [INIT, inspected("postgres"), inspected("billing", "restarting", restarts=3)]
    with pytest.raises(LabError, match="billing did not become healthy"):
        lab(state, [], crashing).up(Told())


def test_restarts_of_long_ago_are_not_counted(state: State):
    seasoned = [*HEALTHY[:-1], inspected("jaeger", restarts=7)]
    lab(state, seasoned).up(Told())


def test_an_init_that_fails_is_what_is_named(state: State):
    failed = [inspected("init", "exited", None, exit_code=1), inspected("postgres", "created", None)]
    replies = {
        "compose up": (1, "service init didn't complete successfully: exit 1"),
        "logs --tail 10 id-init": "read-only",
    }
    with pytest.raises(LabError, match=r"init did not become healthy; .*\nread-only"):
        lab(state, [], failed, replies=replies).up(Told())


def test_what_compose_itself_refuses_is_said_in_its_words(state: State):
    replies = {"compose up": (1, "Error response from daemon: driver failed: port is already allocated")}
    with pytest.raises(LabError, match="docker compose up failed: driver failed: port is already allocated; see"):
        lab(state, [], [inspected("postgres", "created", None)], replies=replies).up(Told())


def test_time_runs_out(state: State, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(compose, "START_LIMIT_S", -1)
    starting = [INIT, inspected("postgres", health="starting")]
    with pytest.raises(LabError, match="postgres did not become healthy"):
        lab(state, [], starting).up(Told())


def test_a_failed_up_ends_nothing_that_ran_before(state: State):
    partly = [INIT, inspected("postgres"), inspected("billing", "restarting", restarts=9)]
    runtime = lab(state, [INIT, inspected("postgres"), inspected("billing", "restarting", restarts=1)], partly)
    with pytest.raises(LabError, match="billing did not"):
        runtime.up(Told())
    assert not runtime.docker.asked("stop")


def closed(*_: object) -> None:
    raise Unreadable("containers run as other users, who may not read compose/jaeger.yml", "run chmod and try again")


def test_a_checkout_that_containers_cannot_read_is_refused_before_anything_starts(
    state: State, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(compose.mounted, "require_readable", closed)
    runtime = lab(state, [])
    for act in (lambda: runtime.up(Told()), runtime.usable):
        with pytest.raises(LabError, match=r"^Containers run as other users, .*; run chmod and try again\.$"):
            act()
    assert not runtime.docker.asked("compose up") and state.load() is None


def test_whose_configuration_has_changed_is_ended_so_that_compose_starts_it_anew(
    state: State, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(compose.mounted, "outdated", lambda composition, before: before[-2:])
    runtime, told = lab(state, HEALTHY), Told()
    runtime.up(told)
    calls = runtime.docker.calls
    assert calls.index("stop id-billing id-jaeger") < calls.index("compose up --detach --no-build")
    assert told.notes == ["beginning anew, as their configuration has changed: billing, jaeger"]


def test_an_up_that_is_given_up_ends(state: State):
    runtime = lab(state, [], [INIT])
    state.path.mkdir(parents=True)
    with state.giving_up(), pytest.raises(LabError, match="taken down by another command"):
        runtime.up(Told())


def test_the_lab_of_another_checkout_is_left_alone(state: State, tmp_path: Path):
    (tmp_path / "docker-compose.yml").touch()
    theirs = [inspected(name, folder=str(tmp_path)) for name in SERVICES]
    runtime = lab(state, theirs)
    for act in (
        lambda: runtime.up(Told()),
        lambda: runtime.down(Told(), purge=True),
        lambda: runtime.restart(["billing"], Told()),
    ):
        with pytest.raises(LabError, match=f"that of {tmp_path}"):
            act()
    assert {call.split()[0] for call in runtime.docker.calls} <= {"version", "compose", "ps", "inspect"}
    assert not runtime.docker.asked("compose up") and not runtime.docker.asked("compose down")


def test_a_checkout_that_was_moved_keeps_its_lab(state: State):
    runtime = lab(state, [inspected(name, folder="/srv/gone") for name in SERVICES])
    assert len(runtime.containers()) == len(SERVICES)


def test_whose_the_volumes_are_that_nobody_claims_is_said(state: State):
    told = Told()
    lab(state, replies={"volume ls": "3am-lab_keys"}).down(told, purge=True)
    assert told.notes[0] == "removing the volumes of 3am-lab, whichever checkout has made them"


@pytest.mark.parametrize(("label", "noted"), [("other", True), (None, False)])
def test_restart_says_that_it_builds_nothing(state: State, label: str | None, noted: bool):
    runtime = lab(state, HEALTHY)
    sources = label or runtime.images(runtime.composition(None)).sources()
    runtime.docker.replies["image inspect"] = f"2026-11-23T03:00:00Z {sources}"
    told = Told()
    runtime.restart(["billing"], told)
    assert bool([note for note in told.notes if "as it was built" in note]) is noted


# down


def test_down_of_nothing_does_nothing(state: State):
    runtime = lab(state)
    runtime.down(Told(), purge=True)
    assert not runtime.docker.asked("compose down") and not state.path.exists()


@pytest.mark.parametrize("text", [None, "{", '{"port_base": 8400, "runtime": "compose", "wanted": true}'])
def test_down_needs_no_record(state: State, text: str | None):
    if text:
        state.path.mkdir(parents=True)
        (state.path / "lab.json").write_text(text)
    runtime = lab(state, HEALTHY, HEALTHY, [])
    runtime.down(Told())
    assert runtime.docker.asked("compose down") == ["compose down --remove-orphans"]
    assert not runtime.docker.asked("volume rm")
    record = state.glance()
    assert record is None or not record.wanted


def test_purge_forgets_volumes_and_state(state: State):
    state.path.mkdir(parents=True)
    state.save(Record(8400, "compose"))
    runtime = lab(state, HEALTHY, [], replies={"volume ls": "3am-lab_loki-data"})
    runtime.down(Told(), purge=True)
    assert runtime.docker.asked("compose down") == ["compose down --remove-orphans --volumes"]
    assert runtime.docker.asked("volume rm") == ["volume rm 3am-lab_loki-data"]
    assert not state.path.exists()


def test_purge_says_where_a_teams_work_is_then(state: State):
    state.workspace.mkdir(parents=True)
    told = Told()
    lab(state, HEALTHY, []).down(told, purge=True)
    (kept,) = (state.home / "kept").iterdir()
    assert f"the team's workspace is kept in {kept}" in told.notes


def test_what_compose_cannot_take_down_is_ended_by_its_label(state: State):
    replies = {"compose down": (1, "invalid compose project"), "network ls": "net-1", "volume ls": "v"}
    runtime = lab(state, HEALTHY, replies=replies)
    told = Told()
    runtime.down(told)
    ids = " ".join(one["Id"] for one in HEALTHY)
    assert runtime.docker.asked("rm") == [f"rm --force --volumes {ids}"]
    assert runtime.docker.asked("network rm") == ["network rm net-1"]
    assert "invalid compose project" in told.notes[0]


def test_whatever_is_listed_is_of_this_project_alone(tmp_path: Path):
    runtime = lab(State("b", tmp_path), HEALTHY, [])
    runtime.down(Told(), purge=True)
    listings = [call for call in runtime.docker.calls if call.startswith(("ps", "volume ls", "network ls"))]
    assert len(listings) > 3
    assert all("label=com.docker.compose.project=3am-lab-b" in call.split() for call in listings)


# while it runs


def test_restart_also_starts_what_was_stopped_by_request(state: State):
    runtime = lab(state, HEALTHY)
    runtime.restart(["billing", "jaeger"], Told())
    wish = 'exec id-warroom python -m lab.releases /releases {"start": ["billing"]}'
    assert runtime.docker.calls.index(wish) < runtime.docker.calls.index("stop id-billing id-jaeger")


@pytest.mark.parametrize(
    ("warroom", "how"),
    [
        ("running", "exec id-warroom python -m lab.releases /releases "),
        ("exited", "compose run --rm --no-deps init python -m lab.releases /volumes/releases "),
    ],
)
def test_the_baseline_is_restored_with_and_without_the_war_room(state: State, warroom: str, how: str):
    runtime = lab(state, [*HEALTHY[:2], inspected("warroom", warroom), *HEALTHY[3:]])
    runtime.restore()
    (asked,) = [call for call in runtime.docker.calls if "lab.releases" in call]
    assert asked.startswith(how)
    wish = json.loads(asked.removeprefix(how))
    assert wish == {"release": "baseline", "start": list(releases.SERVICES)}


def test_restart_ends_and_starts_these_and_waits_for_them(state: State):
    again = [one if one["Id"] != "id-billing" else inspected("billing", health="starting") for one in HEALTHY]
    runtime = lab(state, HEALTHY, HEALTHY, again, HEALTHY)
    told = Told()
    runtime.restart(["billing"], told)
    assert runtime.docker.asked("stop") == ["stop id-billing"]
    assert runtime.docker.asked("start") == ["start id-billing"]
    assert told.well == ["billing"]


def test_an_unknown_service_is_a_usage_error_and_a_lab_that_is_down_is_said_to_be(state: State):
    runtime = lab(state, HEALTHY)
    for act in (lambda: runtime.stop(["frob"]), lambda: runtime.endpoint("frob"), lambda: runtime.logs("frob")):
        with pytest.raises(UsageError, match="There is no service 'frob'; there are "):
            act()
    down = lab(state, [])
    for act in (
        lambda: down.stop(["billing"]),
        lambda: down.endpoint("billing"),
        lambda: down.logs("billing"),
        lambda: down.token("team"),
    ):
        with pytest.raises(NotUp, match=r"Lab main is not up; start it with labctl up\."):
            act()


def test_status_has_health_pid_memory_and_since_when(state: State):
    mixed = [
        INIT,
        inspected("postgres", pid=77),
        inspected("warroom", health="unhealthy"),
        inspected("billing", "exited", None),
        inspected("jaeger", health="starting"),
    ]
    runtime = lab(state, mixed, replies={"stats": "id-postgres 53.5MiB / 224MiB\nid-warroom -- / --\n"})
    found = runtime.status()
    assert (found.name, found.runtime, found.ready) == ("main", "compose", False)
    assert {one.name: one.state for one in found.services} == {
        "postgres": "healthy",
        "warroom": "unhealthy",
        "billing": "stopped",
        "jaeger": "starting",
    }
    postgres, warroom, billing = found.services[:3]
    assert (postgres.pid, postgres.memory_bytes, postgres.url) == (77, int(53.5 * 2**20), None)
    assert postgres.started_at == "2026-11-23T03:00:00Z"
    assert (warroom.url, warroom.memory_bytes) == ("http://127.0.0.1:8400", None)
    assert (billing.pid, billing.started_at) == (None, None)


def test_a_profile_that_is_off_does_not_keep_the_lab_from_being_ready(state: State):
    assert lab(state, HEALTHY).status().ready
    assert [one.name for one in lab(state, [*HEALTHY, inspected("grafana")]).status().services] == [
        *SERVICES[:3],
        "grafana",
        "jaeger",
    ]
    assert not lab(state, HEALTHY[:-1]).status().ready


def test_endpoints_are_where_the_containers_are_published(state: State):
    runtime = lab(state, HEALTHY, replies={"exec id-postgres cat /keys/reader": "s3cret\n"})
    assert runtime.endpoint("billing") == "http://127.0.0.1:8401"
    assert runtime.endpoint("traces") == runtime.endpoint("jaeger") == "http://127.0.0.1:8494"
    assert runtime.endpoint("postgres") == "postgresql://reader:s3cret@127.0.0.1:8492/lab"


def test_tokens_are_asked_of_the_war_room(state: State):
    runtime = lab(state, HEALTHY, replies={"exec id-warroom cat /keys/team": "t0ken\n"})
    assert runtime.token("team") == "t0ken"
    with pytest.raises(UsageError, match="the team and the instructor"):
        runtime.token("webhook")
    stopped = [one if one["Id"] != "id-warroom" else inspected("warroom", "exited", None) for one in HEALTHY]
    with pytest.raises(LabError, match="warroom, which has it, does not run; labctl restart warroom"):
        lab(state, stopped).token("team")


def test_following_logs_goes_on_after_a_restart(state: State):
    anew = [inspected("billing", started_at="2026-11-23T03:10:00.5Z")]
    stopped = [inspected("billing", "exited", None)]
    runtime = lab(
        state,
        [inspected("billing")],
        stopped,
        anew,
        [],
        replies={
            "logs --follow id-billing": "one\ntwo",
            "logs --follow --since 2026-11-23T03:10:00Z id-billing": "three",
        },
    )
    lines = runtime.logs("billing", follow=True)
    assert [next(lines) for _ in range(3)] == ["one", "two", "three"]
    with pytest.raises(NotUp):
        next(lines)
