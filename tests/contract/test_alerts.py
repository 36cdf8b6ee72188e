"""What every alert owes the person it wakes: text, a runbook, and tests of when it fires and when it does not."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from lab import onward
from lab.runtime import packages

ROOT = Path(__file__).resolve().parents[2]
ALERTS = ROOT / "alerts"
RULES = sorted((ALERTS / "rules").glob("*.yml"))
TESTS = sorted((ALERTS / "tests").glob("*.yml"))
RUNBOOKS = sorted((ALERTS / "runbooks").glob("*.md"))

RULE = {
    rule["alert"]: rule
    for path in RULES
    for group in yaml.safe_load(path.read_text())["groups"]
    for rule in group["rules"]
}
CASES = [case for path in TESTS for case in yaml.safe_load(path.read_text())["tests"]]
SECTIONS = ["Meaning", "Impact", "Diagnosis", "Mitigation"]
LINKS = {
    "runbook_url": "{{{{ $externalLabels.warroom }}}}/runbooks/{alert}",
    "dashboard_url": "{{{{ $externalLabels.warroom }}}}/d/",
}


def run(program: str, *arguments: str | Path) -> str:
    path = packages.find(program)
    if path is None:
        pytest.fail(f"{program} was not found: run .lab/venv/bin/python -m lab.runtime.packages.")
    done = subprocess.run([path, *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{program} {arguments[0]} said:\n{done.stdout}{done.stderr}"
    return done.stdout


def test_prometheus_accepts_its_configuration_and_the_rules(tmp_path: Path) -> None:
    config = shutil.copy(ROOT / "compose" / "prometheus.yml", tmp_path)
    (tmp_path / "rules").symlink_to(ALERTS / "rules")
    for folder, target in (("targets", "127.0.0.1:8451"), ("alertmanagers", "127.0.0.1:8493")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "lab.json").write_text(f'[{{"targets": ["{target}"]}}]')
    run("promtool", "check", "config", config)
    run("promtool", "check", "rules", *RULES)


def test_alertmanager_accepts_its_configuration() -> None:
    run("amtool", "check-config", ALERTS / "alertmanager.yml")


def test_alertmanager_accepts_it_with_everybody_else_who_may_be_told(tmp_path: Path) -> None:
    said = {name: "https://chat.example/hook" for name in onward.NAMES}
    extended = onward.extended(yaml.safe_load((ALERTS / "alertmanager.yml").read_text()), said)
    (tmp_path / "alertmanager.yml").write_text(yaml.safe_dump(extended))
    run("amtool", "check-config", tmp_path / "alertmanager.yml")
    told = run("amtool", "config", "routes", "test", "--config.file", tmp_path / "alertmanager.yml", "service=billing")
    assert told.split() == ["warroom,onward"]
    assert [one.get("repeat_interval") for one in extended["route"]["routes"]] == [None, onward.REPEAT]


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_rules_behave_as_their_tests_say(path: Path) -> None:
    run("promtool", "test", "rules", path)


@pytest.mark.parametrize("alert", RULE)
def test_alert_says_what_hurts_how_badly_and_where_to_look(alert: str) -> None:
    rule = RULE[alert]
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert set(rule["annotations"]) == {"summary", "description", *LINKS}
    for name, link in LINKS.items():
        assert rule["annotations"][name].startswith(link.format(alert=alert))
    assert "$value" not in rule["annotations"]["summary"], "a summary is a title: it must not change while it is read"
    assert rule["for"], "one bad sample is no page"


@pytest.mark.parametrize("alert", RULE)
def test_alert_is_tested_silent_firing_and_with_data_missing(alert: str) -> None:
    names = [case["name"] for case in CASES if case["name"].startswith(f"{alert} ")]
    assert {re.match(r"\w+ (\w+): ", name)[1] for name in names} == {"silent", "firing", "missing"}
    for case in CASES:
        if case["name"].startswith(f"{alert} firing: "):
            checks = [check for check in case["alert_rule_test"] if check["alertname"] == alert]
            assert any(check.get("exp_alerts") for check in checks)
            assert any(not check.get("exp_alerts") for check in checks), "it must be seen silent first"


@pytest.mark.parametrize("alert", RULE)
def test_alert_has_a_runbook(alert: str) -> None:
    text = (ALERTS / "runbooks" / f"{alert}.md").read_text()
    assert text.startswith(f"# {alert}\n")
    parts = re.split(r"^## (.+)$", text, flags=re.M)
    assert parts[1::2] == SECTIONS
    assert all(len(body.split()) >= 10 for body in parts[2::2]), "a section of a few words helps nobody at 3 a.m."


def test_every_runbook_belongs_to_an_alert() -> None:
    assert {path.stem for path in RUNBOOKS} == set(RULE)


def test_pages_are_fast_and_say_when_they_end() -> None:
    prometheus = yaml.safe_load((ROOT / "compose" / "prometheus.yml").read_text())["global"]
    alertmanager = yaml.safe_load((ALERTS / "alertmanager.yml").read_text())
    assert (prometheus["scrape_interval"], prometheus["evaluation_interval"]) == ("2s", "2s")
    assert (alertmanager["route"]["group_wait"], alertmanager["route"]["group_interval"]) == ("1s", "3s")
    assert alertmanager["route"]["repeat_interval"] == "10s", "what comes again behind a silence would be no page"
    assert alertmanager["route"]["group_by"] == ["alertname", "service"]
    assert all(hook["send_resolved"] for receiver in alertmanager["receivers"] for hook in receiver["webhook_configs"])


def test_inhibition_speaks_of_alerts_that_exist() -> None:
    rules = yaml.safe_load((ALERTS / "alertmanager.yml").read_text())["inhibit_rules"]
    texts = [text for rule in rules for side in rule.values() for text in side]
    named = {name for text in texts for name in re.findall(r"\b[A-Z]\w+", text)}
    assert named and named <= set(RULE)
