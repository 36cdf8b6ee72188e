"""The workspace, `.lab/<name>/workspace`: what a team may change, as a git repository with a branch for each drill.

Nothing in it is ever overwritten: what was not committed is committed where it was before another branch is opened.
The baseline is written past the working tree, so that a newer lab adds to the history and touches no file.
"""

import ast
import gzip
import io
import re
import shutil
import tarfile
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

from lab.errors import LabError, UsageError
from lab.git import Git, program
from lab.releases import EDITABLE

ROOT = Path(__file__).resolve().parent.parent
BESIDES = ("guardrails", "team-spec.md", "tests")  # what a release is looked at with
BASELINE = "refs/lab/baseline"
KEPT = "work in progress kept by the lab"
DRILL = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,60}")
CACHES = {"__pycache__", ".ruff_cache", ".pytest_cache"}
LARGEST_FILE = 512 * 1024  # bytes


def files(root: Path = ROOT) -> dict[str, Path]:
    """What the export consists of: the name in the workspace, and the file of the lab that it is."""
    found = {"team-spec.md": root / "docs" / "team-spec.md"}
    for start, prefix in ((root / "workspace", ""), *((root / "services" / name, name) for name in EDITABLE)):
        for path in sorted(start.rglob("*")):
            name = path.relative_to(start)
            if path.is_file() and not CACHES & set(name.parts):
                found[str(Path(prefix) / name)] = path
    return found


