"""The review bench: four proposed patches, of which some are wrong though their tests pass. Decided first, run then."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.bank import Bank, Fix
from lab.drill.event import Reviewed
from lab.drill.verdict import Verdict
from lab.errors import UsageError

PATCHES = 4
WRONG_AT_LEAST = 2


@dataclass(frozen=True)
class Decision:
    """`condition` is the one under which a rejected patch fails."""

    accept: bool
    condition: str = ""


@dataclass(frozen=True)
class Bench:
    """The patches of one drill, named patch-1 to patch-4: their real names would tell."""

    patches: Mapping[str, Fix]

    def shown(self, baseline: Path) -> list[dict[str, Any]]:
        return [
            {"patch": name, "title": fix.title, "diff": fix.patch.diff(baseline), "conditions": fix.conditions}
            for name, fix in self.patches.items()
        ]

    def check(self, decisions: Mapping[str, Decision]) -> None:
        """Raises UsageError unless there is a decision on each, and each rejection names one of the conditions."""
        if missing := sorted(set(self.patches) - set(decisions)):
            raise UsageError(f"Decide on all of them before any is run; left: {', '.join(missing)}.")
        if unknown := sorted(set(decisions) - set(self.patches)):
            raise UsageError(f"There is no {unknown[0]!r}; there are {', '.join(self.patches)}.")
        for name, decision in decisions.items():
            conditions = self.patches[name].conditions
            if not decision.accept and decision.condition not in conditions:
                raise UsageError(f"Say under which condition {name} fails: one of {', '.join(conditions)}.")
            if decision.accept and decision.condition:
                raise UsageError(f"{name} is accepted, so it fails under no condition; leave that out.")

    def settle(
        self, decisions: Mapping[str, Decision], try_out: Callable[[Fix], Verdict], note: Callable[[str], None]
    ) -> list[Reviewed]:
        """Runs all of them; a rejection is right if the patch does not pass and the condition is the one."""
        found = []
        for number, (name, fix) in enumerate(self.patches.items(), 1):
            note(f"running {name}, {number} of {len(self.patches)}")
            passes = try_out(fix) is Verdict.VERIFIED
            decision = decisions[name]
            right = passes if decision.accept else (not passes and decision.condition == fix.condition)
            words = {"patch": name, "accepted": decision.accept, "condition": decision.condition}
            found.append(Reviewed(**words, right=right, passes=passes))
        return found


def draw(bank: Bank, seed: int) -> Bench:
    """The same for the same seed; at least two of them wrong and one right. None has a migration: what it does to the
    database would be there for the next one, and for the team's own fix."""
    rng = random.Random(f"{seed}/review")
    able = [fix for fix in bank.for_review if not any("/migrations/" in name for name in fix.patch.files())]
    wrong = [fix for fix in able if not fix.right]
    right = [fix for fix in able if fix.right]
    number = rng.randint(max(WRONG_AT_LEAST, PATCHES - len(right)), PATCHES - 1)
    chosen = rng.sample(wrong, number) + rng.sample(right, PATCHES - number)
    rng.shuffle(chosen)
    return Bench({f"patch-{n}": fix for n, fix in enumerate(chosen, 1)})
