"""Rules of ast-grep and ruff over trees of a few lines."""

import shutil
import sys
from pathlib import Path

import pytest

from lab.errors import UsageError

from .conftest import Check

here = shutil.which("ast-grep", path=str(Path(sys.executable).parent)) or shutil.which("ast-grep")
ast_grep = pytest.mark.skipif(here is None, reason="ast-grep is not installed; it comes with ast-grep-cli")

RULE = "id: no-eval\nlanguage: python\nrule: {pattern: eval($X)}\nmessage: do not evaluate $X\n"
EVAL = 'x = 1\ny = eval("1")\n'


@ast_grep
def test_a_rule_finds_its_place(check: Check, tmp_path: Path):
    files = {"guardrails/lint/a.yml": RULE, "billing/a.py": EVAL, "billing/b.py": "x = 1\n"}
    outcome = check(files, kind="ast-grep", rules=["guardrails/lint/a.yml"])
    (finding,) = outcome.findings
    assert not outcome.passed
    assert finding.model_dump() == {
        "file": "billing/a.py",
        "line": 2,
        "rule": "no-eval",
        "message": 'do not evaluate "1"',
    }
    assert list(tmp_path.iterdir()) == []


@ast_grep
def test_a_rule_that_finds_nothing_passes(check: Check):
    files = {"a.yml": RULE, "billing/b.py": "x = 1  # ast-grep-ignore\n", "orders/a.py": EVAL}
    outcome = check(files, kind="ast-grep", rules=["a.yml"], paths=["billing"])
    assert (outcome.passed, outcome.exit_code, outcome.findings) == (True, 0, [])


@ast_grep
@pytest.mark.parametrize(
    "hiding",
    [
        {".gitignore": "billing\n"},
        {".ignore": "*\n"},
        {"sgconfig.yml": "ruleDirs: [none]\n"},
        {"billing/sgconfig.yml": "["},
    ],
)
def test_the_tree_cannot_say_that_it_is_not_searched(check: Check, hiding: dict[str, str]):
    outcome = check({"a.yml": RULE, "billing/a.py": EVAL} | hiding, kind="ast-grep", rules=["a.yml"])
    assert [one.file for one in outcome.findings] == ["billing/a.py"]


@ast_grep
def test_several_rules_of_any_severity(check: Check):
    other = "id: b\nlanguage: python\nseverity: hint\nrule: {pattern: x = $Y}\n---\n" + RULE.replace("no-eval", "c")
    outcome = check({"a.yml": RULE, "r/b.yml": other, "a.py": EVAL}, kind="ast-grep", rules=["a.yml", "r/b.yml"])
    assert sorted((one.rule, one.line) for one in outcome.findings) == [("b", 1), ("c", 2), ("no-eval", 2)]


@ast_grep
@pytest.mark.parametrize("rule", ["id: [", "id: a\nlanguage: python\nrule: {}\n", RULE + "---\n" + RULE])
def test_a_rule_that_is_none(check: Check, rule: str):
    outcome = check({"a.yml": rule, "a.py": EVAL}, kind="ast-grep", rules=["a.yml"])
    assert not outcome.passed and "the output says why" in outcome.why and "rule" in outcome.output


def test_a_rule_that_is_not_there(check: Check):
    with pytest.raises(UsageError, match=r"'a\.yml'"):
        check({"a.py": EVAL}, kind="ast-grep", rules=["a.yml"])
    with pytest.raises(UsageError, match="'rules'"):
        check({"rules/a.yml": RULE}, kind="ast-grep", rules=["rules"])


MESSY = "import os\nx = 1\n\n\ndef f(a=[]):\n    return a\n"


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (["a.py:1"], [("F401", 1)]),
        (["a.py:5-6"], [("B006", 5)]),
        (["a.py:1-100"], [("F401", 1), ("B006", 5)]),
        (["a.py:2-4", "b.sql:1"], []),
        (["b.sql:1"], []),
    ],
)
def test_only_changed_lines_count(check: Check, lines: list[str], found: list[tuple[str, int]]):
    outcome = check({"a.py": MESSY, "b.sql": "select 1"}, kind="ruff", lines=lines, select=["F", "B"])
    assert [(one.rule, one.line) for one in outcome.findings] == found
    assert outcome.passed is not bool(found) and outcome.why == ""
    assert all(one.file == "a.py" for one in outcome.findings)


def test_the_trees_own_configuration_counts_where_nothing_is_selected(check: Check):
    files = {"svc/a.py": MESSY, "ruff.toml": '[lint]\nselect = ["B"]\n'}
    assert [one.rule for one in check(files, kind="ruff", lines=["svc/a.py:1-9"]).findings] == ["B006"]
    files["ruff.toml"] = "nonsense ["
    outcome = check(files, kind="ruff", lines=["svc/a.py:1-9"])
    assert not outcome.passed and "the output says why" in outcome.why and "ruff.toml" in outcome.output


def test_a_file_that_cannot_be_read_passes_nowhere(check: Check):
    outcome = check({"a.py": "x = 1\n\n\ndef f(:\n"}, kind="ruff", lines=["a.py:1"], select=["F"])
    assert not outcome.passed and {one.rule for one in outcome.findings} == {"invalid-syntax"}
