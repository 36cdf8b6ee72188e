"""How many wrong and forged root causes a referee accepts, against an incident of a lab that runs; how many right ones.

For each scenario: the incident once, as another drill's would have been; then quiet; then the incident again, with
probes; then right causes, at least thirty wrong ones, and a hundred guesses of somebody who has read the page and
nothing else. They are judged as a submission is, by the referee over this lab's telemetry and database; the drill
itself need not run. `--record FOLDER` keeps what the lab answered, for tests.
"""

import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
from support import recording
from support.driving import ROOT, Lab, arguments, figure, report, say, wait_for
from support.forgeries import KNOWN, Known, Specimens, Try, guess, right, wrong

from lab import private
from lab.cli.options import endpoint
from lab.drill.cause import named, submission
from lab.drill.evidence import Referee
from lab.drill.facts import Case, Exchange, Line, Trace, Window
from lab.drill.patterns import LogPattern, TracePattern
from lab.errors import UsageError
from lab.scenario import Scenario, load_all

sys.path.insert(0, str(ROOT / "services"))  # the war room's own resolvers
from warroom.causes.settings import CauseSettings
from warroom.causes.sources import LabSources

CALM_S = 35.0
QUIET_S = 30.0
QUIET_WITHIN_S = 90.0
SHOWN_WITHIN_S = 150.0
BEGINS_S = 15.0  # in which some are served still
ENDED_S = 15.0  # until the spans of probes have ended, and are stored
PROBED, AT_ONCE = 4, 6
GUESSES = 100
SPECIMENS = 3  # of a kind


def settings(lab: Lab) -> CauseSettings:
    addresses = {f"{name}_url": lab.url(name) for name in CauseSettings().company}
    return CauseSettings(
        traces_url=lab.url("traces"),
        logs_url=lab.url("logs"),
        prometheus_url=lab.url("prometheus"),
        reader_url=endpoint(lab.name, "postgres"),
        **addresses,
    )


