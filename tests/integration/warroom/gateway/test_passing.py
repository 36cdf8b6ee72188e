"""What passes through: bodies and streams as they are, without the token, and without the key on the way back."""

import asyncio
import contextlib
import json
import logging

import httpx
import pytest
from kit import telemetry
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from lab.drill import event as happened
from lab.errors import LabError

from .conftest import (
    AS_INSTRUCTOR,
    AS_TEAM,
    FIXING,
    INSTRUCTOR,
    KEY,
    PATHS,
    PROMPT,
    TEAM,
    Provider,
    Staged,
    plain,
    silent,
    sse,
    start,
    stepwise,
    until,
)


@pytest.mark.parametrize("path", PATHS)
def test_an_answer_comes_back_as_it_is(staged: Staged, path: str):
    async def run():
        async with staged(plain(b'{"text":"b\xc3\xa4r"}', status=201, request_id="r-1", set_cookie="a=b")) as stage:
            answer = await stage.post(path, headers=AS_TEAM | {"openai-project": "p", "cookie": "c=d", "x-other": "1"})
            assert (answer.status_code, answer.json()) == (201, {"text": "bär"})
            assert answer.headers["content-type"] == "application/json" and answer.headers["request-id"] == "r-1"
            assert "set-cookie" not in answer.headers
            ((target, headers, body),) = stage.provider.requests
            assert (target, json.loads(body)) == (path, PROMPT)
            assert headers["openai-project"] == "p" and headers["accept-encoding"] == "identity"
            assert not {"cookie", "x-other", "traceparent", "transfer-encoding"} & set(headers)
            assert TEAM not in str(headers)
            (asked,) = await stage.written(1)
            assert stage.log.written[-1].who == "team"
            assert asked == happened.Asked(path=path, prompt=body.decode(), answer='{"text":"bär"}', status=201)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("path", "headers", "auth", "sent"),
    [
        ("/v1/messages", AS_TEAM, "auto", {"x-api-key": KEY}),
        ("/v1/messages", {"x-api-key": TEAM}, "auto", {"x-api-key": KEY}),
        ("/v1/messages", {"x-api-key": INSTRUCTOR}, "bearer", {"authorization": f"Bearer {KEY}"}),
        ("/v1/responses", AS_TEAM, "auto", {"authorization": f"Bearer {KEY}"}),
        ("/v1/responses", AS_TEAM, "x-api-key", {"x-api-key": KEY}),
        ("/v1/models", AS_TEAM, "auto", {"authorization": f"Bearer {KEY}"}),
        ("/v1/models", AS_TEAM | {"anthropic-version": "2023-06-01"}, "auto", {"x-api-key": KEY}),
    ],
)
def test_the_token_is_replaced_by_the_key(staged: Staged, path: str, headers: dict, auth: str, sent: dict):
    async def run():
        async with staged(ai_upstream_auth=auth) as stage:
            method = "GET" if path == "/v1/models" else "POST"
            answer = await stage.client.request(
                method, path, headers=headers, json=PROMPT if method == "POST" else None
            )
            assert answer.status_code == 200
            ((_, received, _),) = stage.provider.requests
            assert {name: received[name] for name in ("x-api-key", "authorization") if name in received} == sent

    asyncio.run(run())


def test_no_key_is_sent_where_there_is_none(staged: Staged):
    async def run():
        async with staged(ai_upstream_key_file=None) as stage:
            assert (await stage.post()).status_code == 200
            assert not {"x-api-key", "authorization"} & set(stage.provider.requests[0][1])

    asyncio.run(run())


def test_a_stream_passes_event_by_event(staged: Staged):
    async def run():
        steps: asyncio.Queue[bytes | None] = asyncio.Queue()
        async with (
            staged(stepwise(steps)) as stage,
            stage.client.stream("POST", PATHS[1], json=PROMPT | {"stream": True}, headers=AS_TEAM) as answer,
        ):
            assert answer.headers["content-type"].startswith("text/event-stream")
            assert not {"set-cookie", "x-secret"} & set(answer.headers)
            got = answer.aiter_bytes()
            for number in range(5):
                steps.put_nowait(sse(number))
                assert await anext(got) == sse(number)  # before the provider has said any more
            steps.put_nowait(b"data: an ")
            steps.put_nowait(b"event\r\n\r\ndata: rest")
            assert await anext(got) == b"data: an event\r\n\r\n"
            steps.put_nowait(None)
            assert await anext(got) == b"data: rest"
            assert [chunk async for chunk in got] == []
            (asked,) = await stage.written(1)
            assert asked.answer == b"".join(map(sse, range(5))).decode() + "data: an event\r\n\r\ndata: rest"
            assert asked.status == 200

    asyncio.run(run())


LAST = {
    "/v1/messages": 'event: error\ndata: {"type": "error", "error": {"type": "CODE", "message": "WHY"}}\n\n',
    "/v1/chat/completions": 'data: {"error": {"message": "WHY", "type": "CODE", "code": "CODE"}}\n\n',
    "/v1/responses": 'event: error\ndata: {"type": "error", "code": "CODE", "message": "WHY", "param": null}\n\n',
}


