"""Every scenario once in each runtime under healthy load: its load starts, its page comes, and health comes back.

Nothing is said of seconds: what counts is that the page comes and is of this incident, that the customers arrive
whether or not they are answered, that its dashboards show it, and that recovery takes what the scenario's private file
says, no less and no more.

A machine whose two cores are given away for seconds trips a healthy checkout. A scenario that fails while this was
measured (tests/starvation.py) has one more try, in a new lab, and pages of what starvation did are let pass; neither is
so on a machine that had its cores. What the books say is never tried again. How long each page took is in the summary.
"""

import json
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest

from lab import private
from lab.clients.logs import Logs
from lab.clients.prometheus import Prometheus
from lab.clients.traces import Traces
from lab.clients.warroom import Warroom
from lab.errors import LabError
from lab.scenario import Scenario, load_all
from tests.dashboards import BOARDS, declared_empty, shown
from tests.labs import SUMMARISED, labctl, status, wait_until
from tests.living import Living
from tests.starvation import Watch, second_try_if_starved

QUIET_WITHIN_S = 120
PAGED_WITHIN_S = 90
DRAWN_WITHIN_S = 60
RESOLVED_WITHIN_S = 120
ARRIVE = 0.9  # of the requests that are due
# Answers to customers. What was under way when the load stopped is answered within the first of them.
UNDER_WAY = 200
ENOUGH = 200
# The last one may leave the lab in a state that only a restart ends.
SCENARIOS = sorted(load_all(), key=lambda scenario: bool(private.load(scenario.id).recovery.restart))

Page = dict[str, Any]


@pytest.fixture
def clients(living: Living) -> Iterator["Clients"]:
    urls = {service["name"]: service["url"] for service in status(living.name)["services"]}
    with (
        Warroom(urls["warroom"]) as warroom,
        Prometheus(urls["prometheus"]) as prometheus,
        Logs(urls["telemetry"]) as logs,
        Traces(urls.get("jaeger", urls["telemetry"])) as traces,
        httpx.Client(timeout=15, trust_env=False) as http,
    ):
        yield Clients(living.name, warroom, prometheus, logs, traces, http, urls)


class Clients:
    """What a test sees of the lab, through its public interfaces."""

    def __init__(
        self,
        name: str,
        warroom: Warroom,
        prometheus: Prometheus,
        logs: Logs,
        traces: Traces,
        http: httpx.Client,
        urls: dict[str, str],
    ) -> None:
        self.name = name
        self.warroom = warroom
        self.prometheus = prometheus
        self.logs = logs
        self.traces = traces
        self.http = http
        self.urls = urls

    def labctl(self, *arguments: str) -> str:
        return labctl(*arguments, "--name", self.name).stdout

    def quiet(self) -> bool:
        """No alert pending or firing, and no page open."""
        return not self.prometheus.alerts() and all(page["status"] == "resolved" for page in self.warroom.pages())

    def answers(self) -> tuple[int, int]:
        """How many answers the healthy load's customers have had, and how many of them were failures."""
        counts: Counter[bool] = Counter()
        for series in self.prometheus.query('customer_request_duration_seconds_count{profile="healthy"}'):
            status = series.labels["status"]
            counts[status in ("timeout", "error") or status.startswith("5")] += int(series.value)
        return counts.total(), counts[True]

    def reconciliation(self, after: str = "", limit: int = 500) -> dict[str, Any]:
        url = f"{self.urls['processor']}/reconciliation"
        return self.http.get(url, params={"after": after, "limit": limit}).raise_for_status().json()

    def adjust(self, body: dict[str, Any], *, dry_run: bool) -> dict[str, Any]:
        url = f"{self.urls['billing']}/adjustments"
        return self.http.post(url, json={**body, "dry_run": dry_run}).raise_for_status().json()

    def adjustments(self) -> list[dict[str, Any]]:
        found = self.http.get(f"{self.urls['billing']}/adjustments", params={"limit": 1000}).raise_for_status().json()
        return found["adjustments"]


