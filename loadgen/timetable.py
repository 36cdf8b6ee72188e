"""When customers arrive. The times depend on the seed alone, never on how fast anybody is served."""

import heapq
import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Steady:
    """`rate` arrivals a second, evenly spaced. Each is moved by up to a tenth of the spacing either way.

    Not a Poisson process: its clumps would make bursts of their own, and bursts are a profile's business.
    """

    action: str
    rate: float
    phase: float = 0.0  # share of one spacing before the first arrival

    def times(self, rng: random.Random) -> Iterator[float]:
        spacing = 1 / self.rate
        for n in itertools.count():
            yield max(0.0, (n + self.phase + rng.uniform(-0.1, 0.1)) * spacing)


@dataclass(frozen=True)
class Burst:
    """`size` arrivals in the same instant, at once and then every `interval` seconds."""

    action: str
    size: int
    interval: float

    def times(self, rng: random.Random) -> Iterator[float]:
        for n in itertools.count():
            yield from itertools.repeat(n * self.interval, self.size)


def arrivals(streams: list[Steady | Burst], seed: int) -> Iterator[tuple[float, str]]:
    """Endless `(seconds since the start, action)` in order of time."""

    def one(index: int, stream: Steady | Burst) -> Iterator[tuple[float, str]]:
        rng = random.Random(f"{seed}/{index}/{stream.action}")
        for at in stream.times(rng):
            yield at, stream.action

    return heapq.merge(*(one(index, stream) for index, stream in enumerate(streams)))
