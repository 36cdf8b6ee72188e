"""A whole drill by labctl's commands alone, from the page to the debrief, among containers: what the guides say, typed.

One scenario stands for all, in five minutes; `labctl bench whole_drill` walks each of them in whatever a lab runs.
"""

import pytest
import whole_drill
from support.driving import Lab

from tests.engine import needs_engine
from tests.living import Living

pytestmark = [needs_engine(), pytest.mark.parametrize("living", ["compose"], indirect=True)]


def test_a_drill_closes_with_nothing_owed_and_every_figure(living: Living) -> None:
    living.afresh()  # after all that was done to the one before
    with Lab(living.name) as lab:
        found = whole_drill.measure(lab, "month-end-import")
    assert found and [one for one in found if one["passed"] is False] == []
