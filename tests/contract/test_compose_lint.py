"""docker-compose.yml as Compose and compose-lint see it: by OWASP and CIS, less the rules in .compose-lint.yml."""

import os
import subprocess
import sys

from lab.runtime.state import ROOT
from tests.engine import needs_engine


def lint(path: str) -> subprocess.CompletedProcess[str]:
    command = ["-m", "compose_lint", "check", "--fail-on=low", "--config=.compose-lint.yml", "--strict-config"]
    return subprocess.run([sys.executable, *command, path], cwd=ROOT, capture_output=True, text=True)


def test_it_is_clean() -> None:
    done = lint("docker-compose.yml")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_a_fault_is_found(tmp_path) -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    (tmp_path / ".env").write_text((ROOT / ".env").read_text())
    (tmp_path / "docker-compose.yml").write_text(text.replace('"127.0.0.1:${LAB_BILLING_PORT}:8401"', '"8401:8401"'))
    done = lint(str(tmp_path / "docker-compose.yml"))
    assert done.returncode == 1 and "billing" in done.stdout


@needs_engine()
def test_compose_finds_nothing_to_say_about_the_file() -> None:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("LAB_")}
    done = subprocess.run(
        ["docker", "compose", "config", "--quiet"], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
