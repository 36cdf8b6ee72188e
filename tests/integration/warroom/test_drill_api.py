"""The drill over HTTP: who may do what, what is refused, and what is not told before the end."""

import asyncio
import json
import sqlite3
from itertools import pairwise

import httpx
import pytest
import yaml
from warroom.conductor import JUDGED_WITHIN_S

from lab.drill import event as happened
from lab.drill.phase import Phase
from tests.integration.warroom.conftest import CHAIN, HINTS, TOKENS, Stage

WHY = {"why": "because"}
INSTRUCTORS = [
    ("/start", {"random": True}),
    ("/pause", WHY),
    ("/resume", WHY),
    ("/advance", {}),
    ("/hint", {}),
    ("/abort", WHY),
    ("/override", WHY),
    ("/gate/shut", WHY),
    ("/gate/open", WHY),
]
TEAMS = [
    ("/assess", {"severity": "critical", "hurt": "buyers"}),
    ("/note", {"text": "seen"}),
    ("/act", {"action": "restart", "on": ["orders"], "why": "because"}),
    ("/write", {"part": "prevent", "text": "…"}),
    ("/close", {}),
]


@pytest.mark.parametrize(("path", "body"), INSTRUCTORS)
def test_only_an_instructor_steers(stage: Stage, path: str, body: dict) -> None:
    assert stage.ask("POST", f"/api/drill{path}", body, whose=None).status_code == 401
    assert stage.refused(path, body, whose="webhook")[0] == 403
    assert stage.refused(path, body) == (
        403,
        "Only an instructor may do that: labctl --as instructor, or LAB_TOKEN.",
    )
    assert stage.events() == []


@pytest.mark.parametrize(("path", "body"), TEAMS)
def test_what_the_team_does_needs_a_token_and_a_drill(stage: Stage, path: str, body: dict) -> None:
    assert stage.ask("POST", f"/api/drill{path}", body, whose=None).status_code == 401
    assert stage.refused(path, body, whose="webhook")[0] == 403
    status, detail = stage.refused(path, body)
    assert status == 409 and detail.startswith("No drill is under way")


@pytest.mark.parametrize("path", ["/events", "/report", "/history", "/debrief"])
def test_what_is_told_needs_a_token(stage: Stage, path: str) -> None:
    assert stage.ask("GET", f"/api/drill{path}", whose=None).status_code == 401
    assert stage.ask("GET", f"/api/drill{path}", whose="webhook").status_code == 403


def test_before_any_drill(stage: Stage) -> None:
    assert stage.get(whose=None) == {
        "id": None, "phase": "idle", "paused": False, "gate": "No drill is under way.", "preparing": ""
    }  # fmt: skip
    assert (stage.get("/events"), stage.get("/history")) == ([], [])
    assert stage.ask("GET", "/api/drill/report").status_code == 404
    assert "circular-wait" in stage.get("/mechanisms")


@pytest.mark.parametrize(
    ("missing", "named"),
    [
        ({"warden_url": ""}, "WARDEN_URL"),
        ({"load_url": ""}, "LOAD_URL"),
        ({"alertmanager_url": ""}, "ALERTMANAGER_URL"),
    ],
)
def test_a_lab_that_is_not_set_up_for_drills_says_what_is_missing(tmp_path, missing: dict, named: str) -> None:
    stage = Stage(tmp_path, **missing)
    status, detail = stage.refused("/start", {"scenario": "flash-sale"}, whose="instructor")
    assert status == 503 and named in detail and stage.events() == []


def test_without_releases_there_is_no_drill(stage: Stage) -> None:
    stage.releases = None
    stage.open()
    assert "RELEASES_DIR" in stage.refused("/start", {"scenario": "flash-sale"}, whose="instructor")[1]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "one of them"),
        ({"random": True, "control": True}, "one of them"),
        ({"scenario": "flash-sale", "random": True}, "one of them"),
        ({"scenario": "../common"}, "There is no scenario"),
        ({"scenario": "flash-sale", "profile": "../60"}, "There is no profile"),
        ({"scenario": "flash-sale", "pace": 0}, "pace"),
        ({"scenario": "flash-sale", "seed": -1}, "seed"),
        ({"scenario": "flash-sale", "team": "\n"}, "team: is 1 to 40 letters"),
        ({"scenario": "flash-sale", "sceed": 7}, "sceed"),
    ],
)
def test_a_start_that_makes_no_sense_is_refused(stage: Stage, body: dict, says: str) -> None:
    status, detail = stage.refused("/start", body, whose="instructor")
    assert status == 422 and says in detail
    assert stage.events() == []


