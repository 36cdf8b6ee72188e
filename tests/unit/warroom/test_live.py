"""The live stream: made once for everybody, at once where it matters, and not at all while nobody looks."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from kit import Problem
from warroom import live as module
from warroom.live import BEHIND, VIEWERS, Live

from lab.errors import LabError


class Topics:
    """Counts how often each is made."""

    def __init__(self) -> None:
        self.made = {"pages": 0, "signals": 0, "history": 0}

    def make(self, name: str) -> Callable[[], Any]:
        def made() -> Any:
            self.made[name] += 1
            return {"n": self.made[name]}

        return made

    def live(self) -> Live:
        return Live({"pages": self.make("pages")}, {"signals": self.make("signals")}, {"history": self.make("history")})


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TICK_S", 0.02)
    monkeypatch.setattr(module, "TOGETHER_S", 0.001)


def names(message: str) -> list[str]:
    return [line[7:] for line in message.splitlines() if line.startswith("event: ") and line != "event: tick"]


def data(message: str, topic: str) -> Any:
    (found,) = [part for part in message.split("\n\n") if part.startswith(f"event: {topic}\n")]
    return json.loads(found.split("data: ", 1)[1])


async def told(stream: AsyncIterator[str], topic: str) -> str:
    """The next message with that topic."""
    async with asyncio.timeout(10):
        async for message in stream:
            if topic in names(message):
                return message
    raise AssertionError(f"the stream ended without {topic}")


def run(scenario: Callable[[Live], Awaitable[None]], live: Live) -> None:
    async def main() -> None:
        running = asyncio.create_task(live.run())
        try:
            async with asyncio.timeout(20):
                await asyncio.sleep(0)
                await scenario(live)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    asyncio.run(main())


def test_a_new_viewer_is_told_the_pager_first_and_then_everything() -> None:
    async def scenario(live: Live) -> None:
        stream = live.watch()
        assert names(await anext(stream)) == ["pages"]
        await told(stream, "history")
        await told(stream, "signals")
        later = live.watch()
        assert names(await anext(later)) == ["pages"]
        assert names(await anext(later)) == ["signals"]
        await told(later, "history")
        await stream.aclose()
        await later.aclose()
        assert live.viewers == 0

    run(scenario, Topics().live())


def test_who_come_together_are_told_what_was_made_for_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TICK_S", 3600)
    topics = Topics()

    async def scenario(live: Live) -> None:
        streams = [live.watch() for _ in range(20)]
        assert {await anext(stream) for stream in streams} == {
            'event: tick\ndata: 0\n\nevent: pages\ndata: {"n":1}\n\n'
        }
        for stream in streams:
            await stream.aclose()

    run(scenario, topics.live())
    assert topics.made["pages"] == 1


def test_a_store_that_hangs_holds_up_nothing_but_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 0.05)
    answered, asked = threading.Event(), []

    def hangs() -> Any:
        asked.append(1)
        answered.wait(20)
        return {"n": 0}

    topics = Topics()

    async def scenario(live: Live) -> None:
        stream, later = live.watch(), live.watch()
        for _ in range(10):
            await told(stream, "pages")
        assert "status tells" in data(await told(later, "calls"), "calls")["error"]
        assert "status tells" in data(await told(later, "history"), "history")["error"]
        for _ in range(10):
            await told(stream, "pages")
            await told(later, "signals")
        assert len(asked) == 2  # for calls and for history, and not again while that has no answer
        answered.set()
        while data(await told(later, "calls"), "calls") != {"n": 0}:
            pass
        await told(stream, "history")

    measured = {"calls": hangs, "signals": topics.make("signals")}
    run(scenario, Live({"pages": topics.make("pages")}, measured, {"history": hangs}))


def test_that_it_is_there_is_said_while_even_the_pager_hangs() -> None:
    answered = threading.Event()
    made: list[int] = []

    def pages() -> Any:
        if made:
            answered.wait(20)
        made.append(1)
        return []

    async def scenario(live: Live) -> None:
        stream = live.watch()
        await anext(stream)
        try:
            async with asyncio.timeout(10):
                for _ in range(5):
                    assert await anext(stream) == "event: tick\ndata: 0\n\n"
        finally:
            answered.set()

    run(scenario, Live({"pages": pages}, {}, {}))


def test_a_tick_is_made_once_for_all_viewers() -> None:
    async def scenario(live: Live) -> None:
        streams = [live.watch() for _ in range(20)]
        for stream in streams:
            await told(stream, "history")
        first = await told(streams[-1], "signals")
        for stream in streams[:-1]:
            # Each has been told this very message; those who were there earlier were told others before it.
            while (message := await told(stream, "signals")) != first:
                assert data(message, "signals")["n"] < data(first, "signals")["n"]

    run(scenario, Topics().live())


def test_nothing_is_made_while_nobody_looks() -> None:
    topics = Topics()

    async def scenario(live: Live) -> None:
        live.nudge()
        for _ in range(10):
            await asyncio.sleep(module.TICK_S)

    run(scenario, topics.live())
    assert set(topics.made.values()) == {0}


def test_a_nudge_tells_at_once_what_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TICK_S", 3600)
    topics = Topics()

    async def scenario(live: Live) -> None:
        stream = live.watch()
        await told(stream, "signals")
        await asyncio.to_thread(live.nudge)
        assert names(await told(stream, "pages")) == ["pages"]
        assert topics.made["signals"] == 1

    run(scenario, topics.live())


def test_what_cannot_be_known_is_told_as_a_sentence(caplog: pytest.LogCaptureFixture) -> None:
    def away() -> Any:
        raise LabError("Prometheus does not answer; see labctl status.")

    def broken() -> Any:
        raise KeyError("inside")

    async def scenario(live: Live) -> None:
        stream, other = live.watch(), live.watch()
        message = await told(stream, "signals")
        assert data(message, "signals") == {"error": "Prometheus does not answer; see labctl status."}
        message = await told(other, "load")
        assert "inside" not in message and "log" in data(message, "load")["error"]

    run(scenario, Live({"pages": list}, {"signals": away, "load": broken}, {}))
    assert "a topic of the live stream failed" in caplog.text


def test_who_cannot_follow_is_sent_away_and_the_others_are_not() -> None:
    async def scenario(live: Live) -> None:
        slow, quick = live.watch(), live.watch()
        await told(slow, "history")
        await told(quick, "history")
        for _ in range(BEHIND + 5):
            await told(quick, "signals")
        with pytest.raises(StopAsyncIteration):
            for _ in range(BEHIND + 5):
                await anext(slow)
        assert live.viewers == 1

    run(scenario, Topics().live())


def test_one_viewer_too_many_is_told_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TICK_S", 3600)

    async def scenario(live: Live) -> None:
        streams = [live.watch() for _ in range(VIEWERS)]
        for stream in streams:
            await anext(stream)
        with pytest.raises(Problem) as refused:
            live.watch()
        assert refused.value.status == 503
        await streams[0].aclose()
        await anext(live.watch())

    run(scenario, Live({"pages": list}, {}, {}))


def test_streams_end_when_the_war_room_does() -> None:
    async def main() -> None:
        live = Topics().live()
        running = asyncio.create_task(live.run())
        stream = live.watch()
        await told(stream, "history")
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        async with asyncio.timeout(10):
            _ = [message async for message in stream]

    asyncio.run(main())


def test_a_nudge_after_the_end_is_nothing() -> None:
    live = Topics().live()
    live.nudge()

    async def scenario(_: Live) -> None:
        await asyncio.sleep(0)

    run(scenario, live)
    live.nudge()
