"""What `scenarios/<id>/private/{fixes,relatives}/` say, changes to the services that the lab knows the worth of, and
`private/guardrail.*`, which tells them apart."""

import difflib
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from lab.drill.verdict import Verdict
from lab.errors import LabError, UsageError
from lab.scenario import FOLDER
from lab.workspace import EDITABLE, ROOT

SERVICES = ROOT / "services"
CHOICES = 4  # conditions that a reviewer is offered

Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]
Sentence = Annotated[str, Field(min_length=20)]
Class = Literal[
    Verdict.SYMPTOM_ONLY, Verdict.WRONG_CAUSE, Verdict.REGRESSED, Verdict.LOAD_NOT_DELIVERED, Verdict.INFRASTRUCTURE
]


@dataclass(frozen=True)
class Patch:
    """Files that replace or add files of the editable services; `base` is the patch that they are laid over, if any."""

    folder: Path
    base: "Patch | None" = None

    def files(self) -> dict[str, Path]:
        """By their names in a release, as `billing/charges.py`, those of `base` included."""
        return {**(self.base.files() if self.base else {}), **dict(self._own())}

    def overlay(self, baseline: Path, into: Path) -> None:
        """Writes the release that the patch makes of the baseline's editable services: a folder each in `into`."""
        for name in EDITABLE:
            shutil.copytree(baseline / name, into / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name, path in self.files().items():
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, into / name)

    def diff(self, baseline: Path = SERVICES) -> str:
        """The whole change of the baseline as a unified diff."""
        return "".join(_diff(baseline / name, path, name) for name, path in sorted(self.files().items()))

    def _own(self) -> Iterator[tuple[str, Path]]:
        for path in sorted(self.folder.rglob("*")):
            name = path.relative_to(self.folder)
            if path.is_dir() or len(name.parts) == 1 or "__pycache__" in name.parts:
                continue
            if name.parts[0] not in EDITABLE:
                raise LabError(f"{path} is of no service that a team may edit; put it below one of {_list(EDITABLE)}.")
            yield name.as_posix(), path


class Described(BaseModel):
    """`over` names the fix that the files are laid over; without it that is the baseline."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Slug
    patch: Patch
    over: Slug | None = None
    title: Annotated[str, Field(min_length=10, max_length=120)]
    why: Sentence


class Relative(Described):
    """Other code with the same kind of fault, for proving a guardrail."""


class Action(BaseModel):
    """What is done instead of, or after, a deploy; exactly one of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    restart: str = ""
    stop: str = ""
    silence: str = ""
    load_stop: str = ""

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if sum(bool(value) for value in self.model_dump().values()) != 1:
            raise ValueError("an action is one of restart, stop, silence and load_stop, with what it is done to")
        return self


class Fix(Described):
    """`title` is that of a pull request. `condition`, one of `conditions`, is what a reviewer of a wrong one should
    name; `verdicts` are the classes that it may get. `deploy` is false where the actions are all there is.
    """

    right: bool
    condition: Slug | None = None
    conditions: list[Slug] = []
    verdicts: list[Class] = []
    deploy: bool = True
    actions: list[Action] = []
    review: bool = False

    @field_validator("conditions")
    @classmethod
    def _say_nothing_by_their_order(cls, conditions: list[str]) -> list[str]:
        return sorted(conditions)

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.right and (self.condition or self.verdicts):
            raise ValueError("a right fix has neither condition nor verdicts")
        if not self.right and not (self.condition and self.verdicts):
            raise ValueError("a wrong fix needs its condition and its verdicts")
        if self.conditions and len(set(self.conditions)) != CHOICES:
            raise ValueError(f"conditions are {CHOICES} different ones")
        if self.condition and self.conditions and self.condition not in self.conditions:
            raise ValueError("the condition is not among the conditions")
        if self.review and (not self.conditions or not self.deploy or self.actions):
            raise ValueError("what is reviewed is a patch alone, and has conditions to choose from")
        if not (self.deploy or self.actions):
            raise ValueError("without a deploy there must be actions")
        return self


