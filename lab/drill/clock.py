"""The drill's clock: real time, scaled by the pace, standing still while the drill is paused."""

from dataclasses import dataclass, replace

from lab.drill.instant import Instant


@dataclass(frozen=True)
class Clock:
    """`pace` is the drill's seconds for a real one. Figures are the drill's seconds up to `read`."""

    read: Instant
    pace: float = 1.0
    running: bool = False
    phase_s: float = 0.0
    total_s: float = 0.0

    def at(self, now: Instant) -> "Clock":
        """The clock as it stands `now`."""
        passed = now.since(self.read) * self.pace if self.running else 0.0
        return replace(self, read=now, phase_s=self.phase_s + passed, total_s=self.total_s + passed)

    def enter(self, late_s: float = 0.0, *, running: bool) -> "Clock":
        """A phase begins now, `late_s` of it having passed."""
        return replace(self, phase_s=late_s, running=running)
