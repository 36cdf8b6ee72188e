"""The dashboards as the page is given them."""

import asyncio
import json
from pathlib import Path

import httpx
import kit
import pytest
from fastapi import FastAPI
from warroom import boards

from tests.dashboards import BOARDS, FOLDER


def get(path: str, folder: Path = FOLDER) -> httpx.Response:
    async def ask() -> httpx.Response:
        app = FastAPI()
        kit.problems.install(app)
        app.include_router(boards.router(folder))
        async with httpx.AsyncClient(base_url="http://warroom", transport=httpx.ASGITransport(app)) as client:
            return await client.get(path)

    return asyncio.run(ask())


def test_all_are_listed_the_overview_first() -> None:
    listed = get("/api/dashboards").json()
    assert {one["uid"] for one in listed} == set(BOARDS)
    assert (listed[0]["uid"], listed[-1]["uid"]) == ("overview", "lab")
    assert all(one["title"] and one["description"] for one in listed)


@pytest.mark.parametrize("uid", BOARDS)
def test_each_is_what_grafana_is_given(uid: str) -> None:
    answer = get(f"/api/dashboards/{uid}")
    assert answer.content == (FOLDER / f"{uid}.json").read_bytes()
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("uid", ["..%2fjson%2fbooks", "books.json", "%2e%2e", "books%00", "é"])
def test_nothing_else_is_given_out(uid: str, tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text("{}")
    (tmp_path / "json").mkdir()
    (tmp_path / "json" / "books.json").write_text(json.dumps({"uid": "books"}))
    answer = get(f"/api/dashboards/{uid}", tmp_path / "json")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
