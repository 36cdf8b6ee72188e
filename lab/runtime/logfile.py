"""What a process wrote, as the supervisor keeps it: one file and one rotated one."""

import os
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path


def last_lines(path: Path, count: int = 10) -> str:
    if not path.exists():
        return ""
    with path.open(errors="replace") as file:
        return "".join(deque(file, count)).rstrip()


def lines(path: Path, *, follow: bool = False, every_s: float = 0.2) -> Iterator[str]:
    """Oldest first; `follow` waits for more, also after a rotation."""
    rotated = path.with_name(f"{path.name}.1")
    if rotated.exists():
        yield from _read(rotated)
    while True:
        inode = os.stat(path).st_ino if path.exists() else None
        if inode is not None:
            with path.open(errors="replace") as file:
                rest = ""
                while True:
                    if chunk := file.readline():
                        rest += chunk
                        if rest.endswith("\n"):
                            yield rest.rstrip("\n")
                            rest = ""
                        continue
                    if not follow or not path.exists() or os.stat(path).st_ino != inode:
                        break
                    time.sleep(every_s)
                if rest:
                    yield rest
        if not follow:
            return
        time.sleep(every_s)


def _read(path: Path) -> Iterator[str]:
    with path.open(errors="replace") as file:
        for line in file:
            yield line.rstrip("\n")
