"""The addresses, and who is let in."""

import asyncio
from typing import Any

import httpx
import kit
import pytest
from fastapi import Header
from kit import Problem
from opentelemetry.instrumentation.utils import is_instrumentation_enabled
from warroom.causes.probes import Probes
from warroom.causes.referee import Causes
from warroom.causes.routes import routes
from warroom.causes.settings import CauseSettings
from warroom.causes.sources import LabSources


class Submitted(Causes):
    def __init__(self) -> None:
        self.given: list[Any] = []

    def submit(self, who, submission):
        self.given.append((who, submission.component))
        return {"accepted": False}


def actor(who: str = Header(default="")) -> str:
    if not who:
        raise Problem(401, "Unauthorized", "Say who you are.")
    return who


def ask(causes: Causes, drills: Any, method: str, path: str, **how: Any) -> httpx.Response:
    app = kit.create_app(kit.Settings(service="warroom"), title="x")
    company = {"billing": "http://billing.test"}
    answering = httpx.MockTransport(lambda _: httpx.Response(200, text="{}"))
    app.include_router(routes(causes, Probes(drills, company, transport=answering), actor))

    async def asked() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
            return await client.request(method, path, **how)

    return asyncio.run(asked())


GIVEN = {
    "component": "shop",
    "mechanism": "lock-order",
    "sentence": "Two transactions take the same rows in two orders.",
    "evidence": ["trace:" + "a" * 32, "sql:select 1"],
}
PROBE = {"service": "billing", "method": "GET", "path": "/accounts/a-001"}


def test_a_cause_is_handed_in_as_whoever_asks(begun):
    causes = Submitted()
    answer = ask(causes, begun(), "POST", "/api/drill/submit", json=GIVEN, headers={"who": "team"})
    assert (answer.json(), causes.given) == ({"accepted": False}, [("team", "shop")])


def test_a_probe_is_sent(begun):
    drills = begun()
    answer = ask(Submitted(), drills, "POST", "/api/drill/probes", json=PROBE, headers={"who": "team"})
    assert answer.json()["ref"] == "probe:pr-1"
    assert drills.events()[-1].what.path == "/accounts/a-001"


@pytest.mark.parametrize(("path", "body"), [("submit", GIVEN), ("probes", PROBE)])
def test_strangers_are_not_let_in(begun, path, body):
    causes, drills = Submitted(), begun()
    before = len(drills.events())
    assert ask(causes, drills, "POST", f"/api/drill/{path}", json=body).status_code == 401
    assert (causes.given, len(drills.events())) == ([], before)


def test_a_probe_that_makes_no_sense_is_refused_in_a_sentence(begun):
    answer = ask(Submitted(), begun(), "POST", "/api/drill/probes", json=PROBE | {"path": "x"}, headers={"who": "team"})
    assert answer.status_code == 422
    assert "path" in answer.json()["detail"]


def test_what_the_referee_asks_leaves_no_span():
    with LabSources.open(CauseSettings()):
        assert not is_instrumentation_enabled()
    assert is_instrumentation_enabled()