def test_two_drills_at_once_are_refused(stage: Stage) -> None:
    stage.start()
    status, detail = stage.refused("/start", {"random": True}, whose="instructor")
    assert status == 409 and detail.startswith("A drill is under way")


def test_a_team_does_not_get_the_same_one_twice_running(stage: Stage) -> None:
    seen = []
    for seed in range(12):
        stage.post("/start", {"random": True, "seed": seed, "team": "blue"}, whose="instructor")
        seen.append(stage.events()[0].what.scenario)
        stage.post("/abort", WHY, whose="instructor")
    assert all(one != other for one, other in pairwise(seen))
    assert set(seen) == {"flash-sale", "batch-export", "month-end-import"}


def test_another_team_may_get_what_this_one_had(stage: Stage) -> None:
    for team in ("blue", "red"):
        stage.post("/start", {"random": True, "seed": 5, "team": team}, whose="instructor")
        stage.post("/abort", WHY, whose="instructor")
    blue, red = stage.get("/history")
    assert blue["scenario"] == red["scenario"]


def test_a_control_drill_is_one_on_which_nothing_is_wrong(stage: Stage) -> None:
    stage.post("/start", {"control": True}, whose="instructor")
    assert stage.events()[0].what.scenario == "calm-day"


def test_nothing_that_the_team_can_read_names_the_scenario_before_the_end(stage: Stage) -> None:
    stage.dark()
    stage.tick(70)
    stage.post("/hint", whose="instructor")
    told = [stage.get(path) for path in ("", "/events", "/report", "/history")]
    for secret in ("flash-sale", '"seed": 7', "again_s", "delay_s", "figures", "circular"):
        assert secret not in json.dumps(told)
    assert stage.ask("GET", "/api/drill/debrief").status_code == 409
    assert stage.get("/events", whose="instructor")[0]["what"]["scenario"] == "flash-sale"
    stage.post("/abort", WHY, whose="instructor")
    stage.tick()
    assert stage.get("/events")[0]["what"]["seed"] == 7
    assert [one["scenario"] for one in stage.get("/history")] == ["flash-sale"]
    assert stage.get("/report")["scenario"] == "flash-sale"
    found = stage.get("/debrief")
    assert [one.pop("link") for one in found["chain"]] == [one["link"] for one in CHAIN]
    assert found == {
        "id": "d-1",
        "scenario": "flash-sale",
        "text": "# What it was\n",
        "chain": found["chain"],
        "hints": list(HINTS),
    }


@pytest.mark.parametrize(
    "name, shown",
    [("guardrail.yml", "`guardrails/lint/never-again.yml`\n\n```yaml\n"), ("guardrail.py", ".py`\n\n```python\n")],
)
def test_the_debrief_shows_a_guardrail_that_bites(stage: Stage, name: str, shown: str) -> None:
    (stage.settings.scenarios_dir / "flash-sale" / "private" / name).write_text("never: again\n")
    stage.dark()
    stage.post("/abort", WHY, whose="instructor")
    text = stage.get("/debrief")["text"]
    assert text.startswith("# What it was\n\n## A guardrail that bites\n")
    assert text.endswith(f"{shown}never: again\n```\n")


def test_the_debrief_says_when_each_link_showed_and_when_the_team_had_it(stage: Stage) -> None:
    stage.dark()
    stage.tick(20)
    piece = {"ref": "metric:x", "kind": "metric", "held": True, "why": "", "shown": "pools"}
    tried = happened.Submitted(
        component="checkout", mechanism="x", location="", sentence="…", pieces=[piece], accepted=False
    )
    stage.room.drills.record("team", lambda _: [tried])
    assert "pools" not in json.dumps(stage.get("/events"))
    assert "pools" in json.dumps(stage.get("/events", whose="instructor"))
    path = stage.settings.scenarios_dir / "flash-sale" / "private" / "chain.yaml"
    path.write_text(yaml.safe_dump([one | {"evidence": ["pools"]} for one in CHAIN[:2]] + [CHAIN[2]]))
    stage.post("/abort", WHY, whose="instructor")
    stage.tick()
    stage.world.down.add("prometheus")
    assert {one["why"][:10] for one in stage.get("/debrief")["chain"]} == {"Prometheus"}
    stage.world.down.clear()
    chain = stage.get("/debrief")["chain"]
    assert [one["had_s"] for one in chain] == [20.0, 20.0, None]
    for one in chain:
        assert -2 <= one["shown_s"] <= 2 and one["shown_at"].endswith("Z") and not one["why"]
    stage.world.down.add("prometheus")
    assert stage.get("/debrief")["chain"] == chain, "what is known stays known"


