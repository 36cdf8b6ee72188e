"""What a drill draws from its seed. The same seed gives the same drill, whenever it is asked and in whatever order."""

import random
from collections.abc import Mapping, Sequence

from lab.drill.profile import Profile

Bounds = Mapping[str, tuple[float, float]]


def delay(seed: int, profile: Profile) -> float:
    """The drill's seconds from the quiet window to the trigger."""
    return _rng(seed, "delay").uniform(*profile.delay)


def again(seed: int, time: int, profile: Profile) -> float:
    """The drill's seconds from the mitigation after trigger `time` to the next trigger."""
    return _rng(seed, f"again {time}").uniform(*profile.again)


def figures(seed: int, time: int, bounds: Bounds) -> dict[str, float]:
    """The load's figures at trigger `time`: whole numbers between whole bounds, otherwise with two decimals."""
    drawn = {}
    for name, (low, high) in sorted(bounds.items()):
        rng = _rng(seed, f"{name} {time}")
        whole = isinstance(low, int) and isinstance(high, int)
        drawn[name] = rng.randint(low, high) if whole else round(rng.uniform(low, high), 2)
    return drawn


def one_of(seed: int, candidates: Sequence[str]) -> str:
    return _rng(seed, "scenario").choice(sorted(candidates))


def _rng(seed: int, what: str) -> random.Random:
    return random.Random(f"{seed}/{what}")
