"""What a release, or a workspace that was sent, changes in the code as the lab ships it."""

import difflib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab.errors import UsageError
from lab.releases import EDITABLE, Releases
from warroom.deploy.bundle import unpack

LARGEST = 600_000  # characters of a patch that are shown


class Changes:
    """`besides` is what the lab itself puts into a workspace: its guardrails and tests; `spec` is the team spec."""

    def __init__(self, releases: Releases, besides: Path, spec: Path) -> None:
        self._releases = releases
        self._besides = besides
        self._spec = spec

    def of_release(self, name: str) -> dict[str, Any]:
        """`{files: [{path, added, removed}], patch}`. Raises UsageError if there is no such release."""
        return compared(self._services(), _services(self._releases.path(name)))

    def of_bundle(self, packed: bytes) -> dict[str, Any]:
        """The same of the gzipped tar that a deploy takes, its guardrails, tests and team spec included. Raises
        UsageError for what is none."""
        beside = {f"{part}/{name}": path for part in ("guardrails", "tests") for name, path in self._shipped(part)}
        before = self._services() | beside | {"team-spec.md": self._spec}
        with tempfile.TemporaryDirectory(prefix="compared-") as folder:
            unpack(packed, Path(folder))
            return compared(before, _files(Path(folder)))

    def _services(self) -> dict[str, Path]:
        return _services(self._releases.path(self._releases.baseline()))

    def _shipped(self, part: str) -> list[tuple[str, Path]]:
        return list(_files(self._besides / part).items())


def compared(before: Mapping[str, Path], after: Mapping[str, Path]) -> dict[str, Any]:
    """By name in the workspace; what is no text counts as changed, and its lines are not shown."""
    files, patch = [], ""
    for name in sorted(before.keys() | after.keys()):
        old, new = (side[name].read_bytes() if name in side else None for side in (before, after))
        if old == new:
            continue
        lines = _diff(name, old, new)
        added = sum(line.startswith("+") for line in lines[2:])
        removed = sum(line.startswith("-") for line in lines[2:])
        files.append({"path": name, "added": added, "removed": removed})
        patch += "".join(lines)
    if len(patch) > LARGEST:
        patch = patch[:LARGEST].rpartition("\n")[0] + "\n"
    return {"files": files, "patch": patch}


def known(name: str, names: list[str]) -> str:
    """A release of this drill. Raises UsageError for any other: the folder holds those of other drills too."""
    if name not in names:
        raise UsageError(f"This drill has no release {name[:40]!r}; there are {', '.join(names)}.")
    return name


def _services(folder: Path) -> dict[str, Path]:
    return {f"{name}/{path}": file for name in EDITABLE for path, file in _files(folder / name).items()}


def _files(folder: Path) -> dict[str, Path]:
    """Hidden ones and Python's own are no part of a release."""
    found = ((path.relative_to(folder), path) for path in folder.rglob("*") if path.is_file())
    return {
        name.as_posix(): path
        for name, path in found
        if not any(part == "__pycache__" or part.startswith(".") for part in name.parts)
    }


def _diff(name: str, old: bytes | None, new: bytes | None) -> list[str]:
    before, after = f"a/{name}" if old is not None else "/dev/null", f"b/{name}" if new is not None else "/dev/null"
    try:
        texts = [(data or b"").decode().splitlines(keepends=True) for data in (old, new)]
    except UnicodeDecodeError:
        return [f"--- {before}\n", f"+++ {after}\n", "@@ no text @@\n"]
    lines = difflib.unified_diff(*texts, before, after)
    return [line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines]
