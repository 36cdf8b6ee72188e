"""What the lab sends for a team, to whom, and what it writes down."""

import asyncio
import json

import httpx
import pytest
from kit import Problem
from kit.telemetry import set_up
from pydantic import ValidationError
from warroom.causes import probes as module
from warroom.causes.probes import LARGEST_BODY, ProbeAnswer, ProbeRequest, Probes

from lab.drill.rules import Refused

COMPANY = {"billing": "http://billing.test:8401", "orders": "http://orders.test"}
CHARGE = {"service": "billing", "method": "POST", "path": "/charges?x=1", "headers": {"Idempotency-Key": "k"}}


@pytest.fixture(autouse=True)
def _traced():
    set_up("warroom")


class Company:
    def __init__(self) -> None:
        self.asked: list[httpx.Request] = []
        self.answer = httpx.Response(201, json={"amount": "1.00"})
        self.failure: Exception | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if self.failure:
            raise self.failure
        return self.answer


@pytest.fixture
def company() -> Company:
    return Company()


def send(drills, company, **given) -> ProbeAnswer:
    probes = Probes(drills, COMPANY, transport=httpx.MockTransport(company))
    return asyncio.run(probes.send("team", ProbeRequest(**given)))


def test_it_is_sent_and_written_down(begun, company):
    drills = begun()
    answer = send(drills, company, **CHARGE, body={"account": "a-1"})
    (asked,) = company.asked
    assert (str(asked.url), asked.method) == ("http://billing.test:8401/charges?x=1", "POST")
    assert json.loads(asked.content) == {"account": "a-1"}
    assert asked.headers["idempotency-key"] == "k"
    assert asked.headers["content-type"] == "application/json"
    assert asked.headers["traceparent"].split("-")[1] == answer.trace_id
    assert (answer.id, answer.ref, answer.status) == ("pr-1", "probe:pr-1", 201)
    assert json.loads(answer.body) == {"amount": "1.00"}
    event = drills.events()[-1]
    assert (event.who, event.what.kind, event.what.probe) == ("team", "probed", "pr-1")
    assert (event.what.trace_id, event.what.answer) == (answer.trace_id, answer.body)


def test_each_has_a_number_and_a_trace_of_its_own(begun, company):
    drills = begun()
    one, other = send(drills, company, **CHARGE), send(drills, company, **CHARGE)
    assert [one.id, other.id] == ["pr-1", "pr-2"]
    assert one.trace_id != other.trace_id
    assert len(one.trace_id) == 32 and set(one.trace_id) != {"0"}


def test_no_answer_is_written_down_as_well(begun, company):
    company.failure = httpx.ConnectError("refused")
    drills = begun()
    assert send(drills, company, **CHARGE).status == 0
    assert drills.events()[-1].what.status == 0


def test_an_answer_that_does_not_come_is_waited_for_no_longer_than_that(begun, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE_S", 0.05)

    async def stalls(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(60)
        raise AssertionError

    answer = asyncio.run(
        Probes(begun(), COMPANY, transport=httpx.MockTransport(stalls)).send("team", ProbeRequest(**CHARGE))
    )
    assert answer.status == 0
    assert 0.04 < answer.seconds < 30


def test_a_long_answer_is_cut(begun, company):
    company.answer = httpx.Response(200, content=b"x" * (3 * LARGEST_BODY))
    assert len(send(begun(), company, **CHARGE).body) == LARGEST_BODY


@pytest.mark.parametrize("path", ["//evil.test/x", "/@evil.test", "/..//evil.test", "/http://evil.test/"])
def test_a_path_leads_to_nobody_else(begun, company, path):
    send(begun(), company, **CHARGE | {"path": path})
    assert company.asked[0].url.host == "billing.test"


@pytest.mark.parametrize(
    "change",
    [
        {"method": "DELETE"},
        {"method": "get"},
        {"path": "charges"},
        {"path": "http://evil.test/"},
        {"path": "/a b"},
        {"path": "/a\r\nHost: evil.test"},
        {"path": "/" + "x" * 2_000},
        {"headers": {"Host": "evil.test"}},
        {"headers": {"traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"}},
        {"headers": {"X": "a\r\nY: b"}},
        {"headers": {"X Y": "b"}},
        {"headers": {f"x-{n}": "y" for n in range(21)}},
        {"url": "http://evil.test"},
    ],
)
def test_what_is_no_request_is_refused(change):
    with pytest.raises(ValidationError):
        ProbeRequest(**CHARGE | change)


@pytest.mark.parametrize("service", ["warroom", "prometheus", "localhost", "", "http://evil.test"])
def test_only_the_company_is_asked(begun, company, service):
    with pytest.raises(Problem, match="Probes go to billing, orders"):
        send(begun(), company, **CHARGE | {"service": service})
    assert company.asked == []


def test_a_body_has_its_limit(begun, company):
    with pytest.raises(Problem, match="65536 bytes"):
        send(begun(), company, **CHARGE, body="x" * LARGEST_BODY)
    assert company.asked == []


def test_before_the_page_nothing_is_sent(tmp_path, clock, company):
    from warroom.chronicle import Chronicle
    from warroom.drills import Drills

    from lab import profile

    with pytest.raises(Refused, match="No drill is under way"):
        send(Drills(Chronicle(tmp_path / "x.sqlite"), profile.load, clock), company, **CHARGE)
    assert company.asked == []


def test_a_drill_has_so_many(begun, company, monkeypatch):
    monkeypatch.setattr(module, "MOST", 1)
    drills = begun()
    send(drills, company, **CHARGE)
    with pytest.raises(Refused, match="has had its 1 probes"):
        send(drills, company, **CHARGE)
    assert drills.current().probes == 1
