"""Writes notes into a drill's log as fast as it can, and says each number once it is acknowledged. Run as a program."""

import sys
from pathlib import Path

from warroom import instants
from warroom.chronicle import Chronicle
from warroom.drills import Drills

from lab import profile
from lab.drill import rules


def main(path: Path) -> None:
    drills = Drills(Chronicle(path), profile.load, instants.now)
    after = drills.events()[-1].number
    while True:
        drills.record("team", lambda drill: rules.note(drill, "still here"))
        (event,) = drills.events(after)
        after = event.number
        print(after, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
