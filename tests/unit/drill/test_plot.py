import json
import math
import xml.etree.ElementTree as ElementTree

import pytest

from lab.drill.plot import Line, Mark, Plot, ceiling, clock, runs, ticks

NAN = math.nan


def test_the_chart_is_well_formed_whatever_the_names():
    plot = Plot("P99 <b>&\"'", "s", [Line("a < b", [(0, 0.1), (2, 0.4)])], [Mark(1, "<script>")], bound=0.5)
    tree = ElementTree.fromstring(plot.svg())
    assert tree.attrib["aria-label"] == "P99 <b>&\"'"
    assert not list(tree.iter("script"))


def test_lines_are_where_their_values_are():
    plot = Plot("x", "s", [Line("a", [(0, 0.0), (10, 1.0)])])
    line = next(ElementTree.fromstring(plot.svg()).iter("polyline")).attrib["points"]
    assert line == "64.0,192.0 848.0,34.0"


def test_a_bound_above_all_values_is_still_in_the_picture():
    plot = Plot("x", "s", [Line("a", [(0, 0.1)])], bound=2.0)
    bound = next(e for e in ElementTree.fromstring(plot.svg()).iter("line") if e.attrib.get("class") == "bound")
    assert float(bound.attrib["y1"]) == pytest.approx(34)


def test_the_same_is_told_as_json():
    plot = Plot("x", "s", [Line("a", [(0, 0.5), (2, NAN)])], [Mark(1, "it began")], bound=2.0)
    assert json.loads(json.dumps(plot.shown(), allow_nan=False)) == {
        "title": "x",
        "unit": "s",
        "bound": 2.0,
        "lines": [{"name": "a", "points": [[0, 0.5], [2, None]]}],
        "marks": [{"at": 1, "text": "it began"}],
    }


def test_nothing_measured_is_said():
    assert "nothing was measured" in Plot("x", "s", [Line("a", [(0, NAN)])]).svg()


def test_marks_outside_are_left_out():
    plot = Plot("x", "s", [Line("a", [(0, 1), (10, 1)])], [Mark(-5, "before"), Mark(5, "in"), Mark(50, "after")])
    assert "in, 0:05" in plot.svg() and "before" not in plot.svg() and "after" not in plot.svg()


def test_gaps_break_a_line():
    assert runs([(0, 1), (1, NAN), (2, 1), (3, 2)]) == [[(0, 1)], [(2, 1), (3, 2)]]


@pytest.mark.parametrize(("value", "wanted"), [(0, 1), (0.31, 0.5), (1, 1), (1.2, 2), (2.4, 2.5), (99, 100), (-3, 1)])
def test_axes_end_at_round_numbers(value, wanted):
    assert ceiling(value) == pytest.approx(wanted)


def test_times_are_read_as_a_clock():
    assert (clock(65), clock(-65), clock(0.2), clock(3600)) == ("1:05", "-1:05", "0:00", "60:00")
    assert ticks(-30, 290) == [0, 60, 120, 180, 240]
