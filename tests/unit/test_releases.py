"""The folder of releases: all of a change or none of it, whatever the source holds and whenever the process ends."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lab.errors import LabError, UsageError
from lab.releases import EDITABLE, SERVICES, Releases
from lab.runtime.state import ROOT


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """What the lab ships, with a package that is no trainee's beside it."""
    for name in (*EDITABLE, "warroom"):
        folder = tmp_path / "source" / name
        (folder / "migrations").mkdir(parents=True)
        (folder / "app.py").write_text(f"name = {name!r}\n")
        (folder / "migrations" / "0001.sql").write_text("SELECT 1;\n")
    return tmp_path / "source"


@pytest.fixture
def releases(tmp_path: Path, source: Path) -> Releases:
    releases = Releases(tmp_path / "releases")
    releases.lay_out(source)
    return releases


def change(source: Path, name: str, text: str = "name = 'another'\n") -> Path:
    (source / name / "app.py").write_text(text)
    return source


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_the_baseline_is_what_trainees_may_change_and_is_wanted(releases: Releases):
    name = releases.baseline()
    assert releases.names() == [name] and name.startswith("baseline-")
    assert files(releases.path(name)) == {
        f"{one}/{file}" for one in EDITABLE for file in ("app.py", "migrations/0001.sql")
    }
    assert releases.wanted() == (name, {}, ())


def test_laying_out_again_changes_nothing(releases: Releases, source: Path):
    releases.want(stop=["partner"])
    before = (releases.folder / "wanted.json").stat().st_ino, sorted(releases.folder.iterdir())
    assert releases.lay_out(source) == []
    assert ((releases.folder / "wanted.json").stat().st_ino, sorted(releases.folder.iterdir())) == before


def test_a_new_baseline_restarts_what_has_changed_in_it(releases: Releases, source: Path):
    assert releases.lay_out(change(source, "billing")) == ["billing"]
    assert len(releases.names()) == 2
    assert releases.wanted() == (releases.baseline(), {"billing": 1}, ())


def test_what_was_deployed_stays_wanted_when_a_new_baseline_comes(releases: Releases, source: Path):
    deployed = releases.add(change(source, "orders"))
    before = releases.want(deployed)
    assert releases.lay_out(change(source, "billing")) == []
    assert releases.wanted() == before
    assert (releases.path(releases.baseline()) / "billing" / "app.py").read_text() == "name = 'another'\n"


def test_a_deployed_release_that_is_gone_gives_way_to_the_baseline(releases: Releases, source: Path):
    releases.want(releases.add(source))
    shutil.rmtree(releases.folder / "r-1")
    assert releases.lay_out(source) == list(EDITABLE)
    assert releases.wanted().release == releases.baseline()


def test_releases_are_numbered_and_kept_in_order(releases: Releases, source: Path):
    added = [releases.add(source) for _ in range(11)]
    assert added == [f"r-{number}" for number in range(1, 12)]
    assert releases.names() == [releases.baseline(), *added]


def test_another_release_restarts_those_whose_code_is_another(releases: Releases, source: Path):
    (source / "orders" / "new.py").write_text("")
    name = releases.add(change(source, "billing"))
    assert releases.differing(releases.baseline(), name) == ["billing", "orders"]
    assert releases.want(name) == (name, {"billing": 1, "orders": 1}, ())
    assert releases.want(releases.baseline(), restart=["billing"]).generations == {"billing": 2, "orders": 2}


def test_a_second_wish_for_the_same_release_restarts_nobody(releases: Releases, source: Path):
    name = releases.add(change(source, "billing"))
    assert releases.want(name) == releases.want(name)


def test_services_are_restarted_stopped_and_started(releases: Releases):
    assert releases.want(stop=["partner", "orders"]).stopped == ("orders", "partner")
    assert releases.want(restart=["orders"])[1:] == ({"orders": 1}, ("partner",))
    assert releases.want(start=["partner", "billing"])[1:] == ({"orders": 1}, ())


@pytest.mark.parametrize(
    "wish",
    [
        {"release": "r-9"},
        {"release": "../source"},
        {"release": "baseline"},
        {"release": ""},
        {"restart": ["frob"]},
        {"stop": ["billing", "warroom"]},
        {"start": ["postgres"]},
        {"stop": ["billing"], "start": ["billing"]},
        {"stop": ["billing"], "restart": ["billing"]},
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(releases: Releases, wish: dict):
    before = releases.want(restart=["orders"])
    with pytest.raises(UsageError):
        releases.want(**wish)
    assert releases.wanted() == before


def test_a_source_that_lacks_a_service_is_refused(releases: Releases, source: Path):
    shutil.rmtree(source / "promotions")
    with pytest.raises(UsageError, match=r"has no promotions/app\.py"):
        releases.add(source)
    assert releases.names() == [releases.baseline()]


@pytest.mark.parametrize("where", ["billing/secret.py", "billing/deeper", "billing"])
def test_a_link_is_refused_wherever_it_is(releases: Releases, source: Path, tmp_path: Path, where: str):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "app.py").write_text("secret")
    if where == "billing":
        shutil.rmtree(source / where)
    (source / where).symlink_to(outside / "app.py" if where.endswith(".py") else outside)
    with pytest.raises(UsageError, match=f"{where} is neither a file nor a folder"):
        releases.add(source)
    assert releases.names() == [releases.baseline()]


def test_a_pipe_is_refused(releases: Releases, source: Path):
    os.mkfifo(source / "orders" / "pipe")
    with pytest.raises(UsageError, match="orders/pipe is neither"):
        releases.add(source)


def test_bytecode_is_no_other_code(releases: Releases, source: Path):
    (source / "billing" / "__pycache__").mkdir()
    (source / "billing" / "__pycache__" / "app.pyc").write_bytes(b"x")
    assert releases.lay_out(source) == []
    assert releases.names() == [releases.baseline()]
    assert not list(releases.folder.rglob("*.pyc"))


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"release": "r-1"}', '{"release": 5, "generations": {}, "stopped": []}', "null"]
)
def test_a_broken_wish_is_said_and_written_anew_with_a_release(releases: Releases, text: str):
    path = releases.folder / "wanted.json"
    path.write_text(text)
    with pytest.raises(LabError, match="name the release that is wanted"):
        releases.want(restart=["billing"])
    assert path.read_text() == text
    found = releases.want(releases.baseline())
    assert set(found.generations) == set(SERVICES) and min(found.generations.values()) > 10**9
    assert releases.wanted() == found


