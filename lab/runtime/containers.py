"""The containers of one Compose project, as the engine itself tells of them."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lab.runtime.base import ServiceState
from lab.runtime.docker import Docker

PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"
FOLDER = "com.docker.compose.project.working_dir"
ONE_OFF = "com.docker.compose.oneoff"
CHECK_LIMIT_S = 10.0
# who begins anew so often while it is waited for does not become healthy
RESTARTS = 3
UNITS = {"B": 1, "kB": 1000, "KiB": 2**10, "MB": 10**6, "MiB": 2**20, "GB": 10**9, "GiB": 2**30}


@dataclass(frozen=True)
class Container:
    """`published` is container port → port on this machine; `folder` is whose compose file it is of; `check` is the
    command that tells its health, run in it."""

    id: str
    service: str
    state: ServiceState
    status: str
    exit_code: int
    restarts: int
    pid: int | None
    started_at: str | None
    published: dict[int, int]
    folder: str
    check: tuple[str, ...] = ()

    @property
    def running(self) -> bool:
        return self.pid is not None


def of_project(docker: Docker, project: str) -> list[Container]:
    """Those that exist, running or not; what `docker compose run` made is left out."""
    ids = docker.ask("ps", "--all", "--quiet", "--no-trunc", "--filter", f"label={PROJECT}={project}").split()
    if not ids:
        return []
    # prints those that it finds also where one has gone meanwhile
    found = json.loads(docker.run("inspect", "--type", "container", *ids).out or "[]")
    return [parse(one) for one in found if one["Config"]["Labels"].get(ONE_OFF) != "True"]


def parse(inspected: dict[str, Any]) -> Container:
    labels, state = inspected["Config"]["Labels"], inspected["State"]
    bindings = inspected["HostConfig"].get("PortBindings") or {}
    return Container(
        id=inspected["Id"],
        service=labels.get(SERVICE, inspected["Name"].lstrip("/")),
        state=_state(state),
        status=state["Status"],
        exit_code=state["ExitCode"],
        restarts=inspected.get("RestartCount", 0),
        pid=state["Pid"] or None,
        # the engine counts nanoseconds
        started_at=f"{state['StartedAt'][:19]}Z" if state["Pid"] else None,
        published={
            int(port.partition("/")[0]): int(hosts[0]["HostPort"])
            for port, hosts in bindings.items()
            if hosts and hosts[0]["HostPort"]
        },
        folder=labels.get(FOLDER, ""),
        check=_check(inspected["Config"].get("Healthcheck") or {}),
    )


def _check(health: dict[str, Any]) -> tuple[str, ...]:
    kind, *command = health.get("Test") or [""]
    return tuple(command) if kind == "CMD" else ()


def is_well(docker: Docker, one: Container) -> bool:
    """As the engine says, or as its own check says now: the engine asks for the first time after a whole interval."""
    if one.state != "starting" or not one.check:
        return one.state == "healthy"
    return docker.run("exec", one.id, *one.check, timeout_s=CHECK_LIMIT_S).code == 0


def _state(state: dict[str, Any]) -> ServiceState:
    if state["Status"] == "running":
        health = (state.get("Health") or {}).get("Status")
        return health if health in ("starting", "unhealthy") else "healthy"
    return "unhealthy" if state["Status"] in ("paused", "restarting", "dead") else "stopped"


def memory(docker: Docker, ids: Sequence[str]) -> dict[str, int]:
    """Bytes that each container takes now; takes the engine about 2 s."""
    if not ids:
        return {}
    lines = docker.run("stats", "--no-stream", "--no-trunc", "--format", "{{.ID}} {{.MemUsage}}", *ids).out.splitlines()
    rows = (line.split() for line in lines)
    return {row[0]: size for row in rows if len(row) > 1 and (size := _bytes(row[1])) is not None}


def _bytes(text: str) -> int | None:
    """`12.5MiB` → 13107200; None for what the engine prints where it knows nothing."""
    found = re.fullmatch(r"([\d.]+)([A-Za-z]+)", text)
    return int(float(found[1]) * UNITS[found[2]]) if found and found[2] in UNITS else None


def culprit(
    found: Mapping[str, Container],
    pending: Sequence[str],
    once: Collection[str],
    restarts: Mapping[str, int],
    *,
    over: bool,
) -> Container | None:
    """Who keeps the lab from becoming healthy. While the start is not `over`, an unhealthy one may yet recover."""
    for one in found.values():
        if one.restarts - restarts.get(one.id, 0) >= RESTARTS:
            return one
        if over and one.service in once and one.status == "exited" and one.exit_code:
            return one
    if not over:
        return None
    begun = [found[name] for name in pending if name in found and found[name].status != "created"]
    return next((one for one in begun if one.state == "unhealthy"), begun[0] if begun else None)


def publisher(docker: Docker, port: int) -> str | None:
    """The project of the running container that has the port on this machine."""
    found = docker.run("ps", "--filter", f"publish={port}", "--format", f'{{{{.Label "{PROJECT}"}}}}').out.split()
    return found[0] if found else None
