"""Declared histories, folded: what may be done when, what time alone brings about, and what the clock says."""

import pytest

from lab import profile as profiles
from lab.drill import event as happened
from lab.drill import rules
from lab.drill.drill import Drill, apply, fold
from lab.drill.event import Event, Happening
from lab.drill.instant import Instant
from lab.drill.phase import Phase
from lab.drill.rules import Refused
from lab.errors import LabError, UsageError

HOUR = profiles.load("60")
ARMED = happened.Armed(
    drill="d-1",
    scenario="flash-sale",
    seed=7,
    profile="60",
    pace=1.0,
    assessment=False,
    team="blue",
    delay_s=90.0,
)
QUIET = happened.Quiet(since=999_900.0, until=999_930.0)
PAGE = happened.Paged(page="p-1", alertname="CustomerErrorsHigh", service="checkout", severity="critical")
CAUSE = happened.Submitted(
    component="checkout", mechanism="x", location="app.py", sentence="…", pieces=[], accepted=True
)


class History:
    """Events as they are written down, on a fake clock."""

    def __init__(self, *, pace: float = 1.0, boot: str = "b") -> None:
        self.events: list[Event] = []
        self.now = Instant(at=1_000_000.0, tick=50.0, boot=boot)
        self.add(ARMED.model_copy(update={"pace": pace}))

    def add(self, *whats: Happening) -> "History":
        for what in whats:
            self.events.append(Event(number=len(self.events) + 1, when=self.now, who="lab", what=what))
        return self

    def wait(self, seconds: float, *, set_by: float = 0.0) -> "History":
        """Time passes; somebody sets the wall clock by so much."""
        self.now = Instant(at=self.now.at + seconds + set_by, tick=self.now.tick + seconds, boot=self.now.boot)
        return self

    def reboot(self, seconds: float) -> "History":
        self.now = Instant(at=self.now.at + seconds, tick=3.0, boot="another")
        return self

    @property
    def drill(self) -> Drill:
        """As it stands now."""
        found = fold(self.events, HOUR.cooldown)
        assert found
        return Drill(**{**vars(found), "clock": found.clock.at(self.now)})

    def time_alone(self) -> list[str]:
        """Writes down all that time brings about; gives the kinds."""
        kinds = []
        while happenings := rules.due(self.drill, HOUR):
            self.add(*happenings)
            kinds += [one.kind for one in happenings]
        return kinds


@pytest.fixture
def paged() -> History:
    return History().wait(45).add(QUIET).wait(90).add(happened.Triggered(time=1)).wait(20).add(PAGE)


@pytest.fixture
def dark(paged: History) -> History:
    return paged.wait(60).add(*rules.assess(paged.drill, "critical", "everyone who buys"))


@pytest.fixture
def fixing(dark: History) -> History:
    return dark.wait(600).add(*rules.submitted(dark.drill, CAUSE))


def test_the_clock_starts_with_the_page(paged):
    assert (paged.drill.phase, paged.drill.clock.total_s) == (Phase.ALERTING, 0)
    assert paged.wait(30).drill.clock.total_s == 30


def test_a_page_that_was_noticed_late_started_the_clock_when_it_was_delivered():
    history = History().wait(45).add(QUIET).wait(90).add(happened.Triggered(time=1)).wait(23)
    history.add(*rules.paged(history.drill, PAGE.model_copy(update={"late_s": 3.0})))
    assert (history.drill.clock.total_s, history.drill.clock.phase_s) == (3, 3)
    history.wait(9).add(*rules.acknowledge(history.drill, "p-1", 2.0))
    assert history.drill.acknowledged_s == 10


def test_only_the_first_page_after_the_trigger_starts_the_clock(paged):
    assert rules.paged(paged.drill, PAGE) == []
    assert rules.paged(History().add(QUIET).drill, PAGE) == []
    assert rules.paged(None, PAGE) == []


def test_the_trigger_waits_until_the_lab_is_as_new():
    history = History().wait(1_000)
    assert not rules.trigger_due(history.drill)
    assert rules.triggered(history.drill, {}, history.now) == []
    history.add(*rules.quiet(history.drill, QUIET)).wait(89)
    assert not rules.trigger_due(history.drill)
    turned = history.wait(1).now
    assert rules.triggered(history.wait(2).drill, {"size": 40}, turned) == [
        happened.Triggered(time=1, figures={"size": 40}, late_s=2)
    ]
    assert rules.quiet(history.drill, QUIET) == []


