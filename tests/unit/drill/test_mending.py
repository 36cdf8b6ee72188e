"""When code may be changed and judged."""

import pytest

from lab.drill import event as happened
from lab.drill import rules
from lab.drill.clock import Clock
from lab.drill.drill import Drill
from lab.drill.instant import Instant
from lab.drill.phase import Phase
from lab.drill.rules import Refused

NOW = Clock(Instant(at=0, tick=0, boot="b"))


@pytest.mark.parametrize("phase", [Phase.AI_FIX, Phase.POST_MORTEM])
def test_a_known_cause_may_be_mended(phase: Phase):
    rules.require_mending(Drill(NOW, phase))


@pytest.mark.parametrize("phase", [Phase.ALERTING, Phase.DARK_ROOM])
def test_an_unknown_one_may_not(phase: Phase):
    with pytest.raises(Refused, match="First the root cause"):
        rules.require_mending(Drill(NOW, phase))


@pytest.mark.parametrize("drill", [None, Drill(NOW, Phase.CLOSED), Drill(NOW, Phase.ARMED)])
def test_nothing_is_mended_outside_a_drill(drill):
    with pytest.raises(Refused):
        rules.require_mending(drill)


def test_nothing_is_mended_in_a_pause():
    with pytest.raises(Refused, match="paused"):
        rules.require_mending(Drill(NOW, Phase.AI_FIX, paused=True))


def test_a_deploy_that_ended_after_the_drill_is_written_down_all_the_same():
    what = happened.Deployed(release="r-1", services=["billing"], healthy=True)
    assert rules.deployed(Drill(NOW, Phase.CLOSED), what) == [what]
    assert rules.deployed(None, what) == []
