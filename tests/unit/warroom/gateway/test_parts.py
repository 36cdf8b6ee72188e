"""The gateway's parts by themselves: events, rates, what is kept, settings, and the instructor's view."""

import asyncio
import json
from pathlib import Path

import pytest
from kit import Problem
from kit.settings import explain
from pydantic import ValidationError
from warroom.gateway import AiSettings, live, sse
from warroom.gateway.live import Live
from warroom.gateway.rate import Rate
from warroom.gateway.record import KEPT, Exchange, Kept, Record


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n", b"\r\r"])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_events_come_out_whole_however_they_come_in(end: bytes, size: int):
    stream = end.join([b"event: a\ndata: 1", b": note", b"data: 2"]) + end + b"data: rest"
    whole = sse.Whole()
    parts = [whole.take(stream[at : at + size]) for at in range(0, len(stream), size)]
    assert b"".join(parts) + whole.rest == stream
    assert all(part.endswith(end) for part in parts if part)
    assert whole.rest == b"data: rest"


def test_a_rate_counts_the_last_minute_and_what_is_under_way():
    now = 100.0
    rate = Rate(2, 1, clock=lambda: now)
    assert rate.wait_s() == 0
    rate.enter()
    assert rate.wait_s() == 1
    rate.leave()
    now = 130.0
    assert rate.wait_s() == 0
    rate.enter()
    rate.leave()
    assert rate.wait_s() == 30
    now = 160.0
    assert rate.wait_s() == 0


def test_what_is_kept_is_bounded_and_says_where_it_was_cut():
    kept = Kept()
    kept.add(b"a" * (KEPT - 1))
    kept.add("ä".encode())
    kept.add(b"b" * 100)
    assert kept.text() == "a" * (KEPT - 1) + "\n[cut here: 101 bytes more]"
    small = Kept()
    small.add(b"\xff whole")
    assert small.text() == "\ufffd whole"


class Broken:
    def current(self) -> None:
        return None

    def record(self, *_: object) -> None:
        raise OSError("the disk is full")


def test_a_log_that_cannot_be_written_is_told_and_takes_no_answer_away(caplog: pytest.LogCaptureFixture):
    exchange = Exchange("/v1/messages")
    exchange.status = 200
    asyncio.run(Record(Broken()).answered(exchange))
    assert "ai request not on the drill's log" in caplog.text and "the disk is full" in caplog.text


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("", ""),
        ("https://api.example.com", "https://api.example.com"),
        ("https://api.example.com/", "https://api.example.com"),
        ("https://api.example.com/v1", "https://api.example.com"),
        ("https://api.example.com/v1/", "https://api.example.com"),
        ("http://127.0.0.1:11434/api/v1", "http://127.0.0.1:11434/api"),
    ],
)
def test_an_address_with_or_without_v1(url: str, taken: str):
    assert AiSettings(ai_upstream_url=url).ai_upstream_url == taken


@pytest.mark.parametrize(
    "url", ["api.example.com", "ftp://a", "https://", "https://a?b=c", "http://a:b", "https://a/#b"]
)
def test_no_address(url: str):
    with pytest.raises(ValidationError, match="http:// or https:// address"):
        AiSettings(ai_upstream_url=url)


def test_a_password_does_not_belong_into_the_address():
    with pytest.raises(ValidationError, match="AI_UPSTREAM_KEY_FILE"):
        AiSettings(ai_upstream_url="https://user:secret@api.example.com")


@pytest.mark.parametrize(
    "content", [b"", b"short", b"two words-and-more", b"sk-\xff12345678", "schlüssel-12345".encode()]
)
def test_a_file_without_a_key_is_refused_and_its_content_not_shown(tmp_path: Path, content: bytes):
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(ValidationError) as refused:
        AiSettings(ai_upstream_key_file=tmp_path / "key")
    text = explain(refused.value) + str(refused.value)
    assert "AI_UPSTREAM_KEY_FILE" in text
    assert not content.strip() or content.decode(errors="ignore") not in text


def test_a_key_does_not_show_in_the_settings(tmp_path: Path):
    (tmp_path / "key").write_text("sk-0123456789\n")
    settings = AiSettings(ai_upstream_key_file=tmp_path / "key")
    assert settings.ai_key().get_secret_value() == "sk-0123456789"
    assert "0123456789" not in f"{settings!r} {settings.ai_key()!r} {settings.model_dump()}"
    assert AiSettings().ai_key().get_secret_value() == ""


def test_a_key_may_be_given_by_value_and_shows_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AI_UPSTREAM_KEY", "sk-0123456789")
    settings = AiSettings()
    assert settings.ai_key().get_secret_value() == "sk-0123456789"
    assert "0123456789" not in f"{settings!r} {settings.model_dump()}"
    (tmp_path / "key").write_text("sk-of-the-file")
    assert AiSettings(ai_upstream_key_file=tmp_path / "key").ai_key().get_secret_value() == "sk-of-the-file"
    monkeypatch.setenv("AI_UPSTREAM_KEY", "sk 0123456789")
    with pytest.raises(ValidationError) as refused:
        AiSettings()
    assert "0123456789" not in explain(refused.value) and "AI_UPSTREAM_KEY is set, but" in explain(refused.value)


def test_a_viewer_that_cannot_follow_is_sent_away(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(live, "WAITING", 3)

    async def run() -> list[str]:
        views = Live()
        exchange = Exchange("/v1/messages")
        events = views.watch()
        seen = [await anext(events)]
        for _ in range(5):
            views.passed(exchange, b"text")
        seen += [event async for event in events]
        assert await anext(views.watch())  # and may come again
        return seen

    assert len(asyncio.run(run())) == 3


def test_views_are_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(live, "VIEWERS", 1)

    async def run() -> None:
        views = Live()
        first = views.watch()
        await anext(first)
        with pytest.raises(Problem, match="1 views are open"):
            views.watch()
        await first.aclose()
        views.watch()

    asyncio.run(run())


def test_a_quiet_view_is_kept_open(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(live, "BREATH", 0.01)

    async def run() -> None:
        events = Live().watch()
        await anext(events)
        assert (await anext(events)).startswith("event: watching")
        assert await anext(events) == ": still here\n\n"
        await events.aclose()

    asyncio.run(run())


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/chat/completions", "/v1/responses"])
def test_the_error_at_the_end_is_one_event(path: str):
    text = sse.error(path, "gate_shut", 'two\nlines and "quotes"').decode()
    (data,) = [line for line in text.splitlines() if line.startswith("data: ")]
    assert json.loads(data.removeprefix("data: "))
    assert text.endswith("\n\n") and text.count("\n\n") == 1
