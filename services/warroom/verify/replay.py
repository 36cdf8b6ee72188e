"""The incident once more, four times as large: is everybody served, and is it over when it is over?"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from lab.clients.load import Load
from lab.drill.verdict import Check, Of, at_least, at_most
from lab.trial import Trial
from warroom.verify.view import Counters, Labels, Reading, Tally, tally

# The team spec's service levels, in bounds of the customers' histogram.
HEALTHY_S = 0.5
BURST_S = 2.5
SLOW = 0.01
FAILING = 0.01
BACK_AFTER = 10.0  # seconds
DRAINED_WITHIN = 9.0  # seconds: customers give up after 8
HEALTHY_RPS = 20.0
EVERY = 0.5  # seconds between readings


@dataclass(frozen=True)
class Moment:
    at: float  # seconds since the replay began
    reading: Reading


def replay(load: Load, counters: Counters, trial: Trial, note: Callable[[str], None]) -> list[Check]:
    """Takes `trial.seconds` and what the last customers need. Raises LabError where the customers can't be had."""
    load.stop(trial.profile)
    load.start("healthy")
    began = time.monotonic()
    moments = [Moment(0.0, counters.read())]
    load.start(trial.profile, trial.changes)
    try:
        while (at := time.monotonic() - began) < trial.seconds:
            note(f"{trial.profile} at four times its size: {trial.seconds - at:.0f} s to go")
            time.sleep(EVERY)
            moments.append(Moment(time.monotonic() - began, counters.read()))
    finally:
        load.stop(trial.profile)
    end = _drained(counters, trial.profile, moments[0].reading, note)
    return [*_delivered(trial, moments, end), *_served(trial, moments[0].reading, end), *_back(trial, moments)]


def _drained(counters: Counters, profile: str, before: Reading, note: Callable[[str], None]) -> Reading:
    """When all that were sent have been answered or have given up."""
    end = time.monotonic() + DRAINED_WITHIN
    while True:
        now = counters.read()
        answered = tally(before, now, lambda labels: labels["profile"] == profile).answers
        if answered >= now.sent[profile] - before.sent[profile] or time.monotonic() > end:
            return now
        note("waiting for the last answers")
        time.sleep(EVERY)


def _delivered(trial: Trial, moments: list[Moment], end: Reading) -> list[Check]:
    """Who was asked for must have come: a fix is not judged by an empty shop."""
    first, last = moments[0], moments[-1]
    sent = end.sent[trial.profile] - first.reading.sent[trial.profile]
    healthy = (last.reading.sent["healthy"] - first.reading.sent["healthy"]) / (last.at - first.at)
    return [
        at_least(f"requests of {trial.profile} sent", Of.LOAD, sent, 0.95 * trial.requests, "requests"),
        at_least("healthy requests sent meanwhile", Of.LOAD, round(healthy, 1), 0.9 * HEALTHY_RPS, "requests/s"),
    ]


def _served(trial: Trial, first: Reading, end: Reading) -> list[Check]:
    # What customers ask for is in order: a refusal is no service.
    theirs = tally(first, end, lambda labels: labels["profile"] == trial.profile, fine=("2",))
    everybody = tally(first, end, _timed, fine=("2",))
    unanswered = end.sent[trial.profile] - first.sent[trial.profile] - theirs.answers
    return [
        at_most("requests of the burst that nobody answered", Of.INCIDENT, unanswered, 0, "requests"),
        at_most("requests of the burst that failed", Of.INCIDENT, _share(theirs.failing), FAILING, "of 1"),
        at_most("requests of everybody that failed", Of.INCIDENT, _share(everybody.failing), FAILING, "of 1"),
        _slower("requests of everybody slower than 2.5 s", everybody, BURST_S),
    ]


def _back(trial: Trial, moments: list[Moment]) -> list[Check]:
    """From ten seconds after each burst until the next, all windows together."""
    windows = []
    for burst in trial.bursts:
        inside = [m for m in moments if burst.at + BACK_AFTER <= m.at <= burst.until]
        if len(inside) > 1:
            windows.append(tally(inside[0].reading, inside[-1].reading, _timed, fine=("2",)))
    if not windows:
        return []
    bounds = windows[0].within
    total = Tally(
        sum(one.answers for one in windows),
        sum(one.failed for one in windows),
        {bound: sum(one.within.get(bound, 0) for one in windows) for bound in bounds},
    )
    return [
        at_most("requests that fail 10 s after a burst", Of.INCIDENT, _share(total.failing), FAILING, "of 1"),
        _slower("requests slower than 500 ms, 10 s after a burst", total, HEALTHY_S),
    ]


def _slower(name: str, of: Tally, bound: float) -> Check:
    return at_most(name, Of.INCIDENT, _share(of.slower(bound)), SLOW, "of 1")


def _share(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _timed(labels: Labels) -> bool:
    """The service levels leave exports out."""
    return labels["route"] != "/exports"
