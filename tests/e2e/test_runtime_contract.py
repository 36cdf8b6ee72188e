"""What every runtime promises, tried on each: one in memory, processes of this machine, containers."""

from collections.abc import Iterator

import httpx
import psycopg
import pytest

from lab.errors import UsageError
from lab.runtime.base import NotUp, Runtime, Service, Silent
from lab.runtime.compose import ComposeRuntime
from lab.runtime.local import LocalRuntime
from lab.runtime.programs import SERVICES
from lab.runtime.state import ROOT, State
from tests.engine import needs_engine
from tests.labs import LEAN, wait_until
from tests.runtimes import FakeRuntime

# The local runtime's supervisor outlives whoever has started it, which is what it is for.
pytestmark = pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")
BASES = {"local": 22000, "compose": 22100}
NAME = "e2e-contract"


class Told(Silent):
    """Progress that remembers who became healthy."""

    def __init__(self):
        self.well: set[str] = set()

    def healthy(self, service: str, seconds: float) -> None:
        self.well.add(service)


@pytest.fixture(scope="module", params=["fake", "local", pytest.param("compose", marks=needs_engine())])
def built(request: pytest.FixtureRequest) -> Iterator[Runtime]:
    kinds = {"fake": FakeRuntime, "local": LocalRuntime, "compose": ComposeRuntime}
    name = f"{NAME}-{request.param}"
    runtime: Runtime = FakeRuntime(name) if request.param == "fake" else kinds[request.param](State(name))
    with pytest.MonkeyPatch.context() as environment:
        for variable, value in LEAN.items():
            environment.setenv(variable, value)
        runtime.down(Silent(), purge=True)
        yield runtime
        runtime.down(Silent(), purge=True)


def start(runtime: Runtime) -> Told:
    told = Told()
    base = None if runtime.exists() else BASES.get(runtime.name.rpartition("-")[2])
    runtime.up(told, load=False, port_base=base)
    return told


@pytest.fixture
def lab(built: Runtime) -> Runtime:
    """A lab that is up, whatever the test before has done to it."""
    start(built)
    return built


def services(runtime: Runtime) -> dict[str, Service]:
    return {one.name: one for one in runtime.status().services}


def pids(runtime: Runtime) -> dict[str, int | None]:
    return {name: one.pid for name, one in services(runtime).items()}


def test_before_it_is_up_there_is_no_lab_and_whoever_asks_is_told(built: Runtime):
    built.down(Silent(), purge=True)
    assert not built.exists()
    assert not built.status().ready
    for ask in (
        lambda: built.endpoint("billing"),
        lambda: built.endpoint("postgres"),
        lambda: built.token("team"),
        lambda: built.logs("billing"),
        lambda: built.restart(["billing"], Silent()),
        lambda: built.stop(["billing"]),
    ):
        with pytest.raises(NotUp, match=f"Lab {built.name} is not up; start it with labctl up --name {built.name}"):
            ask()


def test_after_up_everything_is_healthy_and_says_so(lab: Runtime):
    found = lab.status()
    assert (found.name, found.runtime, found.ready) == (lab.name, lab.kind, True)
    for one in found.services:
        assert one.state == "healthy" and one.pid and one.memory_bytes and one.started_at, one
        assert one.started_at.endswith("Z")
    assert {*SERVICES, "load", "telemetry", "prometheus", "alertmanager"} <= {one.name for one in found.services}
    assert lab.exists()


def test_up_again_changes_nothing_and_tells_of_all(lab: Runtime):
    before = pids(lab)
    told = start(lab)
    assert pids(lab) == before
    assert set(SERVICES) <= told.well


def test_up_elsewhere_is_refused_while_it_is_up(lab: Runtime):
    with pytest.raises(UsageError, match="labctl down first"):
        lab.up(Silent(), port_base=22900)


def test_restart_gives_new_processes_that_are_healthy_and_leaves_the_others(lab: Runtime):
    before = pids(lab)
    told = Told()
    lab.restart(["partner", "promotions"], told)
    after = services(lab)
    assert told.well == {"partner", "promotions"}
    assert all(after[name].state == "healthy" for name in told.well)
    assert {name for name, one in after.items() if one.pid != before[name]} == told.well


