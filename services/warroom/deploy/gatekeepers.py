"""What a release has to get past: lint of the lines that changed, the team's guardrails, the services' own tests.

They run in the runner. What a team changes is code, tests and guardrails; which lint rules count is the lab's to say.
"""

import difflib
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from lab.clients.runner import Outcome, Runner, pack
from lab.releases import EDITABLE
from warroom import guardrails
from warroom.deploy.deployment import Refused
from warroom.trees import differ

SHOWN = 3  # findings that a sentence names
RULES = ("E", "F", "B", "UP")  # those of workspace/ruff.toml; a file of the team's own does not change them
TESTS = "tests"


class Lint:
    """Only of lines that changed: the rest is not the team's to mend."""

    name = "lint of what changed"

    def __init__(self, runner: Runner, configuration: Path) -> None:
        self._runner = runner
        self._configuration = configuration

    def __call__(self, bundle: Path, running: Path) -> str:
        lines = list(changed_lines(running, bundle))
        if not lines:
            return "no line added"
        outcome = self._runner.ruff(pack([self._configuration, bundle]), lines, RULES)
        return _passed(outcome, f"{len(lines)} places")


class Guardrails:
    """The rules and tests that the team has made of earlier incidents."""

    name = "guardrails"

    def __init__(self, runner: Runner, configuration: Path) -> None:
        self._runner = runner
        self._configuration = configuration

    def __call__(self, bundle: Path, running: Path) -> str:
        tree = pack([self._configuration, bundle])
        rules, tests = guardrails.found(bundle, "lint"), guardrails.found(bundle, "test")
        if rules:
            _passed(self._runner.ast_grep(tree, rules, EDITABLE), "")
        if tests:
            # By name: pytest passes over folders of some names, such as build.
            _passed(self._runner.pytest(tree, tests), "")
        return f"{len(rules)} rules{', tests' if tests else ''}"


class Tests:
    """Those that a workspace begins with, as the lab ships them: what a team adds or changes runs besides, and takes
    none of them away."""

    name = "tests"

    def __init__(self, runner: Runner, configuration: Path) -> None:
        self._runner = runner
        self._configuration = configuration

    def __call__(self, bundle: Path, running: Path) -> str:
        with TemporaryDirectory(prefix="tests-") as folder:
            for name in EDITABLE:
                if (bundle / name).is_dir():
                    shutil.copytree(bundle / name, Path(folder) / name)
            visible = self._runner.pytest(pack([self._configuration, Path(folder)]), [TESTS])
        _passed(visible, "")
        if not (bundle / TESTS).is_dir() or not differ(self._configuration / TESTS, bundle / TESTS):
            return f"{visible.seconds:.1f} s"
        own = self._runner.pytest(pack([self._configuration, bundle]), [TESTS])
        return _passed(own, f"{visible.seconds + own.seconds:.1f} s, the team's own among them")


def changed_lines(before: Path, after: Path) -> Iterator[str]:
    """`file:first-last` of what was added or changed in the Python files of the editable services."""
    for name in EDITABLE:
        for path in sorted((after / name).rglob("*.py")):
            old = before / path.relative_to(after)
            lines = old.read_text(errors="replace").splitlines() if old.is_file() else []
            match = difflib.SequenceMatcher(None, lines, path.read_text(errors="replace").splitlines(), autojunk=False)
            for kind, _, _, first, last in match.get_opcodes():
                if kind in ("insert", "replace"):
                    yield f"{path.relative_to(after).as_posix()}:{first + 1}-{last}"


def _passed(outcome: Outcome, what: str) -> str:
    """Gives `what`, or raises Refused with what was found."""
    if outcome.passed:
        return what
    found = [f"{one.file}:{one.line} {one.rule} {one.message}".strip() for one in outcome.findings]
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    raise Refused(outcome.why if not found else f"{'; '.join(found[:SHOWN])}{more}; mend that and deploy again.")
