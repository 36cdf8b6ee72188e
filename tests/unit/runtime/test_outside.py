import stat
from pathlib import Path

import pytest

from lab.errors import LabError, UsageError
from lab.runtime import outside
from lab.runtime.ports import Ports
from lab.runtime.programs import SERVICES, programs
from lab.runtime.state import State
from lab.runtime.supervision import configuration

KEY = "sk-lab-0123456789abcdef"
URL = "https://api.example.com/v1"


@pytest.fixture
def state(tmp_path: Path) -> State:
    state = State("main", tmp_path)
    state.create()
    return state


def test_it_is_kept_until_something_else_is_said(state: State):
    assert outside.take(state, {"AI_UPSTREAM_URL": URL, "AI_UPSTREAM_KEY": KEY, "AI_AT_ONCE": "2", "HOME": "/"})
    assert not outside.take(state, {"HOME": "/"})
    assert outside.kept(state) == {"AI_UPSTREAM_URL": URL, "AI_UPSTREAM_KEY": KEY, "AI_AT_ONCE": "2"}
    assert outside.told(state) == ["requests to AI go on to api.example.com, when a drill allows them"]


def test_an_old_key_does_not_go_to_a_new_address(state: State):
    outside.take(state, {"AI_UPSTREAM_URL": URL, "AI_UPSTREAM_KEY": KEY})
    outside.take(state, {"AI_UPSTREAM_URL": "http://127.0.0.1:11434"})
    assert outside.kept(state) == {"AI_UPSTREAM_URL": "http://127.0.0.1:11434"}
    assert KEY not in everything(state)


def test_empty_says_that_there_is_none(state: State):
    outside.take(state, {"AI_UPSTREAM_URL": URL, "AI_UPSTREAM_KEY": KEY})
    assert outside.take(state, {"AI_UPSTREAM_URL": ""})
    assert outside.kept(state) == {} == outside.of_the_war_room(state)
    assert outside.told(state) == []
    assert KEY not in everything(state)


def test_a_key_is_taken_out_of_its_file(state: State, tmp_path: Path):
    (tmp_path / "key").write_text(f"{KEY}\n")
    outside.take(state, {"AI_UPSTREAM_URL": URL, "AI_UPSTREAM_KEY_FILE": str(tmp_path / "key")})
    assert outside.kept(state)["AI_UPSTREAM_KEY"] == KEY


def test_the_key_is_in_one_closed_file_alone(state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("lab.runtime.packages.find", lambda name: tmp_path / name)
    outside.take(state, {"AI_UPSTREAM_URL": URL, "AI_UPSTREAM_KEY": KEY, "AI_TIMEOUT": "30"})
    table = {one.name: one for one in programs(state, Ports())}
    (state.config / "supervisord.conf").write_text(configuration(state, list(table.values()), superuser=False))
    holding = [path for path in state.path.rglob("*") if path.is_file() and KEY in path.read_text()]
    assert holding == [state.tokens / "ai-upstream"]
    assert stat.S_IMODE(holding[0].stat().st_mode) == 0o600
    assert stat.S_IMODE((state.config / "outside.json").stat().st_mode) == 0o600
    assert table["warroom"].environment["AI_UPSTREAM_KEY_FILE"] == str(holding[0])
    assert table["warroom"].environment["AI_TIMEOUT"] == "30"
    others = [table[name].environment for name in (*SERVICES, "runner", "load") if name != "warroom"]
    assert not [name for environment in others for name in environment if name.startswith("AI_")]


@pytest.mark.parametrize("given", [{"AI_UPSTREAM_KEY": 'sk-"0123456789'}, {"AI_UPSTREAM_KEY": "sk 0123456789"}])
def test_a_key_that_is_none_is_refused_and_not_repeated(state: State, given: dict[str, str]):
    with pytest.raises(UsageError, match="AI_UPSTREAM_KEY has a blank") as refused:
        outside.take(state, given)
    assert "0123456789" not in str(refused.value)
    assert outside.kept(state) == {}


def test_a_key_file_that_is_not_there_is_named(state: State, tmp_path: Path):
    with pytest.raises(UsageError, match=r"AI_UPSTREAM_KEY_FILE cannot be read \(FileNotFoundError\)"):
        outside.take(state, {"AI_UPSTREAM_KEY_FILE": str(tmp_path / "none")})


@pytest.mark.parametrize("text", ["", "[]", '"x"'])
def test_a_broken_file_is_named(state: State, text: str):
    (state.config / "outside.json").write_text(text)
    with pytest.raises(LabError, match=r"outside\.json cannot be read"):
        outside.kept(state)


def test_who_else_is_paged_is_kept_beside_the_provider_and_told_by_name_alone(state: State):
    outside.take(state, {"AI_UPSTREAM_URL": URL})
    outside.take(state, {"ONWARD_SLACK_URL": "https://chat.example/hook/secret"})
    assert outside.kept(state) == {"AI_UPSTREAM_URL": URL, "ONWARD_SLACK_URL": "https://chat.example/hook/secret"}
    assert outside.told(state)[1:] == ["pages go on to chat.example"]
    assert "ONWARD_SLACK_URL" not in outside.of_the_war_room(state)


@pytest.mark.parametrize(
    "given",
    [{"ONWARD_SLACK_URL": "chat.example"}, {"ONWARD_PAGERDUTY_KEY": "r" * 32}, {"ONWARD_PAGERDUTY_URL": "http://a"}],
)
def test_whom_alertmanager_could_not_reach_is_refused(state: State, given: dict[str, str]):
    with pytest.raises(UsageError, match="ONWARD_"):
        outside.take(state, given)
    assert outside.kept(state) == {}


def everything(state: State) -> str:
    return "\n".join(path.read_text() for path in state.path.rglob("*") if path.is_file())
