"""What a machine needs for the local runtime, and how to mend what is missing."""

import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psutil

from lab.errors import LabError
from lab.runtime import database, packages
from lab.runtime.local import LocalRuntime
from lab.runtime.ports import BLOCK, DEFAULT_BASE, Ports, holder, is_free

MEMORY = 2**30  # the lab takes 530 to 810 MB
DISK = 2 * 2**30


@dataclass(frozen=True)
class Check:
    """`fix` says what to do where `ok` is false."""

    check: str
    ok: bool
    found: str
    fix: str = ""


def run(runtime: LocalRuntime, free: Callable[[int], bool] = is_free) -> list[Check]:
    up = runtime.supervisor.answers()
    return [_system(), _python(), _memory(up), _disk(runtime), _postgres(), *_monitoring(), *_ports(runtime, up, free)]


def _system() -> Check:
    ok = sys.platform in ("linux", "darwin")
    untried = "; the lab has been tried on Linux only" if sys.platform == "darwin" else ""
    found = f"{platform.system()} {platform.machine()}{untried}"
    return Check("system", ok, found, "" if ok else "use Linux, or WSL on Windows")


def _python() -> Check:
    ok = sys.version_info >= (3, 11)
    return Check("python", ok, platform.python_version(), "" if ok else "install Python 3.11 or newer")


def _memory(up: bool) -> Check:
    available = psutil.virtual_memory().available
    ok = up or available >= MEMORY
    fix = "" if ok else f"free some memory: the lab wants {MEMORY / 2**30:g} GB"
    return Check("memory", ok, f"{available / 2**30:.1f} GB available, {os.cpu_count()} CPUs", fix)


def _disk(runtime: LocalRuntime) -> Check:
    folder = next(path for path in (runtime.state.path, *runtime.state.path.parents) if path.exists())
    available = shutil.disk_usage(folder).free
    ok = available >= DISK
    return Check(
        "disk", ok, f"{available / 2**30:.1f} GB free in {folder}", "" if ok else f"free {DISK / 2**30:g} GB there"
    )


def _postgres() -> Check:
    try:
        return Check("postgres", True, str(database.binaries() / "postgres"))
    except LabError as error:
        return Check("postgres", False, "not in the environment", str(error))


def _monitoring() -> Iterator[Check]:
    for name in packages.NAMES:
        path = packages.find(name)
        if path:
            yield Check(name, True, str(path))
        elif shutil.which("apt-get"):
            yield Check(name, True, "not there yet; labctl up unpacks the distribution's package into a cache")
        else:
            yield Check(name, False, "not on PATH", "install it from prometheus.io/download")


def _ports(runtime: LocalRuntime, up: bool, free: Callable[[int], bool]) -> Iterator[Check]:
    record = runtime.state.load()
    ports = Ports(record.port_base if record else DEFAULT_BASE)
    block = f"{ports.base} to {ports.base + BLOCK - 1}"
    taken = [] if up else [port for port in sorted(ports.all()) if not free(port)]
    for port in taken:
        fix = f"end that process, or labctl up --port-base {ports.base + BLOCK}"
        yield Check("ports", False, f"{port} is held by {holder(port)}", fix)
    if not taken:
        yield Check("ports", True, f"{block}: {'in use by this lab' if up else 'free'}")
