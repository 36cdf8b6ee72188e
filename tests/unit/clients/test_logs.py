import itertools

import httpx
import pytest

from lab.clients.logs import Logs
from lab.errors import LabError, UsageError


class Store:
    """Answers with what it was given, in order, and remembers what it was asked."""

    def __init__(self, *answers: tuple[list[str], str]) -> None:
        self.answers, self.asked, self.slept = list(answers), [], []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(dict(request.url.params))
        events, cursor = self.answers.pop(0)
        return httpx.Response(200, json={"data": [{"event": event} for event in events], "cursor": cursor})

    def client(self) -> Logs:
        return Logs("http://store", transport=httpx.MockTransport(self), sleep=self.slept.append)


def test_search_leaves_out_what_is_not_given() -> None:
    store = Store((["a", "b"], "7"))
    with store.client() as logs:
        assert [record["event"] for record in logs.search(service="orders", level="WARN")] == ["a", "b"]
    assert store.asked == [{"service": "orders", "level": "WARN", "limit": "100"}]


def test_several_services_are_asked_for_at_once() -> None:
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params.get_list("service"))
        return httpx.Response(200, json={"data": [], "cursor": "1"})

    with Logs("http://store", transport=httpx.MockTransport(answer)) as logs:
        logs.search(service=("orders", "billing"))
        logs.search(service=())
    assert asked == [["orders", "billing"], []]


def test_follow_goes_on_from_the_cursor_and_rests_when_there_is_nothing_new() -> None:
    store = Store((["a"], "1"), (["b", "c"], "2"), ([], "2"), ([], "2"), (["d"], "5"))
    with store.client() as logs:
        seen = [record["event"] for record in itertools.islice(logs.follow(service="orders", start=9, every=3), 4)]
    assert seen == ["a", "b", "c", "d"]
    assert {asked["start"] for asked in store.asked} == {"9"}
    assert [asked.get("after") for asked in store.asked] == [None, "1", "2", "2", "2"]
    assert all(asked["service"] == "orders" for asked in store.asked)
    assert store.slept == [3, 3]


def test_follow_without_a_backlog_starts_with_what_comes_next() -> None:
    store = Store((["old"], "1"), (["new"], "2"))
    with store.client() as logs:
        assert next(logs.follow(backlog=0))["event"] == "new"


def test_a_refusal_is_passed_on() -> None:
    answer = httpx.Response(400, json={"data": None, "errors": [{"code": 400, "msg": "level 'loud' is unknown"}]})
    with (
        Logs("http://store", transport=httpx.MockTransport(lambda _: answer)) as logs,
        pytest.raises(UsageError, match="level 'loud' is unknown"),
    ):
        logs.search(level="loud")


@pytest.mark.parametrize("answer", [httpx.Response(200, text="<html>"), httpx.Response(500, text="oops")])
def test_an_answer_that_is_not_the_stores(answer: httpx.Response) -> None:
    with (
        Logs("http://store", transport=httpx.MockTransport(lambda _: answer)) as logs,
        pytest.raises(LabError, match="not the telemetry store's"),
    ):
        logs.search()


def test_nobody_answers() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("timed out")

    with (
        Logs("http://store", transport=httpx.MockTransport(refuse)) as logs,
        pytest.raises(LabError, match="labctl up"),
    ):
        logs.search()