def test_the_trigger_is_due_after_the_drawn_delay():
    history = History().add(QUIET).wait(89)
    assert not rules.trigger_due(history.drill)
    assert rules.trigger_due(history.wait(1).drill)
    assert not rules.trigger_due(history.add(happened.Triggered(time=1)).wait(500).drill)


def test_an_accepted_cause_opens_the_fix_phase_at_once_for_all_of_its_time(fixing):
    drill = fixing.drill
    assert (drill.phase, drill.cause_s, drill.clock.phase_s) == (Phase.AI_FIX, 660, 0)
    assert drill.gate_open
    fixing.wait(899)
    assert not fixing.time_alone()
    fixing.wait(1)
    assert fixing.time_alone() == ["entered"]
    assert fixing.drill.phase is Phase.POST_MORTEM


def test_a_dark_room_without_a_cause_turns_guided(dark):
    dark.wait(1500)
    assert dark.time_alone() == ["guided", "entered"]
    assert (dark.drill.phase, dark.drill.guided, dark.drill.gate_open) == (Phase.AI_FIX, True, True)


def test_what_nobody_saw_happen_is_made_up_for_to_the_second(dark):
    """The war room was dead for longer than a phase: the next has begun when it ought to have."""
    dark.wait(1500 + 900 + 100)
    assert dark.time_alone() == ["guided", "entered", "entered"]
    assert (dark.drill.phase, dark.drill.clock.phase_s) == (Phase.POST_MORTEM, 100)


def test_it_always_closes_and_says_what_is_owed(dark):
    dark.wait(1500 + 900 + 900)
    assert dark.time_alone()[-1] == "closed"
    closed = dark.events[-1].what
    assert closed.outcome == "guided"
    assert closed.owed == [
        "an accepted root cause",
        "a verified fix",
        "a change of the team spec",
        "a guardrail that bites",
    ]


def test_a_closed_drill_owes_what_it_owed_that_day(dark):
    """Rules that came later say nothing of it."""
    dark.add(happened.Entered(phase=Phase.POST_MORTEM, why="advanced"), happened.Closed(outcome="complete", owed=[]))
    assert dark.drill.owed == [] and dark.drill.outcome == "complete"


def test_severity_is_owed_where_alerting_ended_without_it_and_said_once(paged):
    paged.wait(320).time_alone()
    assert paged.drill.phase is Phase.DARK_ROOM and "how bad it is and who is hurt" in paged.drill.owed
    paged.add(*rules.assess(paged.drill, "critical", "buyers"))
    assert paged.drill.phase is Phase.DARK_ROOM and "how bad it is and who is hurt" not in paged.drill.owed
    with pytest.raises(rules.Refused, match="has been said"):
        rules.assess(paged.drill, "none", "nobody")


def test_it_is_complete_when_nothing_is_owed(fixing):
    fixing.add(happened.Deployed(release="r-1", services=["billing"], healthy=True))
    verdict = happened.Verified(release="r-1", verdict="verified", checks=[])
    fixing.add(*rules.verified(fixing.drill, verdict))
    assert fixing.drill.phase is Phase.POST_MORTEM
    fixing.add(happened.SpecChanged(lines=3), happened.GuardrailProven(name="g", bites=True, found={}))
    assert rules.close(fixing.drill) == [happened.Closed(outcome="complete", owed=[])]


def test_a_guardrail_that_no_longer_bites_is_owed_again(fixing):
    fixing.add(happened.GuardrailProven(name="g", bites=True, found={}))
    fixing.add(happened.GuardrailProven(name="g", bites=False, found={}))
    assert "a guardrail that bites" in fixing.drill.owed


def test_another_guardrail_that_does_not_bite_takes_nothing_away(fixing):
    fixing.add(happened.GuardrailProven(name="g", bites=True, found={}))
    fixing.add(happened.GuardrailProven(name="h", bites=False, found={}))
    assert "a guardrail that bites" not in fixing.drill.owed


def test_a_guardrail_is_proven_on_the_fix_that_was_verified(fixing):
    bites = happened.GuardrailProven(name="g", release="r-1", bites=True, found={})
    fixing.add(happened.Deployed(release="r-1", services=["billing"], healthy=True), bites)
    assert "a guardrail that bites" not in fixing.drill.owed, "there is no verified one yet"
    fixing.add(happened.Verified(release="r-1", verdict="verified", checks=[]))
    fixing.add(happened.Deployed(release="r-2", services=["billing"], healthy=True))
    fixing.add(happened.Verified(release="r-2", verdict="verified", checks=[]))
    assert "a guardrail that bites" in fixing.drill.owed, "nobody knows whether it lets r-2 pass"
    fixing.add(bites.model_copy(update={"release": "r-2"}))
    assert "a guardrail that bites" not in fixing.drill.owed


