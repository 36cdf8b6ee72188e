"""Who holds a port that a lab wants: a process, another lab's process, or another lab's container."""

import os
import re
from pathlib import Path

import psutil

from lab.errors import LabError
from lab.runtime import containers, ports, processes
from lab.runtime.docker import Docker
from lab.runtime.ports import Holder
from lab.runtime.state import ROOT, State

TABLE = ROOT / ".env"
PROJECT = "3am-lab"


def project_of(lab: str, table: Path = TABLE) -> str:
    """The Compose project of a lab; that of `main` is what plain `docker compose` takes as well."""
    project = _project(table)
    return project if lab == "main" else f"{project}-{lab}"


def lab_of(project: str, table: Path = TABLE) -> str | None:
    """The lab of a Compose project; None if it is somebody else's."""
    ours = _project(table)
    if project == ours:
        return "main"
    return project.removeprefix(f"{ours}-") if project.startswith(f"{ours}-") else None


def _project(table: Path) -> str:
    """LAB_PROJECT of the shell, else of .env, as Compose has it."""
    said = re.search(r"(?m)^LAB_PROJECT=(\S+)", table.read_text()) if table.is_file() else None
    return os.environ.get("LAB_PROJECT") or (said[1] if said else PROJECT)


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
