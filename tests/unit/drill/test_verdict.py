import pytest

from lab.drill.verdict import SHARE, Check, Of, Verdict, at_least, at_most, bound, measured, verdict


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


@pytest.mark.parametrize(
    ("check", "told"),
    [
        (at_most("late", Of.INCIDENT, 60, 0, "orders"), "60 orders, at most 0"),
        (at_most("late", Of.INCIDENT, 0, 0, "orders"), "0 orders, at most 0"),
        (at_most("failed", Of.INCIDENT, 0.0664, 0.01, SHARE), "0.0664, at most 0.01"),
        (at_most("failed", Of.INCIDENT, None, 0.01, SHARE), "nothing measured, at most 0.01"),
        (at_least("sent", Of.LOAD, 120, 136.8, "requests"), "120 requests, at least 136.8"),
        (at_least("sent", Of.LOAD, 144, 136.8, "requests"), "144 requests, at least 136.8"),
        (at_least("sent", Of.LOAD, 144, 144, "requests"), "144 requests, at least 144"),
    ],
)
def test_a_figure_is_told_beside_what_it_is_held_to(check, told):
    shown = check.model_dump(mode="json")
    assert f"{measured(shown)}, {bound(shown)}" == told


def test_what_is_held_to_nothing_has_no_bound():
    assert bound(Check(name="the lab itself", of=Of.LAB, passed=False).model_dump(mode="json")) == ""
