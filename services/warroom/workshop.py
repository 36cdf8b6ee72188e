"""The parts of the war room with which a fix is made and judged, put together over a room that keeps releases."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from lab import bank, private, scenario, trial
from lab.clients.logs import Logs
from lab.clients.runner import Runner
from lab.clients.traces import Traces
from lab.drill.drill import Drill
from lab.releases import Releases
from lab.scenario import Scenario
from warroom.changes import Changes
from warroom.deploy.deployment import Deployer
from warroom.deploy.gatekeepers import Guardrails, Lint, Tests
from warroom.fleet import Fleet
from warroom.mending import Mending
from warroom.proving import Prover
from warroom.room import Room
from warroom.validating import Validating
from warroom.verify.company import Company
from warroom.verify.signals import Signals
from warroom.verify.verifier import LAST_S, Case, Verifier
from warroom.verify.view import Counters

SILENT_S = 90.0  # seconds: what is taken away is back long before, and alerts look back for ten


@dataclass(frozen=True)
class Workshop:
    """`mending` is for the drill's team, `validating` for whoever proves a scenario."""

    mending: Mending
    validating: Validating


def build(room: Room, *, transport: httpx.BaseTransport | None = None) -> Workshop | None:
    """None where the lab is not set up for drills; `transport` stands in for the network in tests."""
    settings, releases, reset = room.settings, room.releases, room.reset
    if not isinstance(releases, Releases) or not (reset and settings.runner and settings.reader_url):
        return None
    fleet = Fleet(releases, room.health)
    runner = Runner(settings.runner, transport=transport)
    company = Company(settings.company, settings.reader_url, transport=transport)
    signals = Signals(
        room.prometheus,
        Traces(settings.traces_url, timeout=LAST_S, transport=transport),
        Logs(settings.logs_url, timeout=LAST_S, transport=transport),
    )
    counters = Counters(lambda: room.health.ops_url("load"), transport=transport)

    @contextlib.contextmanager
    def quiet() -> Iterator[None]:
        room.silences.begin(SILENT_S, "A verification takes a service away.")
        yield  # it ends by itself: alerts still look back when the service is there again

    gatekeepers = [kind(runner, settings.workspace_dir) for kind in (Lint, Guardrails, Tests)]
    verifier = Verifier(company, room.load, counters, signals, fleet, quiet)
    folder, one = settings.scenarios_dir, threading.Lock()
    mending = Mending(
        room.drills,
        fleet,
        Deployer(fleet, gatekeepers),
        verifier,
        Prover(runner, settings.workspace_dir),
        Changes(releases, settings.workspace_dir, settings.team_spec),
        case=lambda drill, name: _case(folder, releases, _scenario(drill), name, _seed(drill)),
        bank=lambda drill: bank.load(_scenario(drill), folder),
        company=company,
        load=room.load,
        one=one,
    )
    validating = Validating(
        room.drills,
        fleet,
        verifier,
        one=one,
        reset=reset,
        counters=counters,
        company=company,
        load=room.load,
        prometheus=room.prometheus,
        silences=room.silences,
        case=lambda scenario_id, name, seed: _case(folder, releases, scenario_id, name, seed),
        profile=lambda scenario_id: _read(folder, scenario_id).profile,
        bank=lambda scenario_id: bank.load(scenario_id, folder),
        private=lambda scenario_id: private.load(scenario_id, folder),
    )
    return Workshop(mending, validating)


def _case(folder: Path, releases: Releases, scenario_id: str, name: str, seed: int) -> Case:
    """What is to be judged: the release of that name, by a scenario."""
    return Case(
        scenario=_read(folder, scenario_id),
        trial=trial.load(scenario_id, folder),
        name=name,
        release=releases.path(name),
        baseline=releases.path(releases.baseline()),
        seed=seed,
    )


def _read(folder: Path, scenario_id: str) -> Scenario:
    return scenario.load(folder / scenario_id / "scenario.yaml")


def _seed(drill: Drill) -> int:
    assert drill.armed is not None
    return drill.armed.seed


def _scenario(drill: Drill) -> str:
    assert drill.armed is not None, "there is no drill before it is armed"
    return drill.armed.scenario
