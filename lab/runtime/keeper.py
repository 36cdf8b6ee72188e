"""Watches the supervisor, as its child: `python -m lab.runtime.keeper LAB`.

The supervisor brings back its children, this one included. If it dies itself, the keeper ends what it has left and
starts the lab anew. It also has the supervisor try again with processes on which it gave up.
"""

import os
import sys
import time
from collections.abc import Callable

from lab.errors import LabError
from lab.runtime import processes
from lab.runtime.base import Silent
from lab.runtime.local import LocalRuntime
from lab.runtime.programs import KEEPER
from lab.runtime.state import State

EVERY_S = 0.5
LONGEST_PAUSE_S = 30.0


def watch(runtime: LocalRuntime, parent: int, alive: Callable[[int], bool], sleep: Callable[[float], None]) -> None:
    """Returns when the supervisor is gone."""
    while alive(parent):
        try:
            for name, info in runtime.supervisor.processes().items():
                if info["statename"] == "FATAL" and name != KEEPER:
                    say(f"{name} failed several times in a row; trying again")
                    runtime.supervisor.start(name)
        except (OSError, LabError) as error:
            say(f"the supervisor does not answer: {error}")
        sleep(EVERY_S)


def recover(runtime: LocalRuntime, sleep: Callable[[float], None] = time.sleep) -> None:
    """Start the lab anew, for as long as it takes and it is wanted."""
    pause = 1.0
    while True:
        try:
            return _start_anew(runtime)
        except Exception as error:  # whatever it is: nobody else would try again
            what = str(error) if isinstance(error, LabError) else f"{type(error).__name__}: {error}."
            say(f"{what} Trying again in {pause:g} s.")
        sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_S)


def _start_anew(runtime: LocalRuntime) -> None:
    with runtime.state.lock():
        record = runtime.state.load()
        if record is None or not record.wanted or runtime.supervisor.answers():
            return
        say("the supervisor is gone; starting the lab anew")
        try:
            runtime.bring_up(Silent(), load=record.load, persistent=True)
        except Exception:
            # the failed attempt has begun the list anew, and `down` must find this process too
            processes.write(runtime.state.run / "processes", os.getpid())
            raise
        say("the lab is up again")


def say(text: str) -> None:
    print(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {text}", flush=True)


def main() -> None:
    state = State(sys.argv[1])
    # stdout is a pipe to the supervisor, whose end is what this waits for
    log = os.open(state.logs / f"{KEEPER}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    runtime = LocalRuntime(state)
    supervisor = int((state.run / "supervisor.pid").read_text())
    watch(runtime, supervisor, lambda pid: os.getppid() == pid, time.sleep)
    recover(runtime)


if __name__ == "__main__":
    main()