class Arrivals:
    """Requests a second that were due and that were sent, by profile, added up over the looks at `load status`."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self.asked: Counter[str] = Counter()
        self.sent: Counter[str] = Counter()

    def look(self) -> None:
        for one in json.loads(self._clients.labctl("load", "status", "--json")):
            self.asked[one["profile"]] += one["asked_rps"]
            self.sent[one["profile"]] += one["achieved_rps"]

    def assert_open(self, *profiles: str) -> None:
        for profile in profiles:
            assert self.asked[profile] > 0, f"nothing was due of {profile}"
            assert self.sent[profile] >= ARRIVE * self.asked[profile], f"{profile}: {self.sent} of {self.asked}"


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.id)
def test_a_scenario_pages_and_recovers(
    clients: Clients, living: Living, scenario: Scenario, record_property: Callable[[str, object], None]
):
    def attempt(watch: Watch) -> Callable[[], list[Page]]:
        return page_and_recover(clients, scenario, watch, record_property)

    new_pages = second_try_if_starved(attempt, living.afresh)
    if private.load(scenario.id).recovery.level_books:
        level_books(clients)
    assert new_pages(), "the pages of the scenario are forgotten"


def page_and_recover(
    clients: Clients, scenario: Scenario, watch: Watch, record: Callable[[str, object], None]
) -> Callable[[], list[Page]]:
    """One run of the incident; gives the look at the pages it has brought."""
    recovery = private.load(scenario.id).recovery
    wait_until(clients.quiet, f"no alert and no open page before {scenario.id}", QUIET_WITHIN_S)
    known = {page["id"] for page in clients.warroom.pages()}
    expected = {(alert.alertname, alert.service) for alert in scenario.alerts}
    arrivals = Arrivals(clients)

    def new_pages() -> list[Page]:
        """The pages since, each of this scenario: one that tells another story would send people the wrong way.
        Such come also of a machine that was starved, but then that was measured."""
        pages = [page for page in clients.warroom.pages() if page["id"] not in known]
        strays = [page for page in pages if (page["alertname"], page["service"]) not in expected]
        assert not strays or watch.starved, f"pages that {scenario.id} does not name: {strays}; {watch}"
        return [page for page in pages if page not in strays]

    def delivered() -> Page | None:
        arrivals.look()
        return next((page for page in new_pages() if page["delivered_at"]), None)

    began = time.time_ns() // 1000
    clients.labctl("load", "start", scenario.profile)
    try:
        page = wait_until(delivered, f"a page of {scenario.id}", PAGED_WITHIN_S)
        seconds = datetime.fromisoformat(page["delivered_at"]).timestamp() - began / 1e6
        record(SUMMARISED, f"{scenario.id}: {seconds:.1f} s from load start to page; {watch}")
        clients.labctl("pages", "ack", page["id"])
        assert next(one for one in new_pages() if one["id"] == page["id"])["acknowledged_at"]
        on_its_dashboards(clients, scenario, began / 1e6)
        resolve_a_trace(clients, page["service"], began)
        arrivals.look()
        arrivals.assert_open("healthy", scenario.profile)
    finally:
        clients.labctl("load", "stop", scenario.profile)

    if recovery.restart:
        still_failing(clients, new_pages)
        clients.labctl("restart", *recovery.restart)
    wait_until(
        lambda: clients.quiet() and all(one["status"] == "resolved" for one in new_pages()),
        f"the pages of {scenario.id} resolved",
        RESOLVED_WITHIN_S,
    )
    well_again(clients)
    return new_pages


def on_its_dashboards(clients: Clients, scenario: Scenario, began: float) -> None:
    """What was declared empty while all is well is not, and shows the alerts of this very incident; `began` is of its
    load, which is marked."""
    declared = [one for uid in scenario.dashboards for one in declared_empty(uid)]
    assert {uid for uid, _, _ in declared} == set(scenario.dashboards)
    expected = {(alert.alertname, alert.service) for alert in scenario.alerts}

    def listed(expr: str) -> set[tuple[str, str]]:
        series = shown(clients.prometheus.query(expr))
        return {(each.labels["alertname"], each.labels["service"]) for each in series} & expected

    for uid, title, expr in declared:
        wait_until(lambda expr=expr: listed(expr), f"an alert of {scenario.id} in {uid}: {title}", DRAWN_WITHIN_S)
    begins = next(mark["expr"] for mark in BOARDS["overview"]["annotations"]["list"] if mark["name"] == "Load begins")
    found = clients.prometheus.query_range(begins, began, time.time(), 1)
    assert scenario.profile in {series.labels["profile"] for series in found}


def resolve_a_trace(clients: Clients, service: str, began: int) -> None:
    """Every line that was logged in one of the incident's traces is of a span that the store has."""
    records = clients.logs.search(service=service, start=began)
    wanted = next(record["trace_id"] for record in reversed(records) if record["trace_id"])

    def resolved() -> bool:
        lines = {record["span_id"] for record in clients.logs.search(trace_id=wanted, limit=1000)}
        try:
            spans = {span["spanID"] for span in clients.traces.get(wanted)["spans"]}
        except LabError:  # a span is sent when it has ended
            return False
        return bool(lines) and lines <= spans

    wait_until(resolved, f"the spans of all that {service} logged in trace {wanted}", 60)