@dataclass(frozen=True)
class Example:
    """A guardrail that bites; `path` is where a team would have it in its workspace."""

    path: str
    text: str


EXAMPLES = {"guardrail.yml": "guardrails/lint/never-again.yml", "guardrail.py": "guardrails/tests/test_never_again.py"}

Kind = TypeVar("Kind", bound=Described)


@dataclass(frozen=True)
class Bank:
    """All of one scenario, by name."""

    scenario_id: str
    fixes: dict[str, Fix]
    relatives: dict[str, Relative]

    @property
    def right(self) -> list[Fix]:
        return [fix for fix in self.fixes.values() if fix.right]

    @property
    def wrong(self) -> list[Fix]:
        return [fix for fix in self.fixes.values() if not fix.right]

    @property
    def for_review(self) -> list[Fix]:
        return [fix for fix in self.fixes.values() if fix.review]

    def fix(self, name: str) -> Fix:
        """Raises UsageError if there is none of that name."""
        if name not in self.fixes:
            raise UsageError(f"{self.scenario_id} has no fix {name!r}; it has {_list(self.fixes)}.")
        return self.fixes[name]


def load(scenario_id: str, folder: Path = FOLDER) -> Bank:
    """The bank of one scenario; LabError says what is wrong with it."""
    home = folder / scenario_id / "private"
    fixes = _all(home / "fixes", "fix.yaml", Fix, {})
    relatives = _all(home / "relatives", "relative.yaml", Relative, {name: fix.patch for name, fix in fixes.items()})
    return Bank(scenario_id, fixes, relatives)


def guardrail(scenario_id: str, folder: Path = FOLDER) -> Example | None:
    """The scenario's own, `private/guardrail.yml` or `private/guardrail.py`; none where there is nothing to guard."""
    home = folder / scenario_id / "private"
    for name, path in EXAMPLES.items():
        if (home / name).is_file():
            return Example(path, (home / name).read_text())
    return None


def _all(folder: Path, file: str, kind: type[Kind], bases: dict[str, Patch]) -> dict[str, Kind]:
    """Those that stand on nothing first; `bases` is what others may stand on besides."""
    found: dict[str, Kind] = {}
    waiting = {path.parent.name: _read(path) for path in sorted(folder.glob(f"*/{file}"))}
    while waiting:
        patches = bases | {name: one.patch for name, one in found.items()}
        ready = [name for name, says in waiting.items() if says.get("over") in (None, *patches)]
        if not ready:
            name, says = next(iter(waiting.items()))
            raise LabError(f"{folder / name / file}: there is nothing named {says['over']!r} to lay it over.")
        for name in ready:
            says = waiting.pop(name)
            patch = Patch(folder / name, patches.get(says.get("over")))
            found[name] = _checked(kind, {**says, "name": name, "patch": patch}, folder / name / file)
    return dict(sorted(found.items()))


def _read(path: Path) -> dict[str, Any]:
    try:
        says = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise LabError(f"{path} cannot be read: {' '.join(str(error).split())}.") from error
    if not isinstance(says, dict):
        raise LabError(f"{path} is no mapping; see docs/add-a-scenario.md.")
    return says


def _checked(kind: type[Kind], says: dict[str, Any], path: Path) -> Kind:
    try:
        return kind.model_validate(says)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise LabError(f"{path}: {where}: {first['msg'].removeprefix('Value error, ')}; correct it.") from error


def _list(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


def _diff(before: Path, after: Path, name: str) -> str:
    old = before.read_text().splitlines(keepends=True) if before.is_file() else []
    new = after.read_text().splitlines(keepends=True)
    return "".join(difflib.unified_diff(old, new, f"a/{name}" if before.is_file() else "/dev/null", f"b/{name}"))
