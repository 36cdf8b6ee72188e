"""A lab's folder, `.lab/<name>`: tokens, configuration, data, logs, releases, and what the next command must know."""

import contextlib
import dataclasses
import fcntl
import hashlib
import itertools
import json
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from lab.errors import LabError, UsageError
from lab.runtime import processes

ROOT = Path(__file__).resolve().parents[2]
STATE = ROOT / ".lab"
RESERVED = {"venv", "cache", "kept"}
# sun_path holds 108 bytes on Linux and 104 on macOS, PostgreSQL's own file name included.
LONGEST_SOCKET = 100


@dataclasses.dataclass(frozen=True)
class Record:
    """What outlives a command. `wanted` says whether the lab ought to be running; `mark` is the random id that
    every process of the present run carries in its environment; `profiles` is what COMPOSE_PROFILES said, if it did."""

    port_base: int
    runtime: str = "local"
    wanted: bool = False
    load: bool = True
    mark: str = ""
    profiles: str | None = None


class State:
    def __init__(self, name: str, home: Path = STATE):
        if not re.fullmatch(r"[a-z][a-z0-9-]{0,30}", name) or name in RESERVED:
            raise UsageError(f"A lab cannot be called {name!r}: take a lower-case word such as 'main' or 'team-b'.")
        self.name = name
        self.home = home
        self.path = home / name
        self.tokens = self.path / "tokens"
        self.config = self.path / "config"
        self.data = self.path / "data"
        self.logs = self.path / "logs"
        self.releases = self.path / "releases"
        self.run = self.path / "run"
        self.workspace = self.path / "workspace"

    @property
    def sockets(self) -> Path:
        """The folder for Unix sockets, short enough for the kernel."""
        if len(str(self.run / "pg" / ".s.PGSQL.5432.lock")) < LONGEST_SOCKET:
            return self.run
        digest = hashlib.sha256(str(self.path).encode()).hexdigest()[:10]
        return Path(tempfile.gettempdir()) / f"3am-{os.getuid()}-{digest}"

    def create(self) -> None:
        for folder in (self.home, self.path):
            folder.mkdir(parents=True, exist_ok=True)
        for folder in (self.tokens, self.config):
            folder.mkdir(mode=0o700, exist_ok=True)
        for folder in (self.data, self.logs, self.releases, self.run, self.sockets):
            folder.mkdir(exist_ok=True)
        if self.sockets.is_symlink() or self.sockets.stat().st_uid != os.getuid():
            raise LabError(f"{self.sockets} belongs to somebody else; remove it or set TMPDIR to a folder of your own.")

    def token(self, name: str) -> str:
        """The secret of that name, generated the first time it is asked for."""
        path = self.tokens / name
        with contextlib.suppress(FileExistsError):
            write_private(path, secrets.token_hex(24), exclusive=True)
        return path.read_text()

    def load(self) -> Record | None:
        path = self.path / "lab.json"
        try:
            known = {field.name for field in dataclasses.fields(Record)}
            return Record(**{key: value for key, value in json.loads(path.read_text()).items() if key in known})
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, AttributeError) as error:
            raise LabError(f"{path} cannot be read ({error}); remove the file and run labctl up again.") from error

    def glance(self) -> Record | None:
        """The record, or None also where it cannot be read: for `down`, and for what concerns another lab."""
        with contextlib.suppress(LabError):
            return self.load()
        return None

    def save(self, record: Record) -> None:
        write_private(self.path / "lab.json", json.dumps(dataclasses.asdict(record), indent=2) + "\n")

    def update(self, **changes: object) -> None:
        if record := self.load():
            self.save(dataclasses.replace(record, **changes))

    def exists(self) -> bool:
        """Is there anything of this lab but the lock that every command takes?"""
        return self.path.exists() and any(path.name not in ("lock", "down") for path in self.path.iterdir())

    def others(self) -> dict[str, Record]:
        """The other labs of this checkout whose records can be read."""
        found = {}
        for path in sorted(self.home.glob("*/lab.json")):
            if path.parent.name != self.name and (record := State(path.parent.name, self.home).glance()):
                found[path.parent.name] = record
        return found

    @contextlib.contextmanager
    def lock(self, timeout_s: float = 120, waiting: Callable[[str], None] | None = None) -> Iterator[None]:
        """One command at a time changes a lab. The lock goes with the process that holds it."""
        self.path.mkdir(parents=True, exist_ok=True)
        path = self.path / "lock"
        deadline = time.monotonic() + timeout_s
        with path.open("a+") as file:
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    file.seek(0)
                    holder = file.read().strip() or "unknown"
                    if time.monotonic() > deadline:
                        raise LabError(
                            f"Another command (pid {holder}) is still at work on lab {self.name}; try again after it."
                        ) from None
                    if waiting:
                        waiting(f"waiting for another command (pid {holder}) at work on lab {self.name}")
                        waiting = None
                    time.sleep(0.1)
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield

    @contextlib.contextmanager
    def giving_up(self) -> Iterator[None]:
        """For the time of a `down`: an `up` that is under way elsewhere sees it and lets go of the lock."""
        request = self.path / "down"
        processes.write(request, os.getpid())
        try:
            yield
        finally:
            request.unlink(missing_ok=True)

    @property
    def given_up(self) -> bool:
        return any(processes.birth(one.pid) == one.birth for one in processes.read(self.path / "down"))

    def purge(self) -> Path | None:
        """Forgets all but the team's workspace, which is moved aside; gives the folder where it is then."""
        aside = self._set_aside() if self.workspace.exists() else None
        if self.sockets != self.run:
            shutil.rmtree(self.sockets, ignore_errors=True)
        while self.path.exists():
            # Whoever was interrupted, such as initdb, may be taking its own files away at the same time.
            with contextlib.suppress(FileNotFoundError):
                shutil.rmtree(self.path)
        return aside

    def _set_aside(self) -> Path:
        kept = self.home / "kept"
        kept.mkdir(exist_ok=True)
        stamp = f"{self.name}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
        names = itertools.chain([stamp], (f"{stamp}-{number}" for number in itertools.count(2)))
        aside = next(kept / name for name in names if not (kept / name).exists())
        self.workspace.rename(aside)
        return aside


def write_private(path: Path, text: str, *, exclusive: bool = False) -> None:
    """Write a file that only its owner can read; the old content stays until the new one is complete."""
    if exclusive:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    temporary.replace(path)
