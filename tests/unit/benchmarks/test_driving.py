import pytest
from support.driving import figure


@pytest.mark.parametrize(
    ("value", "bounds", "floor", "passed"),
    [
        (10.0, {}, None, None),
        (10.0, {"beside": 11}, 11, None),
        (10.0, {"most": 10}, 10, True),
        (10.0004, {"most": 10}, 10, False),
        (9.9, {"least": 10}, 10, False),
        (10.0, {"least": 10}, 10, True),
        (-1, {"least": 0, "most": 0}, 0, False),
        (None, {"most": 10}, 10, False),
        (None, {}, None, None),
    ],
)
def test_a_figure_says_whether_it_keeps_its_bound(value, bounds: dict, floor, passed):
    found = figure("up", value, "s", **bounds)
    assert (found["floor"], found["passed"]) == (floor, passed)