def test_a_log_of_before_releases_were_written_down_means_the_one_that_ran(fixing):
    old = happened.WHAT.validate_python({"kind": "guardrail-proven", "name": "g", "bites": True, "found": {}})
    fixing.add(happened.Deployed(release="r-1", services=["billing"], healthy=True), old)
    assert fixing.drill.guardrails == {"g": "r-1"}


def test_nothing_is_fixed_in_a_drill_without_an_incident(dark):
    none = CAUSE.model_copy(update={"mechanism": happened.NO_INCIDENT})
    dark.add(*rules.submitted(dark.drill, none))
    assert (dark.drill.phase, dark.drill.owed) == (Phase.POST_MORTEM, [])
    dark.add(happened.Mitigated(again_s=10)).wait(20)
    assert not rules.trigger_due(dark.drill)


def test_a_pause_stops_the_clock_and_the_gate(fixing):
    fixing.wait(10).add(*rules.pause(fixing.drill, "fire alarm"))
    fixing.wait(5_000)
    assert fixing.drill.clock.phase_s == 10
    assert not fixing.drill.gate_open and not fixing.time_alone()
    fixing.add(*rules.resume(fixing.drill, "false alarm")).wait(5)
    assert fixing.drill.clock.phase_s == 15


def test_a_phase_that_is_entered_while_paused_stands_still(dark):
    dark.add(*rules.pause(dark.drill, "…"))
    dark.add(*rules.advance(dark.drill)).wait(500)
    assert (dark.drill.phase, dark.drill.clock.phase_s) == (Phase.AI_FIX, 0)


def test_the_instructor_accepts_the_cause_by_hand(dark):
    dark.add(*rules.override(dark.drill, "time for lunch"))
    drill = dark.drill
    assert (drill.phase, drill.accepted, drill.cause, drill.cause_s) == (Phase.AI_FIX, True, None, 60)
    assert "an accepted root cause" not in drill.owed
    with pytest.raises(Refused, match="dark-room"):
        rules.override(drill, "again")


def test_it_is_mitigated_once_for_every_time_that_the_load_turned(paged):
    paged.add(*rules.mitigated(paged.drill, 100.0))
    assert rules.mitigated(paged.drill, 100.0) == []
    assert paged.drill.back_s is None
    paged.wait(100).add(*rules.triggered(paged.drill, {}, paged.now))
    assert paged.drill.back_s == 100
    assert rules.mitigated(paged.drill, 100.0) == [happened.Mitigated(again_s=100)]
    assert paged.add(*rules.mitigated(paged.drill, 100.0)).drill.back_s is None
    assert rules.mitigated(History().add(QUIET).drill, 100.0) == []


def test_harm_is_written_down_once_when_it_is_over(paged):
    harm = happened.Harmed(out_of_slo_s=60, orders_lost=3, money_wrong_cents=0)
    assert rules.harmed(paged.drill, harm) == []
    paged.add(*rules.abort(paged.drill, "fire alarm")).add(*rules.harmed(paged.drill, harm))
    assert (paged.drill.harm, paged.drill.aborted) == (harm, "fire alarm")
    assert rules.harmed(paged.drill, harm) == []
    never = History().add(QUIET)
    assert rules.harmed(never.add(*rules.abort(never.drill, "…")).drill, harm) == []


@pytest.mark.parametrize(
    "rule",
    [
        lambda drill: rules.pause(drill, "…"),
        lambda drill: rules.advance(drill),
        lambda drill: rules.hint(drill, ["?"]),
        lambda drill: rules.abort(drill, "…"),
        lambda drill: rules.note(drill, "…"),
        lambda drill: rules.acknowledge(drill, "p-1"),
        lambda drill: rules.submitted(drill, CAUSE),
        lambda drill: rules.open_gate(drill, "…"),
        lambda drill: rules.shut_gate(drill, "…"),
        lambda drill: rules.require_action(drill),
    ],
)
def test_without_a_drill_nothing_can_be_done_to_it(rule):
    with pytest.raises(Refused, match="No drill is under way"):
        rule(None)


def test_pace_scales_phases():
    history = History(pace=60).wait(2).add(happened.Triggered(time=1)).add(PAGE).wait(5)
    assert history.drill.clock.phase_s == 300
    assert history.time_alone() == ["escalated", "entered"]


