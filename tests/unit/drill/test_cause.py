"""Root causes as they are handed in."""

import pytest

from lab.drill import cause
from lab.drill.cause import Answer, named, piece, submission
from lab.errors import UsageError

GIVEN = {
    "component": "billing",
    "mechanism": "lost-update",
    "location": "billing/book.py:12",
    "sentence": "Two charges at once overwrite each other's balance.",
    "evidence": ["trace:" + "a" * 32, "sql:select 1"],
}


def test_it_is_read():
    found = submission(GIVEN)
    assert [one.ref for one in found.evidence] == ["trace:" + "a" * 32, "sql:select 1"]


def test_a_reference_may_hold_colons():
    assert piece("log:billing:" + "b" * 32).value == "billing:" + "b" * 32
    assert piece('metric: sum by (a) (x{b="c:d"}) ').value == 'sum by (a) (x{b="c:d"})'


@pytest.mark.parametrize("text", ["", "trace", "trace:", "trace: ", "picture:1", "http://127.0.0.1", "Trace:1"])
def test_what_is_no_reference_is_refused(text):
    with pytest.raises(UsageError, match="begin it with trace:, metric:"):
        piece(text)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"mechanism": "gremlins"}, "mechanism is not on the list"),
        ({"mechanism": None}, "mechanism"),
        ({"component": ""}, "component"),
        ({"sentence": "because"}, "sentence"),
        ({"sentence": "x" * 601}, "sentence"),
        ({"evidence": []}, "evidence"),
        ({"evidence": ["sql:select 1"]}, "evidence"),
        ({"evidence": ["sql:select 1", "sql:select 2"]}, "all of one kind"),
        ({"evidence": ["sql:select 1", "trace:a", "sql:select 1"]}, "one piece twice"),
        ({"evidence": ["sql:select 1", "it was the disk"]}, "begin it with"),
        ({"evidence": [f"sql:{n}" for n in range(8)] + ["trace:a"]}, "evidence"),
        ({"evidence": 7}, "evidence"),
        ({"confidence": "high"}, "confidence"),
    ],
)
def test_what_is_missing_or_wrong_is_said_in_a_sentence(change, says):
    with pytest.raises(UsageError, match=says) as refusal:
        submission(GIVEN | change)
    assert "\n" not in str(refusal.value)


def test_component_and_mechanism_count_together():
    answers = [
        Answer(components={"orders"}, mechanisms={"query-per-item"}),
        Answer(components={"billing", "processor"}, mechanisms={"lost-update", "stale-read"}),
    ]
    assert named(submission(GIVEN), answers) is answers[1]
    assert named(submission(GIVEN | {"component": "orders"}), answers) is None
    assert named(submission(GIVEN | {"mechanism": "query-per-item"}), answers) is None


def test_the_list_is_long_enough_to_be_no_hint():
    assert len(cause.MECHANISMS) >= 25
    assert all(text and not text.endswith(".") for text in cause.MECHANISMS.values())
