"""The running services as the war room changes them: by what it wants in the folder of releases, and waiting for it."""

from collections.abc import Collection
from typing import Protocol

from lab.releases import Releases, Wanted

WITHIN_S = 40.0  # a container on a busy machine needs up to 20 to import and migrate


class Waiting(Protocol):
    """As warroom.releasing.Health does it. Both raise LabError when it takes too long."""

    def wait(self, wanted: Wanted, names: Collection[str], seconds: float) -> None: ...
    def wait_stopped(self, names: Collection[str], seconds: float) -> None: ...


class Fleet:
    """All that changes something returns when it has happened, and raises LabError if it has not in time."""

    def __init__(self, releases: Releases, health: Waiting) -> None:
        self.releases = releases
        self._health = health

    def run(self, release: str, changed: Collection[str]) -> None:
        """Runs a release, for which `changed` begin anew."""
        self._health.wait(self.releases.want(release), changed, WITHIN_S)

    def until_healthy(self, services: Collection[str]) -> None:
        """Until each runs what is wanted of it and says that it is well."""
        self._health.wait(self.releases.wanted(), services, WITHIN_S)

    def off(self, service: str, within: float = WITHIN_S) -> None:
        self.releases.want(stop=[service])
        self._health.wait_stopped([service], within)

    def on(self, service: str, within: float = WITHIN_S) -> None:
        self._health.wait(self.releases.want(start=[service]), [service], within)
