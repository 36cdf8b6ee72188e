from lab.telemetry import links
from lab.telemetry.links import LinkTracker
from tests.jaeger.spans import MS, message, span

NOW = 1_700_000_000 * 10**9
MINUTE = NOW // (60 * 10**9)
CALLER = message("checkout", span("t", "serve", NOW, MS), span("t", "call", NOW, MS, "serve"))
CALLEE = message("inventory", span("t", "reserve", NOW, MS, "call"), span("t", "query", NOW, MS, "reserve"))


def test_a_call_is_found_whoever_reports_first() -> None:
    for order in ([CALLER, CALLEE], [CALLEE, CALLER]):
        together, apart = LinkTracker(), LinkTracker()
        assert together.feed(order) == {(MINUTE, "checkout", "inventory"): 1}
        assert not apart.feed(order[:1])
        assert apart.feed(order[1:]) == {(MINUTE, "checkout", "inventory"): 1}


def test_a_service_that_calls_itself_is_no_link() -> None:
    tracker = LinkTracker()
    assert not tracker.feed([CALLER, message("checkout", span("t", "again", NOW, MS, "call"))])


def test_what_waits_for_a_parent_does_not_pile_up(monkeypatch) -> None:
    monkeypatch.setattr(links, "_REMEMBERED", 3)
    tracker = LinkTracker()
    orphans = [message("inventory", span(f"t{i}", "reserve", NOW, MS, "call")) for i in range(9)]
    assert not tracker.feed(orphans)
    parents = [message("checkout", span(f"t{i}", "call", NOW, MS)) for i in range(9)]
    assert sum(tracker.feed(parents).values()) == 3
