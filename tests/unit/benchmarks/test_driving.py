import json

import pytest
from support.driving import Lab, figure


@pytest.mark.parametrize(
    ("value", "bounds", "floor", "passed"),
    [
        (10.0, {}, None, None),
        (10.0, {"beside": 11}, 11, None),
        (10.0, {"most": 10}, 10, True),
        (10.0004, {"most": 10}, 10, False),
        (9.9, {"least": 10}, 10, False),
        (10.0, {"least": 10}, 10, True),
        (-1, {"least": 0, "most": 0}, 0, False),
        (None, {"most": 10}, 10, False),
        (None, {}, None, None),
    ],
)
def test_a_figure_says_whether_it_keeps_its_bound(value, bounds: dict, floor, passed):
    found = figure("up", value, "s", **bounds)
    assert (found["floor"], found["passed"]) == (floor, passed)


@pytest.mark.parametrize(
    ("ready", "found", "wanted", "started"),
    [
        (True, "compose", "auto", []),
        (True, "compose", "compose", []),
        (False, "local", "auto", ["up --runtime auto"]),
        (False, "local", "compose", ["up --runtime compose"]),
        (True, "local", "compose", ["up --runtime compose"]),  # which labctl refuses, with what to do
    ],
)
def test_a_lab_is_taken_as_it_is_or_started_in_the_runtime_that_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, ready: bool, found: str, wanted: str, started: list[str]
):
    said: list[str] = []

    def labctl(self: Lab, *words: str) -> str:
        if words[0] == "status":
            return json.dumps({"ready": ready, "runtime": found})
        said.append(" ".join(words))
        return ""

    monkeypatch.setattr(Lab, "labctl", labctl)
    assert Lab.attach("b", wanted).name == "b"
    assert said == started
