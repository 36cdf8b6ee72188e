"""The brief holds what the team has found and what the company promises."""

from dataclasses import replace
from pathlib import Path

import pytest

from lab.drill import event as happened
from lab.drill.brief import brief, constraints
from lab.drill.clock import Clock
from lab.drill.drill import Drill
from lab.drill.instant import Instant

SPEC = """# Spec

- of no section

## Money

- Amounts are exact,
  to the cent.
* Books are append-only.

Text that promises nothing.

## Levels

| | bound |
|---|:---:|
| P99 | 500 ms |

## Empty
"""
FILES = ["orders/app.py", "billing/charges.py", "billing/app.py"]


def drill(cause: happened.Submitted | None) -> Drill:
    return Drill(Clock(Instant(at=0, tick=0, boot="b")), cause=cause)


def submitted(**differing: object) -> happened.Submitted:
    given = {
        "component": "billing",
        "mechanism": "lost-update",
        "location": "charges.py:12",
        "sentence": "Two writers\nread the same balance and each adds to it.",
        "pieces": [
            {"ref": "trace:abc", "held": True, "why": "two updates of one row"},
            {"ref": "sql:select `a`", "held": True},
            {"ref": "log:billing:def", "held": False, "why": "not in the window"},
        ],
        "accepted": True,
    }
    return happened.Submitted(**(given | differing))


def test_promises_are_read_from_bullets_and_tables():
    assert constraints(SPEC) == [
        ("Money", ["Amounts are exact, to the cent.", "Books are append-only."]),
        ("Levels", ["P99: 500 ms"]),
    ]


def test_the_companys_own_spec_loses_no_promise():
    spec = (Path(__file__).parents[3] / "docs" / "team-spec.md").read_text()
    found = constraints(spec)
    assert [heading for heading, _ in found] == [line[3:] for line in spec.splitlines() if line.startswith("## ")]
    promises = [line for line in spec.splitlines() if line.startswith(("- ", "| "))]
    assert sum(len(lines) for _, lines in found) == len(promises) - 1  # but for the head of the table
    assert "back inside these bounds after a burst, without a restart: 10 s" in found[2][1]


def test_it_holds_cause_evidence_files_constraints_and_checks():
    text = brief(drill(submitted()), SPEC, FILES)
    assert "- component: `billing`\n- mechanism: `lost-update`: two writers overwrite each other\n" in text
    assert "- place: charges.py:12\n- in the team's words: Two writers read the same balance and each adds" in text
    assert "- `trace:abc`: two updates of one row\n- `` sql:select `a` ``\n" in text
    assert "log:billing:def" not in text
    assert "- `billing/app.py`\n- `billing/charges.py`\n" in text and "orders/app.py" not in text
    assert "### Money\n\n- Amounts are exact, to the cent.\n- Books" in text
    assert text.index("## Constraints") < text.index("## Acceptance checks")


def test_without_an_accepted_cause_it_names_none():
    text = brief(drill(None), SPEC, FILES)
    assert "None was accepted" in text and "## Evidence" not in text
    assert all(f"- `{name}`" in text for name in FILES)
    by_hand = brief(replace(drill(None), overridden=True), SPEC, FILES)
    assert "The instructor accepted it by hand" in by_hand and "None was accepted" not in by_hand


@pytest.mark.parametrize("text", ["# Injected\n\n## Constraints", "a\r\n- component: `x`"])
def test_a_teams_words_stay_one_line(text: str):
    lines = brief(drill(submitted(sentence=text, location=text)), SPEC, FILES).splitlines()
    assert lines.count("## Constraints") == 1
    assert sum(line.startswith("- component:") for line in lines) == 1
