from markdown_it import MarkdownIt

from lab.drill.postmortem import PARTS, markdown, missing
from lab.drill.timeline import lines, marks, sentence

EVENTS = [
    {"elapsed_s": None, "who": "lab", "what": {"kind": "armed"}},
    {
        "elapsed_s": 0.0,
        "who": "lab",
        "what": {"kind": "paged", "alertname": "CustomerErrorsHigh", "service": "checkout"},
    },
    {
        "elapsed_s": 65.0,
        "who": "team",
        "what": {"kind": "noted", "text": "a | b <script>alert(1)</script>\n# no heading"},
    },
    {
        "elapsed_s": 300.0,
        "who": "team",
        "what": {
            "kind": "submitted",
            "component": "orders",
            "mechanism": "missing-index",
            "location": "history.py `x`",
            "sentence": "Because so.",
            "pieces": [{"ref": "trace:abc", "held": True}, {"ref": "metric:up", "held": False}],
            "accepted": True,
        },
    },
    {
        "elapsed_s": 900.0,
        "who": "team",
        "what": {
            "kind": "verified",
            "release": "r-1",
            "verdict": "verified",
            "checks": [{"name": "charges off", "figure": 0.0, "bound": 0.0, "unit": "charges", "passed": True}],
        },
    },
]
REPORT = {
    "id": "d-1",
    "team": "blue",
    "armed_at": "2026-01-01T03:00:00.000Z",
    "assessment": False,
    "phase": "post-mortem",
    "owed": ["a guardrail that bites"],
    "assessed": {"severity": "critical", "hurt": "everybody"},
    "harm": {"out_of_slo_s": 125.0, "orders_lost": 7, "money_wrong_cents": 1203},
    "times": {"detect_s": 21.0, "acknowledge_s": 5.0, "mitigate_s": None, "cause_s": 300.0, "verified_s": 900.0},
    "tries": 2,
    "hints": 0,
    "written": {"summary": "It was **bad**."},
    "guardrails": [],
    "spec_changed": False,
}


def test_what_the_lab_knows_is_filled_in_and_the_rest_is_asked():
    text = markdown("A quiet night", REPORT, EVENTS)
    for wanted in (
        "2:05 minutes",
        "orders lost: 7",
        "money wrong: 12.03",
        "| page to accepted root cause | 5:00 |",
        "–",
    ):
        assert wanted in text
    assert "`trace:abc`" in text and "metric:up" not in text
    assert "It was **bad**." in text
    assert text.count("_(to be written)_") == len(PARTS) - 1
    assert missing(REPORT["written"]) == [part for part in PARTS if part != "summary"]


def test_what_people_typed_is_no_markup_outside_their_own_parts():
    html = MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown("A <b>", REPORT, EVENTS))
    assert "<script" not in html and "<b>" not in html
    assert "a | b" in html and "<h1>no" not in html


def test_a_story_is_told_from_the_page_on():
    assert [at for at, _, _ in lines(EVENTS)] == [0.0, 65.0, 300.0, 900.0]
    assert [mark.text for mark in marks(EVENTS)] == [
        "page: CustomerErrorsHigh on checkout",
        "root cause missing-index at orders: accepted",
        "r-1: verified",
    ]


def test_every_kind_of_event_that_is_a_turn_has_a_sentence():
    assert sentence({"kind": "triggered", "time": 3}) == "the load turned again, for the 3rd time"
    assert (
        sentence({"kind": "acted", "action": "restart", "on": ["checkout"], "why": "stuck"})
        == "restart checkout: stuck"
    )
    assert sentence({"kind": "quiet"}) == ""


def test_a_drill_without_anything_still_has_a_post_mortem():
    empty = REPORT | {"harm": None, "assessed": None, "written": {}, "owed": []}
    assert "## Timeline" not in markdown("x", empty, []) and "# x" in markdown("x", empty, [])


def test_what_is_to_be_copied_is_as_it_was_written():
    told = [{**one, "what": dict(one["what"])} for one in EVENTS]
    for one in told:
        if "pieces" in one["what"]:
            one["what"]["pieces"] = [{"ref": 'metric:worker_pool_waiting{service="x`y"}', "held": True}]
    text = markdown("x", REPORT, told)
    assert """- `metric:worker_pool_waiting{service="x'y"}`""" in text


def test_of_a_guardrail_that_was_tried_again_the_last_word_counts():
    tries = [{"name": name, "bites": bites} for name, bites in (("a_b", False), ("c", False), ("a_b", True))]
    text = markdown("x", REPORT | {"guardrails": tries}, [])
    assert text.count("- guardrail") == 2 and "- guardrail `a_b`: bites" in text
