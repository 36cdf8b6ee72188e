import json
from pathlib import Path

import pytest

from lab import cli
from lab.cli import bench
from lab.errors import LabError, UsageError


def program(folder: Path, text: str) -> Path:
    path = folder / "some.py"
    path.write_text(text)
    return path


def test_figures_are_taken_from_what_a_program_prints(tmp_path: Path):
    printed = {"machine": {}, "figures": [{"name": "up", "value": 5.5, "unit": "s", "floor": 10, "passed": True}]}
    assert bench.run(program(tmp_path, f"print({json.dumps(printed)!r})"), "main") == printed["figures"]


def test_a_figure_without_a_floor_gets_none(tmp_path: Path):
    (figure,) = bench.run(program(tmp_path, """print('[{"name": "a", "value": 1, "unit": "s"}]')"""), "main")
    assert figure["floor"] is None and figure["passed"] is None


def test_the_program_is_told_which_lab(tmp_path: Path):
    text = 'import os; print(f\'[{{"name": "{os.environ["LAB_NAME"]}", "value": 1, "unit": ""}}]\')'
    assert bench.run(program(tmp_path, text), "team-b")[0]["name"] == "team-b"


@pytest.mark.parametrize("text", ["print('hello')", "print('{}')", "print('3')"])
def test_what_is_no_json_of_figures_is_refused(tmp_path: Path, text: str):
    with pytest.raises(LabError, match="printed no JSON of figures"):
        bench.run(program(tmp_path, text), "main")


@pytest.mark.parametrize(("code", "error"), [(1, LabError), (2, UsageError)])
def test_a_program_that_fails_is_named(tmp_path: Path, code: int, error: type[LabError]):
    with pytest.raises(error, match="some") as raised:
        bench.run(program(tmp_path, f"raise SystemExit({code})"), "main")
    assert type(raised.value) is error


def test_a_program_may_end_with_3_where_a_figure_misses_its_floor(tmp_path: Path):
    text = 'import sys; print(\'[{"name": "up", "passed": false}]\'); sys.exit(3)'
    assert [one["passed"] for one in bench.run(program(tmp_path, text), "main")] == [False]


ECHO = """
import json, sys
passed = {"yes": True, "no": False, "null": None}[sys.argv[2] if len(sys.argv) > 2 else "null"]
print(json.dumps([{"name": "up", "value": 1, "unit": "s", "floor": 2, "passed": passed}]))
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(bench, "FOLDER", tmp_path)
    program(tmp_path, ECHO)
    return tmp_path


@pytest.mark.parametrize(("passed", "code"), [("yes", 0), ("null", 0), ("no", 3)])
def test_a_missed_floor_is_named_after_the_figures(folder: Path, capsys, passed: str, code: int):
    assert cli.main(["bench", "some", "--json", "--", "--passed", passed]) == code
    said = capsys.readouterr()
    assert json.loads(said.out)["figures"][0]["name"] == "up"
    assert ("These figures miss their floor: up." in said.err) is (code == 3)


def test_the_table_shows_what_passed(folder: Path, capsys):
    assert cli.main(["bench", "some", "--", "--passed", "no"]) == 3
    assert "✗" in capsys.readouterr().out


@pytest.mark.parametrize("names", [[], ["some", "some"]])
def test_arguments_without_one_benchmark_are_refused(folder: Path, capsys, names: list[str]):
    assert cli.main(["bench", *names, "--", "--times", "1"]) == 2
    assert "Arguments are for one benchmark" in capsys.readouterr().err


def test_what_holds_drills_is_run_only_when_it_is_named(folder: Path, capsys):
    (folder / "two_drills.py").write_text("raise SystemExit(1)")
    assert cli.main(["bench", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["figures"]) == 1
    assert cli.main(["bench", "two_drills"]) == 1
