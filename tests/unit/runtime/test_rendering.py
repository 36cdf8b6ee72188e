import json
import stat
from pathlib import Path

import pytest
import yaml

from lab.errors import LabError
from lab.runtime import outside
from lab.runtime.ports import WITH_OPS, Ports
from lab.runtime.rendering import render
from lab.runtime.state import ROOT, State


@pytest.fixture
def state(tmp_path: Path) -> State:
    state = State("b", tmp_path)
    state.create()
    return state


def test_every_ops_port_is_a_target_under_its_service(state: State):
    render(state, Ports(21000))
    targets = {}
    for path in (state.config / "prometheus" / "targets").glob("*.json"):
        (group,) = json.loads(path.read_text())
        targets[group["labels"]["service"]] = group["targets"]
    assert targets.pop("prometheus") == [f"127.0.0.1:{Ports(21000).main('prometheus')}"]
    assert targets == {name: [f"127.0.0.1:{Ports(21000).ops(name)}"] for name in WITH_OPS}


def test_the_rules_are_those_of_the_repository(state: State):
    render(state, Ports(21000))
    copied = {path.name: path.read_text() for path in (state.config / "prometheus" / "rules").glob("*.yml")}
    assert copied == {path.name: path.read_text() for path in (ROOT / "alerts" / "rules").glob("*.yml")}


def test_the_page_goes_to_this_labs_war_room_with_its_token(state: State):
    render(state, Ports(21000))
    config = yaml.safe_load((state.config / "alertmanager" / "alertmanager.yml").read_text())
    (webhook,) = config["receivers"][0]["webhook_configs"]
    assert webhook["url"] == "http://127.0.0.1:21000/webhooks/alertmanager"
    assert webhook["http_config"]["authorization"]["credentials_file"] == str(state.tokens / "webhook")
    assert (state.tokens / "webhook").read_text() == state.token("webhook")


def test_pages_go_on_to_nobody_else_unless_that_is_said(state: State):
    render(state, Ports(21000))
    path = state.config / "alertmanager" / "alertmanager.yml"
    (receiver,) = yaml.safe_load(path.read_text())["receivers"]
    assert set(receiver) == {"name", "webhook_configs"} and len(receiver["webhook_configs"]) == 1
    said = {"ONWARD_SLACK_URL": "http://chat.example/hook"}
    outside.take(state, said | {"ONWARD_PAGERDUTY_URL": "https://events.example", "ONWARD_PAGERDUTY_KEY": "r" * 32})
    render(state, Ports(21000))
    _, receiver = yaml.safe_load(path.read_text())["receivers"]
    assert receiver["slack_configs"][0]["api_url"] == said["ONWARD_SLACK_URL"]
    assert receiver["pagerduty_configs"][0]["routing_key"] == "r" * 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_rule_that_was_removed_does_not_stay(state: State):
    render(state, Ports(21000))
    stale = state.config / "prometheus" / "rules" / "stale.yml"
    stale.write_text("groups: []")
    render(state, Ports(21100))
    assert not stale.exists()


def test_a_checkout_without_rules_is_refused(state: State, tmp_path: Path):
    (tmp_path / "compose").mkdir()
    (tmp_path / "compose" / "prometheus.yml").write_text("{}")
    with pytest.raises(LabError, match="no rules"):
        render(state, Ports(21000), tmp_path)
