"""The war room as the local runtime starts it: a process with its table's environment and nothing of ours."""

import os
import signal
import subprocess
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from warroom import instants
from warroom.chronicle import Chronicle
from warroom.drills import Drills

from lab import profile
from lab.runtime.local import KEPT_ENVIRONMENT
from lab.runtime.ports import Ports, next_block
from lab.runtime.programs import programs
from lab.runtime.state import State
from tests.processes import Service, eventually, free_ports


class Process:
    """One that can be killed and started again on the same ports and data. Nobody else of the lab is there: what it
    would ask is in a block of ports where nobody listens, and never another lab's. `without` are variables that it does
    not get, `instead` those that it gets other than the lab has them."""

    def __init__(self, state: State, without: Collection[str] = (), instead: Mapping[str, str] | None = None) -> None:
        state.create()
        (state.data / "warroom").mkdir(exist_ok=True)
        for token in ("team", "instructor", "webhook"):
            state.token(token)
        self.state = state
        self._without = without
        self._instead = dict(instead or {})
        self._ports = Ports(next_block(41_000, ()))
        self.service = Service("warroom", *free_ports(2))
        self.log = state.logs / "warroom.log"
        self._process: subprocess.Popen | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def drills(self) -> Drills:
        """Its log, as another process reads and writes it."""
        return Drills(Chronicle(self.state.data / "warroom" / "drill.sqlite"), profile.load, instants.now)

    def headers(self, whose: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.state.token(whose)}"}

    def start(self) -> None:
        program = next(one for one in programs(self.state, self._ports) if one.name == "warroom")
        told = {name: value for name, value in program.environment.items() if name not in self._without}
        ports = {"PORT": self.service.url, "OPS_PORT": self.service.ops_url}
        kept = {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}
        own = {name: url.rpartition(":")[2] for name, url in ports.items()}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                program.command,
                cwd=program.folder,
                env=kept | told | self._instead | own,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        eventually(lambda: self.service.healthy() or self._process.poll() is not None, "the war room is healthy", 90)
        assert self._process.poll() is None, self.log.read_text()

    def kill(self) -> None:
        """kill -9, of all that it consists of."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


@contextmanager
def war_room(
    folder: Path, without: Collection[str] = (), instead: Mapping[str, str] | None = None
) -> Iterator[Process]:
    """Not started yet; `folder` is where the lab has its own."""
    process = Process(State("main", folder), without, instead)
    try:
        yield process
    finally:
        process.kill()