@pytest.mark.parametrize("path", PATHS)
def test_a_stream_is_cut_when_the_gate_shuts(staged: Staged, path: str):
    async def run():
        steps: asyncio.Queue[bytes | None] = asyncio.Queue()
        async with (
            staged(stepwise(steps)) as stage,
            stage.client.stream("POST", path, json=PROMPT, headers=AS_TEAM) as answer,
        ):
            got = answer.aiter_bytes()
            steps.put_nowait(sse("so far") + b"data: half an eve")
            assert await anext(got) == sse("so far")
            stage.log.happen(happened.GateShut(why="enough"))
            why = "The instructor has shut the gate."
            rest = b"".join([chunk async for chunk in got]).decode()
            assert rest == LAST[path].replace("WHY", why).replace("CODE", "gate_shut")
            await asyncio.wait_for(stage.provider.left.wait(), 5)
            (asked,) = await stage.written(1)
            assert "so far" in asked.answer and why in asked.answer
            assert (asked.status, asked.refused) == (200, "")

    asyncio.run(run())


def test_an_answer_that_has_not_come_is_dropped_when_the_phase_ends(staged: Staged):
    async def run():
        async with staged(silent) as stage:
            asking = asyncio.ensure_future(stage.post())
            await until(lambda: stage.provider.requests)
            stage.log.happen(happened.Entered(phase="post-mortem", why="expired"))
            answer = await asking
            assert answer.status_code == 423 and "over" in answer.json()["detail"]
            await asyncio.wait_for(stage.provider.left.wait(), 5)
            assert (await stage.written(1))[0].status == 423

    asyncio.run(run())


@pytest.mark.parametrize("streaming", [False, True])
def test_a_client_that_hangs_up_ends_the_call(staged: Staged, streaming: bool):
    async def run():
        steps: asyncio.Queue[bytes | None] = asyncio.Queue()
        async with staged(stepwise(steps) if streaming else silent) as stage:
            if streaming:
                steps.put_nowait(sse("so far"))
                async with stage.client.stream("POST", PATHS[0], json=PROMPT, headers=AS_TEAM) as answer:
                    await anext(answer.aiter_bytes())
            else:
                with contextlib.suppress(httpx.ReadTimeout):
                    await stage.post(timeout=0.3)
            await asyncio.wait_for(stage.provider.left.wait(), 5)
            (asked,) = await stage.written(1)
            assert "the client left" in asked.answer
            assert asked.status == (200 if streaming else 499)

    asyncio.run(run())


def test_the_time_for_an_answer_is_bounded(staged: Staged):
    async def run():
        async with staged(silent, ai_timeout=0.2) as stage:
            answer = await stage.post()
            assert answer.status_code == 504 and "0.2 s" in answer.json()["detail"]
            await asyncio.wait_for(stage.provider.left.wait(), 5)

    asyncio.run(run())


async def breaks_off(_: Provider, send) -> None:
    await start(send, content_type="text/event-stream", content_length="1000")
    await send({"type": "http.response.body", "body": sse("so far"), "more_body": True})
    await asyncio.sleep(0.1)
    raise asyncio.CancelledError


def test_a_stream_that_breaks_off_ends_with_an_error(staged: Staged):
    async def run():
        async with staged(breaks_off) as stage:
            answer = await stage.post("/v1/messages")
            assert answer.text.startswith(sse("so far").decode())
            assert "upstream_error" in answer.text and "broke off" in answer.text

    asyncio.run(run())


@pytest.mark.parametrize(
    ("provider", "says"),
    [
        (plain(b"{}", status=401), "AI_UPSTREAM_KEY_FILE"),
        (plain(b"{}", status=403), "AI_UPSTREAM_KEY_FILE"),
        (plain(b"", status=307, location="http://127.0.0.1:9/v1/messages"), "not followed"),
        (plain(b"{}", status=529), "529"),
        (plain(b"\x1f\x8b", content_encoding="gzip"), "compresses"),
        (plain(b"x" * (8 * 1024 * 1024 + 1)), "more than"),
        (plain(b"data: " + b"x" * 1_200_000, content_type="text/event-stream"), "an event of more than"),
    ],
)
def test_trouble_with_the_provider_is_one_sentence(staged: Staged, provider, says: str):
    async def run():
        async with staged(provider) as stage:
            answer = await stage.post()
            assert says in answer.text
            if answer.headers["content-type"] == "application/problem+json":
                assert answer.status_code == 502
            assert len(stage.provider.requests) == 1
            (asked,) = await stage.written(1)
            assert says in asked.answer

    asyncio.run(run())


def test_a_provider_that_is_not_there(staged: Staged):
    async def run():
        async with staged(ai_upstream_url="http://127.0.0.1:9") as stage:
            answer = await stage.post()
            assert answer.status_code == 502 and "cannot be reached" in answer.json()["detail"]

    asyncio.run(run())