class Incident:
    """One scenario in one lab."""

    def __init__(self, lab: Lab, scenario: Scenario) -> None:
        self.lab = lab
        self.scenario = scenario
        self.known = KNOWN[scenario.id]
        self.private = private.load(scenario.id)
        self.evidence = private.evidence(scenario.id)
        self.settings = settings(lab)

    def run(self) -> tuple[Case, Specimens]:
        """Leaves the lab in trouble; `recover` ends it."""
        old = self._earlier()
        self.recover()
        say(f"{self.scenario.id}: quiet")
        time.sleep(CALM_S)
        quiet = Window(time.time() - QUIET_S, time.time())
        began = time.time()
        self.lab.load(self.scenario.profile, "start")
        with ThreadPoolExecutor(1) as beside:
            # From the first second on: of a service that has stopped for good a probe shows nothing any more.
            probing = beside.submit(self._probed)
            affected, shown = self._shown(began, 60)
            probes = probing.result()
        time.sleep(ENDED_S)
        case = Case(quiet, Window(began, time.time()), tuple(probes.values()))
        with LabSources.open(self.settings) as sources:
            calm = sources.traces(self.known.component, quiet, 5)
            neighbours = sources.traces(self.known.beside, affected, 60)
            # Where a component stays dead, only of its first seconds one may be healthy.
            some = sources.traces(self.known.component, Window(began, began + BEGINS_S), 200)
            some += sources.traces(self.known.component, affected, 200)
            healthy = next(one for one in some if not self._hurt(one, sources.lines(one.id)))
        queries = [one.format(since=int(quiet.start)) for one in self.known.queries]
        other = next(one for one in neighbours if all(span.service != self.known.component for span in one.spans))
        found = Specimens(
            right={
                **{kind: [f"{kind}:{one}" for one in ones] for kind, ones in shown.items()},
                "metric": [f"metric:{one}" for one in self.known.metrics],
                **({"sql": [f"sql:{one}" for one in queries]} if queries else {}),
                "probe": [f"probe:{one.id}" for name, one in probes.items() if name.startswith("right")],
            },
            healthy=healthy.id,
            quiet=calm[0].id,
            other=other.id,
            old=old,
            probes={name: one.id for name, one in probes.items() if not name.startswith("right")},
        )
        return case, found

    def recover(self) -> None:
        self.lab.load(self.scenario.profile, "stop")
        if not self.private.recovery.restart:
            with suppress(TimeoutError):  # a machine that is busy may have brought trouble of its own
                wait_for(self.lab.quiet, "health", QUIET_WITHIN_S)
                return
        self.lab.labctl("restart", "checkout", "inventory", "promotions", "orders")
        wait_for(self.lab.quiet, "health", QUIET_WITHIN_S)

    def _earlier(self) -> str:
        """The incident as another drill had it: the id of a trace that shows it."""
        say(f"{self.scenario.id}: an earlier incident")
        began = time.time()
        self.lab.load(self.scenario.profile, "start")
        _, shown = self._shown(began, 0)
        return shown["trace"][0]

    def _shown(self, began: float, least_s: float) -> tuple[Window, dict[str, list[str]]]:
        """Traces and lines that show it, as soon as there are some, and the window in which they are."""

        def look() -> tuple[Window, dict[str, list[str]]] | None:
            window = Window(began, time.time())
            if window.seconds < least_s:
                return None
            with LabSources.open(self.settings) as sources:
                some = sources.traces(self.known.component, window, 400)
                traces = [one.id for one in _each(self._patterns("trace"), some, lambda it, one: it.holds(one))]
                ids = [*traces, *(one.id for one in some[:30])]
                said = [lines for one in dict.fromkeys(ids) if (lines := sources.lines(one))]
                logs = [
                    lines[0].trace_id for lines in _each(self._patterns("log"), said, lambda it, one: it.holds(one))
                ]
            if traces and logs:
                return window, {"trace": traces, "log": [f"{self.known.component}:{one}" for one in logs]}
            return None

        return wait_for(look, f"traces and lines that show {self.scenario.id}", SHOWN_WITHIN_S, every=5)

    def _hurt(self, trace: Trace, lines: list[Line]) -> bool:
        shown = any(pattern.holds(trace) for pattern in self.evidence.trace)
        return shown or any(pattern.holds(lines) for pattern in self.evidence.log)

    def _probed(self) -> dict[str, Exchange]:
        return {
            name: self._met(f"pr-{n}", *one) if name.startswith("right") else self._probe(f"pr-{n}", *one)
            for n, (name, one) in enumerate(self._probes().items(), 1)
        }

    def _patterns(self, kind: str) -> list[TracePattern | LogPattern]:
        return [one for one in getattr(self.evidence, kind) if one.shows(self.known.mechanism)]

    def _probes(self) -> dict[str, tuple[str, str, str, dict[str, str], object]]:
        """What is sent: service, method, path, headers, body; those called right must be taken."""
        key = f"probe-{random.getrandbits(40):x}"
        cents = {"account": "a-001", "lines": [{"description": "Freight", "net": "2.00"}]}
        apart = _lines_apart()
        turned = {"account": "a-002", "lines": apart[::-1]}
        return {
            "annual-invoices": {
                "right: a charge": ("billing", "POST", "/charges", {"Idempotency-Key": key}, turned),
                "fine": ("billing", "GET", "/accounts/a-001", {}, None),
                "other": ("orders", "GET", "/accounts/a-1/orders?limit=3", {}, None),
            },
            "month-end-import": {
                "right: a cent": ("billing", "POST", "/charges", {"Idempotency-Key": f"{key}-1"}, cents),
                "fine": ("billing", "POST", "/charges", {"Idempotency-Key": f"{key}-2"}, turned | {"lines": apart}),
                "right: again": ("billing", "POST", "/charges", {"Idempotency-Key": f"{key}-2"}, turned),
                "other": ("orders", "GET", "/accounts/a-1/orders?limit=3", {}, None),
            },
            "flash-sale": {
                "right: an order": ("checkout", "POST", "/orders", {}, {"cart_id": "c-0001"}),
                "fine": ("checkout", "GET", "/carts/c-0001", {}, None),
                "other": ("billing", "GET", "/accounts/a-001", {}, None),
            },
            "batch-export": {
                "right: an export": ("orders", "POST", "/exports", {}, {"accounts": ["a-1", "a-2", "a-3", "a-4"]}),
                "fine": ("orders", "GET", "/accounts/a-1/orders?limit=3", {}, None),
                "other": ("billing", "GET", "/accounts/a-001", {}, None),
            },
        }[self.scenario.id]

    def _met(self, name: str, *one: Any) -> Exchange:
        """A probe that has met the incident, of some a second apart: in between one may well be served."""
        patterns = [it for it in self.evidence.probe if it.caused and it.shows(self.known.mechanism)]
        if not patterns:
            return self._probe(name, *one)
        for _ in range(PROBED):
            with ThreadPoolExecutor(AT_ONCE) as threads:
                sent = [threads.submit(_after, float(n), self._probe, name, *one) for n in range(AT_ONCE)]
            some = [each.result() for each in sent]
            time.sleep(ENDED_S)
            with LabSources.open(self.settings) as sources:
                for each in some:
                    trace = sources.trace(each.trace_id)
                    if trace and any(it.caused.holds(trace) for it in patterns if each.seconds >= it.at_least_s):
                        return each
        return some[0]

    def _probe(
        self, name: str, service: str, method: str, path: str, headers: dict[str, str], body: object
    ) -> Exchange:
        """As the war room sends it, but for the span of its own."""
        trace_id, began = f"{random.getrandbits(128):032x}", time.time()
        content = "" if body is None else json.dumps(body)
        sent = {"content-type": "application/json", "traceparent": f"00-{trace_id}-{random.getrandbits(64):016x}-01"}
        url, status, text = self.lab.url(service) + path, 0, ""
        with suppress(httpx.HTTPError):  # no answer is one as well
            answer = self.lab.http.request(method, url, content=content, headers=headers | sent, timeout=10)
            status, text = answer.status_code, answer.text[:64_000]
        return Exchange(
            id=name,
            service=service,
            method=method,
            path=path,
            headers=headers,
            body=content,
            status=status,
            answer=text,
            seconds=time.time() - began,
            trace_id=trace_id,
            at=began,
        )


