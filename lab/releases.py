"""Releases of what trainees may change, in one folder, and which of them the services ought to run.

A release is a folder with the packages of the editable services: `baseline-<digest>` is what the lab ships, `r-1`,
`r-2` and so on were deployed. services/launch.py follows `wanted.json` within a fifth of a second:

    {"release": "r-1", "generations": {"billing": 3}, "stopped": ["partner"]}

A service begins anew when its generation changes, and then runs the release. All names appear at once or not at all, so
that a process killed at any moment leaves what was there before.

For a folder that only a container reaches, `python -m lab.releases FOLDER '{"release": "r-1", "stop": ["partner"]}'` is
`want`; the release `baseline` is the lab's own there.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from lab.errors import LabError, UsageError

EDITABLE = ("billing", "checkout", "inventory", "promotions", "orders")
# Who can be restarted, stopped and started; `processor` and `partner` run the lab's own code in every release.
SERVICES = (*EDITABLE, "processor", "partner")
BASELINE = "baseline-"
# The link to the baseline of the lab as it is now; older ones stay while processes may still run them.
LATEST = "baseline"
NAME = re.compile(r"r-[1-9][0-9]*|baseline-[0-9a-f]{12}")
IGNORED = "__pycache__"


class Wanted(NamedTuple):
    """What is to run: a service's generation is 0 where none is named."""

    release: str
    generations: dict[str, int]
    stopped: tuple[str, ...]


class Releases:
    def __init__(self, folder: Path):
        self.folder = folder

    def names(self) -> list[str]:
        """All releases, baselines first, then in the order in which they were added."""
        found = [path.name for path in self.folder.iterdir() if NAME.fullmatch(path.name)]
        return sorted(found, key=lambda name: (_number(name), name))

    def baseline(self) -> str:
        """The release that the lab ships. Raises LabError if none was laid out."""
        try:
            return (self.folder / LATEST).readlink().name
        except OSError as error:
            raise LabError(f"There is no baseline in {self.folder}; run labctl up, which lays it out.") from error

    def path(self, name: str) -> Path:
        """The folder of a release. Raises UsageError if there is none of that name."""
        if not NAME.fullmatch(name) or not (self.folder / name).is_dir():
            known = ", ".join(self.names()) or "none"
            raise UsageError(f"There is no release {name!r}; there are {known}.")
        return self.folder / name

    def add(self, source: Path) -> str:
        """Copies the editable packages in `source` and gives the new release's name.

        Raises UsageError if one is missing or holds something that is neither a file nor a folder, such as a link,
        which could lead out of it.
        """
        with self._locked():
            number = 1 + max((_number(name) for name in self.names()), default=0)
            return self._keep(self._copy(source), f"r-{number}")

    def remove(self, name: str) -> None:
        """Forgets a deployed release that was only tried out. Raises UsageError for one that there is not, that is
        wanted, or that the lab ships."""
        with self._locked():
            path = self.path(name)
            if name.startswith(BASELINE) or name == self.wanted().release:
                raise UsageError(f"{name} stays: it is what is to run, or what the lab ships.")
            shutil.rmtree(path)

    def lay_out(self, source: Path) -> list[str]:
        """Makes what is in `source` the baseline, which is wanted from then on unless a deployed release is.

        Gives the services that begin anew for it. A second time changes nothing.
        """
        self.folder.mkdir(exist_ok=True)
        with self._locked():
            copy = self._copy(source)
            name = self._keep(copy, BASELINE + _digest(copy))
            _link(self.folder / LATEST, name)
            try:
                before = self.wanted()
            except LabError:
                self._write(self._unknown(name) if self._wanted.exists() else Wanted(name, {}, ()))
                return []
            if not before.release.startswith(BASELINE) and (self.folder / before.release).is_dir():
                return []
            after = self._change(before, name)
            return [one for one in EDITABLE if after.generations.get(one) != before.generations.get(one)]

    def differing(self, one: str, other: str) -> list[str]:
        """The editable services whose code is not the same in both releases."""
        first, second = self.path(one), self.path(other)
        return [name for name in EDITABLE if _digest(first / name) != _digest(second / name)]

    def wanted(self) -> Wanted:
        """Raises LabError if the file can't be read."""
        path = self._wanted
        try:
            content = json.loads(path.read_text())
            found = Wanted(content["release"], dict(content["generations"]), tuple(content["stopped"]))
            if not NAME.fullmatch(found.release) or not all(isinstance(one, int) for one in found.generations.values()):
                raise ValueError("it names no release, or a generation that is no number")
            return found
        except (OSError, LookupError, TypeError, ValueError) as error:
            why = f"{type(error).__name__}: {error}".rstrip(".")
            raise LabError(f"{path} cannot be read ({why}); name the release that is wanted.") from error

    def want(
        self,
        release: str | None = None,
        *,
        restart: Collection[str] = (),
        stop: Collection[str] = (),
        start: Collection[str] = (),
    ) -> Wanted:
        """Says what is to run from now on, and gives all of it.

        Another release restarts the services whose code is not the same in both. `restart` starts what is stopped.
        Raises UsageError for names that there are not, and changes nothing then. With a release it also works where
        the file can't be read; all services then begin anew.
        """
        if unknown := [name for name in (*restart, *stop, *start) if name not in SERVICES]:
            raise UsageError(f"{unknown[0]!r} cannot be restarted or stopped; {', '.join(SERVICES)} can.")
        if twice := {*restart, *start} & {*stop}:
            raise UsageError(f"{min(twice)} cannot be stopped and started at once; ask for one of them.")
        with self._locked():
            if release is not None:
                self.path(release)
            try:
                before = self.wanted()
            except LabError:
                if release is None:
                    raise
                before = self._unknown(release)
            return self._change(before, release or before.release, restart, stop, start)

    @property
    def _wanted(self) -> Path:
        return self.folder / "wanted.json"

    def _unknown(self, release: str) -> Wanted:
        """Where nobody knows what runs now: generations that none of them can have."""
        return Wanted(release, dict.fromkeys(SERVICES, int(time.time())), ())

    def _change(
        self,
        before: Wanted,
        release: str,
        restart: Collection[str] = (),
        stop: Collection[str] = (),
        start: Collection[str] = (),
    ) -> Wanted:
        if before.release == release:
            changed: Collection[str] = ()
        elif (self.folder / before.release).is_dir():
            changed = self.differing(before.release, release)
        else:
            changed = EDITABLE
        generations = before.generations | {name: before.generations.get(name, 0) + 1 for name in {*restart, *changed}}
        stopped = tuple(sorted({*before.stopped, *stop} - {*start, *restart}))
        return self._write(Wanted(release, dict(sorted(generations.items())), stopped))

    def _write(self, wanted: Wanted) -> Wanted:
        with contextlib.suppress(LabError):
            if self.wanted() == wanted:
                return wanted
        partial = self.folder / ".wanted.json"
        with partial.open("w") as file:
            file.write(json.dumps(wanted._asdict()) + "\n")
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self._wanted)
        return wanted

    def _copy(self, source: Path) -> Path:
        """A complete copy under a name that is no release's yet."""
        for name in EDITABLE:
            if not (source / name / "app.py").is_file():
                raise UsageError(f"{source} has no {name}/app.py; a release has all of {', '.join(EDITABLE)}.")
        partial = self.folder / ".partial"
        shutil.rmtree(partial, ignore_errors=True)
        for path in _files(source):
            target = partial / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        return partial

    def _keep(self, copy: Path, name: str) -> str:
        if (self.folder / name).is_dir():
            shutil.rmtree(copy)
        else:
            copy.rename(self.folder / name)
        return name

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """One writer at a time, also of several processes; the lock goes with the process that holds it."""
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _number(name: str) -> int:
    """Of a deployed release; 0 of a baseline."""
    return int(name.removeprefix("r-")) if name.startswith("r-") else 0