def test_what_is_stopped_stays_so_until_up_brings_it_back(lab: Runtime):
    before = pids(lab)
    lab.stop(["partner"])
    stopped = services(lab)["partner"]
    assert (stopped.state, stopped.pid, stopped.started_at) == ("stopped", None, None)
    assert not lab.status().ready
    start(lab)
    after = pids(lab)
    assert lab.status().ready
    assert {name for name in after if after[name] != before[name]} == {"partner"}


def test_up_takes_in_what_has_changed_of_a_containers_configuration(lab: Runtime):
    if lab.kind != "compose":
        pytest.skip("only containers read it where it lies")
    before = pids(lab)
    rule = next((ROOT / "alerts" / "rules").glob("*.y*ml"))
    rule.chmod(rule.stat().st_mode)  # its inode has changed since, and nothing in it
    start(lab)
    after = pids(lab)
    assert {name for name in after if after[name] != before[name]} == {"prometheus"}
    start(lab)
    assert pids(lab) == after


def test_what_is_stopped_can_be_restarted(lab: Runtime):
    lab.stop(["partner"])
    lab.restart(["partner"], Silent())
    assert services(lab)["partner"].state == "healthy"


def test_services_answer_at_their_endpoints(lab: Runtime):
    assert lab.endpoint("billing").startswith("http://127.0.0.1:")
    if isinstance(lab, FakeRuntime):
        return
    with httpx.Client(trust_env=False, timeout=10) as http:
        for name, path in (
            ("warroom", "/api/pages"),
            ("prometheus", "/-/ready"),
            ("alertmanager", "/-/ready"),
            ("load", "/profiles"),
            ("partner", "/shipments/1"),
            ("traces", "/api/services"),
            ("logs", "/api/logs"),
        ):
            assert http.get(f"{lab.endpoint(name)}{path}").status_code == 200, name
    with psycopg.connect(lab.endpoint("postgres")) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("reader",)


def test_what_a_service_writes_can_be_read(lab: Runtime):
    wait_until(lambda: list(lab.logs("billing")), f"lines of billing in {lab.name}", 30)
    assert all("\n" not in line for line in lab.logs("billing"))


@pytest.mark.parametrize("act", ["restart", "stop", "endpoint", "logs"])
def test_an_unknown_service_is_a_usage_error(lab: Runtime, act: str):
    arguments = {"restart": (["frob"], Silent()), "stop": (["frob"],)}.get(act, ("frob",))
    with pytest.raises(UsageError, match=r"There is no service 'frob'; there are .*billing"):
        getattr(lab, act)(*arguments)
    assert lab.status().ready


def test_tokens_are_the_teams_and_the_instructors_alone(lab: Runtime):
    assert len(lab.token("team")) >= 32
    assert lab.token("team") == lab.token("team") != lab.token("instructor")
    with pytest.raises(UsageError):
        lab.token("webhook")  # type: ignore[arg-type]


def charge(lab: Runtime, key: str) -> None:
    body = {"account": "a-001", "lines": [{"description": "Storage", "net": "10.01"}]}
    url = f"{lab.endpoint('billing')}/charges"
    answer = httpx.post(url, json=body, headers={"Idempotency-Key": key}, timeout=10, trust_env=False)
    assert answer.status_code == 201


def charged(lab: Runtime) -> list[tuple[str]]:
    with psycopg.connect(lab.endpoint("postgres")) as connection:
        return connection.execute("SELECT idempotency_key FROM billing.charges").fetchall()


def test_down_keeps_what_up_goes_on_with_and_a_second_one_is_harmless(lab: Runtime):
    token, where = lab.token("team"), lab.endpoint("warroom")
    if not isinstance(lab, FakeRuntime):
        charge(lab, "kept")
    lab.down(Silent())
    lab.down(Silent())
    found = lab.status()
    assert not found.ready and {one.state for one in found.services} == {"stopped"}
    assert lab.exists()
    start(lab)
    assert (lab.token("team"), lab.endpoint("warroom")) == (token, where)
    if not isinstance(lab, FakeRuntime):
        assert charged(lab) == [("kept",)]


def test_purge_forgets(lab: Runtime):
    token = lab.token("team")
    lab.down(Silent(), purge=True)
    lab.down(Silent(), purge=True)
    assert not lab.exists()
    start(lab)
    assert lab.token("team") != token
