"""A wrong and a right fix of each scenario's bank, judged as `labctl validate` judges all of them.

The incidents themselves are test_incidents.py's.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from lab import scenario
from tests.labs import forget, labctl
from tests.starvation import second_try_if_starved

NAME = "e2e-validate"
PORT_BASE = 28200
WITHIN_S = 400
SCENARIOS = sorted(path.parents[1].name for path in scenario.FOLDER.glob("*/private/trial.yaml"))


def begin() -> None:
    forget(NAME)
    labctl("up", "--runtime", "local", "--name", NAME, "--port-base", str(PORT_BASE))


@pytest.fixture(scope="module", autouse=True)
def lab() -> Iterator[None]:
    begin()
    yield
    forget(NAME)


def judged(scenario_id: str) -> dict[str, Any]:
    options = ("--bank-only", "--sample", "1", "--json", "--name", NAME)
    return json.loads(labctl("validate", scenario_id, *options, seconds=WITHIN_S).stdout)


@pytest.mark.parametrize("scenario_id", SCENARIOS)
def test_a_wrong_fix_is_rejected_and_a_right_one_accepted(scenario_id: str):
    result = second_try_if_starved(lambda _: judged(scenario_id), begin)
    assert (result["wrong_accepted"], result["right_rejected"], result["passed"]) == ([], [], True)
    assert [fix["right"] for fix in result["fixes"]] == [False, True]
    profiles = json.loads(labctl("load", "status", "--json", "--name", NAME).stdout)
    assert [one["profile"] for one in profiles if one["running"]] == ["healthy"]


def test_what_there_is_not_is_refused():
    assert "no scenario 'no-scenario'" in labctl("validate", "no-scenario", "--name", NAME, code=2).stderr
    assert "has no fix 'magic'" in labctl("validate", SCENARIOS[0], "--fix", "magic", "--name", NAME, code=2).stderr
    assert "say --all" in labctl("validate", "--name", NAME, code=2).stderr
