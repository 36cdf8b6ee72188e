"""What every runtime offers, and only what each of them can honour."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from lab.errors import LabError, UsageError

Kind = Literal["local", "compose", "guest"]
Whose = Literal["team", "instructor"]
WHOSE: tuple[Whose, ...] = ("team", "instructor")
ServiceState = Literal["healthy", "starting", "unhealthy", "stopped"]


@dataclass(frozen=True)
class Service:
    """One process (or container) of the lab.

    Memory is a process's share of real memory (PSS) with its children's, or what the engine counts for a container.
    `started_at` is ISO 8601 UTC, to the second; None if it does not run.
    """

    name: str
    state: ServiceState
    pid: int | None = None
    url: str | None = None
    memory_bytes: int | None = None
    started_at: str | None = None


class NotUp(LabError):
    """The lab is down, or there is none of that name."""

    def __init__(self, name: str):
        super().__init__(f"Lab {name} is not up; start it with labctl up{option(name)}.")


class UnknownService(UsageError):
    def __init__(self, service: str, known: Sequence[str]):
        super().__init__(f"There is no service {service!r}; there are {', '.join(known)}.")


class UnknownToken(UsageError):
    def __init__(self, whose: str):
        super().__init__(f"There is no token of {whose!r}; there are the {' and the '.join(WHOSE)}'s.")


def option(name: str) -> str:
    """What a labctl command needs so that it means this lab."""
    return "" if name == "main" else f" --name {name}"


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
    kind: Kind
    name: str

    def exists(self) -> bool:
        """Is there anything of this lab here, be it up or not?"""

    def up(self, progress: Progress, *, load: bool = True, port_base: int | None = None) -> None:
        """Start what does not run and return when all of it is healthy; LabError names what did not become so.

        On a lab that is up, `load` is as it was, and another `port_base` is refused.
        """

    def down(self, progress: Progress, *, purge: bool = False) -> None:
        """End everything, also what a crash has left; `purge` forgets data, logs and tokens too.

        A team's workspace is moved aside instead, and progress says where it is.
        """

    def restart(self, services: Sequence[str], progress: Progress) -> None:
        """Restart these and return when they are healthy again."""

    def stop(self, services: Sequence[str]) -> None:
        """Stop these until a restart or the next up."""

    def restore(self) -> None:
        """Want the baseline release from now on, with all of its services, whoever else does not answer.

        Services follow by themselves; a restart waits until they have.
        """

    def status(self) -> Status: ...

    def endpoint(self, service: str) -> str:
        """Where the service answers: a URL, or for postgres a connection string for its read-only role. Raises NotUp.

        `traces` answers Jaeger's query API, `logs` is the telemetry store's; who that is depends on the runtime.
        """

    def token(self, whose: Whose) -> str:
        """What the war room knows the team or the instructor by. Raises NotUp."""

    def logs(self, service: str, *, follow: bool = False) -> Iterator[str]:
        """What the process wrote to stdout and stderr, line by line, oldest first."""
