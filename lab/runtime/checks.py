"""What a machine needs for a lab in either runtime, and how to mend what is missing."""

import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psutil

from lab.errors import LabError
from lab.runtime import database, mounted, packages
from lab.runtime.compose import ComposeRuntime
from lab.runtime.docker import Unavailable
from lab.runtime.holders import holder
from lab.runtime.images import listed
from lab.runtime.local import LocalRuntime
from lab.runtime.mounted import Unreadable
from lab.runtime.ports import BLOCK, DEFAULT_BASE, Ports, choose_base, is_free

MEMORY = 2**30  # the lab takes 530 to 810 MB
DISK = 2 * 2**30


@dataclass(frozen=True)
class Check:
    """`fix` says what to do where `ok` is false."""

    check: str
    ok: bool
    found: str
    fix: str = ""


def run(local: LocalRuntime, compose: ComposeRuntime, free: Callable[[int], bool] = is_free) -> list[Check]:
    """What the lab is made of must be right; what it could be made of as well is only said."""
    record = local.state.glance()
    contained = record is not None and record.runtime == "compose"
    up = local.is_up() or compose.is_up()
    checks = [_system(), _python(), _memory(up), _disk(local)]
    if not contained:
        checks += [_postgres(), *_monitoring()]
    return [*checks, *_containers(compose, needed=contained), *_ports(local, compose, up, free)]


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


def _containers(compose: ComposeRuntime, *, needed: bool) -> Iterator[Check]:
    """Docker, its Compose, the images and what is mounted; where the lab does not need them, none of these fails."""
    try:
        yield Check("docker", True, f"engine {compose.docker.engine()}")
        yield Check("compose", True, compose.docker.compose())
        composition = compose.composition(compose.state.glance())
        missing = compose.images(composition).missing()
        yield Check("images", True, f"missing: {listed(missing)}; labctl up gets them" if missing else "all here")
        mounted.require_readable(composition)
        yield Check("files", True, "containers can read what they are given")
    except Unavailable as error:
        fix = str(error).rpartition("; ")[2].rstrip(".")
        found = error.reason if needed else f"{error.reason}; the lab runs without"
        yield Check("files" if isinstance(error, Unreadable) else "docker", not needed, found, fix if needed else "")
    except LabError as error:
        yield Check("images", not needed, str(error), "see docker compose config" if needed else "")


def _ports(local: LocalRuntime, compose: ComposeRuntime, up: bool, free: Callable[[int], bool]) -> Iterator[Check]:
    record = local.state.glance()
    others = [other.port_base for other in local.state.others().values()]
    ports = Ports(choose_base(local.name, None, record.port_base if record else None, others))  # as `up` does
    contained = record.runtime == "compose" if record else ports.base == DEFAULT_BASE
    wanted = _published(compose) if contained else None
    wanted = wanted or ports.all()
    block = f"{min(wanted)} to {max(wanted)}" if wanted.keys() - ports.block() else _block(ports.base)
    taken = [] if up else [port for port in sorted(wanted) if not free(port)]
    for port in taken:
        held = holder(port, local.state, compose.docker)
        end = f"labctl down --name {held.lab}" if held.lab else "end that process"
        yield Check(
            "ports", False, f"{port} is held by {held.what}", f"{end}, or labctl up --port-base {ports.base + BLOCK}"
        )
    if not taken:
        yield Check("ports", True, f"{block}: {'in use by this lab' if up else 'free'}")


def _block(base: int) -> str:
    return f"{base} to {base + BLOCK - 1}"


def _published(compose: ComposeRuntime) -> dict[int, str]:
    """What a lab of containers would publish; nothing where there cannot be one."""
    try:
        compose.docker.engine()
        compose.docker.compose()
        return compose.composition(compose.state.glance()).published
    except LabError:
        return {}