def test_the_chain_is_shown_when_the_dark_room_has_ended_without_a_cause(stage: Stage) -> None:
    stage.dark()
    assert stage.ask("GET", "/api/drill/chain").status_code == 409
    stage.post("/advance", whose="instructor")
    assert stage.get()["guided"]
    assert stage.get("/chain") == list(CHAIN)


def test_that_it_has_begun_is_for_the_pager_to_say(stage: Stage) -> None:
    stage.start()
    assert [one["what"]["kind"] for one in stage.get("/events")] == ["armed", "quiet"]
    assert len(stage.get("/events", whose="instructor")) == 3
    stage.page()
    stage.tick()
    assert [one["what"]["kind"] for one in stage.get("/events")] == ["armed", "quiet", "triggered", "paged"]


def test_a_drill_that_ended_before_its_page_keeps_its_secret(stage: Stage) -> None:
    """It may be started again."""
    stage.start()
    stage.world.failing.add(("checkout", "/orders"))
    stage.tick(20)
    stage.post("/abort", WHY, whose="instructor")
    stage.tick(4)
    for path in ("/debrief", "/chain"):
        answer = stage.ask("GET", f"/api/drill{path}")
        assert answer.status_code == 409, answer.text
    assert stage.get("/report")["scenario"] is None
    assert [(one["scenario"], one["orders_lost"]) for one in stage.get("/history")] == [(None, None)]
    assert "flash-sale" not in json.dumps(stage.get("/events"))
    assert stage.get("/report")["harm"] is None
    assert "harmed" not in [one["what"]["kind"] for one in stage.get("/events")]
    told = stage.get("/report", whose="instructor")
    assert told["scenario"] == "flash-sale" and told["harm"]["orders_lost"] > 0


def test_a_whole_drill_and_what_it_came_to(stage: Stage) -> None:
    stage.start(team="blue", assessment=True)
    stage.world.failing.add(("checkout", "/orders"))
    stage.tick(20)
    name = stage.page()
    stage.tick(4)
    stage.ask("POST", f"/api/pages/{name}/ack")
    stage.tick(6)
    assert stage.refused("/hint", whose="instructor")[0] == 409
    stage.post("/assess", {"severity": "critical", "hurt": " everyone who buys "})
    assert stage.post("/hint", whose="instructor") == {"number": 1, "text": "What is it that customers see?"}
    stage.post("/pause", WHY, whose="instructor")
    assert stage.refused("/pause", WHY, whose="instructor")[0] == 409
    stage.world.pass_(30)
    stage.post("/resume", WHY, whose="instructor")
    stage.post("/note", {"text": "pools are full"})
    stage.post("/act", {"action": "stop-job", "on": ["flash-sale"], "why": "stops the harm"})
    stage.world.failing.clear()
    stage.tick(74)
    status = stage.post("/override", {"why": "lunch"}, whose="instructor")
    assert (status["phase"], status["gate"], status["root_cause"]) == ("ai-fix", "", "accepted")
    assert stage.post("/gate/shut", {"why": "talk first"}, whose="instructor")["gate"]
    assert stage.post("/gate/open", {"why": "talked"}, whose="instructor")["gate"] == ""
    assert stage.post("/advance", whose="instructor")["phase"] == "post-mortem"
    stage.post("/write", {"part": "prevent", "text": "pass it along"})
    closed = stage.post("/close")
    assert (closed["phase"], closed["outcome"]) == ("closed", "incomplete")
    stage.tick(2)

    found = stage.get("/report")
    assert found["times"]["detect_s"] == pytest.approx(20, abs=2)
    assert found["times"]["acknowledge_s"] == pytest.approx(4, abs=2)
    assert found["times"]["mitigate_s"] == pytest.approx(72, abs=12)
    assert found["times"]["cause_s"] >= found["times"]["mitigate_s"] and found["times"]["verified_s"] is None
    assert found["harm"]["orders_lost"] == 7 * 60
    assert found["assessed"] == {"severity": "critical", "hurt": "everyone who buys"}
    assert (found["hints"], found["written"], found["overridden"]) == (1, {"prevent": "pass it along"}, True)
    assert found["actions"] == [{"action": "stop-job", "on": ["flash-sale"], "why": "stops the harm"}]
    assert found["owed"] == ["a verified fix", "a change of the team spec", "a guardrail that bites"]
    (past,) = stage.get("/history")
    assert (past["team"], past["outcome"], past["orders_lost"]) == ("blue", "incomplete", 420)
    assert stage.get("/report?drill=d-1") == found
    assert stage.ask("GET", "/api/drill/report?drill=d-9").status_code == 404


