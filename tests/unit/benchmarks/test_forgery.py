"""Wrong, forged and right root causes over what labs answered during incidents; see benchmarks/forgery.py --record."""

from pathlib import Path

import forgery
import pytest
from forgery import GUESSES, judge
from support import recording
from support.forgeries import KNOWN, Specimens, Try, guess, right, wrong

from lab import private, scenario
from lab.drill.cause import MECHANISMS
from lab.drill.evidence import Referee
from lab.drill.facts import Case

RECORDED = Path(__file__).parent / "recorded"
SCENARIOS = {one.id: one for one in scenario.load_all()}


class Incident:
    def __init__(self, name: str) -> None:
        self.name = name
        self.known = KNOWN[name]
        self.case: Case
        self.case, specimens, sources = recording.load(RECORDED / f"{name}.json.gz")
        self.specimens = Specimens(**specimens)
        self.referee = Referee(sources, self.case, private.evidence(name))

    def judge(self, one: Try) -> tuple[bool, str]:
        return judge(self.referee, self.name, one)


def test_every_scenario_is_recorded():
    assert {path.name for path in RECORDED.iterdir()} == {f"{name}.json.gz" for name in KNOWN} and set(KNOWN) == set(
        SCENARIOS
    )


@pytest.fixture(scope="module", params=sorted(KNOWN))
def incident(request: pytest.FixtureRequest) -> Incident:
    return Incident(request.param)


def test_right_causes_are_accepted(incident: Incident):
    told = [
        (one.name, one.given["evidence"], *incident.judge(one)) for one in right(incident.known, incident.specimens)
    ]
    assert [one for one in told if not one[2]] == []


def test_at_least_thirty_wrong_ones_are_not(incident: Incident):
    tries = list(wrong(incident.known, incident.specimens))
    assert len(tries) >= 30
    assert len({one.name for one in tries}) == len(tries)
    assert [one.name for one in tries if incident.judge(one)[0]] == []


def test_what_is_told_of_a_wrong_one_names_neither_cause_nor_pattern(incident: Incident):
    secret = private.load(incident.name)
    evidence = private.evidence(incident.name)
    words = {one.name for kind in evidence.kinds for one in getattr(evidence, kind)}
    words |= {name for answer in secret.answers for name in answer.mechanisms}
    for one in wrong(incident.known, incident.specimens):
        _, why = incident.judge(one)
        told = why.replace(one.given["mechanism"], "")
        assert not [word for word in words if word in told], why


def test_who_has_read_only_the_page_guesses_in_vain(incident: Incident):
    page = SCENARIOS[incident.name].alerts[0]
    probes = [one.id for one in incident.case.exchanges]
    lucky = [guess(page.service, probes, seed) for seed in range(GUESSES)]
    assert sum(incident.judge(one)[0] for one in lucky) <= 0.02 * GUESSES


def test_a_guess_is_one_of_all_mechanisms_and_of_every_kind():
    guesses = [guess("checkout", ["pr-1"], seed) for seed in range(1_000)]
    assert {one.given["mechanism"] for one in guesses} == set(MECHANISMS)
    kinds = {piece.partition(":")[0] for one in guesses for piece in one.given["evidence"]}
    assert kinds == {"trace", "metric", "log", "sql", "probe"}
    assert guess("checkout", ["pr-1"], 7) == guess("checkout", ["pr-1"], 7)


def test_lines_whose_sum_depends_on_their_order_have_no_half_cent():
    nets = [float(line["net"]) for line in forgery._lines_apart()]
    assert all(round(net * 100) % 400 != 200 for net in nets)
