"""The Python environment in .lab/venv, made from the lock files. Standard library only, and readable to Python 3.7.

A stamp holds the hash of the lock that was installed. It is removed before anything changes and written when all is
in place, so an interrupted installation is seen and done again.
"""

import fcntl
import hashlib
import importlib.util
import subprocess
import sys
import time
from pathlib import Path

OLDEST = (3, 11)
ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".lab" / "venv"
PYTHON = VENV / "bin" / "python"
LOCK = ROOT / "requirements.lock"
DEV_LOCK = ROOT / "requirements-dev.lock"
PIP = ["-m", "pip", "install", "--require-hashes", "--disable-pip-version-check", "--progress-bar=off", "-r"]


def active():
    """Is this process the environment's own Python, with all that the lock asks for?"""
    return Path(sys.prefix).resolve() == VENV.resolve() and is_installed(LOCK)


def ensure(lock=None):
    """See to it that the lock is installed; gives the environment's Python. Exits with a sentence if it cannot be."""
    lock = lock or LOCK
    if not is_installed(lock):
        VENV.parent.mkdir(exist_ok=True)
        with VENV.with_suffix(".lock").open("w") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)  # another labctl may be at it
            if not is_installed(lock):
                _install(lock)
    return str(PYTHON)


def is_installed(lock):
    stamp = _stamp(lock)
    return PYTHON.exists() and stamp.exists() and stamp.read_text() == _digest(lock)


def _install(lock):
    began = time.monotonic()
    complete = PYTHON.exists() and any(_stamp(known).exists() for known in (LOCK, DEV_LOCK))
    for known in (LOCK, DEV_LOCK):
        if _stamp(known).exists():
            _stamp(known).unlink()
    if not complete:
        _require_venv()
        _say(f"making the Python environment in {VENV}")
        _run([getattr(sys, "_base_executable", sys.executable), "-m", "venv", "--clear", str(VENV)])
    else:
        _say(f"bringing the Python environment up to {lock.name}")
    _pip(lock)
    for known in {LOCK, lock}:  # the development lock holds all of the other
        _stamp(known).write_text(_digest(known))
    _say(f"{'done' if complete else 'made'} in {time.monotonic() - began:.0f} s")


def _pip(lock):
    wanted = sum(line[:1].isalnum() for line in lock.read_text().splitlines())
    done, errors, last = 0, [], ""
    log = VENV.with_suffix(".log")
    pip = subprocess.Popen([str(PYTHON), *PIP, str(lock)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    with pip, log.open("w") as file:
        for line in pip.stdout:
            file.write(line)
            last = line.strip() or last
            if line.startswith("ERROR"):
                errors.append(last)
            elif line.startswith(("Collecting", "Requirement already satisfied")):
                done = min(done + 1, wanted)
                _progress(f"fetching package {done} of {wanted}")
            elif line.startswith("Installing"):
                _progress(f"installing {wanted} packages")
    _progress("")
    if pip.returncode:
        _stop(f"pip could not install {lock.name} ({(errors or [last])[0]}); see {log}, then try again.")


def _require_venv():
    if sys.version_info < OLDEST:
        found = ".".join(map(str, sys.version_info[:2]))
        _stop(f"this is Python {found}, too old; install Python 3.11 or newer and run: python3.11 labctl.py up")
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        _stop("this Python cannot make environments; run: sudo apt-get install python3-venv")


def _stamp(lock):
    return VENV / f".{lock.name}.installed"


def _digest(lock):
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def _run(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        _stop(f"{' '.join(command)} failed: {(done.stdout.strip().splitlines() or ['no output'])[-1]}")


def _progress(text):
    if sys.stderr.isatty():
        sys.stderr.write("\r\033[K" + text)
        sys.stderr.flush()


def _stop(sentence):
    _say(sentence)
    sys.exit(1)


def _say(sentence):
    print(f"labctl: {sentence}", file=sys.stderr)
