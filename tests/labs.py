"""Whole labs by name, driven through labctl as a person would."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import TypeVar

from lab.runtime.state import ROOT

DEADLINE_S = 150
FIRST_UP_S = 900  # of containers, whose image is built first
# Grafana and Loki off: README's test command then needs neither their images, which the tests' labs would have to pull,
# nor the memory they take, and means the same on everybody's machine whatever .env or the shell says.
LEAN = {"COMPOSE_PROFILES": ""}
# A recorded property of this name is shown at the end of a run (tests/e2e/under_load/conftest.py).
SUMMARISED = "summary"
Value = TypeVar("Value")


def labctl(*arguments: str, code: int = 0, seconds: float = DEADLINE_S) -> subprocess.CompletedProcess:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("LAB_")} | LEAN
    done = subprocess.run(
        [sys.executable, str(ROOT / "labctl.py"), *arguments],
        cwd="/",
        env=environment,
        capture_output=True,
        text=True,
        timeout=seconds,
    )
    assert done.returncode == code, done.stderr + done.stdout
    return done


def status(name: str) -> dict:
    environment = os.environ | LEAN | {"LAB_NAME": name}
    command = [sys.executable, str(ROOT / "labctl.py"), "status", "--json"]
    return json.loads(subprocess.run(command, env=environment, capture_output=True, text=True).stdout)


def forget(name: str) -> None:
    labctl("down", "--purge", "--name", name)


def wait_until(condition: Callable[[], Value], what: str, seconds: float = DEADLINE_S) -> Value:
    """The first true value of `condition`; fails with `what` was waited for after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds:g} s"
        time.sleep(0.3)
    return value
