"""What customers get while something that their request needs is away, and when it is back."""

import time
from collections.abc import Callable
from typing import Protocol

from lab.drill.verdict import Check, Of, at_most
from lab.trial import Dependency
from warroom.verify.charges import new_key
from warroom.verify.company import Answer, Company, TimeIsUp, at_once
from warroom.verify.replay import BACK_AFTER, BURST_S

CALLS = 8
REMEMBERED_S = 2.0
ASKED_S = 4.0  # longer than the spec allows: nobody need be waited for any further
OFF_S = 8.0  # a service that does not stop is killed after 6
ON_S = 5.0
STARTED_S = 20.0  # on a busy machine: an end that is late is better than a service that is away
LEAST_S = ASKED_S + REMEMBERED_S + OFF_S + ASKED_S + ON_S


class Switch(Protocol):
    """Ends a service and brings it back. Both return when that has happened, and raise LabError if it has not within
    so many seconds; it does all the same, sooner or later."""

    def off(self, service: str, within: float) -> None: ...
    def on(self, service: str, within: float) -> None: ...


def check(company: Company, switch: Switch, dependency: Dependency, left: Callable[[], float]) -> list[Check]:
    """`left` is how many seconds there are. Raises TimeIsUp before anything is taken away if they are too few, and
    afterwards where all is not there again when they are over."""
    if left() < LEAST_S:
        raise TimeIsUp(f"There was no time left to take {dependency.stop} away.")
    # What is remembered from before is no answer of now.
    _ask(company, dependency)
    time.sleep(REMEMBERED_S)
    try:
        switch.off(dependency.stop, OFF_S)
        answers = at_once([lambda: _ask(company, dependency)] * CALLS)
    finally:
        switch.on(dependency.stop, max(left(), STARTED_S))
    away = f"while {dependency.stop} is away"
    slowest = max(answer.seconds for answer in answers)
    wrong = sum(not _allowed(answer, dependency) for answer in answers)
    return [
        at_most(f"slowest answer of {dependency.service} {away}", Of.PROMISE, round(slowest, 2), BURST_S, "s"),
        at_most(
            f"answers of {dependency.service} {away} that the spec does not allow", Of.PROMISE, wrong, 0, "answers"
        ),
        _back(company, dependency),
    ]


def _ask(company: Company, dependency: Dependency) -> Answer:
    headers = {"Idempotency-Key": new_key()} if dependency.key else None
    return company.call(
        dependency.service, dependency.method, dependency.path, dependency.body, headers=headers, patience=ASKED_S
    )


def _allowed(answer: Answer, dependency: Dependency) -> bool:
    return answer.status in dependency.statuses and (answer.status < 400 or answer.is_problem)


def _back(company: Company, dependency: Dependency) -> Check:
    began = time.monotonic()
    seconds = None
    while seconds is None and time.monotonic() - began < BACK_AFTER:
        if _ask(company, dependency).status in dependency.back:
            seconds = time.monotonic() - began
        else:
            time.sleep(0.25)
    figure = None if seconds is None else round(seconds, 1)
    name = f"until {dependency.service} answers as before, {dependency.stop} being back"
    return at_most(name, Of.PROMISE, figure, BACK_AFTER, "s")
