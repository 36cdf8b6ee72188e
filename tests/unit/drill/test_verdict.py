import pytest

from lab.drill.verdict import Check, Of, Verdict, at_least, at_most, verdict


def failing(*kinds: Of) -> list[Check]:
    return [Check(name="fine", of=Of.INCIDENT, passed=True), *(Check(name=of, of=of, passed=False) for of in kinds)]


def test_nothing_failed_is_verified():
    assert verdict(failing(), touched=False) is Verdict.VERIFIED


@pytest.mark.parametrize(
    ("kinds", "wanted"),
    [
        ((Of.INCIDENT,), Verdict.SYMPTOM_ONLY),
        ((Of.PROMISE, Of.INCIDENT), Verdict.REGRESSED),
        ((Of.LOAD, Of.PROMISE, Of.INCIDENT), Verdict.LOAD_NOT_DELIVERED),
        ((Of.LAB, Of.LOAD, Of.PROMISE), Verdict.INFRASTRUCTURE),
    ],
)
def test_what_says_nothing_about_the_fix_is_judged_first(kinds, wanted):
    assert verdict(failing(*kinds), touched=True) is wanted


def test_a_release_that_touches_no_component_of_the_cause_mends_something_else():
    assert verdict(failing(Of.INCIDENT), touched=False) is Verdict.WRONG_CAUSE


def test_bounds_are_kept_by_the_value_itself():
    assert at_most("x", Of.LAB, 1, 1, "").passed and not at_most("x", Of.LAB, 1.01, 1, "").passed
    assert at_least("x", Of.LAB, 1, 1, "").passed and not at_least("x", Of.LAB, 0.99, 1, "").passed


def test_nothing_measured_has_not_passed():
    for check in (at_most("x", Of.LAB, None, 1, ""), at_least("x", Of.LAB, None, 1, "")):
        assert not check.passed and check.note == "nothing to measure"
