from pathlib import Path

import pytest

from tests.starvation import EVERY_S, STARVED_S, Watch, second_try_if_starved


class Clock:
    """Time passes in sleeps alone, which last as much longer as they are told."""

    def __init__(self, *late: float) -> None:
        self.now = 100.0
        self.late = list(late)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds + self.late.pop(0)


class Measured(Watch):
    """Found what it is told, and starts nothing."""

    def __init__(self, late: float) -> None:
        clock = Clock(late)
        super().__init__(clock, clock.sleep)
        self.sample()

    def __enter__(self) -> "Measured":
        return self

    def __exit__(self, *_: object) -> None:
        pass


class Attempts:
    """Fails as often as it is told; remembers when the lab was started afresh."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.did: list[str] = []
        self.watches: list[Watch] = []

    def __call__(self, watch: Watch) -> str:
        self.did.append("try")
        self.watches.append(watch)
        assert self.did.count("try") > self.failures, "no page came"
        return "done"

    def afresh(self) -> None:
        self.did.append("afresh")


@pytest.mark.parametrize("late, starved", [((0.0, 0.1), False), ((0.0, STARVED_S + 0.01, 0.0), True)])
def test_the_latest_awakening_of_all_counts(late: tuple[float, ...], starved: bool):
    clock = Clock(*late)
    watch = Watch(clock, clock.sleep)
    for _ in late:
        watch.sample()
    assert watch.lateness == pytest.approx(max(late))
    assert watch.starved is starved
    assert f"{max(late):.2f} s late" in str(watch)


def test_who_is_watched_for_nothing_was_not_starved():
    assert not Watch().starved


def test_steal_is_that_of_the_time_between(tmp_path: Path):
    stat = tmp_path / "stat"
    stat.write_text("cpu  100 0 0 100 0 0 0 50 0 0\ncpu0 …\n")
    with Watch(stat=stat) as watch:
        stat.write_text("cpu  160 0 0 120 0 0 0 70 9 9\ncpu0 …\n")
    assert watch.steal == pytest.approx(0.2)
    assert "steal 20.0%" in str(watch)


def test_where_the_kernel_tells_nothing_of_steal_it_is_unknown(tmp_path: Path):
    with Watch(stat=tmp_path / "none") as watch:
        pass
    assert watch.steal is None and "steal unknown" in str(watch)


def test_it_samples_while_it_is_open_and_ends_with_it():
    with Watch() as watch:
        threads = list(watch._threads)
    assert threads and not any(thread.is_alive() for thread in threads)
    assert EVERY_S < STARVED_S


def test_a_success_is_not_tried_again():
    attempts = Attempts(0)
    assert second_try_if_starved(attempts, attempts.afresh, lambda: Measured(9)) == "done"
    assert attempts.did == ["try"]


def test_a_failure_on_a_machine_that_was_not_starved_stands():
    attempts = Attempts(1)
    with pytest.raises(AssertionError, match="no page came") as failed:
        second_try_if_starved(attempts, attempts.afresh, lambda: Measured(STARVED_S - 0.01))
    assert attempts.did == ["try"]
    assert "0.49 s late" in failed.value.__notes__[0]


def test_a_failure_on_a_starved_machine_is_tried_once_more_afresh(capsys: pytest.CaptureFixture[str]):
    attempts = Attempts(1)
    assert second_try_if_starved(attempts, attempts.afresh, lambda: Measured(3)) == "done"
    assert attempts.did == ["try", "afresh", "try"]
    assert [watch.starved for watch in attempts.watches] == [True, True] and len(set(attempts.watches)) == 2
    assert "3.00 s late" in capsys.readouterr().out


def test_a_second_failure_stands_also_on_a_starved_machine():
    attempts = Attempts(9)
    with pytest.raises(AssertionError) as failed:
        second_try_if_starved(attempts, attempts.afresh, lambda: Measured(3))
    assert attempts.did == ["try", "afresh", "try"]
    assert "The first: " in failed.value.__notes__[0]
