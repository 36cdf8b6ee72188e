from datetime import UTC, datetime

import click
import pytest

from lab.cli.since import Since

NOW = datetime(2026, 11, 23, 3, 0, 0, tzinfo=UTC)


def since(text: str) -> datetime:
    found = Since(lambda: NOW.timestamp()).convert(text, None, None)
    return datetime.fromtimestamp(found / 1_000_000, UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("90s", "2026-11-23T02:58:30Z"),
        ("10m", "2026-11-23T02:50:00Z"),
        ("1h30m", "2026-11-23T01:30:00Z"),
        ("2d", "2026-11-21T03:00:00Z"),
        ("999999d", "1970-01-01T00:00:00Z"),
        ("2026-11-23T02:45:00", "2026-11-23T02:45:00Z"),
        ("2026-11-23T02:45:00.5Z", "2026-11-23T02:45:00.500Z"),
        ("2026-11-23 03:45+01:00", "2026-11-23T02:45:00Z"),
        ("2026-11-23", "2026-11-23T00:00:00Z"),
        ("02:45", "2026-11-23T02:45:00Z"),
        ("02:45:30.250", "2026-11-23T02:45:30.250Z"),
        ("03:45+01:00", "2026-11-23T02:45:00Z"),
        ("23:59", "2026-11-22T23:59:00Z"),
    ],
)
def test_people_say_when_in_several_ways(text: str, moment: str):
    assert since(text) == datetime.fromisoformat(moment)


@pytest.mark.parametrize("text", ["", "10", "10 m", "m", "-5m", "yesterday", "25:00", "1.5h", "٣m", "9999999999s"])
def test_what_is_no_time_is_refused(text: str):
    with pytest.raises(click.BadParameter, match="is no time: give how long ago, such as 90s"):
        since(text)