def _files(source: Path) -> Iterator[Path]:
    """The files of the editable packages, bytecode left out."""
    for name in EDITABLE:
        for path in (source / name, *sorted((source / name).rglob("*"))):
            if IGNORED in path.relative_to(source).parts:
                continue
            if path.is_symlink() or not (path.is_file() or path.is_dir()):
                raise UsageError(
                    f"{path.relative_to(source)} is neither a file nor a folder; remove it from the release."
                )
            if path.is_file():
                yield path


def _digest(folder: Path) -> str:
    """Of all names and contents below a folder, bytecode left out."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and IGNORED not in path.relative_to(folder).parts:
            total.update(f"{path.relative_to(folder)}\0{path.stat().st_size}\0".encode())
            total.update(path.read_bytes())
    return total.hexdigest()[:12]


def _link(path: Path, target: str) -> None:
    partial = path.with_name(f".{path.name}")
    partial.unlink(missing_ok=True)
    partial.symlink_to(target)
    partial.replace(path)


def main(arguments: Sequence[str]) -> int:
    """Prints what is wanted then, and gives the exit code."""
    try:
        folder, text = arguments
        releases, wish = Releases(Path(folder)), json.loads(text)
        if wish.get("release") == LATEST:
            wish["release"] = releases.baseline()
        print(json.dumps(releases.want(**wish)._asdict()))
        return 0
    except LabError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except (AttributeError, TypeError, ValueError) as error:
        print(f"Give the folder and what is wanted, as JSON ({error}).", file=sys.stderr)
        return UsageError.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
