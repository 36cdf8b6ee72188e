"""A folder for one job, and commands in it that have nothing, are bounded, and leave nothing."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

JAIL = Path(__file__).with_name("jail.py")
MEMORY = 1024**3  # bytes
FILE = 32 * 1024**2  # bytes
OPEN_FILES = 256
GRACE = 10.0  # seconds in which the jail ends everything


@dataclass(frozen=True)
class Ran:
    """`exit_code` is None if the time was up. Of `out` and `err` there is so much as was to be kept."""

    exit_code: int | None
    seconds: float
    out: str
    err: str


class Sandbox:
    """`folder` is gone when it is left; `tree` in it is what the command works on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tree = folder / "tree"
        self._home = folder / "home"
        self.tree.mkdir()
        self._home.mkdir()

    def run(
        self,
        command: Sequence[str],
        timeout_s: float,
        *,
        keep: int,
        together: bool = False,
        environment: Mapping[str, str] | None = None,
    ) -> Ran:
        """Runs the command in the tree. `keep` bytes of each stream are kept; `together` has errors in the output."""
        limits = {"memory": MEMORY, "cpu": int(timeout_s) + 5, "file": FILE, "open_files": OPEN_FILES, "core": 0}
        begin = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(JAIL), json.dumps(limits), *command],
            cwd=self.tree,
            env=self._environment() | dict(environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if together else subprocess.PIPE,
            start_new_session=True,
        )
        out, err = _Reader(process.stdout, keep), _Reader(process.stderr, keep)
        code: int | None = None
        try:
            code = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            process.terminate()
        finally:
            _end(process)
        seconds = time.monotonic() - begin
        return Ran(code, round(seconds, 3), out.text(), err.text())

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.pathsep.join((str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin")),
            "HOME": str(self._home),
            "TMPDIR": str(self._home),
            "LANG": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
            "RAYON_NUM_THREADS": "2",  # ruff's
        }


@contextlib.contextmanager
def sandbox(*, alone: bool = False) -> Iterator[Sandbox]:
    """`alone`: the folder for temporary files is ours, and nothing stays in it: what one job leaves there, another
    team's could read."""
    folder = Path(tempfile.mkdtemp(prefix="run-")).resolve()
    try:
        yield Sandbox(folder)
    finally:
        for path in folder.parent.iterdir() if alone else (folder,):
            _remove(path)


def _end(process: subprocess.Popen) -> None:
    """The jail clears up by itself; one that does not is ended with its group."""
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.wait()


def _remove(folder: Path) -> None:
    try:
        if folder.is_symlink() or not folder.is_dir():
            folder.unlink()
        else:
            shutil.rmtree(folder)
    except (OSError, RecursionError):  # a job may have locked folders of its own, or nested them deep
        subprocess.run(["chmod", "-R", "u+rwx", str(folder)], check=False, capture_output=True)
        subprocess.run(["rm", "-rf", str(folder)], check=False, capture_output=True)


class _Reader:
    """Reads a stream to its end on a thread of its own, and keeps its beginning."""

    def __init__(self, stream: IO[bytes] | None, keep: int) -> None:
        self._stream = stream
        self._keep = keep
        self._kept = bytearray()
        self._more = 0
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def text(self) -> str:
        self._thread.join(GRACE)
        text = self._kept.decode(errors="replace")
        return f"{text}\n[cut here: {self._more} bytes more]" if self._more else text

    def _read(self) -> None:
        if self._stream is None:
            return
        with self._stream as stream:
            while chunk := stream.read1(65_536):  # type: ignore[attr-defined]
                room = self._keep - len(self._kept)
                self._kept += chunk[: max(0, room)]
                self._more += max(0, len(chunk) - max(0, room))
