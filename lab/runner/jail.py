"""Runs one command so that nothing of it stays: `python -I -S jail.py LIMITS COMMAND…`, with LIMITS a JSON object.

A program of its own, because it adopts whatever the command leaves behind (also what has left the process group) and
ends all of it: when the command has ended, when it is asked to (SIGTERM), and when who started it dies. Standard
library alone, for it starts with every job. Exits as the command did, with 128 + n for a signal.
"""

import contextlib
import ctypes
import json
import os
import resource
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36  # prctl(2)
STOPPED = 124
LIMITS = {
    "memory": resource.RLIMIT_AS,  # bytes of address space of each process
    "cpu": resource.RLIMIT_CPU,  # seconds of each process
    "file": resource.RLIMIT_FSIZE,  # bytes
    "open_files": resource.RLIMIT_NOFILE,
    "core": resource.RLIMIT_CORE,
}


def main(limits: dict[str, int], command: Sequence[str]) -> int:
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1)
    signal.signal(signal.SIGTERM, _stop)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    try:
        pid = os.fork()
        if pid == 0:
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            _become(limits, command)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        _clear()
    return code if code >= 0 else 128 - code


def _stop(*_: object) -> NoReturn:
    raise SystemExit(STOPPED)


def _become(limits: dict[str, int], command: Sequence[str]) -> NoReturn:
    try:
        os.setsid()
        for name, value in limits.items():
            resource.setrlimit(LIMITS[name], (value, value))
        os.execvp(command[0], command)
    except Exception as error:
        os.write(2, f"{command[0]} cannot be run: {error}\n".encode())
    finally:
        os._exit(127)


def _clear() -> None:
    """Until no child is left; a child's own become ours when it dies."""
    while children := _children():
        for pid in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pid in children:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)


def _children() -> list[int]:
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:
            if int(file.read().rpartition(b")")[2].split()[1]) == os.getpid():  # the parent, behind the program's name
                found.append(int(name))
    return found


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1]), sys.argv[2:]))
