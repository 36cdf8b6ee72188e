import pytest
from partner.ratelimit import TokenBucket


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_burst_passes_and_the_next_call_waits_for_one_token(clock: Clock) -> None:
    bucket = TokenBucket(rate=10, burst=3, clock=clock)
    assert [bucket.take() for _ in range(3)] == [0, 0, 0]
    assert bucket.take() == pytest.approx(0.1)


def test_a_refused_call_takes_nothing(clock: Clock) -> None:
    bucket = TokenBucket(rate=10, burst=1, clock=clock)
    bucket.take()
    clock.now += 0.05
    assert bucket.take() == pytest.approx(0.05)
    clock.now += 0.051
    assert bucket.take() == 0


def test_the_steady_rate_passes_for_ever(clock: Clock) -> None:
    bucket = TokenBucket(rate=8, burst=1, clock=clock)
    for _ in range(1000):
        assert bucket.take() == 0
        clock.now += 0.125


def test_a_long_rest_saves_no_more_than_a_burst(clock: Clock) -> None:
    bucket = TokenBucket(rate=10, burst=2, clock=clock)
    clock.now += 3600
    assert [bucket.take() > 0 for _ in range(3)] == [False, False, True]
