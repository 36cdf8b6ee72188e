"""Which code runs: what the war room needs of lab.releases, and whether services have followed."""

import threading
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol

import httpx

from lab.clients.prometheus import Prometheus
from lab.errors import LabError, UsageError

EDITABLE = ("billing", "checkout", "inventory", "promotions", "orders")
SERVICES = (*EDITABLE, "processor", "partner")
POLL = 0.3  # seconds

Told = Mapping[str, Any] | None  # what a service's /healthz says; None where nobody answers


class Wanted(Protocol):
    release: str
    generations: Mapping[str, int]


class Releases(Protocol):
    """A folder of them, and what is to run; see lab.releases."""

    def names(self) -> list[str]: ...

    def baseline(self) -> str: ...

    def wanted(self) -> Wanted: ...

    def want(
        self,
        release: str | None = None,
        *,
        restart: Collection[str] = (),
        stop: Collection[str] = (),
        start: Collection[str] = (),
    ) -> Wanted: ...


class Interrupted(Exception):
    """This process is asked to end, so it waits no longer."""


class Health:
    """Asks services themselves. Where they answer is known from what Prometheus scrapes."""

    def __init__(
        self,
        prometheus: Prometheus,
        stopping: threading.Event,
        *,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._prometheus = prometheus
        self._stopping = stopping
        self._clock = clock
        self._client = httpx.Client(timeout=2, trust_env=False, transport=transport)

    def wait(self, wanted: Wanted, names: Collection[str], seconds: float) -> None:
        """Until all of them run what is wanted and are well. Raises LabError when that takes too long."""
        self._until(lambda name, told: _runs(wanted, name, told), names, seconds, "did not become healthy")

    def wait_stopped(self, names: Collection[str], seconds: float) -> None:
        self._until(lambda _, told: told is None or told.get("status") == "stopped", names, seconds, "did not stop")

    def ops_url(self, name: str) -> str:
        """Where a process's health and metrics are. Raises LabError if Prometheus does not know it."""
        try:
            return self._addresses()[name].removesuffix("/healthz")
        except KeyError:
            raise LabError(f"Prometheus does not know {name}; see labctl doctor.") from None

    def _until(self, good: Callable[[str, Told], bool], names: Collection[str], seconds: float, otherwise: str) -> None:
        addresses = self._addresses()
        if missing := [name for name in names if name not in addresses]:
            raise LabError(f"Prometheus does not know {missing[0]}; see labctl doctor.")
        deadline = self._clock() + seconds
        while pending := [name for name in names if not good(name, self._ask(addresses[name]))]:
            if self._clock() > deadline:
                raise LabError(f"{', '.join(pending)} {otherwise} within {seconds:g} s; see labctl logs {pending[0]}.")
            if self._stopping.wait(POLL):
                raise Interrupted

    def _addresses(self) -> dict[str, str]:
        targets = self._prometheus.targets()
        return {
            one["labels"]["service"]: one["scrapeUrl"].removesuffix("/metrics") + "/healthz"
            for one in targets
            if "service" in one["labels"]
        }

    def _ask(self, address: str) -> Told:
        try:
            told = self._client.get(address).json()
        except httpx.ConnectError:
            return None
        except (httpx.HTTPError, ValueError):  # somebody is there, and says nothing
            return {}
        return told if isinstance(told, dict) else {}


def known(names: Collection[str]) -> None:
    """Raises UsageError for a service that cannot be restarted."""
    if unknown := [name for name in names if name not in SERVICES]:
        raise UsageError(f"{unknown[0]!r} cannot be restarted; {', '.join(SERVICES)} can.")


def _runs(wanted: Wanted, name: str, told: Told) -> bool:
    if told is None or told.get("status") != "ok":
        return False
    # Its release is the one it began with: who has the same code in the one that is wanted goes on.
    return told.get("generation", 0) == wanted.generations.get(name, 0)
