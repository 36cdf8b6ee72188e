"""The parts of the war room with which a fix is made and judged, put together over a room that keeps releases."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import httpx

from lab import bank, scenario, trial
from lab.clients.logs import Logs
from lab.clients.runner import Runner
from lab.clients.traces import Traces
from lab.drill.drill import Drill
from lab.releases import Releases
from warroom.changes import Changes
from warroom.deploy.deployment import Deployer
from warroom.deploy.gatekeepers import Guardrails, Lint, Tests
from warroom.fleet import Fleet
from warroom.mending import Mending
from warroom.proving import Prover
from warroom.room import Room
from warroom.verify.company import Company
from warroom.verify.signals import Signals
from warroom.verify.verifier import Case, Verifier
from warroom.verify.view import Counters

SILENT_S = 90.0  # seconds: what is taken away is back long before, and alerts look back for ten


def build(room: Room, *, transport: httpx.BaseTransport | None = None) -> Mending | None:
    """None where the lab is not set up for drills; `transport` stands in for the network in tests."""
    settings = room.settings
    if room.missing or not isinstance(room.releases, Releases) or not (settings.runner and settings.reader_url):
        return None
    fleet = Fleet(room.releases, room.health)
    runner = Runner(settings.runner, transport=transport)
    company = Company(settings.company, settings.reader_url, transport=transport)
    signals = Signals(
        room.prometheus,
        Traces(settings.traces_url, transport=transport),
        Logs(settings.logs_url, transport=transport),
    )
    counters = Counters(lambda: room.health.ops_url("load"), transport=transport)

    @contextlib.contextmanager
    def quiet() -> Iterator[None]:
        room.silences.begin(SILENT_S, "A verification takes a service away.")
        yield  # it ends by itself: alerts still look back when the service is there again

    gatekeepers = [kind(runner, settings.workspace_dir) for kind in (Lint, Guardrails, Tests)]
    return Mending(
        room.drills,
        fleet,
        Deployer(fleet, gatekeepers),
        Verifier(company, room.load, counters, signals, fleet, quiet),
        Prover(runner, settings.workspace_dir),
        Changes(room.releases, settings.workspace_dir, settings.team_spec),
        case=lambda drill, name: _case(settings.scenarios_dir, room.releases, drill, name),
        bank=lambda drill: bank.load(_scenario(drill), settings.scenarios_dir),
        company=company,
        load=room.load,
    )


def _case(folder: Path, releases: Releases, drill: Drill, name: str) -> Case:
    """What is to be judged: the release of that name, by the drill's scenario."""
    scenario_id = _scenario(drill)
    return Case(
        scenario=scenario.load(folder / scenario_id / "scenario.yaml"),
        trial=trial.load(scenario_id, folder),
        name=name,
        release=releases.path(name),
        baseline=releases.path(releases.baseline()),
        seed=drill.armed.seed,
    )


def _scenario(drill: Drill) -> str:
    assert drill.armed is not None, "there is no drill before it is armed"
    return drill.armed.scenario
