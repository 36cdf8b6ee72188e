"""Trees of a few lines, run by the real tools."""

import base64
import io
import json
import tarfile
from collections.abc import Callable
from typing import Any

import pytest

from lab.runner import checks
from lab.runner.job import Outcome, read

Check = Callable[..., Outcome]


def packed(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))
    return buffer.getvalue()


def body(files: dict[str, str], **run: Any) -> bytes:
    return json.dumps({"tree": base64.b64encode(packed(files)).decode(), "run": run}).encode()


@pytest.fixture
def check(tmp_path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """`check(files, kind=…, …)`; what it leaves behind would be in `tmp_path`."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return lambda files, **run: checks.run(read(body(files, **run)))