def test_a_broken_wish_is_written_anew_when_the_lab_comes_up(releases: Releases, source: Path):
    (releases.folder / "wanted.json").write_text("{")
    releases.lay_out(source)
    assert releases.wanted().release == releases.baseline()


def test_no_baseline_is_said(tmp_path: Path):
    with pytest.raises(LabError, match="labctl up"):
        Releases(tmp_path).baseline()


STEPS = 30  # more than there are


class Crash(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("step", range(STEPS))
def test_a_crash_at_any_step_leaves_what_was_there_or_all_of_the_new(
    releases: Releases, source: Path, monkeypatch: pytest.MonkeyPatch, step: int
):
    old = releases.want(releases.add(source), stop=["partner"])
    left = step

    def crashing(function):
        def call(*arguments, **options):
            nonlocal left
            left -= 1
            if left < 0:
                raise Crash
            return function(*arguments, **options)

        return call

    change(source, "billing")
    with monkeypatch.context() as patch:
        for owner, name in (
            (shutil, "copyfile"),
            (shutil, "rmtree"),
            (Path, "rename"),
            (Path, "replace"),
            (Path, "symlink_to"),
            (os, "fsync"),
        ):
            patch.setattr(owner, name, crashing(getattr(owner, name)))
        try:
            releases.lay_out(source)
            releases.want(releases.add(source), restart=["orders"])
            finished = True
        except Crash:
            finished = False

    assert finished == (left >= 0)
    assert finished or step < STEPS - 1
    new = ("r-2", {"billing": 1, "orders": 1}, ("partner",))
    assert releases.wanted() in ([new] if finished else [old, new])
    for name in (*releases.names(), releases.baseline()):
        assert len(files(releases.path(name))) == 2 * len(EDITABLE)
    if finished:
        return
    # whoever does it again finds nothing in the way
    releases.lay_out(source)
    name = releases.add(source)
    releases.want(name, restart=["orders"])
    assert releases.wanted() == (name, {"billing": 1, "orders": 1}, ("partner",)) and len(releases.names()) <= 5


def test_who_reads_while_it_is_written_reads_all_of_the_old(releases: Releases):
    with (releases.folder / "wanted.json").open() as old:
        releases.want(restart=["billing"])
        assert json.load(old)["generations"] == {}


def test_what_a_crash_has_left_is_in_no_later_release(releases: Releases, source: Path):
    left = releases.folder / ".partial" / "billing" / "left.py"
    left.parent.mkdir(parents=True)
    left.write_text("")
    assert not (releases.path(releases.add(source)) / "billing" / "left.py").exists()


def test_writers_of_two_processes_lose_no_wish_of_each_other(releases: Releases):
    code = (
        "import sys; from pathlib import Path; from lab.releases import Releases\n"
        "for _ in range(25): Releases(Path(sys.argv[1])).want(restart=[sys.argv[2]])"
    )
    names = ("billing", "orders")
    both = [subprocess.Popen([sys.executable, "-c", code, str(releases.folder), name], cwd=ROOT) for name in names]
    assert [process.wait(60) for process in both] == [0, 0]
    assert releases.wanted().generations == dict.fromkeys(names, 25)


def test_the_file_is_as_the_launcher_expects_it(releases: Releases):
    releases.want(restart=["billing"], stop=["partner"])
    assert json.loads((releases.folder / "wanted.json").read_text()) == {
        "release": releases.baseline(),
        "generations": {"billing": 1},
        "stopped": ["partner"],
    }


def run(*arguments: str) -> tuple[int, str]:
    done = subprocess.run([sys.executable, "-m", "lab.releases", *arguments], cwd=ROOT, capture_output=True, text=True)
    return done.returncode, done.stdout or done.stderr


def test_a_wish_can_be_said_where_only_a_container_reaches_the_folder(releases: Releases, source: Path):
    releases.want(releases.add(change(source, "billing")))
    code, said = run(str(releases.folder), '{"release": "baseline", "stop": ["partner"]}')
    assert (code, json.loads(said)) == (0, releases.wanted()._asdict() | {"stopped": ["partner"]})
    assert releases.wanted().release == releases.baseline()


@pytest.mark.parametrize("wish", ["", "{", "[]", '"x"', '{"frob": 1}', '{"release": "r-9"}', '{"stop": ["frob"]}'])
def test_a_wish_that_cannot_be_is_one_sentence(releases: Releases, wish: str):
    before = releases.wanted()
    code, said = run(str(releases.folder), wish)
    assert code == 2 and said.count("\n") == 1
    assert releases.wanted() == before
