"""The pages on disk: one page an alert, whatever comes how often and in which order."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from warroom.notification import Alert
from warroom.pages import Page, Pages

START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture
def pages(tmp_path: Path) -> Pages:
    return Pages(tmp_path / "state" / "pages.sqlite", Clock())


def alert(
    status: str = "firing",
    *,
    name: str = "BooksDisagree",
    severity: str = "critical",
    starts: datetime = START,
    fingerprint: str = "abc1",
) -> Alert:
    return Alert(
        status=status,
        labels={"alertname": name, "severity": severity, "service": "processor"},
        annotations={"summary": "Books disagree", "description": "by 45", "runbook_url": "r", "dashboard_url": "d"},
        startsAt=starts,
        endsAt=starts + timedelta(minutes=2) if status == "resolved" else datetime(1, 1, 1, tzinfo=UTC),
        fingerprint=fingerprint,
    )


def test_a_page_has_the_documented_shape(pages: Pages) -> None:
    assert pages.receive([alert()]) == 1
    assert pages.list(10) == [
        Page(
            id="p-1",
            alertname="BooksDisagree",
            severity="critical",
            status="firing",
            summary="Books disagree",
            service="processor",
            starts_at="2026-11-23T03:00:00.000Z",
            delivered_at="2026-11-23T03:00:01.000Z",
            acknowledged_at=None,
            resolved_at=None,
            description="by 45",
            runbook_url="r",
            dashboard_url="d",
        )
    ]


def test_the_same_alert_again_is_the_same_page(pages: Pages) -> None:
    pages.receive([alert()])
    assert pages.receive([alert(), alert()]) == 0
    assert [page.delivered_at for page in pages.list(10)] == ["2026-11-23T03:00:01.000Z"]


def test_an_alert_that_fires_anew_is_a_new_page_and_the_old_one_is_over(pages: Pages) -> None:
    later = START + timedelta(minutes=5)
    pages.receive([alert()])
    assert pages.receive([alert(starts=later)]) == 1
    new, old = pages.list(10)
    assert (new.id, new.status) == ("p-2", "firing")
    assert (old.id, old.status, old.resolved_at) == ("p-1", "resolved", "2026-11-23T03:05:00.000Z")


def test_another_alert_does_not_end_it(pages: Pages) -> None:
    pages.receive([alert(), alert(fingerprint="def2", starts=START + timedelta(minutes=1))])
    assert [page.status for page in pages.list(10)] == ["firing", "firing"]


def test_resolution_keeps_the_alerts_own_end_and_the_first_one_told(pages: Pages) -> None:
    pages.receive([alert()])
    pages.receive([alert("resolved")])
    again = alert("resolved").model_copy(update={"endsAt": START + timedelta(hours=1)})
    pages.receive([again])
    assert [(page.status, page.resolved_at) for page in pages.list(10)] == [("resolved", "2026-11-23T03:02:00.000Z")]


def test_the_end_of_an_unknown_alert_is_kept_as_a_resolved_page(pages: Pages) -> None:
    assert pages.receive([alert("resolved")]) == 1
    assert [page.status for page in pages.list(10)] == ["resolved"]


def test_what_fires_on_after_it_seemed_over_is_open_again_and_stays_acknowledged(pages: Pages) -> None:
    pages.receive([alert()])
    acknowledged = pages.acknowledge("p-1")
    pages.resolve("abc1", START + timedelta(seconds=30))
    pages.receive([alert()])
    (page,) = pages.list(10)
    assert (page.status, page.resolved_at, page.acknowledged_at) == ("firing", None, acknowledged.acknowledged_at)


def test_open_pages_come_first_then_the_newest(pages: Pages) -> None:
    pages.receive([alert(fingerprint="a1"), alert(fingerprint="a2"), alert(fingerprint="a3")])
    pages.receive([alert("resolved", fingerprint="a2"), alert("resolved", fingerprint="a3")])
    assert [page.id for page in pages.list(10)] == ["p-1", "p-3", "p-2"]
    assert [page.id for page in pages.list(2)] == ["p-1", "p-3"]


def test_among_open_pages_the_worst_come_first(pages: Pages) -> None:
    severities = ("odd", "warning", "critical", "info", "warning", "critical")
    pages.receive([alert(severity=severity, fingerprint=f"a{n}") for n, severity in enumerate(severities)])
    pages.receive([alert("resolved", severity="critical", fingerprint="b1"), alert("resolved", fingerprint="b2")])
    found = [(page.id, page.severity) for page in pages.list(6)]
    assert [severity for _, severity in found] == ["critical", "critical", "warning", "warning", "info", "odd"]
    assert [page for page, _ in found] == ["p-6", "p-3", "p-5", "p-2", "p-4", "p-1"]
    assert [page.id for page in pages.list(10)][6:] == ["p-8", "p-7"]


def test_an_id_may_be_written_in_capitals(pages: Pages) -> None:
    pages.receive([alert()])
    assert pages.acknowledge("P-1") == pages.acknowledge("p-1")


def test_acknowledging_twice_keeps_the_first_time(pages: Pages) -> None:
    pages.receive([alert()])
    first = pages.acknowledge("p-1")
    assert first.acknowledged_at is not None
    assert pages.acknowledge("p-1") == first


@pytest.mark.parametrize("unknown", ["p-2", "p-0", "p-01", "1", "", "p-", "p-1 ", "p-¹", "p-" + "9" * 21])
def test_acknowledging_what_is_not_there_gives_nothing(pages: Pages, unknown: str) -> None:
    pages.receive([alert()])
    assert pages.acknowledge(unknown) is None


def test_another_process_finds_what_was_written(pages: Pages, tmp_path: Path) -> None:
    pages.receive([alert()])
    assert Pages(tmp_path / "state" / "pages.sqlite").list(10) == pages.list(10)


def test_a_batch_is_kept_whole_or_not_at_all(pages: Pages) -> None:
    broken = alert(fingerprint="b2").model_copy(update={"labels": {"alertname": "\ud800"}})
    with pytest.raises(UnicodeEncodeError):
        pages.receive([alert(), broken])
    assert pages.list(10) == []
