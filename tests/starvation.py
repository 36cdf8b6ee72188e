"""Was this machine starved from outside while a test ran? Measured, so that a test may say so rather than guess.

A checkout of 12 workers survives a stall of (workers − 1) ÷ rate, 1.6 s; a hypervisor that gives those
cores to somebody else for longer trips it, and that is no fault of the lab's.
"""

import contextlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self, TypeVar

EVERY_S = 0.05
STARVED_S = 0.5  # ten turns late: the scheduler alone, however many want to run, lets nobody wait so long
Value = TypeVar("Value")


class Watch:
    """Sleeps briefly on each CPU again and again, and remembers how much too late it awoke at worst."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] | None = None,
        stat: Path = Path("/proc/stat"),
    ) -> None:
        self._stopped = threading.Event()
        self._clock = clock
        self._sleep = sleep or self._stopped.wait
        self._stat = stat
        self._threads: list[threading.Thread] = []
        self._before: tuple[int, int] | None = None
        self._late: dict[int | None, float] = {}
        self.steal: float | None = None  # share of all CPU time; none where the kernel does not tell

    @property
    def lateness(self) -> float:
        return max(self._late.values(), default=0.0)

    @property
    def starved(self) -> bool:
        return self.lateness >= STARVED_S

    def __str__(self) -> str:
        steal = "unknown" if self.steal is None else f"{self.steal:.1%}"
        late = f"a sleep of {EVERY_S:g} s ended {self.lateness:.2f} s late at worst"
        return f"{late} ({STARVED_S:g} s are starved), steal {steal}"

    def __enter__(self) -> Self:
        self._before = self._times()
        # one a CPU: the hypervisor may take a single one away
        cpus = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else [None]
        self._threads = [threading.Thread(target=self._run, args=(cpu,), daemon=True) for cpu in cpus]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()
        after = self._times()
        if self._before and after and after[1] > self._before[1]:
            self.steal = (after[0] - self._before[0]) / (after[1] - self._before[1])

    def sample(self, cpu: int | None = None) -> None:
        due = self._clock() + EVERY_S
        self._sleep(EVERY_S)
        self._late[cpu] = max(self._late.get(cpu, 0.0), self._clock() - due)

    def _run(self, cpu: int | None) -> None:
        if cpu is not None:
            with contextlib.suppress(OSError):  # the CPU has gone since
                os.sched_setaffinity(0, [cpu])  # of this thread alone
        while not self._stopped.is_set():
            self.sample(cpu)

    def _times(self) -> tuple[int, int] | None:
        """(stolen, all) ticks of all CPUs since the machine began."""
        try:
            ticks = [int(field) for field in self._stat.read_text().split("\n", 1)[0].split()[1:9]]
        except OSError:
            return None
        return (ticks[7], sum(ticks)) if len(ticks) == 8 else None


def second_try_if_starved(
    attempt: Callable[[Watch], Value],
    afresh: Callable[[], object],
    watch: Callable[[], Watch] = Watch,
) -> Value:
    """What `attempt` gives, which is told who watches. If it fails on a machine that was starved meanwhile, once more
    after `afresh`; a failure on one that was not stands, and so does the second."""
    first = watch()
    try:
        with first:
            return attempt(first)
    except Exception as failure:
        failure.add_note(f"Measured meanwhile: {first}")
        if not first.starved:
            raise
        print(f"Tried again: {first}. It failed with {failure!r}")
    afresh()
    second = watch()
    try:
        with second:
            return attempt(second)
    except Exception as failure:
        failure.add_note(f"Second try; measured: {second}. The first: {first}")
        raise
