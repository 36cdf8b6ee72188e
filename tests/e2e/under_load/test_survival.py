"""The lab as containers comes back with all the money after whatever befalls one of them, and lives beside another."""

import math
import time
from collections.abc import Iterator

import pytest
from kill import CarefulCustomer, accounts
from support.driving import Lab

from lab.runtime.containers import is_well, of_project
from lab.runtime.docker import Docker
from lab.runtime.holders import project_of
from tests.engine import Container, docker, needs_engine
from tests.labs import forget, labctl, status, wait_until
from tests.living import Living

pytestmark = [needs_engine(), pytest.mark.parametrize("living", ["compose"], indirect=True)]
SECOND = "e2e-compose-b"
PAUSE_S = 20
BACK_WITHIN_S = 90
QUIET_WITHIN_S = 180
VICTIMS = (
    "billing",
    "processor",
    "checkout",
    "inventory",
    "promotions",
    "orders",
    "partner",
    "postgres",
    "load",
    "prometheus",
    "alertmanager",
    "jaeger",
    "telemetry",
    "runner",
    "warroom",
)
# Every one that runs here is killed: each has its own way back. Exhausted memory and a pause do the same to all of a
# kind (service, store, collector), so that a few stand for the others: all 45 cases take CI too long. None has a second
# try on a starved machine (tests/starvation.py): the charges are counted across all of them, in this one lab.
OUT_OF_MEMORY = ("billing", "jaeger", "prometheus")
PAUSED = ("billing", "postgres", "jaeger", "warroom")


def containers(name: str) -> dict[str, Container]:
    return Container.of(project_of(name))


def owned(kind: str, name: str) -> set[str]:
    """Ids of what the engine keeps of a lab: containers, networks or volumes."""
    everything = ["--all"] if kind == "container" else []
    label = f"--filter=label=com.docker.compose.project={project_of(name)}"
    return set(docker(kind, "ls", "--quiet", *everything, label).split())


@pytest.fixture(scope="module")
def lab(living: Living) -> Iterator[Lab]:
    with Lab(living.name) as lab:
        yield lab


@pytest.fixture(scope="module")
def known(lab: Lab) -> set[str]:
    """The pages that had come before anything was harmed."""
    return {page["id"] for page in lab.pages()}


@pytest.fixture(scope="module")
def customer(lab: Lab, known: set[str]) -> Iterator[CarefulCustomer]:
    """Charges all the while; its charges are looked for in both books at the end."""
    customer = CarefulCustomer(lab.url("billing"))
    customer.start()
    yield customer
    customer.stop()


def kill(container: Container) -> None:
    container.kill()


def exhaust(container: Container) -> None:
    with container.watched_for("oom") as ran_out:
        container.exhaust()
        wait_until(ran_out, f"{container.service} out of memory", 30)


def pause(container: Container) -> None:
    docker("pause", container.id)
    time.sleep(PAUSE_S)
    docker("unpause", container.id)


def all_are_well(name: str) -> bool:
    """As labctl status has it, without the seconds that figures of memory take."""
    engine = Docker()
    found = [one for one in of_project(engine, project_of(name)) if one.service != "init"]
    return all(is_well(engine, one) for one in found)


def served(lab: Lab) -> float:
    """Customers' requests a second that are answered well, of the 21 that are made."""
    return lab.value('sum(rate(customer_request_duration_seconds_count{profile="healthy",status=~"2.."}[10s]))') or 0


def pages(lab: Lab) -> set[str] | None:
    """Of what there has been a page; None while the pager does not answer."""
    found = lab.get("warroom", "/api/pages", limit=1_000)
    return None if found is None else {page["id"] for page in found}


