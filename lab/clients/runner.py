"""The runner: hands it a tree of files and what to run, and gives what came of it."""

import base64
import io
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx

from lab.errors import LabError, UsageError

PATIENCE_S = 300.0  # jobs that came before have their time


@dataclass(frozen=True)
class Finding:
    """`line` is 0 where none is known."""

    file: str
    line: int
    rule: str
    message: str


@dataclass(frozen=True)
class Outcome:
    """`why` says in one sentence why it did not pass, where the findings do not."""

    passed: bool
    exit_code: int | None
    seconds: float
    output: str
    findings: list[Finding]
    why: str


def pack(folders: Iterable[Path]) -> bytes:
    """A gzipped tar of what is in the folders; a file of a later one replaces that of an earlier one."""
    files: dict[str, Path] = {}
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink() and "__pycache__" not in path.parts:
                files[path.relative_to(folder).as_posix()] = path
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=6) as tar:
        for name in sorted(files):
            tar.add(files[name], name, recursive=False)
    return buffer.getvalue()


class Runner:
    """`where` is an address such as http://runner:8410, or unix:PATH. All methods raise UsageError for a job that makes
    no sense, and LabError if the runner does not do it."""

    def __init__(self, where: str, *, transport: httpx.BaseTransport | None = None) -> None:
        url = where
        if where.startswith("unix:"):
            url, transport = "http://runner", transport or httpx.HTTPTransport(uds=where.removeprefix("unix:"))
        timeout = httpx.Timeout(PATIENCE_S, connect=5)
        self._http = httpx.Client(base_url=url, timeout=timeout, trust_env=False, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def pytest(self, tree: bytes, paths: Iterable[str] = (".",), **more: Any) -> Outcome:
        """Passes if at least one test passed and none failed."""
        return self._run(tree, {"kind": "pytest", "paths": list(paths), **more})

    def ast_grep(self, tree: bytes, rules: Iterable[str], paths: Iterable[str] = (".",), **more: Any) -> Outcome:
        """Passes if the rules, files of the tree, find nothing at the paths."""
        return self._run(tree, {"kind": "ast-grep", "rules": list(rules), "paths": list(paths), **more})

    def ruff(self, tree: bytes, lines: Iterable[str], select: Iterable[str] = (), **more: Any) -> Outcome:
        """Passes if nothing is found in the lines, given as `file:first-last`."""
        return self._run(tree, {"kind": "ruff", "lines": list(lines), "select": list(select), **more})

    def _run(self, tree: bytes, what: dict[str, Any]) -> Outcome:
        job = {"tree": base64.b64encode(tree).decode(), "run": what}
        try:
            answer = self._http.post("/run", json=job)
        except httpx.HTTPError as error:
            raise LabError(f"The runner does not answer ({type(error).__name__}); see labctl status.") from error
        if answer.is_success:
            data = answer.json()
            return Outcome(**data | {"findings": [Finding(**one) for one in data["findings"]]})
        detail = _detail(answer)
        raise UsageError(detail) if answer.status_code in (400, 413) else LabError(detail)


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, LookupError, TypeError):
        return f"The runner answers with {answer.status_code}; see labctl logs runner."