def test_a_report_of_a_drill_before_the_last(stage: Stage) -> None:
    stage.dark()
    stage.post("/abort", WHY, whose="instructor")
    stage.tick(2)
    stage.post("/start", {"scenario": "batch-export"}, whose="instructor")
    assert stage.get("/report?drill=d-1")["assessed"] is not None
    assert stage.get("/report")["id"] == "d-2"
    assert [(one["id"], one["scenario"]) for one in stage.get("/history")] == [("d-1", "flash-sale"), ("d-2", None)]


def test_harm_is_known_while_it_is_done_and_unknown_without_prometheus(stage: Stage) -> None:
    stage.dark()
    stage.world.failing.add(("checkout", "/orders"))
    stage.tick(20)
    assert stage.get("/report")["harm"]["orders_lost"] == 140
    stage.world.down.add("prometheus")
    assert stage.get("/report")["harm"] is None


def test_events_are_numbered_and_timed_from_the_page_on(stage: Stage) -> None:
    stage.dark()
    stage.tick(10)
    stage.post("/note", {"text": "seen"})
    everything = stage.get("/events")
    assert [one["elapsed_s"] for one in everything[:3]] == [None] * 3
    assert everything[-1]["elapsed_s"] == 10 and everything[-1]["at"].endswith("Z")
    assert stage.get(f"/events?after={everything[-2]['number']}") == everything[-1:]
    assert stage.get("/events?after=1&limit=1") == everything[1:2]


@pytest.mark.parametrize("text", ["", " \n ", "\ud800", "x" * 501])
def test_what_says_nothing_or_too_much_is_refused(stage: Stage, text: str) -> None:
    stage.dark()
    before = len(stage.events())
    raw = json.dumps({"why": text})
    headers = {"Authorization": f"Bearer {TOKENS['instructor']}", "Content-Type": "application/json"}

    async def ask():
        async with httpx.AsyncClient(base_url="http://w", transport=httpx.ASGITransport(stage.app)) as client:
            return await client.post("/api/drill/pause", content=raw, headers=headers)

    assert asyncio.run(ask()).status_code == 422
    assert len(stage.events()) == before


# what can be done about the harm


def test_a_restart_counts_when_the_service_is_back(stage: Stage) -> None:
    stage.dark()
    stage.post("/act", {"action": "restart", "on": ["checkout", "inventory"], "why": "holds its workers"})
    assert stage.world.releases.state.generations == {"checkout": 1, "inventory": 1}
    assert stage.last("acted").on == ["checkout", "inventory"]


def test_a_restart_that_fails_is_not_written_down(stage: Stage) -> None:
    stage.dark()
    stage.room.health._clock = stage.world.at
    stage.world.unhealthy.add("checkout")
    status, detail = stage.refused("/act", {"action": "restart", "on": ["checkout"], "why": "…"})
    assert status == 503 and detail.startswith("checkout did not become healthy within 45 s")
    assert "acted" not in stage.kinds()


