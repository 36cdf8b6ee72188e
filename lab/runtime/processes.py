"""Processes of ours that outlived their supervisor: found by what was recorded, never by name.

Two records exist. The supervisor writes the pid and the birth of each child it forks. And every process of a run
carries its random mark in the environment, which finds grandchildren whose parents are gone.
"""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple, Protocol

import psutil

MARK = "LAB_RUN"


class Recorded(NamedTuple):
    pid: int
    birth: str


class Table(Protocol):
    """The machine's processes, as far as this module needs them."""

    def birth(self, pid: int) -> str | None: ...
    def marked(self, mark: str) -> list[int]: ...
    def signal(self, pid: int, number: int) -> None: ...


def birth(pid: int) -> str | None:
    """What tells this process from a later one with the same pid; None if it is gone (a zombie is gone).

    Linux's start time in clock ticks since a given boot does not move when the clock is set, unlike wall time.
    """
    if sys.platform != "linux":
        try:
            process = psutil.Process(pid)
            return None if process.status() == psutil.STATUS_ZOMBIE else str(process.create_time())
        except psutil.Error:
            return None
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else f"{_boot_id()}-{fields[19]}"


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text()[:8]


class Machine:
    birth = staticmethod(birth)

    def marked(self, mark: str) -> list[int]:
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if process.pid != os.getpid() and process.environ().get(MARK) == mark:
                    found.append(process.pid)
        return found

    def signal(self, pid: int, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            if os.getpgid(pid) == pid and pid != os.getpgid(0):
                os.killpg(pid, number)
            else:
                os.kill(pid, number)


def write(path: Path, pid: int) -> None:
    """Add a process to the record."""
    if born := birth(pid):
        with path.open("a") as file:
            file.write(f"{pid} {born}\n")


def read(path: Path) -> list[Recorded]:
    """The record; a line that was cut short by a crash is left out."""
    if not path.exists():
        return []
    rows = (line.split() for line in path.read_text().splitlines())
    return [Recorded(int(row[0]), row[1]) for row in rows if len(row) == 2 and row[0].isdigit()]


def leftovers(recorded: Iterable[Recorded], mark: str, table: Table) -> list[Recorded]:
    """Those of our processes that still live."""
    found = {one for one in recorded if table.birth(one.pid) == one.birth}
    if mark:
        found |= {Recorded(pid, born) for pid in table.marked(mark) if (born := table.birth(pid))}
    return sorted(found)


def end(
    ours: Callable[[], list[Recorded]],
    table: Table,
    *,
    grace_s: float = 5,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> list[Recorded]:
    """Ask all to end, kill those that have not after `grace_s`; gives those that could not be ended."""
    first = ours()
    for one in first:
        table.signal(one.pid, signal.SIGTERM)
    deadline = clock() + grace_s
    while (living := ours()) and clock() < deadline:
        sleep(0.05)
    for one in living:
        table.signal(one.pid, signal.SIGKILL)
    deadline = clock() + grace_s
    while (living := ours()) and clock() < deadline:
        sleep(0.05)
    return living