class Workspace:
    """`path` is its folder, made when it is first opened; `root` is the lab's checkout."""

    def __init__(self, path: Path, root: Path = ROOT) -> None:
        self.path = path
        self._root = root
        self._git = Git(path)

    def exists(self) -> bool:
        return (self.path / ".git").exists()

    @property
    def branch(self) -> str:
        """The branch that is checked out; empty in the middle of a rebase and the like."""
        return self._git.run("branch", "--show-current")

    def has(self, drill: str) -> bool:
        """Was it opened for that drill?"""
        return self.exists() and self._git.has(f"refs/heads/{_branch(drill)}")

    def open(self, drill: str) -> str:
        """A fresh branch for the drill, from the lab's present baseline, checked out; gives its name."""
        program()
        wanted = _branch(drill)
        if not self.exists():
            self._create()
        self._renew_baseline()
        self._keep()
        branch, number = wanted, 2
        while self._git.has(f"refs/heads/{branch}"):
            branch, number = f"{wanted}-{number}", number + 1
        # checkout, unlike switch, also works in the middle of a merge that went wrong
        self._git.run("checkout", "--quiet", "--no-overwrite-ignore", "--no-track", "-b", branch, BASELINE)
        return branch

    def diff(self, *, colour: bool = False) -> str:
        """What the files as they are now change in the baseline that their branch came from."""
        return self._compared("--color=always" if colour else "--no-color")

    def changed(self) -> list[dict[str, str | int]]:
        """`{path, added, removed}` for each file that differs from the baseline, in lines; 0 for what is not text."""
        rows = [row.split("\t", 2) for row in self._compared("--numstat", "-z").split("\0") if row]
        return [
            {"path": path, "added": int(added) if added != "-" else 0, "removed": int(gone) if gone != "-" else 0}
            for added, gone, path in rows
        ]

    def pack(self) -> bytes:
        """The editable services, and what they are tested with, as a gzipped tar; the same bytes for the same files.

        Raises UsageError for what is no release: a service that is gone, a file that Python cannot read, a link.
        """
        for name in EDITABLE:
            if not (self.path / name / "app.py").is_file():
                again = f"git checkout {BASELINE} -- {name}"
                raise UsageError(f"{self.path / name / 'app.py'} is gone; bring it back there with {again}.")
        buffer = io.BytesIO()
        with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as tar:
            for start in (*EDITABLE, *BESIDES):
                for path in self._below(start):
                    info = tarfile.TarInfo(str(path.relative_to(self.path)))
                    data = path.read_bytes()
                    info.size, info.mode = len(data), 0o644
                    tar.addfile(info, io.BytesIO(data))
        return buffer.getvalue()

    def _below(self, start: str) -> Iterator[Path]:
        """The files there, each one checked; hidden ones and Python's own are no part of it."""
        first = self.path / start
        for path in (first, *sorted(first.rglob("*"))):
            name = path.relative_to(self.path)
            if any(part == "__pycache__" or part.startswith(".") for part in name.parts):
                continue
            if path.is_symlink() or (path.exists() and not (path.is_file() or path.is_dir())):
                raise UsageError(f"{name} is a link or the like; a release is made of files alone.")
            if path.is_file():
                _check(path, name)
                yield path

    def _create(self) -> None:
        if self.path.exists() and any(self.path.iterdir()):
            raise LabError(f"{self.path} is in the way and no git repository; move it aside and try again.")
        self.path.mkdir(parents=True, exist_ok=True)
        self._git.run("init", "--quiet", "--template=")
        self._git.run("symbolic-ref", "HEAD", "refs/heads/main")
        for key, value in (("user.name", "team"), ("user.email", "team@lab.invalid")):
            self._git.run("config", key, value)
        self._renew_baseline()
        self._git.run("checkout", "--quiet", "--no-track", "-B", "main", BASELINE)

    def _renew_baseline(self) -> None:
        """A commit of the lab's present files, unless the latest one has them already."""
        with tempfile.TemporaryDirectory(prefix="3am-export-") as folder:
            tree = Path(folder) / "tree"
            for name, path in files(self._root).items():
                (tree / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, tree / name)
            apart = {
                "GIT_INDEX_FILE": str(Path(folder) / "index"),
                "GIT_WORK_TREE": str(tree),
                "GIT_DIR": str(self.path / ".git"),
            }
            self._git.run("add", "--all", "--force", env=apart)
            written = self._git.run("write-tree", env=apart)
        former = self._git.run("rev-parse", BASELINE) if self._git.has(BASELINE) else ""
        if former and self._git.run("rev-parse", f"{BASELINE}^{{tree}}") == written:
            return
        message = "The services as the company runs them" if not former else "The services as a newer lab has them"
        parent = ("-p", former) if former else ()
        commit = self._git.run("commit-tree", written, *parent, "-m", message)
        self._git.run("update-ref", BASELINE, commit)

    def _keep(self) -> None:
        """Commits what is not committed, on its branch; a head without one gets a branch of its own."""
        self._git.run("add", "--all")
        if self._git.run("diff", "--cached", "--name-only", "HEAD") or (self.path / ".git" / "MERGE_HEAD").exists():
            self._git.run("commit", "--quiet", "--no-verify", "--allow-empty", "-m", KEPT)
        if not self.branch:
            head = self._git.run("rev-parse", "--short=12", "HEAD")
            self._git.run("branch", "--force", f"kept/{head}", "HEAD")

    def _compared(self, *how: str) -> str:
        """`git diff` from the baseline to the files, those that git has not been told of included; the team's own
        index stays as it is."""
        base = self._git.run("merge-base", "HEAD", BASELINE)
        with tempfile.TemporaryDirectory(prefix="3am-index-") as folder:
            apart = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            self._git.run("read-tree", "HEAD", env=apart)
            self._git.run("add", "--all", env=apart)
            return self._git.run(
                "diff", "--cached", "--no-ext-diff", "--no-textconv", "--no-renames", *how, base, env=apart
            )


def _branch(drill: str) -> str:
    if not DRILL.fullmatch(drill):
        raise LabError(f"{drill!r} cannot name a branch; the war room's answer makes no sense.")
    return f"drill/{drill}"


def _check(path: Path, name: Path) -> None:
    if path.stat().st_size > LARGEST_FILE:
        raise UsageError(f"{name} has more than {LARGEST_FILE // 1024} kB; a release is code, leave it out.")
    if path.suffix != ".py":
        return
    try:
        with warnings.catch_warnings(action="ignore"):
            ast.parse(path.read_bytes(), str(name))
    except (SyntaxError, ValueError, RecursionError) as error:
        where = f", line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        what = error.msg if isinstance(error, SyntaxError) else str(error)
        raise UsageError(f"{name}{where}: Python cannot read it ({what}); correct it before you deploy.") from error
