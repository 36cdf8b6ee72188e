"""docker-compose.yml as compose-lint sees it: OWASP and CIS rules, less those that .compose-lint.yml names."""

import subprocess
import sys

from lab.runtime.state import ROOT


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
