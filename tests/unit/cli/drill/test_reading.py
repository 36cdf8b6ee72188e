"""What there is to see: JSON as the war room gives it, and lines for people."""

import json

import pytest

from lab import cli
from lab.cli.drill import reading, showing

from .conftest import STATUS, Room

EVENTS = [
    {"number": 1, "at": "2026-11-23T03:00:00.000Z", "who": "instructor", "what": {"kind": "armed", "team": "night"}},
    {
        "number": 2,
        "at": "2026-11-23T03:02:00.000Z",
        "elapsed_s": 0,
        "who": "lab",
        "what": {"kind": "paged", "page": "p-3"},
    },
    {
        "number": 3,
        "at": "2026-11-23T03:03:05.000Z",
        "elapsed_s": 65.2,
        "who": "team",
        "what": {"kind": "acted", "action": "restart", "on": ["orders", "checkout"], "why": "stuck"},
    },
]


@pytest.mark.parametrize(
    ("words", "path", "body"),
    [
        ("status", "", STATUS),
        ("events", "/events", EVENTS),
        ("report", "/report", {"id": "d-1", "times": {"detect_s": 14.0}}),
        ("history", "/history", [{"id": "d-1", "outcome": "complete"}]),
        ("debrief", "/debrief", {"id": "d-1", "text": "…", "chain": []}),
        ("chain", "/chain", [{"link": "It began.", "first_shown_by": "metric:up"}]),
        ("releases", "/releases", [{"release": "r-1", "current": True}]),
    ],
)
def test_json_is_the_war_rooms_own(room: Room, capsys, words: str, path: str, body) -> None:
    room.says(f"GET {path}", body)
    assert cli.main(["drill", words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == body


def test_status_has_phase_and_remaining_time_first(room: Room, capsys) -> None:
    assert cli.main(["drill", "status"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "dark-room  21:30 left  8:30 since the page"
    assert "drill       d-1, team night shift, practice" in said
    assert "root cause  open" in said
    assert "owed        an accepted root cause; a verified fix" in said
    assert not any(line.startswith(("hints", "mitigated", "outcome")) for line in said)


def test_status_says_what_matters_now(room: Room, capsys) -> None:
    room.says(
        "GET ",
        STATUS
        | {"paused": True, "tries": 2, "cooldown_s": 42, "mitigated_s": 61, "back_s": 130, "hints": 1, "gate": ""},
    )
    assert cli.main(["drill", "status"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("dark-room  paused  21:30 left")
    assert "root cause  open, 2 handed in, the next in 0:42" in said
    assert {"mitigated   1:01; the incident is back since 2:10", "hints       1", "AI          open"} <= set(said)


@pytest.mark.parametrize(
    ("status", "line"),
    [
        ({"id": None, "phase": "idle", "paused": False}, "No drill so far"),
        ({"id": None, "phase": "idle", "preparing": "waiting for health"}, "preparing   waiting for health"),
        (STATUS | {"phase": "armed", "remaining_s": None, "elapsed_s": 0}, "armed\n"),
        (STATUS | {"guided": True}, "guided      labctl drill chain shows"),
        (STATUS | {"phase": "closed", "remaining_s": None, "outcome": "guided"}, "outcome     guided"),
        (STATUS | {"phase": "aborted", "remaining_s": None, "why": "fire"}, "aborted     fire"),
    ],
)
def test_status_out_of_the_ordinary(room: Room, capsys, status: dict, line: str) -> None:
    room.says("GET ", status)
    assert cli.main(["drill", "status"]) == 0
    assert line in capsys.readouterr().out


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00"), (9.6, "0:10"), (59.4, "0:59"), (3_661, "61:01"), (-3, "0:00"), (None, "–")]
)
def test_times_are_minutes_and_seconds(seconds: float | None, shown: str) -> None:
    assert showing.clock(seconds) == shown


def test_an_event_is_a_line_with_its_time_since_the_page(room: Room, capsys) -> None:
    room.says("GET /events", EVENTS)
    assert cli.main(["drill", "events"]) == 0
    assert [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()] == [
        "03:00:00 instructor armed team night",
        "0:00 lab paged page p-3",
        "1:05 team acted action restart on orders, checkout why stuck",
    ]


def test_following_goes_on_from_the_last_event_and_ends_with_the_drill(room: Room, monkeypatch, capsys) -> None:
    monkeypatch.setattr(reading, "POLL_S", 0)
    room.says("GET /events", EVENTS[:1], [], EVENTS[1:], [])
    room.says("GET ", STATUS, STATUS | {"phase": "closed"})
    assert cli.main(["drill", "events", "--follow", "--json"]) == 0
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == EVENTS
    asked = [one.url.params["after"] for one in room.asked if one.url.path.endswith("/events")]
    assert asked == ["0", "1", "1", "3"]


REPORT = {
    "id": "d-3",
    "scenario": "flash-sale",
    "team": "blue",
    "assessment": True,
    "points": 80,
    "profile": "60",
    "pace": 10.0,
    "phase": "closed",
    "outcome": "complete",
    "assessed": {"severity": "critical", "hurt": "everyone who buys"},
    "times": {"detect_s": 17.2, "acknowledge_s": 12.1, "mitigate_s": None, "cause_s": 803.0, "verified_s": 1500.2},
    "escalated": True,
    "harm": {"out_of_slo_s": 181.0, "orders_lost": 420, "money_wrong_cents": 1234},
    "actions": [{"action": "restart", "on": ["checkout", "orders"], "why": "stops the harm"}],
    "tries": 2,
    "hints": 1,
    "asked": 3,
    "review": {
        "wrong_caught": 1, "wrong_let_through": 1, "right_accepted": 1, "right_refused": 0, "wrong_condition": 1
    },
    "deployed": [{"release": "r-1", "services": ["checkout"], "healthy": False}],
    "verdicts": [{"release": "r-1", "verdict": "symptom-only"}, {"release": "r-2", "verdict": "verified"}],
    "guardrails": [{"name": "guardrails/lint/a.yml", "bites": True}],
    "spec_changed": True,
    "owed": ["a guardrail that bites"],
    "written": {"prevent": "A test\nof the sums."},
}  # fmt: skip


def test_a_report_says_what_the_drill_came_to(room: Room, capsys) -> None:
    room.says("GET /report", REPORT)
    assert cli.main(["drill", "report"]) == 0
    said = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines() if line]
    assert said == [
        "Drill d-3, flash-sale, team blue, assessment, 60 minutes at pace 10: complete, 80 points",
        "Times",
        "page, after the load turned 0:17",
        "acknowledged 0:12; after an escalation",
        "mitigated –",
        "root cause 13:23; 2 handed in, 1 hints",
        "verified fix 25:00",
        "Harm",
        "outside the SLO 3:01",
        "orders lost 420",
        "money wrong 12.34",
        "Response",
        "severity critical: everyone who buys",
        "restart checkout, orders: stops the harm",
        "requests to AI 3",
        "Fix",
        "review bench 1 of 3 wrong patches caught (1 more for another reason), 1 of 1 right ones accepted",
        "deployed r-1 checkout, rolled back: it did not become healthy",
        "verdict on r-1 symptom-only",
        "verdict on r-2 verified",
        "guardrail guardrails/lint/a.yml: bites",
        "team spec changed",
        "Owed",
        "a guardrail that bites",
        "Prevent",
        "A test",
        "of the sums.",
    ]


def test_a_report_of_little_is_short(room: Room, capsys) -> None:
    room.says("GET /report", {"id": "d-1", "phase": "aborted", "why": "fire", "times": {}, "harm": None})
    assert cli.main(["drill", "report"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("Drill d-1, practice: aborted\nAborted: fire\n") and "not known" in said


def test_what_people_wrote_is_not_taken_for_markup(room: Room, capsys) -> None:
    room.says("GET /report", {"id": "d-1", "why": "[bold]x[/bold]"})
    assert cli.main(["drill", "report"]) == 0
    assert "[bold]x[/bold]" in capsys.readouterr().out


def test_a_drill_that_was_aborted_says_so_in_the_history(room: Room, capsys) -> None:
    room.says("GET /history", [{"id": "d-1", "outcome": None, "phase": "aborted"}])
    assert cli.main(["drill", "history"]) == 0
    assert "aborted" in capsys.readouterr().out


def test_no_history_says_so(room: Room, capsys) -> None:
    room.says("GET /history", [])
    assert cli.main(["drill", "history"]) == 0
    assert capsys.readouterr().out == "No drill so far.\n"


def test_a_debrief_before_the_end_is_refused_in_the_war_rooms_words(room: Room, capsys) -> None:
    room.says("GET /debrief", {"detail": "The drill is under way; the debrief is for afterwards."}, status=409)
    assert cli.main(["drill", "debrief"]) == 2
    assert capsys.readouterr().err == "labctl: The drill is under way; the debrief is for afterwards.\n"


@pytest.mark.parametrize(
    ("dated", "says"),
    [
        (
            {"shown_s": 3.2, "had_s": 760.0, "why": ""},
            "first showed 0:03 after the load turned; the team had it 12:40 after",
        ),
        ({"shown_s": 3.2, "had_s": None, "why": ""}, "first showed 0:03 after the load turned\n"),
        ({"shown_s": None, "had_s": None, "why": ""}, "did not show in this drill"),
        ({"shown_s": None, "had_s": None, "why": "The logs are gone."}, "cannot be told: The logs are gone."),
    ],
)
def test_the_debrief_dates_the_chain(room: Room, capsys, dated: dict, says: str) -> None:
    link = {"link": "It began.", "first_shown_by": "metric:up", "shown_at": None} | dated
    room.says("GET /debrief", {"id": "d-1", "text": "# What it was", "chain": [link], "hints": []})
    assert cli.main(["drill", "debrief"]) == 0
    said = capsys.readouterr().out
    assert "# What it was" in said and "1. It began." in said and "shown by metric:up" in said
    assert says in said


def test_the_chain_is_told_link_by_link(room: Room, capsys) -> None:
    room.says("GET /chain", [{"link": "It began.", "first_shown_by": "metric:up"}])
    assert cli.main(["drill", "chain"]) == 0
    assert capsys.readouterr().out == "1. It began.\n   first shown by metric:up\n"


def test_the_brief_is_markdown_as_it_is(room: Room, capsys) -> None:
    room.says("GET /brief", {"markdown": "# Brief\n\n[x]"})
    assert cli.main(["drill", "brief"]) == 0
    assert capsys.readouterr().out == "# Brief\n\n[x]\n"
    room.says(
        "GET /brief", {"detail": "AI opens when a root cause has been accepted: labctl drill submit."}, status=423
    )
    assert cli.main(["drill", "brief"]) == 2
