"""Which runtime a lab is in, or is to be in."""

import os
from typing import Literal, NamedTuple

from lab.errors import LabError, UsageError
from lab.runtime.base import Kind, Runtime, option
from lab.runtime.compose import ComposeRuntime
from lab.runtime.docker import Docker, Unavailable
from lab.runtime.guest import URL, GuestRuntime
from lab.runtime.local import LocalRuntime
from lab.runtime.state import State

WORDS: dict[Kind, str] = {"local": "processes of this machine", "compose": "containers"}


class Choice(NamedTuple):
    """`why` ends the sentence 'local runtime, because …'."""

    runtime: Runtime
    why: str


def of(state: State, docker: Docker | None = None) -> Runtime:
    """Of a lab that exists: as its record says, unless only the other one has it; local if nobody knows of it. Where
    LAB_URL names one that runs elsewhere, it is that."""
    if url := os.environ.get(URL, "").strip():
        return GuestRuntime(state.name, url)
    local, compose = LocalRuntime(state, docker), ComposeRuntime(state, docker)
    record = state.glance()
    if record and record.runtime == "compose":
        return compose
    if record and (record.wanted or local.is_up()):
        return local
    # `docker compose up` leaves no record, and `docker compose down` leaves volumes
    return compose if _has(compose, running=record is not None) else local


def for_up(state: State, asked: Literal["auto"] | Kind, docker: Docker | None = None) -> Choice:
    """The runtime to start it in. A lab stays in the one that it was first started in."""
    found = of(state, docker)
    if isinstance(found, GuestRuntime):
        found.refuse()
    if found.exists():
        if asked not in ("auto", found.kind):
            raise UsageError(
                f"Lab {state.name} is made of {WORDS[found.kind]}; forget it with labctl down --purge"
                f"{option(state.name)}, or take another name: labctl up --name NAME --runtime {asked}."
            )
        return Choice(found, "as it was" if asked == "auto" else "asked for")
    compose = ComposeRuntime(state, docker)
    if asked == "compose":
        return Choice(compose, "asked for")
    if asked == "local":
        return Choice(LocalRuntime(state, docker), "asked for")
    try:
        return Choice(compose, f"Docker {compose.usable()} answers")
    except LabError as error:
        return Choice(LocalRuntime(state, docker), error.reason if isinstance(error, Unavailable) else str(error)[:-1])


def _has(compose: ComposeRuntime, *, running: bool) -> bool:
    """Are there containers or volumes of the lab, or does one even run? Not, where no engine answers in time."""
    try:
        compose.docker.engine()
        return compose.is_up() if running else compose.exists()
    except LabError:
        return False
