"""What happens in a drill by itself, in a world that a test moves on."""

import logging
import threading

import pytest

from lab.drill import event as happened
from lab.drill import rules
from tests.integration.warroom.conftest import Stage

ORDERS = ("checkout", "/orders")


def test_a_drill_from_its_start_to_its_page(stage: Stage) -> None:
    stage.start()
    assert stage.kinds() == ["armed", "quiet", "triggered"]
    size = stage.last("triggered").figures["size"]
    assert 30 <= size <= 34 and stage.world.running["flash-sale"] == stage.last("triggered").figures
    stage.tick(10)
    name = stage.page()
    stage.world.pass_(2)  # nobody looks for two seconds
    stage.tick()
    assert stage.last("paged").page == name and stage.last("paged").late_s == 2
    assert stage.get()["elapsed_s"] == 2


def test_the_seed_decides_on_when_and_how_much(stage: Stage) -> None:
    stage.start(now=False)
    armed, quiet, triggered = stage.events()
    assert 60 <= armed.what.delay_s <= 360
    assert armed.what.delay_s <= triggered.when.since(quiet.when) <= armed.what.delay_s + 2
    stage.post("/abort", {"why": "again"}, whose="instructor")
    stage.start(now=False)
    assert (stage.events()[0].what.delay_s, stage.last("triggered")) == (armed.what.delay_s, triggered.what)


@pytest.mark.parametrize("page", [("CustomerErrorsHigh", "orders"), ("TargetDown", "checkout")])
def test_another_page_is_not_the_drill_s(stage: Stage, page: tuple) -> None:
    stage.start()
    stage.page(*page)
    stage.tick(4)
    assert stage.kinds()[-1] == "triggered"


def test_a_page_from_before_the_trigger_is_not_the_drill_s(stage: Stage) -> None:
    stage.post("/start", {"scenario": "flash-sale", "seed": 7}, whose="instructor")
    stage.prepared()
    stage.page()
    stage.until(lambda: stage.kinds()[-1] == "triggered")
    stage.tick(4)
    assert stage.kinds()[-1] == "triggered"


def test_who_acknowledges_the_page_is_the_team(stage: Stage) -> None:
    name = stage.paged()
    other = stage.page("TargetDown", "orders", "b2")
    stage.ask("POST", f"/api/pages/{other}/ack")
    stage.tick(10)
    assert stage.get()["acknowledged_s"] is None
    stage.ask("POST", f"/api/pages/{name}/ack")
    stage.tick()
    assert stage.get()["acknowledged_s"] == 10
    assert stage.events()[-1].who == "team"


