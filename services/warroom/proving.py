"""Does a guardrail bite? It has to fail on the code of that day and on most of its relatives, which nobody has seen,
and to be silent about the fix and about every other right one.

The trees come in an order that nobody knows beforehand, some of them more than once: what a test has left behind of
earlier ones tells it nothing, and one that does not say the same of the same code is found out.
"""

import random
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lab.bank import Bank
from lab.clients.runner import Outcome, Runner, pack
from lab.errors import UsageError
from lab.releases import EDITABLE
from lab.runner.tree import unpack
from warroom.guardrails import Kind, kind_of

NOT_IMPORTED = "collection failure"  # pytest's words
TIMES = 3  # that the code of that day and the fix are tried


@dataclass(frozen=True)
class Guardrail:
    """`path` is where it is in the workspace."""

    kind: Kind
    path: str


@dataclass(frozen=True)
class Proof:
    """`relatives` and `right` are how many there are; the names stay private."""

    faulty_caught: bool
    relatives_caught: int
    relatives: int
    fix_silent: bool
    right_silent: int
    right: int

    @property
    def bites(self) -> bool:
        most = self.relatives_caught * 2 > self.relatives
        return self.faulty_caught and most and self.fix_silent and self.right_silent == self.right

    @property
    def why(self) -> str:
        """What it lacks, in one sentence; empty if it bites."""
        if not self.faulty_caught:
            return "It finds nothing in the code as it was that day; write it so that it fails there."
        if not self.fix_silent:
            return "It fails on the release that runs now; it must let the fix pass."
        if self.right_silent < self.right:
            wrong = self.right - self.right_silent
            return f"It fails on {wrong} of {self.right} right fixes; look for the fault, not for one way to mend it."
        if not self.bites:
            return (
                f"It catches {self.relatives_caught} of {self.relatives} relatives of the fault, which are named and "
                "placed differently; make it look at what the code does."
            )
        return ""

    def shown(self) -> dict[str, Any]:
        return asdict(self) | {"bites": self.bites, "why": self.why}


class Prover:
    """`configuration` is the lab's own part of a workspace, without which no test of it runs; `rng` draws the order."""

    def __init__(self, runner: Runner, configuration: Path, rng: random.Random | None = None) -> None:
        self._runner = runner
        self._configuration = configuration
        self._rng = rng or random.SystemRandom()

    def prove(
        self, packed: bytes, path: str, bank: Bank, baseline: Path, fix: Path, note: Callable[[str], None]
    ) -> Proof:
        """`packed` is a bundle, of which only the guardrails count. Takes a few seconds a tree."""
        guardrail = Guardrail(kind_of(path), path)
        with tempfile.TemporaryDirectory(prefix="proof-") as folder:
            bundle, trees = Path(folder) / "bundle", Path(folder) / "trees"
            bundle.mkdir()
            unpack(packed, bundle)
            if not (bundle / path).is_file():
                raise UsageError(f"{path} is not among what was sent; is it in the workspace?")

            only = Path(folder) / "only"
            shutil.copytree(bundle / "guardrails", only / "guardrails")

            def overlaid(patches: dict[str, Any]) -> list[Path]:
                for name, one in patches.items():
                    one.patch.overlay(baseline, trees / name)
                return [trees / name for name in patches]

            relatives = overlaid({f"relative-{name}": one for name, one in bank.relatives.items()})
            right = overlaid({f"right-{one.name}": one for one in bank.right})
            found = self._found(guardrail, [baseline, fix] * TIMES + relatives + right, only, note)
        return Proof(
            faulty_caught=_caught(found[baseline]),
            relatives_caught=sum(_caught(found[tree]) for tree in relatives),
            relatives=len(relatives),
            fix_silent=found[fix].passed,
            right_silent=sum(found[tree].passed for tree in right),
            right=len(right),
        )

    def _found(
        self, guardrail: Guardrail, trees: list[Path], only: Path, note: Callable[[str], None]
    ) -> dict[Path, Outcome]:
        """What it says of each tree; of one that is there more than once it has to say the same."""
        found: dict[Path, Outcome] = {}
        for n, tree in enumerate(self._rng.sample(trees, len(trees)), 1):
            note(f"tree {n} of {len(trees)}")
            outcome = self._run(guardrail, [self._configuration, tree, only])
            before = found.setdefault(tree, outcome)
            if (before.passed, _caught(before)) != (outcome.passed, _caught(outcome)):
                raise UsageError(
                    f"{guardrail.path} does not always say the same of the same code; let it look at nothing else."
                )
        return found

    def _run(self, guardrail: Guardrail, folders: list[Path]) -> Outcome:
        """Raises UsageError where the guardrail itself does not work: that is no finding."""
        tree = pack(folders)
        if guardrail.kind == "lint":
            outcome = self._runner.ast_grep(tree, [guardrail.path], EDITABLE)
        else:
            outcome = self._runner.pytest(tree, [guardrail.path])
        if not outcome.passed and not outcome.findings:
            raise UsageError(f"{guardrail.path} does not run: {outcome.why} Mend it first.")
        return outcome


def _caught(outcome: Outcome) -> bool:
    """Something was found; a test that could not even be imported there has found nothing."""
    return any(one.message != NOT_IMPORTED for one in outcome.findings)
