"""The launcher as a process of its own, with a stand-in for the service: what it does to its child, and when."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

SERVICES = Path(__file__).parents[3] / "services"
STANDIN = Path(__file__).with_name("standin.py")
STOP_S = 1.5  # instead of six seconds
QUIET_S = 0.6  # in which the launcher looks three times


def until(what: str, condition: Callable[[], object], seconds: float = 15) -> object:
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"gave up waiting: {what}"
        time.sleep(0.02)
    return found


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


class Launcher:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.releases = folder / "releases"
        self.home = folder / "services"
        self.output = folder / "output"
        self.told_in = folder / "told"
        self.process: subprocess.Popen | None = None
        self.home.mkdir()
        text = (SERVICES / "parent.py").read_text()
        assert "STOP_S = 6 " in text
        (self.home / "parent.py").write_text(text.replace("STOP_S = 6 ", f"STOP_S = {STOP_S} "))
        (self.home / "launch.py").write_bytes((SERVICES / "launch.py").read_bytes())
        (self.home / "service.py").write_bytes(STANDIN.read_bytes())
        self.code(self.home, "serve")
        for name in ("r-1", "r-2"):
            self.code(self.releases / name, "serve")

    def code(self, root: Path, what: str) -> None:
        (root / "shop").mkdir(parents=True, exist_ok=True)
        (root / "shop" / "app.py").write_text(what)

    def want(self, release: str = "r-1", generation: int = 0, stopped: tuple[str, ...] = ()) -> None:
        self.write(json.dumps({"release": release, "generations": {"shop": generation}, "stopped": stopped}))

    def write(self, text: str) -> None:
        partial = self.releases / ".wanted.json"
        partial.write_text(text)
        partial.replace(self.releases / "wanted.json")

    def start(self, command: tuple[str, ...] = (), **environment: str) -> None:
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, *(command or (str(self.home / "launch.py"),)), "shop"],
                env={"RELEASES": str(self.releases), "TOLD": str(self.told_in)} | environment,
                stdout=output,
                stderr=output,
            )

    def children(self) -> list[list]:
        """Of each child that has begun: pid, release, generation."""
        text = self.told_in.read_text() if self.told_in.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    def child(self, number: int = 1) -> list:
        """The one that began as the last of so many."""
        until(f"child {number}; {self.output.read_text()}", lambda: len(self.children()) >= number)
        assert len(self.children()) == number
        return self.children()[-1]

    def events(self) -> list[tuple[str, str]]:
        lines = [json.loads(line) for line in self.output.read_text().splitlines()]
        assert all(list(line)[:6] == ["ts", "level", "service", "event", "trace_id", "span_id"] for line in lines)
        return [(line["level"], line["event"]) for line in lines]

    def signal(self, number: int, pid: int | None = None) -> None:
        os.kill(pid or self.process.pid, number)

    def ended(self) -> int:
        return self.process.wait(15)


WARNING = ("WARN", "wanted.json can't be followed, what runs goes on")
STOPPED = ("INFO", "stopped by request")


@pytest.fixture
def launcher(tmp_path: Path) -> Iterator[Launcher]:
    launcher = Launcher(tmp_path)
    launcher.want()
    yield launcher
    if launcher.process:
        launcher.process.kill()
        launcher.process.wait()
    until("no child is left", lambda: not [one for one in launcher.children() if lives(one[0])])


def test_a_new_generation_begins_when_the_old_one_is_gone(launcher: Launcher):
    launcher.start()
    old, *known = launcher.child()
    assert known == ["r-1", 0]
    launcher.want(generation=3)
    new, *known = launcher.child(2)
    assert known == ["r-1", 3] and not lives(old) and lives(new)
    assert launcher.process.poll() is None


def test_the_release_is_taken_with_the_generation_and_not_before(launcher: Launcher):
    launcher.start()
    launcher.child()
    launcher.want(release="r-2")
    time.sleep(QUIET_S)
    assert len(launcher.children()) == 1, "its code is the same in both, or its generation were another"
    launcher.want(release="r-2", generation=1)
    assert launcher.child(2)[1:] == ["r-2", 1]


def test_who_is_stopped_is_gone_until_started_and_the_launcher_stays(launcher: Launcher):
    launcher.start()
    old = launcher.child()[0]
    launcher.want(stopped=("shop", "partner"))
    until("it is gone", lambda: not lives(old))
    time.sleep(QUIET_S)
    assert launcher.process.poll() is None and launcher.events() == [STOPPED]
    launcher.want(stopped=("partner",))
    assert lives(launcher.child(2)[0])


def test_who_is_stopped_does_not_begin_when_the_launcher_does(launcher: Launcher):
    launcher.want(stopped=("shop",))
    launcher.start()
    until("it says so", lambda: launcher.events() == [STOPPED])
    assert launcher.children() == []
    launcher.signal(signal.SIGTERM)
    assert launcher.ended() == 0


def test_a_wish_while_the_child_still_ends_is_not_lost(launcher: Launcher):
    launcher.code(launcher.releases / "r-1", "deaf")
    launcher.start()
    launcher.child()
    launcher.want(stopped=("shop",))
    time.sleep(STOP_S / 2)
    launcher.want(release="r-2", generation=1)
    assert launcher.child(2)[1:] == ["r-2", 1]


def test_who_does_not_end_is_killed(launcher: Launcher):
    launcher.code(launcher.releases / "r-1", "deaf")
    launcher.start()
    old = launcher.child()[0]
    launcher.want(generation=1)
    launcher.child(2)
    assert not lives(old) and launcher.process.poll() is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"release": "r-1"}',
        '{"release": "r-9", "generations": {"shop": 1}, "stopped": []}',
        '{"release": 1, "generations": {"shop": 1}, "stopped": []}',
        '{"release": "r-1", "generations": {"shop": "1"}, "stopped": []}',
        '{"release": "r-1", "generations": [], "stopped": []}',
        '{"release": "r-1", "generations": {"shop": 1}, "stopped": 5}',
        "[" * 100_000,
        None,
    ],
)
def test_what_cannot_be_followed_is_said_once_and_what_runs_goes_on(launcher: Launcher, text: str | None):
    launcher.start()
    old = launcher.child()[0]
    if text is None:
        (launcher.releases / "wanted.json").unlink()
    else:
        launcher.write(text)
    until("a warning", lambda: launcher.events() == [WARNING])
    time.sleep(QUIET_S)
    assert launcher.events() == [WARNING] and lives(old)
    launcher.want(generation=2)
    assert launcher.child(2)[1:] == ["r-1", 2]


def test_nothing_to_follow_at_the_start_runs_the_labs_own_code_until_there_is(launcher: Launcher):
    (launcher.releases / "wanted.json").unlink()
    launcher.start()
    assert launcher.child()[1:] == [None, 0]
    assert launcher.events() == [WARNING]
    launcher.want()
    assert launcher.child(2)[1:] == ["r-1", 0]


def test_code_that_is_no_releases_stays_and_is_restarted_all_the_same(launcher: Launcher):
    launcher.want(release="r-9")
    launcher.start(RELEASE_ROOT=str(launcher.home))
    assert launcher.child()[1:] == [None, 0]
    launcher.want(release="r-9", generation=1)
    assert launcher.child(2)[1:] == [None, 1]
    assert launcher.events() == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_both_with_0(launcher: Launcher, number: int):
    launcher.start()
    child = launcher.child()[0]
    launcher.signal(number)
    assert launcher.ended() == 0 and not lives(child)


def test_a_signal_while_the_child_is_being_restarted_ends_both(launcher: Launcher):
    launcher.code(launcher.releases / "r-1", "deaf")
    launcher.start()
    launcher.child()
    launcher.want(generation=1)
    time.sleep(STOP_S / 2)
    launcher.signal(signal.SIGTERM)
    assert launcher.ended() == 128 + signal.SIGKILL
    assert len(launcher.children()) == 1


@pytest.mark.parametrize("code", [0, 1, 2, 77])
def test_a_child_that_ends_ends_the_launcher_with_its_code(launcher: Launcher, code: int):
    launcher.code(launcher.releases / "r-1", f"end {code}")
    launcher.start()
    assert launcher.ended() == code


def test_a_killed_child_ends_the_launcher_badly_so_that_all_comes_back(launcher: Launcher):
    launcher.start()
    launcher.signal(signal.SIGKILL, launcher.child()[0])
    assert launcher.ended() == 128 + signal.SIGKILL


def test_a_restarted_child_that_ends_ends_the_launcher(launcher: Launcher):
    launcher.code(launcher.releases / "r-2", "end 1")
    launcher.start()
    launcher.child()
    launcher.want(release="r-2", generation=1)
    assert launcher.ended() == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills the child of a killed parent")
def test_a_killed_launcher_takes_its_child_along(launcher: Launcher):
    launcher.start()
    child = launcher.child()[0]
    launcher.signal(signal.SIGKILL)
    until("the child is gone", lambda: not lives(child), 5)


def test_without_releases_it_is_the_service_itself(launcher: Launcher):
    launcher.start(RELEASES="")
    assert launcher.child() == [launcher.process.pid, None, 0]
    launcher.signal(signal.SIGTERM)
    assert launcher.ended() == 0


def test_it_works_without_waiting_for_signals_with_a_limit(launcher: Launcher):
    """As on macOS."""
    run = f"runpy.run_path({str(launcher.home / 'launch.py')!r}, run_name='__main__')"
    code = f"import runpy, signal; del signal.sigtimedwait; {run}"
    launcher.start(("-c", code), PYTHONPATH=str(launcher.home))
    launcher.child()
    launcher.want(generation=1)
    launcher.child(2)
    launcher.signal(signal.SIGTERM)
    assert launcher.ended() == 0


@pytest.mark.parametrize("arguments", [[], ["a", "b"], ["--help"]])
def test_a_wrong_call_is_one_sentence(launcher: Launcher, arguments: list[str]):
    done = subprocess.run([sys.executable, launcher.home / "launch.py", *arguments], capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "which service" in done.stderr
