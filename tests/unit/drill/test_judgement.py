import math

import pytest

from lab.drill import event as happened
from lab.drill.judgement import SIGHT_S, Judgement, apart, back, covered
from lab.drill.phase import Phase
from tests.unit.drill.test_drill import CAUSE, PAGE, QUIET, History

JUDGING = happened.Judging(what="verify", goes_on=False)


def moments(inside: dict[range, bool | None]) -> list[tuple[float, bool | None]]:
    return sorted((float(at), how) for span, how in inside.items() for at in span)


def test_nobody_answers_for_what_is_in_sight_of_a_judgement():
    judgements = [Judgement(100, 130, until=130)]
    found = moments({range(80, 200, 2): False})
    assert list(apart(found, judgements)) == [float(at) for at in range(100, 141, 2)]
    assert covered(140, judgements) and not covered(142, judgements) and not covered(98, judgements)


@pytest.mark.parametrize(("until", "last"), [(math.inf, 178), (160, 158), (130, 140)])
def test_nor_for_what_it_has_left_behind(until: float, last: int):
    """Customers are outside until 178, inside at 180, outside again from 190: that is the incident's."""
    found = moments({range(100, 180, 2): False, range(180, 190, 2): True, range(190, 200, 2): False})
    assert max(apart(found, [Judgement(100, 130, until)])) == last


@pytest.mark.parametrize("inside", [True, None])
def test_nothing_is_left_behind_where_they_are_well_or_nobody_knows(inside: bool | None):
    found = moments({range(100, 150, 2): inside, range(150, 200, 2): False})
    assert max(apart(found, [Judgement(100, 130, math.inf)])) == 140


@pytest.mark.parametrize(
    ("judgements", "since"),
    [
        ([], 940),
        ([Judgement(100, 130, 130)], 940),
        ([Judgement(960, 970, 970)], 920),  # 20 s since it was in sight, 40 s before it
        ([Judgement(960, 1000, 1000)], 900),  # it is in sight
        ([Judgement(900, 930, 930), Judgement(960, 970, 970)], 880),
    ],
)
def test_sixty_seconds_without_those_of_judgements(judgements: list[Judgement], since: float):
    assert back(1000, 60, judgements) == since
    assert sum(not covered(at, judgements) for at in range(int(since) + 1, 1001)) == pytest.approx(60, abs=3)
    assert SIGHT_S == 10


def fixing() -> History:
    entered = happened.Entered(phase=Phase.AI_FIX, why="accepted")
    return History().add(QUIET, happened.Triggered(time=1), PAGE, CAUSE, entered)


def test_a_judgement_is_from_its_beginning_to_its_end():
    history = fixing().wait(10).add(JUDGING).wait(30)
    began = history.now.at - 30
    assert history.drill.apart == (Judgement(began, began + 30, began + 30),)
    history.add(happened.Judged()).wait(50)
    assert history.drill.apart == (Judgement(began, began + 30, math.inf),)
    history.add(happened.Triggered(time=2))
    assert history.drill.apart == (Judgement(began, began + 30, began + 80),)


def test_where_the_incident_goes_on_it_leaves_nothing_behind():
    history = fixing().add(JUDGING.model_copy(update={"goes_on": True})).wait(30).add(happened.Judged())
    assert history.drill.apart[0].until == history.now.at


@pytest.mark.parametrize("end", [happened.Aborted(why="x"), happened.Closed(outcome="incomplete", owed=[])])
def test_the_end_of_a_drill_ends_what_is_under_way(end: happened.Happening):
    drill = fixing().add(JUDGING).wait(30).add(end).drill
    assert drill.judging is None and len(drill.judgements) == 1
