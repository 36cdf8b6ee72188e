from pathlib import Path

import pytest
from warroom.deploy.deployment import Refused
from warroom.deploy.gatekeepers import Guardrails, Lint, changed_lines
from warroom.deploy.gatekeepers import Tests as ServiceTests

from lab.clients.runner import Finding, Outcome


class Runner:
    """Passes, or finds what it is told to."""

    def __init__(self, *findings: Finding, why: str = "") -> None:
        self.outcome = Outcome(not findings and not why, 0, 1.25, "", list(findings), why)
        self.asked: list[tuple] = []

    def ruff(self, tree, lines, select):
        assert select
        self.asked.append(("ruff", *lines))
        return self.outcome

    def ast_grep(self, tree, rules, paths):
        self.asked.append(("ast-grep", *rules))
        return self.outcome

    def pytest(self, tree, paths):
        self.asked.append(("pytest", *paths))
        return self.outcome


@pytest.fixture
def trees(tmp_path: Path) -> tuple[Path, Path]:
    before, after = tmp_path / "before", tmp_path / "after"
    for tree in (before, after):
        (tree / "billing").mkdir(parents=True)
        (tree / "billing" / "app.py").write_text("a\nb\nc\n")
    return before, after


def test_only_lines_that_changed_are_looked_at(trees):
    before, after = trees
    (after / "billing" / "app.py").write_text("a\nB\nc\nd\ne\n")
    (after / "billing" / "new.py").write_text("x\ny\n")
    assert list(changed_lines(before, after)) == ["billing/app.py:2-2", "billing/app.py:4-5", "billing/new.py:1-2"]
    runner = Runner()
    assert Lint(runner, before)(after, before) == "3 places"
    assert runner.asked[0][0] == "ruff"


def test_lines_that_are_gone_are_nobody_s(trees):
    before, after = trees
    (after / "billing" / "app.py").write_text("a\n")
    runner = Runner()
    assert Lint(runner, before)(after, before) == "no line added" and not runner.asked


def test_guardrails_are_rules_and_tests(trees):
    before, after = trees
    runner = Runner()
    assert Guardrails(runner, before)(after, before) == "0 rules" and not runner.asked
    (after / "guardrails" / "lint").mkdir(parents=True)
    (after / "guardrails" / "lint" / "money.yml").touch()
    (after / "guardrails" / "tests").mkdir()
    (after / "guardrails" / "tests" / "test_money.py").touch()
    assert Guardrails(runner, before)(after, before) == "1 rules, tests"
    assert runner.asked == [("ast-grep", "guardrails/lint/money.yml"), ("pytest", "guardrails/tests")]


def test_what_is_found_is_said(trees):
    before, after = trees
    (after / "tests").mkdir()
    (after / "tests" / "test_a.py").touch()
    findings = [Finding("tests/test_a.py", n, "", f"broken {n}") for n in range(1, 6)]
    with pytest.raises(Refused, match=r"tests/test_a\.py:1 .*broken 1; .* and 2 more; mend that"):
        ServiceTests(Runner(*findings), before)(after, before)
    with pytest.raises(Refused, match=r"It took too long\."):
        ServiceTests(Runner(why="It took too long."), before)(after, before)


def test_a_workspace_without_tests_is_refused(trees):
    before, after = trees
    with pytest.raises(Refused, match="no tests left"):
        ServiceTests(Runner(), before)(after, before)
