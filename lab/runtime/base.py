"""What every runtime offers, and only what each of them can honour."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

ServiceState = Literal["healthy", "starting", "unhealthy", "stopped"]


@dataclass(frozen=True)
class Service:
    """One process (or container) of the lab; memory is its share of real memory (PSS) with its children's."""

    name: str
    state: ServiceState
    pid: int | None = None
    url: str | None = None
    memory_bytes: int | None = None


@dataclass(frozen=True)
class Status:
    name: str
    runtime: str
    ready: bool
    services: list[Service]


class Progress(Protocol):
    """Told what is going on while something takes long."""

    def note(self, text: str) -> None:
        """Something a person should know."""

    def healthy(self, service: str, seconds: float) -> None:
        """The service answers, `seconds` after the work began."""


class Silent:
    """Progress that nobody looks at."""

    def note(self, text: str) -> None: ...
    def healthy(self, service: str, seconds: float) -> None: ...


class Runtime(Protocol):
    name: str

    def up(self, progress: Progress, *, load: bool = True, port_base: int | None = None) -> None:
        """Start what does not run and return when all of it is healthy; LabError names what did not become so."""

    def down(self, progress: Progress, *, purge: bool = False) -> None:
        """End everything, also what a crash has left; `purge` forgets data, logs and tokens too."""

    def restart(self, services: Sequence[str], progress: Progress) -> None:
        """Restart these and return when they are healthy again."""

    def stop(self, services: Sequence[str]) -> None:
        """Stop these until a restart or the next up."""

    def status(self) -> Status: ...

    def endpoint(self, service: str) -> str:
        """Where the service answers: a URL, or for postgres a connection string for its read-only role.

        `traces` answers Jaeger's query API, `logs` is the telemetry store's; who that is depends on the runtime.
        """

    def logs(self, service: str, *, follow: bool = False) -> Iterator[str]:
        """What the process wrote to stdout and stderr, line by line, oldest first."""
