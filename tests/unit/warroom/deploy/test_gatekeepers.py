import io
import shutil
import tarfile
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
        self.trees: list[bytes] = []

    def ruff(self, tree, lines, select):
        assert select
        self.asked.append(("ruff", *lines))
        return self.outcome

    def ast_grep(self, tree, rules, paths):
        self.asked.append(("ast-grep", *rules))
        return self.outcome

    def pytest(self, tree, paths):
        self.asked.append(("pytest", *paths))
        self.trees.append(tree)
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
    assert runner.asked == [("ast-grep", "guardrails/lint/money.yml"), ("pytest", "guardrails/tests/test_money.py")]


def test_what_is_found_is_said(trees):
    before, after = trees
    findings = [Finding("tests/test_a.py", n, "", f"broken {n}") for n in range(1, 6)]
    with pytest.raises(Refused, match=r"tests/test_a\.py:1 .*broken 1; .* and 2 more; mend that"):
        ServiceTests(Runner(*findings), before)(after, before)
    with pytest.raises(Refused, match=r"It took too long\."):
        ServiceTests(Runner(why="It took too long."), before)(after, before)


def of(packed: bytes) -> dict[str, str]:
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        return {member.name: tar.extractfile(member).read().decode() for member in tar}


def test_the_tests_that_are_shipped_run_without_anything_of_the_teams_and_the_teams_besides(trees, tmp_path: Path):
    before, after = trees
    shipped = tmp_path / "workspace"
    for folder, text in ((shipped, "the lab's"), (after, "the team's")):
        (folder / "tests" / "billing").mkdir(parents=True)
        (folder / "tests" / "conftest.py").write_text(text)
    (shipped / "tests" / "billing" / "test_a.py").write_text("the lab's")
    (after / "tests" / "billing" / "conftest.py").write_text("the team's")
    runner = Runner()
    assert ServiceTests(runner, shipped)(after, before) == "2.5 s, the team's own among them"
    first, second = (of(tree) for tree in runner.trees)
    assert {name: text for name, text in first.items() if name.startswith("tests/")} == {
        "tests/conftest.py": "the lab's",
        "tests/billing/test_a.py": "the lab's",
    }
    assert first["billing/app.py"] == "a\nb\nc\n"
    assert second["tests/conftest.py"] == "the team's" and "tests/billing/conftest.py" in second


@pytest.mark.parametrize("left", [True, False])
def test_a_team_without_tests_of_its_own_has_those_that_are_shipped(trees, tmp_path: Path, left: bool):
    before, after = trees
    (tmp_path / "workspace" / "tests").mkdir(parents=True)
    (tmp_path / "workspace" / "tests" / "test_a.py").touch()
    if left:
        shutil.copytree(tmp_path / "workspace" / "tests", after / "tests")
    runner = Runner()
    assert ServiceTests(runner, tmp_path / "workspace")(after, before) == "1.2 s"
    assert runner.asked == [("pytest", "tests")]
