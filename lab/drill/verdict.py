"""What the referee's checks of a fix come to."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

SHARE = "of 1"  # the unit of what is none


class Verdict(StrEnum):
    VERIFIED = "verified"
    SYMPTOM_ONLY = "symptom-only"
    WRONG_CAUSE = "wrong-cause"
    REGRESSED = "regressed"
    LOAD_NOT_DELIVERED = "load-not-delivered"
    INFRASTRUCTURE = "infrastructure"


class Of(StrEnum):
    """What a check looks at."""

    LAB = "lab"  # the lab itself could not do its part
    LOAD = "load"  # was what the customers wanted really asked for?
    INCIDENT = "incident"  # what went wrong in this incident
    PROMISE = "promise"  # what held before, and still has to


class Check(BaseModel):
    """`figure` is what was measured and `bound` what it is held to, both in `unit`; None where nothing was counted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    of: Of
    passed: bool
    figure: float | None = None
    bound: float | None = None
    unit: str = ""
    note: str = ""


def at_most(name: str, of: Of, figure: float | None, bound: float, unit: str, note: str = "") -> Check:
    """Passed if something was measured, and is not above the bound."""
    return Check(
        name=name,
        of=of,
        passed=figure is not None and figure <= bound,
        figure=figure,
        bound=bound,
        unit=unit,
        note=note or ("" if figure is not None else "nothing to measure"),
    )


def at_least(name: str, of: Of, figure: float | None, bound: float, unit: str, note: str = "") -> Check:
    """Passed if something was measured, and is not below the bound."""
    return at_most(name, of, figure, bound, unit, note).model_copy(
        update={"passed": figure is not None and figure >= bound}
    )


def bound(check: Mapping[str, Any]) -> str:
    """What a check, as JSON has it, is held to: `at most 0`. Empty where it is held to nothing."""
    figure, held = check["figure"], check["bound"]
    if held is None:
        return ""
    # Of what is measured only the load has to come to something.
    least = check.get("of") == Of.LOAD if figure in (None, held) else (figure > held) == check["passed"]
    return f"at {'least' if least else 'most'} {held:.4g}"


def measured(check: Mapping[str, Any]) -> str:
    """`60 orders`, and for a share the figure alone."""
    if check["figure"] is None:
        return "nothing measured"
    return f"{check['figure']:.4g} {'' if check['unit'] == SHARE else check['unit']}".strip()


def verdict(checks: Iterable[Check], *, touched: bool) -> Verdict:
    """The class of the whole. `touched`: does the release change a component that an acceptable cause names?

    What could not be measured is judged first, since it says nothing about the fix.
    """
    failed = {check.of for check in checks if not check.passed}
    if not failed:
        return Verdict.VERIFIED
    if Of.LAB in failed:
        return Verdict.INFRASTRUCTURE
    if Of.LOAD in failed:
        return Verdict.LOAD_NOT_DELIVERED
    if Of.PROMISE in failed:
        return Verdict.REGRESSED
    return Verdict.SYMPTOM_ONLY if touched else Verdict.WRONG_CAUSE
