"""README's other road: `docker compose up` in a fresh clone, where no labctl ever ran and our image is not built."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from lab.runtime.ports import Ports
from lab.runtime.state import ROOT
from tests.engine import Container, docker, needs_engine
from tests.labs import FIRST_UP_S

pytestmark = needs_engine()
PROJECT = "3am-lab-e2e-plain"
IMAGE = f"{PROJECT}/services"
PORTS = Ports(31000)
# What .env takes from a shell. Profiles as the machine has images for: CI's has none for Grafana and Loki.
ENVIRONMENT = {
    "LAB_PROJECT": PROJECT,
    "LAB_IMAGE": IMAGE,
    "COMPOSE_PROFILES": os.environ.get("COMPOSE_PROFILES", ""),
    **{f"LAB_{service.upper()}_PORT": str(port) for service, port in PORTS.published().items()},
}


@dataclass(frozen=True)
class Clone:
    folder: Path

    def compose(self, *words: str, seconds: float = 120) -> str:
        others = {name: value for name, value in os.environ.items() if not name.startswith(("LAB_", "COMPOSE_"))}
        done = subprocess.run(
            ["docker", "compose", *words],
            cwd=self.folder,
            env=others | ENVIRONMENT,
            capture_output=True,
            text=True,
            timeout=seconds,
        )
        assert done.returncode == 0, f"docker compose {' '.join(words)}: {done.stderr[-4000:]}"
        return done.stdout

    def forget(self) -> None:
        self.compose("down", "--volumes", "--remove-orphans")
        if built := images():
            docker("image", "rm", *built)


def images() -> list[str]:
    return docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", IMAGE).split()


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """Of what is committed; up, as README has it."""
    folder = tmp_path_factory.mktemp("clone") / "lab"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True, timeout=60)
    clone = Clone(folder)
    clone.forget()  # what an interrupted run has left
    try:
        clone.compose("up", "--wait", seconds=FIRST_UP_S)
        yield clone
    finally:
        clone.forget()


def test_it_builds_what_is_missing_and_everything_becomes_healthy(clone: Clone):
    assert len(images()) == 1
    found = Container.of(PROJECT)
    expected = set(clone.compose("config", "--services").split()) - {"init"}
    assert {name: one.facts["State"]["Health"]["Status"] for name, one in found.items()} == dict.fromkeys(
        expected, "healthy"
    )


def test_the_war_room_and_prometheus_answer(clone: Clone):
    with httpx.Client(trust_env=False, timeout=10) as http:
        page = http.get(f"{PORTS.url('warroom')}/")
        assert page.status_code == 200 and page.headers["content-type"].startswith("text/html")
        assert http.get(f"{PORTS.url('prometheus')}/-/ready").status_code == 200


def test_the_token_is_read_as_the_readme_says(clone: Clone):
    command = "docker compose exec -T warroom cat /keys/team"
    assert f"`{command}`" in " ".join((ROOT / "README.md").read_text().split())
    token = clone.compose(*command.split()[2:]).strip()
    with httpx.Client(trust_env=False, timeout=10) as http:
        url = f"{PORTS.url('warroom')}/api/pages/no-such-page/ack"
        assert http.post(url).status_code == 401
        assert http.post(url, headers={"Authorization": f"Bearer {token}"}).status_code == 404


def test_it_leaves_nothing_in_the_checkout_and_nothing_at_all_once_it_is_forgotten(clone: Clone):
    status = subprocess.run(
        ["git", "status", "--porcelain", "--ignored"], cwd=clone.folder, capture_output=True, text=True, check=True
    )
    assert status.stdout == ""
    clone.forget()
    label = f"--filter=label=com.docker.compose.project={PROJECT}"
    left = [docker(kind, "ls", "--quiet", *more, label) for kind, more in (("container", ["--all"]), ("volume", []))]
    assert "".join(left) == "" and images() == []