def test_a_rollback_leads_to_the_baseline(stage: Stage) -> None:
    stage.dark()
    deployed = happened.Deployed(release="r-1", services=["orders"], healthy=True)
    stage.room.drills.record("lab", lambda _: [deployed])
    stage.world.releases.want("r-1")
    assert stage.post("/act", {"action": "rollback", "why": "worse than before"})["release"] == "baseline"
    assert stage.world.releases.state.release == stage.world.releases.baseline()
    assert stage.kinds()[-2:] == ["acted", "rolled-back"]
    assert stage.post("/act", {"action": "rollback", "on": ["r-1"], "why": "back"})["release"] == "r-1"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"action": "restart", "on": []}, "Say which service"),
        ({"action": "restart", "on": ["postgres"]}, "cannot be restarted"),
        ({"action": "stop-job", "on": []}, "what runs is flash-sale"),
        ({"action": "stop-job", "on": ["batch-export"]}, "what runs is flash-sale"),
        ({"action": "stop-job", "on": ["healthy"]}, "those are the customers"),
        ({"action": "shed", "on": ["orders"]}, "Only customers of checkout"),
        ({"action": "rollback", "on": ["r-7"]}, "This drill has no release 'r-7'"),
        ({"action": "rollback", "on": ["r-1", "r-2"]}, "one of them"),
        ({"action": "reboot", "on": []}, "action"),
    ],
)
def test_what_cannot_be_done_is_refused_and_not_written_down(stage: Stage, body: dict, says: str) -> None:
    stage.dark()
    before = stage.world.releases.state, dict(stage.world.running)
    status, detail = stage.refused("/act", {**body, "why": "because"})
    assert status == 422 and says in detail
    assert "acted" not in stage.kinds()
    assert (stage.world.releases.state, stage.world.running) == before


def test_two_who_write_the_same_part_lose_nothing(stage: Stage) -> None:
    stage.dark()
    stage.post("/write", {"part": "lucky", "text": "first", "over": ""})
    status, detail = stage.refused("/write", {"part": "lucky", "text": "second", "over": ""})
    assert status == 409 and detail.startswith("Somebody else has changed this part")
    assert stage.get("/report")["written"] == {"lucky": "first"}
    stage.post("/write", {"part": "lucky", "text": "first", "over": ""})  # the same text twice is no quarrel
    stage.post("/write", {"part": "lucky", "text": "first and second", "over": "first"})
    stage.post("/write", {"part": "lucky", "text": "anew"})
    assert stage.get("/report")["written"] == {"lucky": "anew"}


def test_nobody_closes_it_while_a_result_is_awaited(stage: Stage) -> None:
    stage.dark()
    stage.post("/override", WHY, whose="instructor")
    stage.post("/advance", whose="instructor")
    stage.room.conductor.held = lambda: True
    status, detail = stage.refused("/close", {})
    assert status == 409 and "under way" in detail
    assert stage.refused("/advance", {}, whose="instructor")[0] == 409
    stage.tick(stage.room.drills.profile(stage.room.drills.current()).cap(Phase.POST_MORTEM) + 60)
    assert stage.get("")["phase"] == "post-mortem"
    stage.room.conductor.held = lambda: False
    stage.tick(2)
    assert stage.get("")["phase"] == "closed"


def test_what_is_judged_for_ever_does_not_keep_it_open(stage: Stage) -> None:
    stage.dark()
    stage.post("/override", WHY, whose="instructor")
    stage.post("/advance", whose="instructor")
    stage.room.conductor.held = lambda: True
    stage.tick(stage.room.drills.profile(stage.room.drills.current()).cap(Phase.POST_MORTEM) + JUDGED_WITHIN_S + 4)
    assert stage.get("")["phase"] == "closed"


def test_nothing_is_done_before_the_page(stage: Stage) -> None:
    stage.start()
    assert stage.refused("/act", {"action": "shed", "why": "…"})[0] == 409
    assert stage.world.running["healthy"] == {}


def test_a_log_that_cannot_be_read_is_said_and_not_passed_over(stage: Stage) -> None:
    stage.dark()
    with sqlite3.connect(stage.settings.state_dir / "drill.sqlite") as database:
        database.execute("DROP TRIGGER unchangeable")
        database.execute("UPDATE events SET line = '{' WHERE number = 3")
    database.close()
    stage.open()
    answer = stage.ask("GET", "/api/drill")
    assert answer.status_code == 503 and answer.json()["detail"].startswith("Event 3 in")
    stage.room.conductor.tick()
