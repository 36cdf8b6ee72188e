"""mechanisms, probe, submit: a root cause is checked before it is handed in."""

import json

import pytest

from lab import cli
from lab.drill.cause import MECHANISMS

from .conftest import Room

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PIECES = [f"trace:{TRACE}", "metric:rate(http_server_requests_total[1m])"]
FLAGS = [
    *("--component", "orders", "--mechanism", "missing-index"),
    *("--location", "history.py", "--sentence", "A page reads the whole table of orders."),
]
CAUSE = {
    "component": "orders",
    "mechanism": "missing-index",
    "location": "history.py",
    "sentence": "A page reads the whole table of orders.",
    "evidence": PIECES,
}
ANSWER = {
    "accepted": False,
    "pieces": [
        {"ref": PIECES[0], "held": True, "why": ""},
        {"ref": PIECES[1], "held": False, "why": "it was so before the page as well"},
    ],
    "cooldown_s": 60,
    "points": None,
}


def submitted(*words: str) -> int:
    return cli.main(["drill", "submit", *words])


def evidence(*pieces: str) -> list[str]:
    return [word for piece in pieces for word in ("--evidence", piece)]


def test_a_cause_that_is_not_accepted_ends_with_3_and_says_which_piece_did_not_hold(room: Room, capsys) -> None:
    room.says("POST /submit", ANSWER)
    assert submitted(*FLAGS, *evidence(*PIECES)) == 3
    assert room.sent == [("/submit", CAUSE)]
    said = capsys.readouterr()
    assert "Not accepted." in said.out and "✗  metric:rate" in said.out and "so before the page" in said.out
    assert said.err == "labctl: The root cause is not accepted; look again, and hand in the next in 1:00.\n"


def test_an_accepted_one_ends_with_0(room: Room, capsys) -> None:
    room.says("POST /submit", ANSWER | {"accepted": True, "cooldown_s": 0, "points": 80})
    assert submitted(*FLAGS, *evidence(*PIECES)) == 0
    assert "80 points" in capsys.readouterr().out


def test_the_answer_in_json_is_all_that_is_printed(room: Room, capsys) -> None:
    room.says("POST /submit", ANSWER)
    assert submitted(*FLAGS, *evidence(*PIECES), "--json") == 3
    assert json.loads(capsys.readouterr().out) == ANSWER


YAML = """
component: orders
mechanism: missing-index
location: history.py
sentence: A page reads the whole table of orders.
evidence:
  - trace: 00000000000000000000000000000012
  - sql:SELECT count(*) FROM orders.orders
"""


def test_a_file_says_the_same_and_digits_stay_as_they_are(room: Room, tmp_path) -> None:
    room.says("POST /submit", ANSWER | {"accepted": True})
    path = tmp_path / "cause.yaml"
    path.write_text(YAML)
    assert submitted("--file", str(path)) == 0
    pieces = ["trace:00000000000000000000000000000012", "sql:SELECT count(*) FROM orders.orders"]
    assert room.sent == [("/submit", CAUSE | {"evidence": pieces})]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("- component: orders", "--file is no mapping"),
        ("orders", "--file is no mapping"),
        ("", "--file is no mapping"),
        ("a: [", "--file is no YAML"),
        ("a: !!python/object:os.system {}", "needs component"),
        ("component: orders", "needs mechanism, sentence, evidence"),
        (YAML + "points: 100", "points extra inputs are not permitted"),
        (YAML.replace("missing-index", "gremlins"), "mechanism is not on the list"),
        (YAML.replace("  - trace: 00000000000000000000000000000012\n", ""), "at least 2 items"),
    ],
)
def test_a_file_that_is_wrong_is_refused_before_anything_is_sent(room: Room, tmp_path, capsys, text, sentence) -> None:
    path = tmp_path / "cause.yaml"
    path.write_text(text)
    assert submitted("--file", str(path)) == 2
    assert sentence in capsys.readouterr().err
    assert room.asked == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "needs component, mechanism, sentence, evidence"),
        ([*FLAGS, *evidence(PIECES[0])], "at least 2"),
        ([*FLAGS, *evidence(PIECES[0], "trace:ab")], "all of one kind"),
        ([*FLAGS, *evidence(PIECES[0], PIECES[0], PIECES[1])], "names one piece twice"),
        ([*FLAGS, *evidence(PIECES[0], "the graph")], "is no reference to evidence"),
        ([*FLAGS, *evidence("trace:xyz", PIECES[1])], "'xyz' is no trace id"),
        ([*FLAGS, *evidence(PIECES[0], "metric:up == 1")], "The metric expression"),
        ([*FLAGS, *evidence(PIECES[0], "log:billing")], "write log:SERVICE:TRACE"),
        ([*FLAGS, *evidence(PIECES[0], f"log:mars:{TRACE}")], "write log:SERVICE:TRACE"),
        ([*FLAGS, "--sentence", "Short.", *evidence(*PIECES)], "sentence string should have at least 20"),
        ([*FLAGS, "--file", "-"], "not both: leave out --component"),
    ],
)
def test_flags_that_are_wrong_are_refused_before_anything_is_sent(room: Room, capsys, words, sentence: str) -> None:
    assert submitted(*words) == 2
    assert sentence in capsys.readouterr().err
    assert room.asked == []


