"""The addresses of a scenario's proof: an instructor's alone."""

import asyncio
from types import SimpleNamespace
from typing import Any

import httpx
import kit
import pytest
from kit.problems import ProblemResponse
from warroom.access import Access
from warroom.validation_api import router

from lab.errors import LabError
from lab.scenario import FOLDER

TEAM, INSTRUCTOR = "t" * 48, "i" * 48
ASKED = [
    ("GET", ""),
    ("POST", ""),
    ("DELETE", ""),
    ("GET", "/flash-sale"),
    ("POST", "/flash-sale/mitigation"),
    ("POST", "/flash-sale/trial"),
]


class Validating:
    """Notes what it is asked for."""

    def __init__(self, deed: dict | None = None) -> None:
        self.asked: list[tuple] = []
        self.deed = deed

    def latest(self) -> dict | None:
        return self.deed

    def __getattr__(self, name: str) -> Any:
        def ask(*what: Any) -> dict | None:
            self.asked.append((name, *what))
            return self.deed

        return ask


def ask(validating: Validating | None, method: str, path: str, token: str = INSTRUCTOR) -> httpx.Response:
    room = SimpleNamespace(
        access=Access(TEAM, INSTRUCTOR), settings=SimpleNamespace(scenarios_dir=FOLDER), missing=("WARDEN_URL",)
    )
    app = kit.create_app(kit.Settings(service="warroom"), title="x")
    app.add_exception_handler(LabError, lambda _, error: ProblemResponse(409, "Conflict", str(error)))
    app.include_router(router(room, validating))

    async def asked() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            return await client.request(method, f"/api/validation{path}", headers=headers)

    return asyncio.run(asked())


@pytest.mark.parametrize(("method", "path"), ASKED)
@pytest.mark.parametrize(("token", "status"), [("", 401), (TEAM, 403), ("x" * 48, 403)])
def test_nobody_else_is_let_in(method: str, path: str, token: str, status: int):
    validating = Validating({"running": True})
    assert ask(validating, method, path, token).status_code == status
    assert validating.asked == []


def test_what_an_instructor_may_ask_for():
    validating = Validating({"running": True})
    statuses = [ask(validating, method, path).status_code for method, path in ASKED]
    assert statuses == [200, 202, 204, 200, 202, 202]
    assert validating.asked == [
        ("make_new",),
        ("end",),
        ("described", "flash-sale"),
        ("mitigate", "flash-sale"),
        ("try_out", "flash-sale", None, 1),
    ]


def test_a_trial_names_its_fix_and_its_seed():
    validating = Validating({"running": True})
    assert ask(validating, "POST", "/flash-sale/trial?fix=mend-it&seed=7").status_code == 202
    assert validating.asked == [("try_out", "flash-sale", "mend-it", 7)]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/no-scenario", 404),
        ("POST", "/no-scenario/trial", 404),
        ("POST", "/..%2F..%2Fetc/mitigation", 404),
        ("POST", "/Flash/mitigation", 422),
        ("POST", "/flash-sale/trial?seed=-1", 422),
        ("GET", "", 404),
    ],
)
def test_what_there_is_not(method: str, path: str, status: int):
    answer = ask(Validating(), method, path)
    assert answer.status_code == status and answer.json()["detail"]


def test_a_lab_that_is_not_set_up_for_drills_says_so():
    assert "WARDEN_URL is not set" in ask(None, "GET", "/flash-sale").json()["detail"]
