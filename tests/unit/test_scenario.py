from pathlib import Path

import pytest

from lab import scenario
from lab.errors import LabError

GOOD = """
id: flash-sale
title: A sale
severity: critical
profile: flash-sale
alerts: [{alertname: CustomerErrorsHigh, service: checkout}]
"""


def written(folder: Path, text: str, name: str = "flash-sale") -> Path:
    path = folder / name / "scenario.yaml"
    path.parent.mkdir()
    path.write_text(text)
    return path


def test_a_scenario_is_read(tmp_path: Path):
    found = scenario.load(written(tmp_path, GOOD))
    assert (found.id, found.severity, found.alerts[0].alertname) == ("flash-sale", "critical", "CustomerErrorsHigh")
    assert found.dashboards == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("severity: critical", "severity: awful"), "severity: input should be 'critical' or 'warning'"),
        (("title: A sale", ""), "title: field required"),
        (("service: checkout", "servce: checkout"), r"alerts\.0\.service: field required"),
        (("profile: flash-sale", "profile: flash-sale\nanswer: x"), "answer: extra inputs are not permitted"),
        (("alerts: [", "alerts: []\nx: ["), "alerts: list should have at least 1 item"),
        ((GOOD, "- a"), "is not a scenario"),
        ((GOOD, "a: ["), "cannot be read"),
        ((GOOD, ""), "is not a scenario"),
    ],
)
def test_what_is_wrong_is_one_sentence(tmp_path: Path, change: tuple[str, str], sentence: str):
    with pytest.raises(LabError, match=sentence) as raised:
        scenario.load(written(tmp_path, GOOD.replace(*change)))
    assert "\n" not in str(raised.value)


def test_the_folder_has_the_scenarios_name(tmp_path: Path):
    with pytest.raises(LabError, match="is of scenario 'flash-sale'"):
        scenario.load(written(tmp_path, GOOD, "other"))


def test_all_are_listed_by_id_and_what_they_share_is_none(tmp_path: Path):
    written(tmp_path, GOOD)
    written(tmp_path, GOOD.replace("id: flash-sale", "id: another"), "another")
    written(tmp_path, "words: []", "common")
    assert [one.id for one in scenario.load_all(tmp_path)] == ["another", "flash-sale"]


def test_those_of_the_repository_are_right():
    assert len(scenario.load_all()) >= 3
