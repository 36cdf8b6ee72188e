"""Deploys with real releases in a temporary folder, and services that obey, or don't."""

from collections.abc import Collection
from pathlib import Path

import pytest
from warroom.deploy.deployment import Deployer, Deployment, Refused
from warroom.fleet import Fleet

from lab.errors import LabError, UsageError
from lab.releases import EDITABLE, Releases, Wanted
from tests.unit.warroom.deploy.test_bundle import packed


class Services:
    """They run what is wanted at once; `ill` says which of them does not get well in which release."""

    def __init__(self, releases: Releases) -> None:
        self.releases = releases
        self.ill: dict[str, str] = {}

    def wait(self, wanted: Wanted, names: Collection[str], seconds: float) -> None:
        if bad := [name for name in names if name in wanted.stopped or self.ill.get(name) == wanted.release]:
            raise LabError(f"{bad[0]} did not become healthy within {seconds:g} s; see labctl logs {bad[0]}.")

    def wait_stopped(self, names: Collection[str], seconds: float) -> None:
        assert set(names) <= set(self.releases.wanted().stopped)

    def sleep(self, seconds: float) -> None:
        """Nobody waits here."""


@pytest.fixture
def services(tmp_path: Path) -> Services:
    source = tmp_path / "source"
    for name in EDITABLE:
        (source / name).mkdir(parents=True)
        (source / name / "app.py").write_text("x = 1\n")
    folder = tmp_path / "releases"
    folder.mkdir()
    releases = Releases(folder)
    releases.lay_out(source)
    return Services(releases)


@pytest.fixture
def fleet(services: Services) -> Fleet:
    return Fleet(services.releases, services)


def deploy(fleet: Fleet, services: Services, data: bytes, *gatekeepers) -> tuple[Deployment, list]:
    recorded: list = []
    deployment = Deployment()
    deployer = Deployer(fleet, gatekeepers, sleep=services.sleep)
    deployer.run(data, deployment, lambda *what: recorded.append(what))
    return deployment, recorded


def test_what_changed_runs_anew(fleet: Fleet, services: Services):
    deployment, recorded = deploy(fleet, services, packed({"billing/app.py": b"x = 2\n"}))
    assert (deployment.state, deployment.release, deployment.services) == ("deployed", "r-1", ["billing"])
    assert [step.state for step in deployment.steps] == ["passed"] * 4
    assert recorded == [("r-1", ["billing"], True)]
    assert services.releases.wanted().release == "r-1"
    assert services.releases.wanted().generations == {"billing": 1}


def test_a_release_that_does_not_come_up_is_taken_back(fleet: Fleet, services: Services):
    baseline = services.releases.baseline()
    services.ill["orders"] = "r-1"
    deployment, recorded = deploy(fleet, services, packed({"orders/app.py": b"x = 3\n", "billing/app.py": b"x = 3\n"}))
    assert (deployment.state, services.releases.wanted().release) == ("rolled-back", baseline)
    assert recorded == [("r-1", ["billing", "orders"], False)]
    assert "orders did not become healthy" in deployment.why
    assert [step.name for step in deployment.steps if step.state == "failed"] == ["restart"]


def test_one_that_falls_over_a_moment_later_is_taken_back_too(fleet: Fleet, services: Services):
    def fall(seconds: float) -> None:
        services.ill["billing"] = "r-1"

    recorded: list = []
    deployment = Deployment()
    data = packed({"billing/app.py": b"x = 2\n"})
    Deployer(fleet, (), sleep=fall).run(data, deployment, lambda *what: recorded.append(what))
    assert (deployment.state, recorded) == ("rolled-back", [("r-1", ["billing"], False)])


def test_a_gatekeeper_that_refuses_keeps_everything_as_it_was(fleet: Fleet, services: Services):
    def tests(bundle: Path, running: Path) -> str:
        assert (bundle / "billing" / "app.py").exists() and (running / "billing" / "app.py").exists()
        raise Refused("Two tests failed; mend them.")

    tests.name = "tests"
    before = services.releases.wanted()
    deployment, recorded = deploy(fleet, services, packed({"billing/app.py": b"x = 2\n"}), tests)
    assert (deployment.state, deployment.why, recorded) == ("refused", "Two tests failed; mend them.", [])
    assert services.releases.wanted() == before and services.releases.names() == [before.release]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (packed(), "Nothing in it differs"),
        (packed({"billing/app.py": b"def"}), "billing/app.py cannot be read by Python"),
        (b"", "cannot be unpacked"),
    ],
)
def test_what_is_no_release_is_refused(fleet: Fleet, services: Services, data: bytes, why: str):
    deployment, recorded = deploy(fleet, services, data)
    assert deployment.state == "refused" and why in deployment.why and not recorded
    assert services.releases.names() == [services.releases.baseline()]


def test_a_dependency_goes_and_comes_back(fleet: Fleet, services: Services):
    fleet.off("partner")
    assert services.releases.wanted().stopped == ("partner",)
    fleet.on("partner")
    assert services.releases.wanted().stopped == ()


def test_a_second_deploy_waits_for_nobody(fleet: Fleet, services: Services):
    def busy(bundle: Path, running: Path) -> str:
        with pytest.raises(UsageError, match="under way"):
            deployer.run(b"", Deployment(), lambda *_: None)
        return "once"

    busy.name = "busy"
    deployment = Deployment()
    deployer = Deployer(fleet, (busy,), sleep=services.sleep)
    deployer.run(packed({"billing/app.py": b"x = 2\n"}), deployment, lambda *_: None)
    assert deployment.state == "deployed"
