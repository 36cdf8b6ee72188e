"""A service and its parent: `python services/launch.py billing`.

With RELEASES in the environment, a folder as lab/releases.py keeps it, this process stays small and forks the service
(service.py): it restarts, stops and starts its child when `wanted.json` there says so. A child that ends by itself ends
this process too, with the same meaning: 0 after SIGTERM, 2 when the call or a setting is wrong, 1 when something it
needs can't be had, 128 and the signal's number after one that killed it. Without RELEASES it is the service itself.
RELEASE_ROOT, the folder that has the service's package, is for code that no release replaces.
"""

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

HOME = Path(__file__).resolve().parent
POLL_S = 0.2
STOP_S = 6  # a service needs up to 3 for requests under way and 3 for its telemetry
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)
PR_SET_PDEATHSIG = 1


class Wanted:
    """What the folder of releases says about one service: whose code, how often it was asked to begin anew.

    `release` is None for the lab's own code. (No NamedTuple, which would be another half a megabyte for each parent.)
    """

    def __init__(self, release: str | None, root: Path, generation: int, stopped: bool) -> None:
        self.release = release
        self.root = root
        self.generation = generation
        self.stopped = stopped


def read(folder: Path, service: str, pinned: Path | None) -> Wanted:
    """Raises OSError or ValueError if it can't be followed; `pinned` is a root that no release replaces."""
    content = json.loads((folder / "wanted.json").read_text())
    try:
        release, generation = content["release"], content["generations"].get(service, 0)
        stopped = service in content["stopped"]
        if not isinstance(release, str) or not isinstance(generation, int):
            raise TypeError("a release's name and a generation's number")
    except (AttributeError, LookupError, TypeError) as error:
        raise ValueError(f"it lacks what it should say: {error}") from error
    if pinned is not None:
        return Wanted(None, pinned, generation, stopped)
    if not (folder / release / service / "app.py").is_file():
        raise ValueError(f"there is no {service} in release {release!r}")
    return Wanted(release, folder / release, generation, stopped)


class Parent:
    """Runs the service as its child, and follows the folder of releases."""

    def __init__(self, service: str, folder: Path, pinned: Path | None) -> None:
        self._service = service
        self._folder = folder
        self._pinned = pinned
        self._seen: object = ()  # the file as it was last read
        self._wanted = Wanted(None, pinned or HOME, 0, False)  # until it can be read
        self._running = self._wanted
        self._child = 0
        self._kill_at: float | None = None  # set while the child is asked to end
        self._leaving = False
        self._told = False

    def run(self) -> int:
        """Until the child ends by itself, or after SIGTERM or SIGINT; gives the exit code."""
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        while True:
            self._look()
            if (code := self._step()) is not None:
                return code
            if _next_signal(POLL_S) in (signal.SIGTERM, signal.SIGINT):
                self._leaving = True

    def _look(self) -> None:
        try:
            found = os.stat(self._folder / "wanted.json")
            seen: object = (found.st_mtime_ns, found.st_ino, found.st_size)
        except OSError as error:
            seen = error.errno
        if seen == self._seen:
            return
        self._seen = seen
        try:
            self._wanted = read(self._folder, self._service, self._pinned)
        except (OSError, ValueError, RecursionError) as error:
            self._say("WARN", "wanted.json can't be followed, what runs goes on", why=str(error))

    def _step(self) -> int | None:
        """One decision; gives the exit code when all is over."""
        if self._child and (status := _ended(self._child)) is not None:
            asked, self._child, self._kill_at = self._kill_at is not None, 0, None
            if self._leaving:
                return 0 if status == -signal.SIGTERM else _code(status)
            if not asked:
                return _code(status)
        if not self._child:
            if self._leaving:
                return 0
            if not self._wanted.stopped:
                self._start()
            elif not self._told:
                self._say("INFO", "stopped by request")
                self._told = True
        elif self._kill_at is not None and time.monotonic() > self._kill_at:
            os.kill(self._child, signal.SIGKILL)
        elif self._kill_at is None and (self._leaving or self._outdated()):
            os.kill(self._child, signal.SIGTERM)
            self._kill_at = time.monotonic() + STOP_S
        return None

    def _outdated(self) -> bool:
        first = self._running.release is None and self._wanted.release is not None
        return first or self._wanted.stopped or self._wanted.generation != self._running.generation

    def _start(self) -> None:
        parent, self._told, self._running = os.getpid(), False, self._wanted
        self._child = os.fork()
        if self._child == 0:
            _become(self._service, self._running, parent)

    def _say(self, level: str, event: str, **fields: object) -> None:
        """One line as all services write them."""
        seconds, rest = divmod(time.time_ns(), 10**9)
        ts = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest // 1000:06d}Z"
        line = {"ts": ts, "level": level, "service": self._service, "event": event, "trace_id": None, "span_id": None}
        with contextlib.suppress(OSError):  # whoever read it has gone
            os.write(1, (json.dumps(line | fields) + "\n").encode())


def _become(service: str, wanted: Wanted, parent: int) -> NoReturn:
    try:
        _die_with(parent)
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        _serve(service, wanted)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(1)


def _serve(service: str, wanted: Wanted) -> NoReturn:
    # Only here: the libraries are the child's, and what a restart runs is what is on disk.
    from service import serve

    serve(service, wanted.root, wanted.release, wanted.generation)


def _die_with(parent: int) -> None:
    """Has the kernel kill this process when its parent ends, however that comes."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def _next_signal(within_s: float) -> int:
    """The signal that came; 0 if none did within the time."""
    if not hasattr(signal, "sigtimedwait"):  # macOS
        time.sleep(within_s)
        waiting = signal.sigpending() & {*SIGNALS}
        return signal.sigwait(waiting) if waiting else 0
    found = signal.sigtimedwait(SIGNALS, within_s)
    return found.si_signo if found else 0


def _ended(child: int) -> int | None:
    """The exit code, or the negative number of the signal; None while it lives."""
    pid, status = os.waitpid(child, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if pid else None


def _code(status: int) -> int:
    return status if status >= 0 else 128 - status


def main(arguments: Sequence[str]) -> int:
    """Runs the service named by the only argument until SIGTERM or SIGINT, and gives the exit code."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print("launch: Say which service to start, as in: python services/launch.py billing.", file=sys.stderr)
        return 2
    service, folder, root = arguments[0], os.environ.get("RELEASES"), os.environ.get("RELEASE_ROOT")
    pinned = Path(root).resolve() if root else None
    if folder:
        return Parent(service, Path(folder).resolve(), pinned).run()
    _serve(service, Wanted(None, pinned or HOME, 0, False))
