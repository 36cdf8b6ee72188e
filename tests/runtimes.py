"""A lab in memory that keeps the Runtime protocol: what commands are tested with, itself held to the contract."""

import itertools
import secrets
from collections.abc import Iterator, Sequence

from lab.errors import UsageError
from lab.runtime.base import (
    WHOSE,
    NotUp,
    Progress,
    Service,
    Status,
    UnknownService,
    UnknownToken,
    Whose,
)
from lab.runtime.ports import DEFAULT_BASE, HOST, OFFSETS

STORES = {"traces": "telemetry", "logs": "telemetry"}


class FakeRuntime:
    """Knows no time: everything is healthy at once."""

    kind = "local"

    def __init__(self, name: str = "main"):
        self.name = name
        self._numbers = itertools.count(1000)
        self._forget()

    def _forget(self) -> None:
        self.written: dict[str, list[str]] = {}
        self._tokens: dict[str, str] = {}
        self._pids: dict[str, int] = {}
        self._base: int | None = None

    def exists(self) -> bool:
        return self._base is not None

    def up(self, progress: Progress, *, load: bool = True, port_base: int | None = None) -> None:
        if self._pids and port_base not in (None, self._base):
            raise UsageError(f"Lab {self.name} is up on ports from {self._base} on; labctl down first.")
        self._base = port_base or self._base or DEFAULT_BASE
        for whose in WHOSE:
            self._tokens.setdefault(whose, secrets.token_hex(24))
        for name in OFFSETS:
            if name not in self._pids:
                self._start(name)
            progress.healthy(name, 0.0)

    def down(self, progress: Progress, *, purge: bool = False) -> None:
        self._pids.clear()
        if purge:
            self._forget()

    def restart(self, services: Sequence[str], progress: Progress) -> None:
        self._require(services)
        for name in services:
            self._start(name)
            progress.healthy(name, 0.0)

    def stop(self, services: Sequence[str]) -> None:
        self._require(services)
        for name in services:
            self._pids.pop(name, None)

    def restore(self) -> None:
        self._require([])

    def status(self) -> Status:
        services = [
            Service(name, "healthy", pid, self.endpoint(name), 2**20, "2026-11-23T03:00:00Z")
            if (pid := self._pids.get(name))
            else Service(name, "stopped")
            for name in OFFSETS
        ]
        return Status(self.name, self.kind, all(one.pid for one in services), services)

    def endpoint(self, service: str) -> str:
        if service == "postgres":
            self._require([])
            return f"postgresql://reader@{HOST}/lab"
        service = STORES.get(service, service)
        self._require([service])
        return f"http://{HOST}:{(self._base or 0) + OFFSETS[service]}"

    def token(self, whose: Whose) -> str:
        if whose not in WHOSE:
            raise UnknownToken(whose)
        self._require([])
        return self._tokens[whose]

    def logs(self, service: str, *, follow: bool = False) -> Iterator[str]:
        self._require([service])
        return iter(self.written[service])

    def _start(self, name: str) -> None:
        self._pids[name] = next(self._numbers)
        self.written.setdefault(name, []).append('{"event": "started"}')

    def _require(self, services: Sequence[str]) -> None:
        if not self._pids:
            raise NotUp(self.name)
        for name in services:
            if name not in OFFSETS:
                raise UnknownService(name, list(OFFSETS))
