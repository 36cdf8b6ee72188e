"""What a job may ask for, and what a tree may hold."""

import base64
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from lab.errors import UsageError
from lab.runner import tree
from lab.runner.job import Ruff, read


def job(run: Any, tree: str = "") -> bytes:
    return json.dumps({"tree": tree, "run": run}).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[",
        b"[]",
        b'{"tree": ""}',
        b"[" * 100_000,
        job({"kind": "shell", "command": "id"}),
        job({"kind": "pytest", "paths": []}),
        job({"kind": "pytest", "paths": ["../outside"]}),
        job({"kind": "pytest", "paths": ["/etc"]}),
        job({"kind": "pytest", "paths": ["-p"]}),
        job({"kind": "pytest", "paths": ["a\0b"]}),
        job({"kind": "pytest", "timeout_s": 1000}),
        job({"kind": "pytest", "timeout_s": 0}),
        job({"kind": "pytest", "environment": {}}),
        job({"kind": "ast-grep", "rules": []}),
        job({"kind": "ruff", "lines": []}),
        job({"kind": "ruff", "lines": ["a.py"]}),
        job({"kind": "ruff", "lines": ["a.py:3-x"]}),
        job({"kind": "ruff", "lines": ["../a.py:3"]}),
        job({"kind": "ruff", "lines": ["a.py:3"], "select": ["--fix"]}),
    ],
)
def test_what_is_no_job_is_refused_in_one_sentence(body: bytes):
    with pytest.raises(UsageError) as refused:
        read(body)
    assert str(refused.value).endswith(".") and "\n" not in str(refused.value)


def test_a_job_is_read():
    found = read(job({"kind": "pytest", "paths": ["tests/./a.py"]}, base64.b64encode(b"tar").decode()))
    assert found.run.paths == ["tests/a.py"] and found.packed() == b"tar"
    with pytest.raises(UsageError, match="base64"):
        read(job({"kind": "pytest"}, "§")).packed()


def test_lines_are_ranges_of_files():
    wanted = Ruff(kind="ruff", lines=["a.py:3", "./a.py:7-9", "b/c.py:1-1"])
    assert wanted.ranges() == {"a.py": [range(3, 4), range(7, 10)], "b/c.py": [range(1, 2)]}


def packed(*members: tuple[str, bytes | None], **fields: Any) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data or b"")
            info.type = tarfile.REGTYPE if data is not None else tarfile.DIRTYPE
            for field, value in fields.items():
                setattr(info, field, value)
            tar.addfile(info, io.BytesIO(data or b""))
    return buffer.getvalue()


def test_a_tree_is_written(tmp_path: Path):
    tree.unpack(packed(("a", None), ("a/b.py", b"1"), ("c/d/e.py", b"2")), tmp_path)
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.py")} == {"a/b.py", "c/d/e.py"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no tar",
        packed(("a.py", b"1"))[:-30],
        packed(("../a.py", b"1")),
        packed(("/a.py", b"1")),
        packed(("a", b""), type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        packed(("a", b""), type=tarfile.LNKTYPE, linkname="/etc/passwd"),
        packed(("a", b""), type=tarfile.FIFOTYPE),
        packed(("a", b"1"), ("a/b", b"1")),
    ],
    ids=["empty", "no tar", "cut off", "above", "absolute", "symbolic link", "hard link", "pipe", "file and folder"],
)
def test_what_is_no_tree_is_refused(tmp_path: Path, data: bytes):
    with pytest.raises(UsageError):
        tree.unpack(data, tmp_path / "tree")
    assert not list(tmp_path.glob("*.py"))


def test_a_tree_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(UsageError, match="16 MB"):
        tree.unpack(packed(("a", b"\0" * 17 * 2**20)), tmp_path)
    monkeypatch.setattr(tree, "MOST_FILES", 2)
    with pytest.raises(UsageError, match="2 files"):
        tree.unpack(packed(("a", b""), ("b", b""), ("c", b"")), tmp_path)