def test_nobody_answers(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    stage.paged()
    stage.tick(122)
    assert stage.kinds()[-1] == "escalated"
    (line,) = [one for one in caplog.records if one.levelno == logging.CRITICAL]
    assert line.getMessage() == "nobody has acknowledged the page"


def test_it_is_mitigated_when_customers_have_been_content_for_a_minute(stage: Stage) -> None:
    stage.start()
    stage.world.failing.add(ORDERS)
    stage.tick(20)
    stage.page()
    stage.tick(30)
    stage.world.failing.clear()
    stage.tick(60)
    assert stage.get()["mitigated_s"] is None
    stage.tick(14)
    assert 90 <= stage.get()["mitigated_s"] <= 104
    assert 120 <= stage.last("mitigated").again_s <= 300


def test_customers_who_were_content_before_the_page_are_not_yet_mitigated(stage: Stage) -> None:
    stage.start()
    stage.tick(100)
    stage.page()
    stage.tick(58)
    assert stage.get()["mitigated_s"] is None
    stage.tick(4)
    assert 60 <= stage.get()["mitigated_s"] <= 62


def test_the_trigger_comes_back_until_the_fix_is_verified(stage: Stage) -> None:
    stage.dark()
    stage.tick(62)
    stage.post("/act", {"action": "stop-job", "on": ["flash-sale"], "why": "stops the harm"})
    again = stage.last("mitigated").again_s
    stage.tick(again - 4)
    assert "flash-sale" not in stage.world.running
    stage.tick(4)
    second = stage.last("triggered")
    assert second.time == 2 and stage.world.running["flash-sale"] == second.figures
    stage.tick(70)
    assert stage.kinds()[-1] == "mitigated"
    deployed = happened.Deployed(release="r-1", services=["checkout"], healthy=True)
    verdict = happened.Verified(release="r-1", verdict="verified", checks=[])
    stage.room.drills.record("lab", lambda _: [deployed, verdict])
    stage.tick(400)
    assert stage.last("triggered").time == 2


def judge(stage: Stage, seconds: float, *, content: bool) -> None:
    """A verification, with what it does to customers or spares them."""
    stage.room.conductor.held = lambda: True
    stage.room.drills.record("lab", lambda _: [happened.Judging(what="verify", goes_on=True)])
    before = set(stage.world.failing)
    stage.world.failing = set() if content else {ORDERS}
    stage.tick(seconds)
    stage.world.failing = before
    stage.room.drills.record("lab", rules.judged)
    stage.room.conductor.held = lambda: False


def fixing(stage: Stage) -> None:
    stage.dark()
    stage.post("/override", {"why": "shown on paper"}, whose="instructor")


def test_a_judgement_that_spares_customers_mitigates_nothing(stage: Stage) -> None:
    fixing(stage)
    stage.world.failing.add(ORDERS)
    stage.tick(20)
    judge(stage, 90, content=True)
    stage.tick(20)
    assert stage.get()["mitigated_s"] is None


def test_a_judgement_that_hurts_customers_takes_no_mitigation_away(stage: Stage) -> None:
    fixing(stage)
    stage.tick(40)
    judge(stage, 50, content=False)
    assert stage.get()["mitigated_s"] is None
    stage.tick(28)
    assert stage.get()["mitigated_s"] is None, "40 s and 18 s are less than a minute"
    stage.tick(6)
    assert stage.get()["mitigated_s"] is not None
    assert stage.get("/report")["harm"]["orders_lost"] == 0


def test_pace_scales_waits_and_not_telemetry(stage: Stage) -> None:
    stage.dark(pace=10)
    stage.tick(56)
    assert stage.get()["mitigated_s"] is None
    stage.tick(6)
    assert stage.get()["mitigated_s"] == pytest.approx(600, abs=20)


@pytest.mark.parametrize("end", ["/abort", "closed"])
def test_its_load_goes_when_it_is_over_and_what_it_cost_is_counted(stage: Stage, end: str) -> None:
    stage.dark()
    stage.post("/act", {"action": "shed", "why": "fewer at once"})
    assert stage.world.running["healthy"] == {"checkouts": 3.5}
    stage.world.failing.add(ORDERS)
    stage.tick(40)
    if end == "/abort":
        stage.post("/abort", {"why": "fire alarm"}, whose="instructor")
    else:
        for _ in range(3):
            stage.post("/advance", whose="instructor")
    stage.tick(2)
    assert stage.world.running == {"healthy": {}}
    harm = stage.last("harmed")
    assert harm.orders_lost == 280 and harm.out_of_slo_s >= 30
    stage.world.running["flash-sale"] = {}
    stage.tick(20)
    assert "flash-sale" in stage.world.running, "what somebody starts afterwards is theirs"
    assert stage.kinds().count("harmed") == 1


def test_a_drill_that_was_aborted_before_its_trigger_cost_nothing(stage: Stage) -> None:
    stage.post("/start", {"scenario": "flash-sale", "seed": 7}, whose="instructor")
    stage.post("/abort", {"why": "wrong room"}, whose="instructor")
    stage.prepared()
    stage.tick(10)
    assert stage.kinds() == ["armed", "aborted"]
    assert stage.world.running == {"healthy": {}} and stage.world.releases.state.stopped == ()


def test_a_reset_that_fails_ends_the_drill_with_its_reason(stage: Stage) -> None:
    stage.world.down.add("alertmanager")
    stage.post("/start", {"scenario": "flash-sale"}, whose="instructor")
    stage.prepared()
    status = stage.get()
    assert (status["phase"], status["preparing"]) == ("aborted", "")
    assert status["why"].startswith("The lab could not be prepared. Alertmanager does not answer")


def test_a_reset_that_was_killed_is_begun_again(stage: Stage) -> None:
    stage.post("/start", {"scenario": "flash-sale", "now": True}, whose="instructor")
    assert stage.get()["preparing"] == "beginning"
    stage.room.stopping.set()
    stage.prepared()
    assert stage.kinds() == ["armed"]
    stage.open()
    stage.prepared()
    assert stage.kinds()[:2] == ["armed", "quiet"]


def test_the_lab_is_made_as_new_once_however_long_that_takes(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, done = [], threading.Event()

    def run(_: object) -> None:
        begun.append(1)
        done.wait(10)

    monkeypatch.setattr(stage.room.conductor._reset, "run", run)
    stage.post("/start", {"scenario": "flash-sale"}, whose="instructor")
    stage.tick(4)
    done.set()
    stage.room.conductor._resetting.join(10)
    assert len(begun) == 1


def test_a_restarted_war_room_goes_on_where_it_was(stage: Stage) -> None:
    stage.dark()
    stage.world.pass_(1_500 + 100)
    stage.open()
    stage.tick()
    assert stage.get()["phase"] == "ai-fix"
    assert 700 <= stage.get()["remaining_s"] <= 900
    assert stage.get()["guided"]


def test_what_does_not_answer_holds_nothing_else_up_and_says_so_once(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.dark()
    stage.world.down |= {"prometheus", "load"}
    stage.tick(200)
    lines = [one for one in caplog.records if "held up" in one.getMessage()]
    assert len(lines) == 1 and "Prometheus does not answer" in lines[0].getMessage() and not lines[0].exc_info
    stage.world.pass_(1_400)
    stage.tick()
    assert stage.get()["phase"] == "ai-fix"
    stage.world.down.clear()
    stage.tick(80)
    assert "mitigated" in stage.kinds()


def test_a_load_that_is_away_at_the_trigger_turns_when_it_is_back(stage: Stage) -> None:
    stage.post("/start", {"scenario": "flash-sale"}, whose="instructor")
    stage.prepared()
    stage.world.down.add("load")
    stage.tick(400)
    assert "triggered" not in stage.kinds()
    stage.world.down.clear()
    stage.tick(2)
    assert stage.kinds()[-1] == "triggered" and "flash-sale" in stage.world.running


def test_a_trigger_waits_while_the_load_is_needed_for_a_verification(stage: Stage) -> None:
    stage.post("/start", {"scenario": "flash-sale"}, whose="instructor")
    stage.prepared()
    stage.room.conductor.held = lambda: True
    stage.tick(400)
    assert "triggered" not in stage.kinds()
    stage.room.conductor.held = lambda: False
    stage.tick(2)
    assert stage.kinds()[-1] == "triggered"


def test_a_mistake_of_our_own_is_one_line_with_its_traceback(
    stage: Stage, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.dark()
    monkeypatch.setattr(stage.room.customers, "content", lambda *_: 1 / 0)
    stage.tick(120)
    lines = [one for one in caplog.records if "held up" in one.getMessage()]
    assert len(lines) == 1 and lines[0].exc_info
