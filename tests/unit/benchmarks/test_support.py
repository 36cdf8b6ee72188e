import pytest
from support.floors import Floor, floor, seconds


@pytest.mark.parametrize("text, value", [("2s", 2), ("1m30s", 90), ("250ms", 0.25), ("1h", 3600), (None, 0), ("0s", 0)])
def test_durations(text, value):
    assert seconds(text) == value


def test_the_floor_is_the_sum_of_what_is_configured():
    bounds = Floor(scrape=2, evaluation=2, hold=10, group_wait=1)
    assert (bounds.after_symptom, bounds.whole) == (11, 15)


def test_the_floor_of_a_page_is_read_from_the_labs_own_files():
    bounds = floor("CustomerErrorsHigh")
    assert bounds.scrape and bounds.evaluation and bounds.hold and bounds.group_wait


def test_an_alert_that_no_rule_defines():
    with pytest.raises(LookupError, match="NoSuchAlert"):
        floor("NoSuchAlert")
