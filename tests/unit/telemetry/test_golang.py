import pytest

from lab.telemetry.golang import duration_text, parse_duration, time_text

# As Go 1.26 prints them.
DURATIONS = {
    0: "0s",
    1: "1ns",
    999: "999ns",
    1100: "1.1µs",
    2_200_000: "2.2ms",
    -1_234_567: "-1.234567ms",
    1_000_000_000: "1s",
    3_300_000_000: "3.3s",
    60_000_000_000: "1m0s",
    300_000_000_001: "5m0.000000001s",
    3_600_000_000_000: "1h0m0s",
    18_301_001_000_000: "5h5m1.001s",
    -90_050_000_000: "-1m30.05s",
}


@pytest.mark.parametrize(("nanoseconds", "text"), DURATIONS.items())
def test_duration_both_ways(nanoseconds: int, text: str) -> None:
    assert duration_text(nanoseconds) == text
    assert parse_duration(text) == nanoseconds


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("0", 0),
        ("+5ms", 5_000_000),
        ("1.5h", 5_400_000_000_000),
        (".5s", 500_000_000),
        ("5.s", 5 * 10**9),
        ("7us", 7000),
    ],
)
def test_durations_that_go_reads_and_never_writes(text: str, nanoseconds: int) -> None:
    assert parse_duration(text) == nanoseconds


@pytest.mark.parametrize("text", ["", "-", ".", "s", ".s", "1", "1x", "1s1", "1 s", "x1s", "9999999h"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match=r"^time: "):
        parse_duration(text)


def test_time() -> None:
    assert time_text(1_700_000_000_000_000_000) == "2023-11-14 22:13:20 +0000 UTC"
    assert time_text(1_700_000_000_120_000_000) == "2023-11-14 22:13:20.12 +0000 UTC"
    assert time_text(1_700_000_000_000_000_001) == "2023-11-14 22:13:20.000000001 +0000 UTC"
