import dataclasses
import multiprocessing
import os
import stat
from pathlib import Path

import pytest

from lab.errors import LabError, UsageError
from lab.runtime.state import LONGEST_SOCKET, Record, State


@pytest.fixture
def state(tmp_path: Path) -> State:
    state = State("main", tmp_path)
    state.create()
    return state


@pytest.mark.parametrize("name", ["", "Main", "../x", "venv", "cache", "a" * 40, "a b", "-x"])
def test_names_that_are_no_folder_of_a_lab_are_refused(name: str, tmp_path: Path):
    with pytest.raises(UsageError, match="cannot be called"):
        State(name, tmp_path)


def test_tokens_are_made_once_and_closed_to_others(state: State):
    first = state.token("team")
    assert len(first) >= 32
    assert state.token("team") == first != state.token("webhook")
    assert stat.S_IMODE((state.tokens / "team").stat().st_mode) == 0o600
    assert stat.S_IMODE(state.tokens.stat().st_mode) == 0o700


def test_what_is_recorded_comes_back(state: State):
    record = Record(8500, load=False, wanted=True, mark="m")
    state.save(record)
    state.update(wanted=False)
    assert state.load() == dataclasses.replace(record, wanted=False)
    assert stat.S_IMODE((state.path / "lab.json").stat().st_mode) == 0o600


def test_keys_of_a_later_version_are_passed_over(state: State):
    (state.path / "lab.json").write_text('{"port_base": 9000, "later": 1}')
    assert state.load() == Record(9000)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}"])
def test_a_record_that_cannot_be_read_is_named(state: State, text: str):
    (state.path / "lab.json").write_text(text)
    with pytest.raises(LabError, match=r"lab\.json cannot be read"):
        state.load()


def test_a_glance_at_a_broken_record_sees_none(state: State, tmp_path: Path):
    (state.path / "lab.json").write_text("{")
    assert state.glance() is None
    assert State("b", tmp_path).others() == {}


def test_a_lock_alone_is_no_lab(tmp_path: Path):
    state = State("b", tmp_path)
    assert not state.exists()
    with state.lock(), state.giving_up():
        assert not state.exists()
    state.save(Record(8400))
    assert state.exists()


def test_no_record_is_no_lab(state: State):
    assert state.load() is None


def test_other_labs_are_seen(state: State, tmp_path: Path):
    other = State("b", tmp_path)
    other.create()
    other.save(Record(8600))
    state.save(Record(8400))
    assert state.others() == {"b": Record(8600)}


def test_sockets_stay_in_the_folder_while_their_path_is_short(tmp_path: Path):
    short = State("main", Path("/srv/3am/.lab"))
    assert short.sockets == short.run
    deep = State("main", tmp_path / ("d" * LONGEST_SOCKET))
    assert deep.sockets.parent != deep.path
    assert len(str(deep.sockets)) < LONGEST_SOCKET


def test_purge_leaves_nothing_but_the_home(tmp_path: Path):
    state = State("main", tmp_path / ("d" * LONGEST_SOCKET))
    state.create()
    state.token("team")
    assert state.purge() is None
    assert not state.path.exists() and not state.sockets.exists() and list(state.home.iterdir()) == []


def test_purge_is_not_stopped_by_whoever_takes_files_away_meanwhile(state: State, monkeypatch: pytest.MonkeyPatch):
    """An initdb that was interrupted, for one."""
    state.create()
    (state.path / "data").mkdir(exist_ok=True)
    (state.path / "data" / "2603").touch()
    unlink, gone = os.unlink, []

    def taken_away(path, *arguments, **more):
        unlink(path, *arguments, **more)
        if str(path).endswith("2603"):
            gone.append(path)
            raise FileNotFoundError(path)

    monkeypatch.setattr(os, "unlink", taken_away)
    state.purge()
    assert gone and not state.path.exists()


def test_purge_moves_a_teams_work_aside_each_time_to_a_folder_of_its_own(state: State):
    kept = []
    for work in ("first", "second", "third"):
        state.create()
        state.workspace.mkdir()
        (state.workspace / "app.py").write_text(work)
        kept.append(state.purge())
        assert not state.path.exists()
    assert [(folder / "app.py").read_text() for folder in kept] == ["first", "second", "third"]
    assert {folder.parent for folder in kept} == {state.home / "kept"}
    assert all(folder.name.startswith(f"{state.name}-20") for folder in kept)


def _hold(home: Path, held, release) -> None:
    with State("main", home).lock():
        held.set()
        release.wait(10)


def test_a_second_command_waits_and_says_for_whom(state: State, tmp_path: Path):
    context = multiprocessing.get_context("spawn")
    held, release = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(tmp_path, held, release))
    other.start()
    assert held.wait(20)
    said: list[str] = []
    with pytest.raises(LabError, match=f"pid {other.pid}"), state.lock(timeout_s=0, waiting=said.append):
        pass
    release.set()
    other.join(10)
    with state.lock(timeout_s=5, waiting=said.append):
        pass
    assert len(said) <= 1


def test_an_up_elsewhere_sees_that_it_is_given_up(state: State):
    assert not state.given_up
    with state.giving_up():
        assert state.given_up
    assert not state.given_up


def test_a_down_that_was_killed_gives_nothing_up(state: State):
    (state.path / "down").write_text("4000000 gone\n")
    assert not state.given_up