def test_a_clock_that_somebody_sets_is_not_believed(paged):
    paged.wait(10, set_by=-3_600)
    assert paged.drill.clock.total_s == 10
    paged.wait(10, set_by=+7_200).add(happened.Noted(text="…"))
    assert paged.drill.clock.total_s == 20


def test_a_machine_that_was_restarted_is_asked_for_the_time_of_day(paged):
    paged.wait(10).add(happened.Noted(text="…")).reboot(45)
    assert paged.drill.clock.total_s == 55


def test_nobody_answers_the_page(paged):
    paged.wait(119)
    assert paged.time_alone() == []
    paged.wait(1)
    assert paged.time_alone() == ["escalated"]
    assert paged.wait(100).time_alone() == []


def test_an_acknowledged_page_is_not_escalated(paged):
    paged.wait(5).add(*rules.acknowledge(paged.drill, "p-1")).wait(200)
    assert paged.time_alone() == []
    assert paged.drill.acknowledged_s == 5
    assert rules.acknowledge(paged.drill, "p-1") == []


def test_a_wrong_cause_costs_a_while(dark):
    wrong = CAUSE.model_copy(update={"accepted": False})
    dark.add(*rules.submitted(dark.drill, wrong)).wait(20)
    with pytest.raises(Refused, match="in 40 s"):
        rules.require_submission(dark.drill)
    dark.wait(40)
    rules.require_submission(dark.drill)
    assert (dark.drill.tries, dark.drill.phase) == (1, Phase.DARK_ROOM)


@pytest.mark.parametrize(
    "forbidden",
    [
        lambda drill: rules.submitted(drill, CAUSE),
        lambda drill: rules.hint(drill, ["?"]),
        lambda drill: rules.close(drill),
        lambda drill: rules.resume(drill, "…"),
        lambda drill: rules.arm(drill, ARMED),
    ],
)
def test_what_does_not_belong_to_the_phase_is_refused(paged, forbidden):
    with pytest.raises(Refused):
        forbidden(paged.drill)


def test_nothing_but_an_end_is_possible_before_the_page():
    history = History()
    with pytest.raises(Refused, match="wait for the pager"):
        rules.advance(history.drill)
    history.add(*rules.abort(history.drill, "wrong room"))
    assert history.drill.phase is Phase.ABORTED
    with pytest.raises(Refused, match="No drill"):
        rules.pause(history.drill, "…")
    assert rules.arm(history.drill, ARMED) == [ARMED]


def test_the_trigger_comes_back_until_the_fix_is_verified(fixing):
    fixing.add(happened.Mitigated(again_s=180)).wait(179)
    assert not rules.trigger_due(fixing.drill)
    assert rules.trigger_due(fixing.wait(1).drill)
    fixing.add(happened.Triggered(time=2)).wait(1_000)
    assert not rules.trigger_due(fixing.drill)
    fixing.add(happened.Mitigated(again_s=10))
    assert rules.trigger_due(fixing.wait(10).drill)
    fixing.add(happened.Deployed(release="r-1", services=["billing"], healthy=True))
    fixing.add(happened.Verified(release="r-1", verdict="verified", checks=[])).wait(500)
    assert not rules.trigger_due(fixing.drill)


def test_it_comes_back_when_the_fix_is_taken_back(fixing):
    fixing.add(happened.Deployed(release="r-1", services=["billing"], healthy=True))
    fixing.add(happened.Verified(release="r-1", verdict="verified", checks=[]), happened.Mitigated(again_s=10)).wait(20)
    assert fixing.drill.fixed and not rules.trigger_due(fixing.drill)
    fixing.add(happened.RolledBack(release="baseline", why="no"))
    assert not fixing.drill.fixed and rules.trigger_due(fixing.drill)


def test_the_first_mitigation_is_the_one_that_counts(fixing):
    fixing.add(happened.Mitigated(again_s=180)).wait(300).add(happened.Mitigated(again_s=180))
    assert fixing.drill.mitigated_s == 660


def test_a_new_release_has_no_verdict_yet(fixing):
    fixing.add(happened.Verified(release="r-1", verdict="symptom-only", checks=[]))
    fixing.add(happened.Deployed(release="r-2", services=["orders"], healthy=True))
    assert (fixing.drill.release, fixing.drill.verdict) == ("r-2", None)


def test_a_release_that_did_not_become_healthy_is_not_the_current_one(fixing):
    fixing.add(happened.Deployed(release="r-2", services=["orders"], healthy=False))
    assert fixing.drill.release == "baseline"


