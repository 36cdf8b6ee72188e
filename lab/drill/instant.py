"""A moment that survives a crash: wall time for people, the machine's own ticking for durations."""

import datetime

from pydantic import BaseModel, ConfigDict


class Instant(BaseModel):
    """`at` is seconds since the epoch, UTC; `tick` seconds since the boot named `boot`, on a clock that nobody sets."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    at: float
    tick: float
    boot: str

    def since(self, earlier: "Instant") -> float:
        """Seconds from `earlier` to this, never negative. A clock that was set in between is not believed, unless the
        machine was restarted as well, when nothing better is left."""
        passed = self.tick - earlier.tick if self.boot == earlier.boot else self.at - earlier.at
        return max(0.0, passed)

    def before(self, seconds: float) -> "Instant":
        return self.model_copy(update={"at": self.at - seconds, "tick": self.tick - seconds})

    def iso(self) -> str:
        moment = datetime.datetime.fromtimestamp(self.at, datetime.UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
