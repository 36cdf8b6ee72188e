"""The drill under way and those before it: read from the chronicle, decided on by the rules, written down at once."""

import dataclasses
import threading
from collections.abc import Callable

from lab.drill.drill import Drill, apply
from lab.drill.event import Actor, Answered, Armed, Asked, Event, Happening
from lab.drill.instant import Instant
from lab.drill.profile import Profile
from lab.errors import LabError
from warroom.chronicle import Chronicle, Overtaken

TRIES = 20
Decide = Callable[[Drill | None], list[Happening]]


class Drills:
    """`profiles` gives the profile of a name, `now` the moment. Any thread may call it. `changed` is called
    whenever something was written down."""

    def __init__(self, chronicle: Chronicle, profiles: Callable[[str], Profile], now: Callable[[], Instant]) -> None:
        self._chronicle = chronicle
        self._profiles = profiles
        self._now = now
        self._lock = threading.Lock()
        self._drill: Drill | None = None
        self._last = 0  # the number of the last event that is folded into it
        self._first = 1  # the number of its first event
        self._count = 0  # drills in the log
        self.changed: Callable[[], None] = lambda: None

    def current(self) -> Drill | None:
        """The latest drill, under way or over, with its clock at this moment; None if there has never been one."""
        with self._lock:
            self._read()
            return self._at(self._now())

    def record(self, who: Actor, decide: Decide) -> Drill | None:
        """Writes down what `decide` makes of the drill as it stands, and gives the drill after it.

        `decide` is one of lab.drill.rules: it may be asked again, when another process was first, so it does nothing
        but decide. What it raises is passed on, and nothing is written down.
        """
        with self._lock:
            for _ in range(TRIES):
                self._read()
                now = self._now()
                if not (happenings := decide(self._at(now))):
                    return self._at(now)
                try:
                    events = self._chronicle.append(who, happenings, self._last, now)
                except Overtaken:
                    continue
                for event in events:
                    self._fold(event)
                self.changed()
                return self._at(now)
        raise LabError("The drill's log changes too fast to be written to; see labctl logs warroom.")

    def profile(self, drill: Drill) -> Profile:
        assert drill.armed
        return self._profiles(drill.armed.profile)

    @property
    def last(self) -> int:
        """The number of the last event; 0 if there is none."""
        with self._lock:
            self._read()
            return self._last

    def next_id(self) -> str:
        """What the next drill will be called."""
        with self._lock:
            self._read()
            return f"d-{self._count + 1}"

    def events(self, after: int = 0, limit: int | None = None) -> list[Event]:
        """The events of the latest drill with a higher number, the first `limit` of them."""
        with self._lock:
            self._read()
            first = self._first
        found = []
        for event in self._chronicle.events(max(after, first - 1)):
            if limit is not None and len(found) >= limit:
                break
            found.append(event)
        return found

    def history(self) -> dict[str, list[Event]]:
        """The events of each drill by its id, the oldest first; without what was said to and by AI, which is long."""
        with self._lock:
            self._read()  # refuses a log that does not begin with a drill
        found: dict[str, list[Event]] = {}
        for event in self._chronicle.events():
            if isinstance(event.what, Armed):
                found[event.what.drill] = []
            if not isinstance(event.what, Asked | Answered):
                next(reversed(found.values())).append(event)
        return found

    def fold(self, events: list[Event]) -> Drill | None:
        """The drill that these events make."""
        drill = None
        for event in events:
            drill = apply(drill, event, self._cooldown(drill))
        return drill

    def _read(self) -> None:
        for event in self._chronicle.events(self._last):
            self._fold(event)

    def _fold(self, event: Event) -> None:
        try:
            drill = apply(self._drill, event, self._cooldown(self._drill))
        except ValueError as error:
            raise LabError(f"The drills' log makes no sense ({error}); move the file aside.") from error
        if isinstance(event.what, Armed):
            self._first = event.number
            self._count += 1
        self._drill, self._last = drill, event.number

    def _cooldown(self, drill: Drill | None) -> float:
        return self.profile(drill).cooldown if drill else 0.0

    def _at(self, now: Instant) -> Drill | None:
        drill = self._drill
        if drill is None:
            return None
        return dataclasses.replace(drill, clock=drill.clock.at(now), cap_s=self.profile(drill).cap(drill.phase))
