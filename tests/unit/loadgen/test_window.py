from loadgen.window import SPAN_S, Window


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_rates_are_per_second_of_the_window():
    clock = Clock()
    window = Window(clock)
    for n in range(200):
        clock.now = n / 10
        window.asked()
        if n % 2:
            window.sent()
    clock.now = 20.0
    figures = window.figures()
    assert (figures.asked_rps, figures.achieved_rps) == (9.9, 5.0)


def test_a_young_window_is_not_diluted():
    clock = Clock()
    window = Window(clock)
    for n in range(8):
        clock.now = n / 4
        window.asked()
    clock.now = 2.0
    assert window.figures().asked_rps == 4.0


def test_quantiles_and_failures():
    clock = Clock()
    window = Window(clock)
    for n in range(1, 101):
        window.done(n / 100, failed=n > 90)
    figures = window.figures()
    assert (figures.p50_s, figures.p99_s, figures.failure_ratio) == (0.5, 0.99, 0.1)


def test_nothing_answered_is_no_figure_rather_than_a_good_one():
    figures = Window(Clock()).figures()
    assert (figures.failure_ratio, figures.p50_s, figures.p99_s) == (None, None, None)


def test_what_has_left_the_window_is_not_kept_though_nobody_asks():
    clock = Clock()
    window = Window(clock)
    for n in range(1000):
        clock.now = float(n)
        window.asked()
        window.sent()
        window.done(0.1, failed=False)
    assert max(len(window._asked), len(window._sent), len(window._done)) <= SPAN_S


def test_restart_forgets():
    window = Window(Clock())
    window.asked()
    window.done(1.0, failed=True)
    window.restart()
    assert window.figures().asked_rps == 0
    assert window.figures().failure_ratio is None


def test_the_next_arrival_is_so_many_seconds_away_until_it_is_due():
    clock = Clock()
    clock.now = 100.0
    window = Window(clock)
    assert window.figures().next_s is None
    window.expects(45.0)
    clock.now = 112.0
    assert window.figures().next_s == 33.0
    clock.now = 146.0
    assert window.figures().next_s == 0.0
    window.restart()
    assert window.figures().next_s is None