def still_failing(clients: Clients, look: Callable[[], object]) -> None:
    """The load is off and what it had under way is answered, yet customers of an ordinary day fail."""
    begin, _ = clients.answers()
    wait_until(lambda: clients.answers()[0] >= begin + UNDER_WAY, "answers to what was under way")
    begin, failed_before = clients.answers()
    wait_until(lambda: clients.answers()[0] >= begin + ENOUGH, "answers after that")
    answered, failed = clients.answers()
    look()
    assert failed - failed_before > 0.05 * (answered - begin), "customers are served although nobody restarted anything"


def well_again(clients: Clients) -> None:
    """So many answers in a row, and no failure among them."""
    begin, failed = clients.answers()

    def served() -> bool:
        nonlocal begin, failed
        answered, now_failed = clients.answers()
        if now_failed > failed:
            begin, failed = answered, now_failed
        return answered >= begin + ENOUGH

    wait_until(served, f"{ENOUGH} answers without a failure", RESOLVED_WITHIN_S)


def level_books(clients: Clients) -> None:
    """Compensating entries, tried dry first, until the books agree to the cent."""
    found = clients.reconciliation(limit=1)
    assert found["difference_cents"] > 0, "the books agree although nobody levelled them"
    stands_at = found["difference_cents"]
    entries = differing(clients)
    before = clients.adjustments()
    body = {"idempotency_key": f"level-{uuid.uuid4().hex}", "entries": entries}

    would = clients.adjust(body, dry_run=True)
    assert [entry["charge_key"] for entry in would["entries"]] == [entry["charge_key"] for entry in entries]
    compared(clients)
    assert clients.adjustments() == before
    assert clients.reconciliation(limit=1)["difference_cents"] == stands_at

    clients.adjust(body, dry_run=False)
    wait_until(lambda: clients.reconciliation(limit=1)["difference_cents"] == 0, "books that agree to the cent", 60)
    compared(clients)
    assert clients.reconciliation(limit=1)["difference_cents"] == 0
    assert len(clients.adjustments()) == len(before) + 1


def differing(clients: Clients) -> list[dict[str, str]]:
    """An entry for each charge on which the books differ."""
    entries: list[dict[str, str]] = []
    after: str | None = ""
    while after is not None:
        found = clients.reconciliation(after)
        entries += [
            {"charge_key": row["charge_key"], "amount": row["compensating"], "reason": "Levels the two books"}
            for row in found["differing"]
        ]
        after = found["next"]
    return entries


def compared(clients: Clients) -> None:
    """A comparison of the books that began after now has come to an end: its start differs twice from today's."""
    for _ in range(2):
        last = clients.reconciliation(limit=1)["as_of"]
        wait_until(
            lambda last=last: clients.reconciliation(limit=1)["as_of"] != last, "a further comparison of the books", 60
        )
