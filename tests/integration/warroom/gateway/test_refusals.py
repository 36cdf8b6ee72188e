"""What the gateway turns away and with which reason; nothing of it reaches the provider, and it is on the log."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from lab.drill import event as happened
from lab.drill.phase import Phase

from .conftest import AS_INSTRUCTOR, AS_TEAM, DARK, FIXING, PATHS, PROMPT, Staged, entered, silent, until


def detail(answer: httpx.Response) -> str:
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status_code
    return problem["detail"]


CLOSED = [*FIXING, entered(Phase.POST_MORTEM), happened.Closed(outcome="incomplete", owed=[])]


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ([DARK[0]], "root cause"),
        (DARK[:2], "root cause"),
        (DARK, "root cause"),
        ([*FIXING, happened.Paused(why="lunch")], "paused"),
        ([*FIXING, happened.GateShut(why="no")], "shut the gate"),
        ([*FIXING, entered(Phase.POST_MORTEM)], "over"),
        (CLOSED, "No drill"),
        ([*FIXING, happened.Aborted(why="fire")], "No drill"),
    ],
)
def test_outside_its_time_the_reason_is_given_and_nothing_is_forwarded(staged: Staged, events: list[Any], reason: str):
    async def run():
        async with staged(events=events) as stage:
            for path in PATHS:
                refused(await stage.post(path), stage.log.asked[-1], path, json.dumps(PROMPT))
            refused(await stage.client.get("/v1/models", headers=AS_TEAM), stage.log.asked[-1], "/v1/models", "null")
            assert stage.provider.requests == []

    def refused(answer: httpx.Response, asked: happened.Asked, path: str, prompt: str) -> None:
        assert answer.status_code == 423 and reason in detail(answer)
        assert "retry-after" not in answer.headers
        assert (asked.path, asked.status, asked.refused) == (path, 423, detail(answer))
        assert json.loads(asked.prompt or "null") == json.loads(prompt)

    asyncio.run(run())


def test_before_the_first_drill_there_is_no_log_to_write_to(staged: Staged):
    async def run():
        async with staged(events=[]) as stage:
            assert (await stage.post()).status_code == 423
            assert stage.provider.requests == [] and stage.log.written == []

    asyncio.run(run())


def test_an_override_opens_the_dark_room(staged: Staged):
    async def run():
        async with staged(events=[*DARK, happened.GateOpened(why="for the demonstration")]) as stage:
            assert (await stage.post()).status_code == 200

    asyncio.run(run())


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Basic abc"}, 401),
        ({"x-api-key": ""}, 401),
        ({"Authorization": "Bearer " + "T" * 48}, 403),
        ({"Authorization": "Bearer " + "t" * 47}, 403),
        ({"x-api-key": "sk-ant-something"}, 403),
    ],
)
@pytest.mark.parametrize("events", [DARK, FIXING])
def test_a_missing_or_forged_token(staged: Staged, headers: dict[str, str], status: int, events: list[Any]):
    async def run():
        async with staged(events=events) as stage:
            answer = await stage.post(headers=headers)
            assert answer.status_code == status and detail(answer)
            assert stage.provider.requests == []
            (asked,) = stage.log.asked
            assert (stage.log.written[-1].who, asked.status, asked.prompt) == ("lab", status, "")

    asyncio.run(run())


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b'"text"', b"\xff{}", b"[" * 200_000])
@pytest.mark.parametrize(("events", "status"), [(DARK, 423), (FIXING, 400)])
def test_a_malformed_body(staged: Staged, body: bytes, events: list[Any], status: int):
    async def run():
        async with staged(events=events) as stage:
            answer = await stage.post(json=None, content=body)
            assert answer.status_code == status and detail(answer)
            assert stage.provider.requests == []
            assert stage.log.asked[0].status == status

    asyncio.run(run())


async def drops(total: int):
    for _ in range(total // 1000):
        yield b" " * 1000


@pytest.mark.parametrize(("events", "status"), [(DARK, 423), (FIXING, 413)])
def test_a_body_that_grows_too_large(staged: Staged, events: list[Any], status: int):
    async def run():
        async with staged(events=events) as stage:
            answer = await stage.post(json=None, content=drops(1_100_000))
            assert answer.status_code == status and detail(answer)
            assert stage.provider.requests == []
            (asked,) = stage.log.asked
            assert asked.status == status
            assert len(asked.prompt) < 300_000 and "[cut here:" in asked.prompt

    asyncio.run(run())


def test_a_body_that_says_that_it_is_too_large(staged: Staged):
    async def run():
        async with staged() as stage:
            answer = await stage.post(json=None, content=b" " * 1_100_000)
            assert answer.status_code == 413 and detail(answer)
            assert stage.provider.requests == []

    asyncio.run(run())


@pytest.mark.parametrize(("events", "status"), [(DARK, 423), (FIXING, 503)])
def test_a_lab_without_a_provider(staged: Staged, events: list[Any], status: int):
    async def run():
        async with staged(events=events, ai_upstream_url="") as stage:
            answer = await stage.post()
            assert answer.status_code == status
            if status == 503:
                assert "AI_UPSTREAM_URL" in detail(answer) and "labctl drill brief" in detail(answer)
            assert stage.log.asked[0].refused == detail(answer)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/completions"),
        ("GET", "/v1/messages"),
        ("POST", "/v1/models"),
        ("POST", "/v1/messages/batches"),
        ("POST", "/v1/messages/../files"),
        ("DELETE", "/v1/responses/r-1"),
        ("GET", "/v1/"),
    ],
)
def test_other_paths(staged: Staged, method: str, path: str):
    async def run():
        async with staged() as stage:
            answer = await stage.client.request(method, path, headers=AS_TEAM)
            assert answer.status_code == 404 and "/v1/chat/completions" in detail(answer)
            assert stage.provider.requests == []
            assert stage.log.written[-1].who == "team" and stage.log.asked[0].status == 404

    asyncio.run(run())


def test_a_query_that_is_more_than_figures(staged: Staged):
    async def run():
        async with staged() as stage:
            assert (await stage.post("/v1/messages?beta=true")).status_code == 200
            assert (await stage.post("/v1/messages?a=<b>")).status_code in (200, 400)
            assert (await stage.post("/v1/messages?a=" + "b" * 600)).status_code == 400
            assert stage.provider.requests[0][0] == "/v1/messages?beta=true"

    asyncio.run(run())


def test_more_than_so_many_a_minute(staged: Staged):
    async def run():
        async with staged(ai_requests_per_minute=2) as stage:
            answers = [await stage.post() for _ in range(3)]
            assert [one.status_code for one in answers] == [200, 200, 429]
            assert 50 <= int(answers[2].headers["retry-after"]) <= 60
            assert "2 requests a minute" in detail(answers[2])
            assert len(stage.provider.requests) == 2
            assert [one.status for one in await stage.written(3)] == [200, 200, 429]

    asyncio.run(run())


def test_more_than_so_many_together(staged: Staged):
    async def run():
        async with staged(silent, ai_at_once=1) as stage:
            first = asyncio.ensure_future(stage.post())
            await until(lambda: stage.provider.requests)
            assert (await stage.post()).status_code == 429
            stage.log.happen(happened.GateShut(why="enough"))
            assert (await first).status_code == 423
            stage.log.happen(happened.GateOpened(why="go on"))
            stage.provider.answer = lambda provider, send: asyncio.sleep(0)
            assert (await stage.post()).status_code == 502  # not 429: the place is free again
            assert len(stage.provider.requests) == 2

    asyncio.run(run())


def test_a_flood_of_refused_requests_does_not_fill_the_log(staged: Staged):
    async def run():
        async with staged(events=DARK) as stage:
            for _ in range(70):
                assert (await stage.post()).status_code == 423
            assert len(stage.log.asked) == 60

    asyncio.run(run())


def test_only_an_instructor_watches(staged: Staged):
    async def run():
        async with staged() as stage:
            assert (await stage.client.get("/api/drill/ai/live", headers=AS_TEAM)).status_code == 403
            async with stage.client.stream("GET", "/api/drill/ai/live", headers=AS_INSTRUCTOR) as live:
                assert live.status_code == 200

    asyncio.run(run())


AFTER = [*FIXING, entered(Phase.POST_MORTEM)]
FORGED = {"Authorization": "Bearer " + "f" * 48}
ALL = {
    "before acceptance": (DARK, AS_TEAM, json.dumps(PROMPT).encode(), 423),
    "after the phase": (AFTER, AS_TEAM, json.dumps(PROMPT).encode(), 423),
    "a forged token": (FIXING, FORGED, json.dumps(PROMPT).encode(), 403),
    "no token": (FIXING, {}, json.dumps(PROMPT).encode(), 401),
    "oversized": (FIXING, AS_TEAM, json.dumps(PROMPT | {"more": "x" * 1_048_577}).encode(), 413),
    "malformed": (FIXING, AS_TEAM, b'{"messages": [', 400),
}


@pytest.mark.parametrize("what", ALL)
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("streaming", [False, True])
def test_each_way_in_is_refused_with_the_reason_and_nothing_is_forwarded(
    staged: Staged, what: str, path: str, streaming: bool
):
    events, headers, content, status = ALL[what]
    if streaming and status not in (400, 413):
        content = json.dumps(PROMPT | {"stream": True}).encode()

    async def run():
        async with staged(events=events) as stage:
            token = headers.get("Authorization", "").removeprefix("Bearer ")
            for given in (headers, {"x-api-key": token} if token else {}):
                answer = await stage.post(path, json=None, content=content, headers=given)
                assert answer.status_code == status and len(detail(answer)) > 20
            assert stage.provider.requests == []
            assert len((await stage.post(path, headers=AS_INSTRUCTOR if events is FIXING else AS_TEAM)).content)
            assert len(stage.provider.requests) == (events is FIXING), "the recording one works"

    asyncio.run(run())
