import json
from pathlib import Path

import pytest

from lab.cli import bench
from lab.errors import CheckFailed, LabError


def program(folder: Path, text: str) -> Path:
    path = folder / "some.py"
    path.write_text(text)
    return path


def test_figures_are_taken_from_what_a_program_prints(tmp_path: Path):
    printed = {"machine": {}, "figures": [{"name": "up", "value": 5.5, "unit": "s", "floor": 10}]}
    assert bench.run(program(tmp_path, f"print({json.dumps(printed)!r})"), "main") == printed["figures"]


def test_a_figure_without_a_floor_gets_none(tmp_path: Path):
    (figure,) = bench.run(program(tmp_path, """print('[{"name": "a", "value": 1, "unit": "s"}]')"""), "main")
    assert figure["floor"] is None


def test_the_program_is_told_which_lab(tmp_path: Path):
    text = 'import os; print(f\'[{{"name": "{os.environ["LAB_NAME"]}", "value": 1, "unit": ""}}]\')'
    assert bench.run(program(tmp_path, text), "team-b")[0]["name"] == "team-b"


@pytest.mark.parametrize("text", ["print('hello')", "print('{}')", "print('3')"])
def test_what_is_no_json_of_figures_is_refused(tmp_path: Path, text: str):
    with pytest.raises(LabError, match="printed no JSON of figures"):
        bench.run(program(tmp_path, text), "main")


@pytest.mark.parametrize(("code", "error"), [(1, LabError), (3, CheckFailed)])
def test_a_program_that_fails_is_named(tmp_path: Path, code: int, error: type[LabError]):
    with pytest.raises(error, match=r"some\.py") as raised:
        bench.run(program(tmp_path, f"raise SystemExit({code})"), "main")
    assert type(raised.value) is error
