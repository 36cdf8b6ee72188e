"""Does a process answer, and how much memory is it?"""

import http.client
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from lab.runtime import database
from lab.runtime.program import Program
from lab.runtime.state import State

TIMEOUT_S = 2.0
# a proxy in the environment is not for 127.0.0.1
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def answers(url: str, timeout_s: float = TIMEOUT_S) -> bool:
    """Does a GET bring 200? `unix:PATH` stands for /healthz at that socket."""
    if url.startswith("unix:"):
        return _answers_at(url.removeprefix("unix:"), timeout_s)
    try:
        with _opener.open(url, timeout=timeout_s) as response:
            return response.status == 200
    except (OSError, http.client.HTTPException):
        return False


def _answers_at(path: str, timeout_s: float) -> bool:
    connection = http.client.HTTPConnection("localhost", timeout=timeout_s)
    try:
        with socket.socket(socket.AF_UNIX) as connection.sock:
            connection.sock.settimeout(timeout_s)
            connection.sock.connect(path)
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False


def is_healthy(program: Program, state: State) -> bool:
    return answers(program.probe) if program.probe else database.is_ready(state)


def healthy(programs: Iterable[Program], state: State) -> set[str]:
    """The names of those that are healthy, asked all at once."""
    programs = list(programs)
    if not programs:
        return set()
    with ThreadPoolExecutor(len(programs)) as pool:
        found = pool.map(lambda program: is_healthy(program, state), programs)
        return {program.name for program, well in zip(programs, found, strict=True) if well}


def memory(pid: int, *, children: bool = True) -> int | None:
    """Bytes of the process, with its children's: PSS, or the resident set where the kernel tells no PSS."""
    try:
        process = psutil.Process(pid)
        return sum(_memory(one) for one in (process, *(process.children(recursive=True) if children else ())))
    except psutil.Error:
        return None


def _memory(process: psutil.Process) -> int:
    try:
        for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        return process.memory_info().rss
    except psutil.Error:
        return 0


def wait_for(condition: Callable[[], bool], timeout_s: float, every_s: float = 0.05) -> bool:
    """Poll until it holds; False if it does not within the time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every_s)
    return True
