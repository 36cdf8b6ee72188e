import pytest
from warroom.reviewing import Decision, draw

from lab import bank as banks
from lab.bank import SERVICES, Bank
from lab.drill.verdict import Verdict
from lab.errors import UsageError
from lab.scenario import load_all

PRIVATE = SERVICES.parent / "scenarios"
SCENARIOS = [one.id for one in load_all() if (PRIVATE / one.id / "private" / "fixes").is_dir()]


@pytest.fixture(scope="module", params=SCENARIOS)
def bank(request: pytest.FixtureRequest) -> Bank:
    return banks.load(request.param)


def test_at_least_two_are_wrong_and_one_right_whatever_the_seed(bank: Bank):
    for seed in range(200):
        fixes = list(draw(bank, seed).patches.values())
        assert len({fix.name for fix in fixes}) == 4
        assert 2 <= sum(not fix.right for fix in fixes) <= 3


def test_a_seed_gives_the_same_and_others_give_others(bank: Bank):
    drawn = [tuple(fix.name for fix in draw(bank, seed).patches.values()) for seed in range(30)]
    assert drawn == [tuple(fix.name for fix in draw(bank, seed).patches.values()) for seed in range(30)]
    assert len(set(drawn)) > 20


def test_nothing_that_is_shown_tells(bank: Bank):
    for one in draw(bank, 1).shown(SERVICES):
        assert set(one) == {"patch", "title", "diff", "conditions"}
        assert one["diff"].startswith("---") and len(one["conditions"]) == 4


def decisions(bench) -> dict[str, Decision]:
    """As somebody decides who is always right."""
    return {name: Decision(fix.right, fix.condition or "") for name, fix in bench.patches.items()}


def test_a_rejection_is_right_only_with_the_condition(bank: Bank):
    bench = draw(bank, 3)
    outcomes = {fix.name: Verdict.VERIFIED if fix.right else Verdict.SYMPTOM_ONLY for fix in bench.patches.values()}

    def settled(decided: dict[str, Decision]) -> dict[str, bool]:
        found = bench.settle(decided, lambda fix: outcomes[fix.name], lambda _: None)
        return {one.patch: one.right for one in found}

    all_right = decisions(bench)
    assert all(settled(all_right).values())
    wrong = next(name for name, fix in bench.patches.items() if not fix.right)
    other = next(one for one in bench.patches[wrong].conditions if one != bench.patches[wrong].condition)
    assert settled(all_right | {wrong: Decision(False, other)})[wrong] is False
    assert settled(all_right | {wrong: Decision(True)})[wrong] is False
    right = next(name for name, fix in bench.patches.items() if fix.right)
    rejected = Decision(False, bench.patches[right].conditions[0])
    assert settled(all_right | {right: rejected})[right] is False


def test_what_is_no_decision_is_refused(bank: Bank):
    bench = draw(bank, 3)
    good = decisions(bench)
    wrong = next(name for name, fix in bench.patches.items() if not fix.right)
    bench.check(good)
    for bad, why in (
        ({k: v for k, v in good.items() if k != wrong}, "left: "),
        (good | {"patch-9": Decision(True)}, "There is no 'patch-9'"),
        (good | {wrong: Decision(False)}, "Say under which condition"),
        (good | {wrong: Decision(True, "x")}, "leave that out"),
    ):
        with pytest.raises(UsageError, match=why):
            bench.check(bad)
