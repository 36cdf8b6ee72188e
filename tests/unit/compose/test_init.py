"""The one-shot service that fills the volumes: keys once, each to its readers; the baseline release."""

import importlib.util
import stat
from pathlib import Path

import pytest

from lab.runtime.state import ROOT

spec = importlib.util.spec_from_file_location("compose_init", ROOT / "compose" / "init.py")
init = importlib.util.module_from_spec(spec)
spec.loader.exec_module(init)


@pytest.fixture
def volumes(tmp_path: Path) -> Path:
    for name in ("keys-warroom", "keys-alertmanager", "keys-postgres", "keys-services", "keys-grafana", "releases"):
        (tmp_path / "volumes" / name).mkdir(parents=True)
    return tmp_path / "volumes"


@pytest.fixture
def services(tmp_path: Path) -> Path:
    folder = tmp_path / "services"
    for name in (*init.EDITABLE, "warroom"):
        (folder / name).mkdir(parents=True)
        (folder / name / "app.py").write_text(f"name = {name!r}\n")
    return folder


def keys(volumes: Path) -> dict[str, str]:
    return {f"{path.parent.name}/{path.name}": path.read_text() for path in volumes.glob("keys-*/*") if path.is_file()}


def test_each_reader_finds_its_keys_and_no_other(volumes, services):
    init.main(volumes, services)
    assert set(keys(volumes)) == {
        "keys-warroom/team",
        "keys-warroom/instructor",
        "keys-warroom/webhook",
        "keys-alertmanager/webhook",
        "keys-postgres/superuser",
        "keys-postgres/lab",
        "keys-postgres/reader",
        "keys-services/pgpass",
        "keys-grafana/admin",
        "keys-grafana/reader",
    }


def test_a_key_is_the_same_for_all_who_share_it_and_differs_from_every_other(volumes, services):
    init.main(volumes, services)
    found = keys(volumes)
    assert found["keys-alertmanager/webhook"] == found["keys-warroom/webhook"]
    assert found["keys-grafana/reader"] == found["keys-postgres/reader"]
    assert found["keys-services/pgpass"] == f"postgres:5432:*:lab:{found['keys-postgres/lab']}\n"
    originals = [text for path, text in found.items() if not path.startswith(("keys-services", "keys-alertmanager"))]
    assert len(set(originals)) == len(originals) - 1  # the reader's is there twice
    assert all(len(text) == 48 for text in originals)


def test_a_second_run_changes_nothing(volumes, services):
    init.main(volumes, services)
    before = keys(volumes), sorted(volumes.joinpath("releases").iterdir())
    init.main(volumes, services)
    assert (keys(volumes), sorted(volumes.joinpath("releases").iterdir())) == before


def test_a_run_that_was_cut_short_is_completed(volumes, services):
    init.main(volumes, services)
    before = keys(volumes)
    for name in ("keys-alertmanager/webhook", "keys-grafana/reader", "keys-services/pgpass"):
        (volumes / name).unlink()
    (volumes / "keys-grafana" / ".reader").write_text("half")
    init.main(volumes, services)
    assert {name: text for name, text in keys(volumes).items() if not Path(name).name.startswith(".")} == before


def test_libpq_is_the_only_one_who_reads_the_password_file(volumes, services):
    init.main(volumes, services)
    assert stat.S_IMODE((volumes / "keys-services" / "pgpass").stat().st_mode) == 0o600


def test_the_baseline_holds_what_trainees_may_change(volumes, services):
    init.main(volumes, services)
    current = volumes / "releases" / "current"
    assert {path.name for path in current.iterdir()} == set(init.EDITABLE)
    assert (current / "billing" / "app.py").read_text() == "name = 'billing'\n"


def test_a_new_image_brings_a_new_baseline(volumes, services):
    init.main(volumes, services)
    (services / "billing" / "app.py").write_text("name = 'another'\n")
    init.main(volumes, services)
    assert (volumes / "releases" / "current" / "billing" / "app.py").read_text() == "name = 'another'\n"


def test_what_was_deployed_stays_current(volumes, services):
    init.main(volumes, services)
    releases = volumes / "releases"
    (releases / "r-7").mkdir()
    (releases / "current").unlink()
    (releases / "current").symlink_to("r-7")
    (services / "billing" / "app.py").write_text("name = 'another'\n")
    init.main(volumes, services)
    assert (releases / "current").readlink() == Path("r-7")
    assert len(list(releases.glob("baseline-*"))) == 2


def test_bytecode_is_no_new_release(volumes, services):
    first = init.digest(services)
    cache = services / "billing" / "__pycache__"
    cache.mkdir()
    (cache / "app.cpython-313.pyc").write_bytes(b"x")
    assert init.digest(services) == first
