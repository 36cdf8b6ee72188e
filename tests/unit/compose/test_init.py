"""The one-shot service that fills the volumes: keys once, each to its readers; the baseline release."""

import importlib.util
import stat
from pathlib import Path

import pytest
import yaml

from lab.releases import EDITABLE, Releases
from lab.runtime.state import ROOT

spec = importlib.util.spec_from_file_location("compose_init", ROOT / "compose" / "init.py")
init = importlib.util.module_from_spec(spec)
spec.loader.exec_module(init)


KEYS = ("warroom", "alertmanager", "postgres", "services", "processor", "grafana", "telemetry")
VOLUMES = tuple(f"keys-{whose}" for whose in KEYS)


@pytest.fixture
def volumes(tmp_path: Path) -> Path:
    for name in (*VOLUMES, "releases"):
        (tmp_path / "volumes" / name).mkdir(parents=True)
    return tmp_path / "volumes"


@pytest.fixture
def services(tmp_path: Path) -> Path:
    folder = tmp_path / "services"
    for name in (*EDITABLE, "warroom"):
        (folder / name).mkdir(parents=True)
        (folder / name / "app.py").write_text(f"name = {name!r}\n")
    return folder


def run(volumes: Path, services: Path) -> None:
    init.main(volumes, services, ROOT / "alerts" / "alertmanager.yml")


def keys(volumes: Path) -> dict[str, str]:
    files = [path for path in volumes.glob("keys-*/*") if path.is_file() and path.suffix != ".yml"]
    return {f"{path.parent.name}/{path.name}": path.read_text() for path in files}


def test_each_reader_finds_its_keys_and_no_other(volumes, services):
    run(volumes, services)
    assert set(keys(volumes)) == {
        "keys-warroom/team",
        "keys-warroom/instructor",
        "keys-warroom/webhook",
        "keys-warroom/pgpass",
        "keys-alertmanager/webhook",
        "keys-postgres/superuser",
        "keys-postgres/lab",
        "keys-postgres/processor",
        "keys-postgres/reader",
        "keys-postgres/warden",
        "keys-services/pgpass",
        "keys-processor/pgpass",
        "keys-grafana/admin",
        "keys-grafana/reader",
        "keys-telemetry/telemetry",
    }


def test_a_key_is_the_same_for_all_who_share_it_and_differs_from_every_other(volumes, services):
    run(volumes, services)
    found = keys(volumes)
    assert found["keys-alertmanager/webhook"] == found["keys-warroom/webhook"]
    assert found["keys-grafana/reader"] == found["keys-postgres/reader"]
    for volume, roles in (("services", ["lab"]), ("processor", ["processor"]), ("warroom", ["warden", "reader"])):
        lines = [f"postgres:5432:*:{role}:{found[f'keys-postgres/{role}']}\n" for role in roles]
        assert found[f"keys-{volume}/pgpass"] == "".join(lines)
    originals = [text for path, text in found.items() if not path.endswith(("/pgpass", "alertmanager/webhook"))]
    assert len(set(originals)) == len(originals) - 1  # the reader's is there twice
    assert all(len(text) == 48 for text in originals)


def test_alertmanager_finds_its_configuration_and_whom_else_to_tell(volumes, services, monkeypatch):
    config = volumes / "keys-alertmanager" / "alertmanager.yml"
    run(volumes, services)
    assert yaml.safe_load(config.read_text()) == yaml.safe_load((ROOT / "alerts" / "alertmanager.yml").read_text())
    monkeypatch.setenv("ONWARD_SLACK_URL", "http://chat.example/hook")
    run(volumes, services)
    ours, others = yaml.safe_load(config.read_text())["receivers"]
    assert others["slack_configs"][0]["api_url"] == "http://chat.example/hook"
    assert ours["webhook_configs"][0]["url"] == "http://warroom:8400/webhooks/alertmanager"


def test_a_second_run_changes_nothing(volumes, services):
    run(volumes, services)
    before = keys(volumes), sorted(volumes.joinpath("releases").iterdir())
    run(volumes, services)
    assert (keys(volumes), sorted(volumes.joinpath("releases").iterdir())) == before


def test_a_run_that_was_cut_short_is_completed(volumes, services):
    run(volumes, services)
    before = keys(volumes)
    for name in ("keys-alertmanager/webhook", "keys-grafana/reader", "keys-services/pgpass"):
        (volumes / name).unlink()
    (volumes / "keys-grafana" / ".reader").write_text("half")
    run(volumes, services)
    assert {name: text for name, text in keys(volumes).items() if not Path(name).name.startswith(".")} == before


def test_libpq_is_the_only_one_who_reads_the_password_file(volumes, services):
    run(volumes, services)
    files = [*volumes.glob("*/pgpass")]
    assert len(files) == 3 and {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_the_images_services_are_the_baseline_and_wanted(volumes, services):
    run(volumes, services)
    releases = Releases(volumes / "releases")
    baseline = releases.path(releases.baseline())
    assert {path.name for path in baseline.iterdir()} == set(EDITABLE)
    assert releases.wanted() == (baseline.name, {}, ())


def test_a_new_image_brings_a_new_baseline_unless_a_release_was_deployed(volumes, services):
    run(volumes, services)
    releases = Releases(volumes / "releases")
    first = releases.baseline()
    (services / "billing" / "app.py").write_text("name = 'another'\n")
    run(volumes, services)
    assert releases.wanted() == (releases.baseline(), {"billing": 1}, ()) and releases.baseline() != first

    releases.want(releases.add(services))
    (services / "orders" / "app.py").write_text("name = 'another'\n")
    run(volumes, services)
    assert releases.wanted().release == "r-1" and len(releases.names()) == 4


def test_what_was_stopped_is_to_start_with_the_lab(volumes, services):
    run(volumes, services)
    releases = Releases(volumes / "releases")
    releases.want(stop=["partner"])
    run(volumes, services)
    assert releases.wanted().stopped == ()
