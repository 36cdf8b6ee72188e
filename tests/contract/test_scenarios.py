"""Every scenario is complete, and what it names exists."""

import shutil
from pathlib import Path

import pytest
import yaml

from lab import private, scenario, trial
from lab.errors import LabError
from loadgen.settings import Settings

ROOT = Path(__file__).parents[2]
ALL = scenario.load_all()
IDS = [found.id for found in ALL]
RULES = {
    rule["alert"]: rule
    for path in (ROOT / "alerts" / "rules").glob("*.yml")
    for group in yaml.safe_load(path.read_text())["groups"]
    for rule in group["rules"]
    if "alert" in rule
}


def test_the_first_pack_is_there() -> None:
    assert IDS == ["annual-invoices", "batch-export", "flash-sale", "month-end-import"]


@pytest.mark.parametrize("found", ALL, ids=IDS)
def test_it_is_named_after_its_load(found: scenario.Scenario) -> None:
    assert found.id == found.profile
    assert found.profile in Settings().profiles


@pytest.mark.parametrize("found", ALL, ids=IDS)
def test_what_a_drill_may_draw_its_load_takes(found: scenario.Scenario) -> None:
    assert found.figures, "every drill would be the same"
    usual = Settings().profiles[found.profile]
    for name, bounds in found.figures.items():
        for bound in bounds:
            taken = type(usual).model_validate({**usual.model_dump(), name: bound})
            assert type(getattr(taken, name)) is type(bound), f"{name} is drawn as {type(bound).__name__}"


@pytest.mark.parametrize("found", ALL, ids=IDS)
def test_a_fix_is_tried_at_four_times_of_whatever_a_drill_may_draw(found: scenario.Scenario) -> None:
    """At least; and no request of the trial is smaller than one of the incident."""
    if private.load(found.id).control:
        return
    usual = Settings().profiles[found.profile].model_dump()
    tried = trial.load(found.id).changes
    most = {name: found.figures[name][1] if name in found.figures else usual[name] for name in usual}
    larger = [name for name in tried if name != "interval_s"]
    assert larger
    for name in larger:
        assert tried[name] >= 4 * most[name]
    for name in set(found.figures) - set(tried) - {"interval_s"}:
        assert usual[name] >= most[name]


def test_bounds_that_do_not_ascend_are_refused(copied: Path) -> None:
    path = copied / "flash-sale" / "scenario.yaml"
    path.write_text(path.read_text().replace("size: [16, 18]", "size: [18, 16]"))
    with pytest.raises(LabError, match=r"figures\.size.*the first is above the second"):
        scenario.load(path)


def test_no_profile_is_left_over() -> None:
    assert set(Settings().profiles) - {found.profile for found in ALL} == {"healthy"}


@pytest.mark.parametrize("found", ALL, ids=IDS)
def test_its_alerts_exist(found: scenario.Scenario) -> None:
    for alert in found.alerts:
        assert alert.alertname in RULES
        assert (ROOT / "alerts" / "runbooks" / f"{alert.alertname}.md").is_file()


@pytest.mark.parametrize("found", ALL, ids=IDS)
def test_its_page_has_the_severity_that_it_announces(found: scenario.Scenario) -> None:
    assert RULES[found.alerts[0].alertname]["labels"]["severity"] == found.severity


@pytest.mark.parametrize("found", ALL, ids=IDS)
def test_its_services_exist(found: scenario.Scenario) -> None:
    named = [alert.service for alert in found.alerts] + private.load(found.id).recovery.restart
    assert [name for name in named if not (ROOT / "services" / name / "app.py").is_file()] == []


def test_no_two_scenarios_expect_the_same_page() -> None:
    expected = [found.alerts[0] for found in ALL]
    assert all(expected.count(alert) == 1 for alert in expected)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "scenarios" / "flash-sale", tmp_path / "flash-sale")).parent


@pytest.mark.parametrize(
    "before, after, sentence",
    [
        ("restart:", "restat:", "recovery.restat"),
        ("spoilers:", "spoiler:", "correct it"),
        ("recovery:", "recovery: [", "cannot be read"),
    ],
)
def test_a_mistake_in_the_private_half_is_one_sentence(copied: Path, before: str, after: str, sentence: str) -> None:
    path = copied / "flash-sale" / "private" / "scenario.yaml"
    path.write_text(path.read_text().replace(before, after))
    with pytest.raises(LabError, match=sentence) as caught:
        private.load("flash-sale", copied)
    assert "\n" not in str(caught.value)


def test_a_scenario_without_its_private_half_is_refused(copied: Path) -> None:
    shutil.rmtree(copied / "flash-sale" / "private")
    with pytest.raises(LabError, match="cannot be read"):
        private.load("flash-sale", copied)
