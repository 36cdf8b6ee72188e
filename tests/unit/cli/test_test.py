import subprocess
from types import SimpleNamespace

import pytest

from lab import cli
from lab.cli import test as command


@pytest.mark.parametrize("go", [None, "/usr/bin/go"])
def test_missing_go_is_said_before_anything_runs(monkeypatch: pytest.MonkeyPatch, capsys, go: str | None):
    said: list[str] = []

    def run(*arguments, **options) -> SimpleNamespace:
        said.append(capsys.readouterr().err)
        return SimpleNamespace(returncode=0, stdout="")

    monkeypatch.setattr(command.shutil, "which", lambda name: go)
    monkeypatch.setattr(command.environment, "ensure", lambda lock: None)
    monkeypatch.setattr(command.packages, "ensure", lambda note: None)
    monkeypatch.setattr(subprocess, "run", run)
    assert cli.main(["test"]) == 0
    assert ("Go is not on PATH; install 1.25 or newer" in said[0]) is (go is None)