PROBED = {
    "id": "pr-1",
    "ref": "probe:pr-1",
    "status": 201,
    "headers": {"location": "/orders/1"},
    "body": {"order_id": "1"},
    "seconds": 0.0412,
    "trace_id": TRACE,
}


def test_a_probe_is_sent_as_it_was_asked_for_and_says_its_reference(room: Room, capsys) -> None:
    room.says("POST /probes", PROBED)
    words = ["checkout", "post", "/orders", "--header", "Idempotency-Key: a:b", "--data", '{"cart_id": "c-0017"}']
    assert cli.main(["drill", "probe", *words]) == 0
    request = {"service": "checkout", "method": "POST", "path": "/orders", "headers": {"Idempotency-Key": "a:b"}}
    assert room.sent == [("/probes", request | {"body": {"cart_id": "c-0017"}})]
    said = capsys.readouterr().out
    assert said.startswith(f"probe:pr-1  201  0.041 s  trace {TRACE}\n") and '"order_id": "1"' in said


def test_a_probe_that_nobody_answered_says_so(room: Room, capsys) -> None:
    room.says("POST /probes", PROBED | {"status": 0, "body": ""})
    assert cli.main(["drill", "probe", "orders", "GET", "/"]) == 0
    assert capsys.readouterr().out.startswith("probe:pr-1  no answer  0.041 s")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["warroom", "GET", "/"], "'billing'"),
        (["orders", "DELETE", "/"], "'get'"),
        (["orders", "GET", "accounts"], "'accounts' is no path"),
        (["orders", "GET", "/a b"], "is no path"),
        (["orders", "GET", "/", "--header", "Accept"], "'Accept' is no header"),
        (["orders", "GET", "/", "--header", "A:b\r\nC:d"], "is no header"),
        (["orders", "POST", "/", "--data", "{"], "--data is no JSON"),
        (["orders", "POST", "/", "--data", '{"limit": NaN}'], "NaN is no number there"),
    ],
)
def test_a_probe_that_is_wrong_is_refused_before_anything_is_sent(room: Room, capsys, words, sentence: str) -> None:
    assert cli.main(["drill", "probe", *words]) == 2
    assert sentence in capsys.readouterr().err
    assert room.asked == []


def test_the_closed_list_needs_no_lab(capsys) -> None:
    assert cli.main(["drill", "mechanisms", "--json"]) == 0
    assert {one["mechanism"]: one["meaning"] for one in json.loads(capsys.readouterr().out)} == MECHANISMS
    assert cli.main(["drill", "mechanisms"]) == 0
    assert "missing-index" in capsys.readouterr().out