def _after(seconds: float, call: Callable, *arguments: Any) -> Any:
    time.sleep(seconds)
    return call(*arguments)


def _each(patterns: list, some: list, holds: Callable) -> Iterator:
    """A few specimens of each pattern."""
    for pattern in patterns:
        yield from [one for one in some if holds(pattern, one)][:SPECIMENS]


def _lines_apart() -> list[dict[str, str]]:
    """Lines without a tie, whose sum in binary depends on their order."""
    rng = random.Random(7)
    while True:
        nets = [rng.randrange(101, 90_000, 2) / 100 for _ in range(7)]
        parts = [net + round(net * 0.0725, 2) for net in nets]
        if sum(parts) != sum(parts[::-1]):
            return [{"description": "Freight", "net": f"{net:.2f}"} for net in nets]


def judge(referee: Referee, scenario: str, one: Try) -> tuple[bool, str]:
    """Is it accepted? And what is told, in short."""
    try:
        given = submission(one.given)
        ruling = referee.rule(given, named(given, private.load(scenario).answers) is not None)
    except UsageError as refused:
        return False, f"refused: {refused}"
    return ruling.accepted, ruling.why + " " + " | ".join(found.why for found in ruling.findings if not found.held)


def measure(incident: Incident, record: str) -> list[dict]:
    case, specimens = incident.run()
    scenario, known, evidence = incident.scenario.id, incident.known, incident.evidence
    with LabSources.open(incident.settings) as sources:
        told = recording.Recorder(sources)
        referee = Referee(told, case, evidence)
        figures = rulings(referee, incident.scenario, known, specimens)
    if record:
        recording.save(Path(record) / f"{scenario}.json.gz", case, specimens, told.answers)
    incident.recover()
    return figures


def rulings(referee: Referee, scenario: Scenario, known: Known, specimens: Specimens) -> list[dict]:
    turned_down = taken = 0
    truths, forged = list(right(known, specimens)), list(wrong(known, specimens))
    for one in truths:
        accepted, why = judge(referee, scenario.id, one)
        turned_down += not accepted
        if not accepted:
            say(f"{scenario.id}: RIGHT AND REFUSED {one.name} {one.given['evidence']}: {why}")
    for one in forged:
        accepted, why = judge(referee, scenario.id, one)
        taken += accepted
        say(f"{scenario.id}: {'WRONG AND ACCEPTED' if accepted else 'refused'} {one.name}: {why}")
    probes = [exchange.id for exchange in referee.case.exchanges]
    guesses = [guess(scenario.alerts[0].service, probes, seed) for seed in range(GUESSES)]
    lucky = sum(judge(referee, scenario.id, one)[0] for one in guesses)
    name = scenario.id
    return [
        figure(f"{name}: right causes refused", turned_down, f"of {len(truths)}", most=0),
        figure(f"{name}: wrong or forged causes tried", len(forged), "", least=30),
        figure(f"{name}: wrong or forged causes accepted", taken, f"of {len(forged)}", most=0),
        figure(f"{name}: guesses from the page accepted", lucky, f"of {GUESSES}", most=GUESSES * 0.02),
    ]


def main() -> None:
    options = arguments(__doc__, scenario="", record="")
    figures = []
    with Lab.attach(options.name) as lab:
        for scenario in load_all():
            if scenario.id in KNOWN and options.scenario in ("", scenario.id):
                figures += measure(Incident(lab, scenario), options.record)
    report(figures)


if __name__ == "__main__":
    main()