def test_the_gate_says_why_it_is_shut():
    history = History()
    reasons = [rules.gate(None), rules.gate(history.drill)]
    history.add(PAGE)
    reasons.append(rules.gate(history.drill))
    history.add(*rules.assess(history.drill, "critical", "buyers"))
    reasons.append(rules.gate(history.drill))
    history.add(*rules.submitted(history.drill, CAUSE))
    assert rules.gate(history.drill) == ""
    history.add(*rules.advance(history.drill))
    reasons.append(rules.gate(history.drill))
    history.add(*rules.close(history.drill))
    reasons.append(rules.gate(history.drill))
    assert all(reasons)


def test_the_instructor_shuts_and_opens_the_gate(fixing):
    fixing.add(happened.GateShut(why="it writes everything"))
    assert "instructor" in rules.gate(fixing.drill)
    fixing.add(happened.GateOpened(why="talked about it"))
    assert rules.gate(fixing.drill) == ""
    fixing.add(*rules.advance(fixing.drill))
    assert "is over" in rules.gate(fixing.drill), "what was taken back was that it was shut, not the phase"


def test_a_gate_that_was_shut_in_the_dark_is_not_opened_by_taking_that_back(dark):
    dark.add(*rules.shut_gate(dark.drill, "…")).add(*rules.open_gate(dark.drill, "…"))
    assert "root cause" in rules.gate(dark.drill)
    dark.add(*rules.open_gate(dark.drill, "now I mean it"))
    assert rules.gate(dark.drill) == ""
    dark.add(*rules.shut_gate(dark.drill, "…")).add(*rules.open_gate(dark.drill, "…"))
    assert rules.gate(dark.drill) == "", "as it was before"


def test_a_gate_that_was_opened_against_a_phase_is_so_for_this_phase(fixing):
    fixing.add(*rules.advance(fixing.drill)).add(*rules.open_gate(fixing.drill, "a last question"))
    assert rules.gate(fixing.drill) == ""
    assert "No drill" in rules.gate(fixing.add(*rules.close(fixing.drill)).drill)


def test_an_override_of_the_dark_room_ends_with_it(paged):
    paged.add(*rules.open_gate(paged.drill, "for the demonstration"))
    assert rules.gate(paged.drill) == ""
    paged.add(*rules.assess(paged.drill, "critical", "buyers"))
    assert "root cause" in rules.gate(paged.drill)


def test_what_was_shut_stays_shut_through_the_phases(dark):
    dark.add(*rules.shut_gate(dark.drill, "not today")).add(*rules.submitted(dark.drill, CAUSE))
    assert "instructor" in rules.gate(dark.drill)


def test_hints_come_one_by_one(dark):
    hints = ["What do the customers see?", "Who waits for whom?"]
    dark.add(*rules.hint(dark.drill, hints)).add(*rules.hint(dark.drill, hints))
    assert [one.what.text for one in dark.events if one.what.kind == "hinted"] == hints
    with pytest.raises(Refused, match="no more hints"):
        rules.hint(dark.drill, hints)


def test_every_event_is_read_back_as_it_was_written(fixing):
    fixing.add(happened.Asked(path="/v1/messages", prompt="?", answer="!", status=200))
    fixing.add(happened.Closed(outcome="incomplete", owed=["a verified fix"]))
    again = [Event.model_validate_json(one.model_dump_json()) for one in fixing.events]
    assert again == fixing.events
    assert fold(again, HOUR.cooldown) == fold(fixing.events, HOUR.cooldown)


def test_a_log_cannot_begin_in_the_middle():
    with pytest.raises(ValueError, match="before any drill"):
        apply(None, Event(number=1, when=History().now, who="lab", what=PAGE), 60)


def test_a_second_drill_begins_from_nothing(fixing):
    fixing.add(*rules.abort(fixing.drill, "…")).add(ARMED.model_copy(update={"drill": "d-2"}))
    drill = fixing.drill
    assert (drill.phase, drill.cause, drill.tries, drill.armed.drill) == (Phase.ARMED, None, 0, "d-2")


@pytest.mark.parametrize("name", ["60", "180"])
def test_profiles_add_up_to_their_name(name):
    profile = profiles.load(name)
    assert profile.alerting + profile.dark_room + profile.ai_fix + profile.post_mortem == 60 * int(name)


def test_a_profile_that_is_not_there_or_wrong_is_refused_with_a_sentence(tmp_path):
    with pytest.raises(UsageError, match="there are 180, 60"):
        profiles.load("90")
    (tmp_path / "x.yaml").write_text("alerting: -1\n")
    with pytest.raises(LabError, match="is not a profile"):
        profiles.load("x", tmp_path)