@pytest.mark.parametrize(
    "victim, harm",
    [(victim, harm) for harm, some in ((kill, VICTIMS), (exhaust, OUT_OF_MEMORY), (pause, PAUSED)) for victim in some],
)
def test_a_container_comes_back_by_itself(lab: Lab, customer: CarefulCustomer, victim: str, harm):
    before = containers(lab.name)
    paged = pages(lab)
    assert paged is not None
    old = before[victim].processes()
    harm(before[victim])
    if harm is not pause:
        # its processes, not its start: a launcher may have outlived what it launched
        wait_until(lambda: set(old) - set(before[victim].processes()), f"{victim} to lose a process")
    wait_until(lambda: all_are_well(lab.name), f"all healthy after {harm.__name__} of {victim}", BACK_WITHIN_S)
    after = containers(lab.name)
    restarted = {name for name in before if name not in after or after[name].started != before[name].started}
    assert restarted <= {victim}

    wait_until(lambda: lab.value("count(up == 1)") == lab.value("count(up)"), "all reporting", BACK_WITHIN_S)
    done = len(customer.answered)
    wait_until(lambda: served(lab) > 11, "customers being served", BACK_WITHIN_S)
    wait_until(lambda: len(customer.answered) > done + 5, "charges being taken", BACK_WITHIN_S)
    # Pages may have come since; none is forgotten.
    wait_until(lambda: (now := pages(lab)) is not None and paged <= now, f"the pager with {paged}", BACK_WITHIN_S)


def test_what_was_sent_while_the_trace_store_was_away_is_there_afterwards(lab: Lab, customer: CarefulCustomer):
    before = containers(lab.name)
    docker("stop", before["telemetry"].id)
    gone = time.time()
    time.sleep(PAUSE_S)
    back = time.time()
    docker("start", before["telemetry"].id)
    seconds = set(range(math.ceil(gone), math.floor(back)))

    def missing() -> set[int] | None:
        window = {"start": round(1e6 * gone), "end": round(1e6 * back), "limit": 1_000}
        found = lab.get("telemetry", "/api/traces", service="billing", **window)
        if found is None:
            return None
        return seconds - {span["startTime"] // 1_000_000 for one in found["data"] for span in one["spans"]}

    wait_until(lambda: missing() == set(), "traces of billing from every second of it", BACK_WITHIN_S)
    assert containers(lab.name)["jaeger"].started == before["jaeger"].started


def test_no_charge_was_lost_or_doubled_and_the_pager_fell_silent(lab: Lab, customer: CarefulCustomer, known: set[str]):
    customer.stop()
    assert customer.answered and not customer.refused
    found = accounts(lab, customer)
    assert (found.lost, found.doubled, found.unknown) == ([], [], [])
    assert lab.difference_cents() == 0
    assert {page["id"] for page in lab.pages()} - known, "nobody was paged while half the company was away"
    wait_until(lab.quiet, "no alert and no open page", QUIET_WITHIN_S)


def test_a_second_lab_runs_beside_it_and_takes_nothing_with_it(living: Living, lab: Lab):
    before = {name: one.started for name, one in containers(lab.name).items()}
    forget(SECOND)
    try:
        base = str(living.ports.base + 100)
        labctl("up", "--runtime", "compose", "--name", SECOND, "--port-base", base, "--no-load", seconds=300)
        assert status(SECOND)["ready"] and status(lab.name)["ready"]
        assert set(containers(SECOND)) == set(containers(lab.name))
        for kind in ("container", "network", "volume"):
            assert owned(kind, SECOND) and not owned(kind, SECOND) & owned(kind, lab.name)
        token = {name: containers(name)["warroom"].run("cat", "/keys/team") for name in (lab.name, SECOND)}
        assert token[lab.name] != token[SECOND]
        labctl("down", "--name", SECOND)
        assert not owned("container", SECOND) and not owned("network", SECOND) and owned("volume", SECOND)
    finally:
        forget(SECOND)
    assert {name: one.started for name, one in containers(lab.name).items()} == before
    for kind in ("container", "network", "volume"):
        assert not owned(kind, SECOND)
