"""The Docker engine as tests of the containers see it: what runs, how it is confined, and ways to harm it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Self

import pytest


@cache
def why_not() -> str | None:
    """Why no lab can run as containers here, or None."""
    for command, problem in (
        (["docker", "info"], "no Docker engine answers"),
        (["docker", "compose", "version"], "Docker has no Compose v2"),
    ):
        try:
            done = subprocess.run(command, capture_output=True, timeout=20)
        except (OSError, subprocess.TimeoutExpired):
            return problem
        if done.returncode:
            return problem
    return None


def needs_engine() -> pytest.MarkDecorator:
    """Skips where there is no engine, but not in CI, which has started one (.ci/run)."""
    reason = None if os.environ.get("ENGINE_REQUIRED") else why_not()
    return pytest.mark.skipif(reason is not None, reason=reason or "")


@cache
def why_not_from_here() -> str | None:
    """Why no container's process may be harmed by its id on this machine, or None."""
    if sys.platform != "linux":
        return "containers run in a virtual machine, whose processes are not this machine's"
    if os.geteuid() != 0:
        return "only root may harm a container's processes from the host"
    # the one in use, be it by DOCKER_HOST or by context
    endpoint = docker("context", "inspect", "--format", "{{.Endpoints.docker.Host}}").strip()
    if not endpoint.startswith("unix://"):
        return f"the engine is not on this machine but at {endpoint}"
    return None


def cgroup(pid: int) -> str | None:
    """What /proc says of a process: a line a hierarchy (v1), or one (v2); None once it has ended."""
    try:
        return Path(f"/proc/{pid}/cgroup").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None


def docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"docker {' '.join(arguments)}: {done.stderr or done.stdout}"
    return done.stdout


@dataclass(frozen=True)
class Container:
    """One container as it was when it was looked at; `facts` is what docker inspect says."""

    service: str
    facts: dict[str, Any]

    @classmethod
    def of(cls, project: str, service: str | None = None) -> dict[str, Self]:
        """The running containers of a Compose project by service, or only that of `service`."""
        filters = [f"label=com.docker.compose.project={project}"]
        filters += [f"label=com.docker.compose.service={service}"] if service else []
        ids = docker("ps", "--quiet", *(f"--filter={one}" for one in filters)).split()
        found = json.loads(docker("inspect", *ids)) if ids else []
        return {
            one["Config"]["Labels"]["com.docker.compose.service"]: cls(
                one["Config"]["Labels"]["com.docker.compose.service"], one
            )
            for one in found
        }

    @property
    def id(self) -> str:
        return self.facts["Id"]

    @property
    def started(self) -> str:
        return self.facts["State"]["StartedAt"]

    def run(self, *command: str) -> str:
        """What a command prints inside, run as the container's user."""
        return docker("exec", self.id, *command)

    def sh(self, script: str) -> str:
        return self.run("sh", "-c", script)

    def processes(self) -> dict[int, int]:
        """Parent by process, by their ids on the host; none once it has ended."""
        done = subprocess.run(["docker", "top", self.id, "-eo", "pid,ppid"], capture_output=True, text=True, timeout=60)
        rows = [line.split() for line in done.stdout.splitlines()[1:]]
        return {int(pid): int(parent) for pid, parent in rows}

    def _within_reach(self) -> dict[int, int]:
        """Its processes, each proven to be its own: those of an engine elsewhere, be it in a virtual machine behind a
        local socket, have ids that are somebody else's here. Skips the test where they are not; in CI it fails."""
        if (reason := why_not_from_here()) is None:
            found = self.processes()
            groups = {pid: cgroup(pid) for pid in found}
            there = {pid: parent for pid, parent in found.items() if groups[pid] is not None}
            if there and all(self.id in (groups[pid] or "") for pid in there):
                return there
            reason = f"/proc does not show the processes of {self.service} as those of container {self.id[:12]}"
        if os.environ.get("ENGINE_REQUIRED"):
            pytest.fail(reason)
        pytest.skip(reason)

    def kill(self) -> None:
        """kill -9 of the main process, from the host; `docker kill` would count as stopped by hand."""
        init = self.facts["State"]["Pid"]
        os.kill(next(pid for pid, parent in self._within_reach().items() if parent == init), signal.SIGKILL)

    def exhaust(self) -> None:
        """Fill the memory until the kernel kills the container's own processes rather than the one that fills it."""
        for pid in self._within_reach():
            with open(f"/proc/{pid}/oom_score_adj", "w") as file:
                file.write("1000")
        # reads a line without an end
        subprocess.run(["docker", "exec", self.id, "tail", "/dev/zero"], capture_output=True, timeout=60)

    @contextmanager
    def watched_for(self, event: str) -> Iterator[Callable[[], bool]]:
        """Tells whether the engine has reported such an event of this container since."""
        # a stream, because the engine remembers its last 256 events alone, and every health check makes three
        command = ["docker", "events", f"--since={time.time():.3f}", f"--filter=container={self.id}"]
        with TemporaryFile() as seen:
            process = subprocess.Popen([*command, f"--filter=event={event}"], stdout=seen)
            try:
                yield lambda: os.fstat(seen.fileno()).st_size > 0
            finally:
                process.terminate()
                process.wait()