def test_what_the_provider_says_of_the_request_goes_to_who_asked(staged: Staged):
    async def run():
        async with staged(plain(b'{"error":"no such model"}', status=404)) as stage:
            answer = await stage.post()
            assert (answer.status_code, answer.json()) == (404, {"error": "no such model"})

    asyncio.run(run())


async def telltale(provider: Provider, send) -> None:
    """Says all that it was sent, as a provider's error page may."""
    said = json.dumps(provider.requests[-1][1]).encode()
    stream = b"stream" in provider.requests[-1][2]
    await start(send, 400, content_type="text/event-stream" if stream else "text/plain", request_id=KEY)
    middle = said.index(KEY.encode()) + 5
    for part in (b"data: " + said[:middle], said[middle:] + b"\n\n"):
        await send({"type": "http.response.body", "body": part, "more_body": True})
        await asyncio.sleep(0.05)
    await send({"type": "http.response.body", "body": b""})


@pytest.mark.parametrize("body", [PROMPT, PROMPT | {"stream": True}])
def test_the_key_shows_nowhere(staged: Staged, body: dict, caplog: pytest.LogCaptureFixture):
    async def run():
        spans = InMemorySpanExporter()
        telemetry.set_up("warroom").add_span_processor(SimpleSpanProcessor(spans))
        async with staged(telltale) as stage:
            answers = [await stage.post(path, json=body) for path in PATHS]
            assert str(stage.provider.requests).count(KEY) == len(PATHS)  # it was there to be told
            assert all("[key]" in answer.text for answer in answers)
            await stage.written(len(PATHS))
            seen = "".join(answer.text + str(answer.headers) for answer in answers)
            seen += str(stage.log.written) + caplog.text + "".join(str(vars(record)) for record in caplog.records)
            told = "".join(f"{one.attributes} {one.events} {one.status}" for one in spans.get_finished_spans())
            assert all(path in told for path in PATHS)
            assert KEY not in seen + told

    for name in ("httpx", "httpcore"):  # as kit.logs has them whatever the level
        caplog.set_level(logging.WARNING, name)
    with caplog.at_level(logging.DEBUG):
        asyncio.run(run())


def test_a_prompt_is_on_the_log_before_it_is_forwarded(staged: Staged):
    async def run():
        asked: list[happened.Asked] = []
        stages = []

        async def answer(provider: Provider, send) -> None:
            asked.extend(stages[0].log.asked)
            await plain(b"{}")(provider, send)

        async with staged(answer) as stage:
            stages.append(stage)
            assert (await stage.post()).status_code == 200
            assert [(json.loads(one.prompt), one.status) for one in asked] == [(PROMPT, 0)]
            assert [one.status for one in await stage.written(1)] == [200]

    asyncio.run(run())


def test_what_cannot_be_written_down_is_not_forwarded(staged: Staged, monkeypatch: pytest.MonkeyPatch):
    async def run():
        async with staged(ai_at_once=1) as stage:
            with monkeypatch.context() as patched:
                patched.setattr(stage.log, "record", lambda *_: (_ for _ in ()).throw(LabError("The disk is full.")))
                assert (await stage.post()).status_code >= 500
                assert stage.provider.requests == []
            assert (await stage.post()).status_code == 200, "its place is free again"

    asyncio.run(run())


def test_what_was_on_its_way_when_the_room_was_killed_is_unanswered(staged: Staged):
    async def run():
        killed = [happened.Asked(path=PATHS[0], prompt="?", exchange=name) for name in ("a", "b")]
        came = happened.Answered(exchange="a", status=200, answer="!")
        async with staged(events=[*FIXING, *killed, came]) as stage:
            assert stage.log.written[-1].what == happened.Answered(exchange="b", status=0)
            assert [(one.status, one.answer) for one in stage.log.asked] == [(200, "!"), (0, "")]

    asyncio.run(run())


def test_the_instructor_watches_what_passes(staged: Staged):
    async def run():
        steps: asyncio.Queue[bytes | None] = asyncio.Queue()
        live = {"method": "GET", "url": "/api/drill/ai/live", "headers": AS_INSTRUCTOR}
        async with (
            staged(stepwise(steps)) as stage,
            stage.client.stream("POST", PATHS[0], json=PROMPT, headers=AS_TEAM) as answer,
        ):
            steps.put_nowait(sse("before"))
            got = answer.aiter_bytes()
            await anext(got)
            async with stage.client.stream(**live) as view:
                seen = view.aiter_lines()

                async def following(name: str) -> dict:
                    async with asyncio.timeout(5):
                        while await anext(seen) != f"event: {name}":
                            pass
                        return json.loads((await anext(seen)).removeprefix("data: "))

                asked = await following("asked")
                assert json.loads(asked["prompt"]) == PROMPT and asked["answer"] == sse("before").decode()
                steps.put_nowait(sse("now"))
                passed = await following("passed")
                assert passed == {"number": asked["number"], "text": sse("now").decode()}
                steps.put_nowait(None)
                assert (await following("ended"))["status"] == 200
                assert (await stage.post(headers={"x-api-key": "forged"})).status_code == 403
                assert (await following("asked"))["prompt"] == ""
                assert (await following("ended"))["status"] == 403

    asyncio.run(run())
