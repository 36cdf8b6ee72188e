"""What containers read of this checkout where it lies: whether they can, and whose has changed since they began."""

import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from lab.runtime.composition import Composition
from lab.runtime.containers import Container
from lab.runtime.docker import Unavailable
from lab.runtime.images import LEFTOVER, listed
from lab.runtime.state import ROOT

# Whose configuration is what another one has made of its files and put into a volume.
MADE_BY = {"alertmanager": "init"}


class Unreadable(Unavailable):
    """Files of a checkout that was made under a umask such as 077."""


def require_readable(composition: Composition, root: Path = ROOT) -> None:
    """Raises Unreadable if a file is closed to other users: containers run as such. Not where a virtual machine runs
    them, which shows every user what its own may read."""
    if sys.platform != "linux":
        return
    closed = {
        source.relative_to(root)
        for sources in _of(composition, root).values()
        for source in sources
        if not all(map(_is_open, _within(source)))
    }
    if closed:
        folders = " ".join(sorted({path.parts[0] for path in closed}))
        raise Unreadable(
            f"containers run as other users, who may not read {listed(sorted(map(str, closed)))}",
            f"run chmod -R a+rX {folders} in {root} and try again",
        )


def outdated(composition: Composition, found: Sequence[Container], root: Path = ROOT) -> list[Container]:
    """Those that run and whose files have changed since they were started, which Compose does not look at."""
    sources = _of(composition, root)

    def changed(one: Container) -> int:
        files = [*sources.get(one.service, []), *sources.get(MADE_BY.get(one.service, ""), [])]
        # Of files, since tools leave their own in folders; and of the inode, since what was moved into its place may
        # have been written long before. To the second, as a start is told: one that takes a change in at once is not
        # repeated.
        read = (path for source in files for path in _within(source) if path.is_file())
        return max((int(path.lstat().st_ctime) for path in read), default=0)

    return [
        one for one in found if one.started_at and changed(one) > datetime.fromisoformat(one.started_at).timestamp()
    ]


def _of(composition: Composition, root: Path) -> dict[str, list[Path]]:
    """By service; what somebody mounts from elsewhere by an override is their own."""
    return {
        name: [path for path in sources if path.is_relative_to(root)] for name, sources in composition.mounted.items()
    }


def _within(source: Path) -> Iterator[Path]:
    """It, and all that is below it. What tools leave is no one's."""
    if source.exists():
        yield source
        for path in source.rglob("*"):
            inside = path.relative_to(source).parts
            if "__pycache__" not in inside and not any(map(LEFTOVER.search, inside)):
                yield path


def _is_open(path: Path) -> bool:
    wanted = 0o005 if path.is_dir() else 0o004
    return path.lstat().st_mode & wanted == wanted
