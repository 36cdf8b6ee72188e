from itertools import pairwise, takewhile

import pytest

from loadgen.settings import Settings
from loadgen.timetable import Burst, Steady, arrivals


def until(seconds: float, streams: list[Steady | Burst], seed: int = 1) -> list[tuple[float, str]]:
    return list(takewhile(lambda arrival: arrival[0] < seconds, arrivals(streams, seed)))


def test_steady_arrivals_keep_their_rate_and_their_distance():
    times = [at for at, _ in until(60, [Steady("checkout", 8.0)])]
    assert abs(len(times) - 480) <= 1
    assert min(b - a for a, b in pairwise(times)) >= 0.8 / 8


def test_a_burst_comes_at_once_and_at_every_interval():
    times = [at for at, _ in until(100, [Burst("checkout", 96, 45.0)])]
    assert times == [0.0] * 96 + [45.0] * 96 + [90.0] * 96


def test_streams_are_merged_in_order_of_time():
    times = [at for at, _ in until(20, [Steady("a", 3.0), Steady("b", 7.0, phase=0.5), Burst("c", 4, 5.0)])]
    assert times == sorted(times)


def test_the_seed_decides_the_times():
    streams = [Steady("a", 5.0)]
    assert until(10, streams, seed=7) == until(10, streams, seed=7)
    assert until(10, streams, seed=7) != until(10, streams, seed=8)


@pytest.fixture
def healthy() -> list[tuple[float, str]]:
    return until(60, Settings().healthy.streams())


def test_healthy_asks_21_times_a_second_and_7_checkouts_among_them(healthy):
    assert len(healthy) / 60 == pytest.approx(21, rel=0.02)
    assert sum(action == "checkout" for _, action in healthy) / 60 == pytest.approx(7, rel=0.02)


def test_healthy_checkouts_never_come_together(healthy):
    times = [at for at, action in healthy if action == "checkout"]
    assert min(b - a for a, b in pairwise(times)) > 0.09
