"""Who holds a port that a lab wants: a process, another lab's process, or another lab's container."""

import psutil

from lab.errors import LabError
from lab.runtime import containers, ports, processes
from lab.runtime.docker import Docker
from lab.runtime.ports import Holder
from lab.runtime.state import State

PROJECT = "3am-lab"


def project_of(lab: str) -> str:
    """The Compose project of a lab."""
    return PROJECT if lab == "main" else f"{PROJECT}-{lab}"


def lab_of(project: str) -> str | None:
    """The lab of a Compose project; None if it is somebody else's."""
    if project == PROJECT:
        return "main"
    return project.removeprefix(f"{PROJECT}-") if project.startswith(f"{PROJECT}-") else None


def holder(port: int, state: State, docker: Docker) -> Holder:
    """Who listens on the port, as the lab whose state this is sees it."""
    if (project := _publisher(docker, port)) is not None:
        lab = lab_of(project)
        return Holder(f"a container of lab {lab}" if lab else f"a container of {project or 'another project'}", lab)
    process = ports.listener(port)
    if process is None:
        return Holder("a process of another user")
    try:
        what, mark = f"{process.name()} (pid {process.pid})", process.environ().get(processes.MARK)
    except psutil.Error:
        return Holder(f"a process (pid {process.pid})")
    lab = next((name for name, record in state.others().items() if mark and record.mark == mark), None)
    return Holder(f"{what} of lab {lab}" if lab else what, lab)


def _publisher(docker: Docker, port: int) -> str | None:
    try:
        return containers.publisher(docker, port)
    except LabError:
        return None
