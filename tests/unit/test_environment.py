import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from lab import environment


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """An environment in a temporary folder; gives what would have been done to it."""
    done: list[str] = []
    for name in ("requirements.lock", "requirements-dev.lock"):
        (tmp_path / name).write_text("a==1 \\\n    --hash=sha256:0\nb==2 \\\n    --hash=sha256:1\n")
    monkeypatch.setattr(environment, "VENV", tmp_path / "venv")
    monkeypatch.setattr(environment, "PYTHON", tmp_path / "venv" / "python")
    monkeypatch.setattr(environment, "LOCK", tmp_path / "requirements.lock")
    monkeypatch.setattr(environment, "DEV_LOCK", tmp_path / "requirements-dev.lock")

    def make(command: list[str]) -> None:
        done.append("made")
        environment.VENV.mkdir(exist_ok=True)
        environment.PYTHON.touch()

    monkeypatch.setattr(environment, "_run", make)
    monkeypatch.setattr(environment, "_pip", lambda lock: done.append(lock.name))
    return done


def test_it_is_made_once(fake: list[str]):
    environment.ensure()
    environment.ensure()
    assert fake == ["made", "requirements.lock"]


def test_it_says_how_long_it_took(fake: list[str], monkeypatch: pytest.MonkeyPatch, capsys):
    seconds = iter((100.0, 141.2, 200.0, 203.0))
    monkeypatch.setattr(environment, "time", SimpleNamespace(monotonic=lambda: next(seconds)))
    environment.ensure()
    said = capsys.readouterr().err
    assert said == f"labctl: making the Python environment in {environment.VENV}\nlabctl: made in 41 s\n"
    environment.ensure(environment.DEV_LOCK)
    assert capsys.readouterr().err == (
        "labctl: bringing the Python environment up to requirements-dev.lock\nlabctl: done in 3 s\n"
    )
    environment.ensure()
    assert capsys.readouterr().err == ""


def test_what_tests_need_comes_on_top_and_satisfies_both(fake: list[str]):
    environment.ensure()
    environment.ensure(environment.DEV_LOCK)
    environment.ensure()
    environment.ensure(environment.DEV_LOCK)
    assert fake == ["made", "requirements.lock", "requirements-dev.lock"]


def test_a_changed_lock_is_installed_into_what_is_there(fake: list[str]):
    environment.ensure()
    environment.LOCK.write_text("a==2")
    environment.ensure()
    assert fake == ["made", "requirements.lock", "requirements.lock"]


def test_an_interrupted_installation_is_done_again_from_the_beginning(fake: list[str], monkeypatch: pytest.MonkeyPatch):
    def interrupted(lock: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(environment, "_pip", interrupted)
        with pytest.raises(KeyboardInterrupt):
            environment.ensure()
    assert not environment.is_installed(environment.LOCK)
    environment.ensure()
    assert fake == ["made", "made", "requirements.lock"]


def test_an_interrupted_change_is_begun_anew_too(fake: list[str], monkeypatch: pytest.MonkeyPatch):
    environment.ensure()
    environment.LOCK.write_text("a==2")
    with monkeypatch.context() as patch:
        patch.setattr(environment, "_pip", lambda lock: sys.exit(1))
        with pytest.raises(SystemExit):
            environment.ensure()
    environment.ensure()
    assert fake == ["made", "requirements.lock", "made", "requirements.lock"]


def test_an_old_python_is_told_in_a_sentence(fake: list[str], monkeypatch: pytest.MonkeyPatch, capsys):
    monkeypatch.setattr(environment.sys, "version_info", (3, 9, 2))
    with pytest.raises(SystemExit) as ended:
        environment.ensure()
    assert ended.value.code == 1
    assert capsys.readouterr().err == (
        "labctl: this is Python 3.9, too old; install Python 3.11 or newer and run: python3.11 labctl.py up\n"
    )


def test_a_python_without_venv_is_told_the_command(fake: list[str], monkeypatch: pytest.MonkeyPatch, capsys):
    monkeypatch.setattr(environment.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SystemExit):
        environment.ensure()
    assert "sudo apt-get install python3-venv" in capsys.readouterr().err


def test_what_pip_says_is_what_the_sentence_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    lock = tmp_path / "requirements.lock"
    lock.write_text("no-such-package==1 --hash=sha256:" + "0" * 64)
    monkeypatch.setattr(environment, "VENV", tmp_path / "venv")
    monkeypatch.setattr(environment, "PYTHON", sys.executable)
    monkeypatch.setattr(environment, "PIP", ["-c", "print('Collecting x'); print('ERROR: no x'); raise SystemExit(1)"])
    with pytest.raises(SystemExit):
        environment._pip(lock)
    assert "pip could not install requirements.lock (ERROR: no x); see" in capsys.readouterr().err
    assert "Collecting x" in (tmp_path / "venv.log").read_text()


def test_the_first_lines_are_read_by_old_pythons():
    for path in (environment.ROOT / "labctl.py", Path(environment.__file__)):
        subprocess.run(
            [sys.executable, "-c", f"import ast; ast.parse(open({str(path)!r}).read(), feature_version=(3, 7))"],
            check=True,
        )
