"""The parts of the war room, put together once from its settings."""

import functools
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

from lab import private, profile, scenario
from lab.clients.load import Load
from lab.clients.prometheus import Prometheus
from lab.clients.traces import Traces
from lab.drill.instant import Instant
from lab.scenario import Scenario
from warroom import instants
from warroom.access import Access, read_token
from warroom.acting import Acting
from warroom.causes.firsts import Firsts
from warroom.chronicle import Chronicle
from warroom.conductor import Conductor
from warroom.customers import Customers
from warroom.drills import Drills
from warroom.harm import Harm
from warroom.pages import Pages
from warroom.releasing import Health, Releases
from warroom.reset import Reset, clear
from warroom.settings import Settings
from warroom.silences import Silences
from warroom.starting import Casting


@dataclass(frozen=True)
class Room:
    """What routers are made of. `missing` names the settings without which no drill can be started. Who waits long
    looks at `stopping`, which is set when the process is to end."""

    settings: Settings
    access: Access
    pages: Pages
    drills: Drills
    prometheus: Prometheus
    traces: Traces
    load: Load
    customers: Customers
    harm: Harm
    health: Health
    releases: Releases | None
    silences: Silences
    acting: Acting
    casting: Casting
    conductor: Conductor
    reset: Reset | None
    stopping: threading.Event
    firsts: Callable[[], AbstractContextManager[Firsts]]
    missing: tuple[str, ...]


def build(
    settings: Settings,
    *,
    now: Callable[[], Instant] = instants.now,
    stopping: threading.Event | None = None,
    transport: httpx.BaseTransport | None = None,
    releases: Releases | None = None,
    empty: Callable[[str], None] = clear,
) -> Room:
    """All but the settings stand in for clock, waits, network, releases and database in tests."""
    folder = settings.scenarios_dir
    profiles = functools.cache(lambda name: profile.load(name, folder / "common" / "profiles"))
    stopping = stopping or threading.Event()
    pages = Pages(settings.state_dir / "pages.sqlite", lambda: datetime.fromtimestamp(now().at, UTC))
    drills = Drills(Chronicle(settings.state_dir / "drill.sqlite"), profiles, now)
    prometheus = Prometheus(settings.prometheus_api_url or settings.prometheus_url, transport=transport)
    load = Load(settings.load_url, transport=transport)
    customers = Customers(prometheus)
    harm = Harm(prometheus, customers)
    health = Health(prometheus, stopping, transport=transport)
    releases = releases or _releases(settings)
    silences = Silences(settings.alertmanager_url, transport=transport)
    missing = _missing(settings, releases)
    reset = None
    if releases and not missing:
        reset = Reset(
            releases=releases,
            clear=lambda: empty(settings.warden_url),
            load=load,
            silences=silences,
            health=health,
            customers=customers,
            prometheus=prometheus,
            stopping=stopping,
            clock=lambda: now().at,
        )

    def read_scenario(name: str) -> Scenario:
        return scenario.load(folder / name / "scenario.yaml")

    def controls() -> dict[str, bool]:
        return {one.id: private.load(one.id, folder).control for one in scenario.load_all(folder)}

    instructor = read_token(settings.instructor_token_file) if settings.instructor_token_file else None
    return Room(
        settings=settings,
        access=Access(read_token(settings.team_token_file), instructor),
        pages=pages,
        drills=drills,
        prometheus=prometheus,
        traces=Traces(settings.traces_url, timeout=5, transport=transport),
        load=load,
        customers=customers,
        harm=harm,
        health=health,
        releases=releases,
        silences=silences,
        acting=Acting(releases, health, load),
        casting=Casting(drills, controls, profiles),
        conductor=Conductor(
            drills, pages, scenario=read_scenario, load=load, customers=customers, harm=harm, reset=reset
        ),
        reset=reset,
        stopping=stopping,
        firsts=functools.partial(Firsts.open, settings, transport),
        missing=missing,
    )


def _releases(settings: Settings) -> Releases | None:
    if settings.releases_dir is None:
        return None
    from lab import releases

    return releases.Releases(settings.releases_dir)


def _missing(settings: Settings, releases: Releases | None) -> tuple[str, ...]:
    needed = {
        "INSTRUCTOR_TOKEN_FILE": settings.instructor_token_file,
        "RELEASES_DIR": releases,
        "WARDEN_URL": settings.warden_url,
        "LOAD_URL": settings.load_url,
        "PROMETHEUS_URL": settings.prometheus_api_url or settings.prometheus_url,
        "ALERTMANAGER_URL": settings.alertmanager_url,
    }
    return tuple(name for name, there in needed.items() if not there)
