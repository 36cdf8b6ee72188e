"""What counts as a guardrail of a workspace: the same for whoever proves one and for what a release gets past."""

from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Literal

from lab.errors import UsageError

Kind = Literal["lint", "test"]
FOLDERS: dict[Kind, str] = {"lint": "guardrails/lint", "test": "guardrails/tests"}
# Those of tests are what pytest collects.
NAMES: dict[Kind, tuple[str, ...]] = {"lint": ("*.yml", "*.yaml"), "test": ("test_*.py", "*_test.py")}


def kind_of(path: str) -> Kind:
    """`path` is from the workspace on. Raises UsageError for what is no guardrail's."""
    named = PurePosixPath(path)
    if ".." in named.parts:
        raise UsageError(f"{path!r} leads out of the workspace; a guardrail is in {' or '.join(FOLDERS.values())}.")
    for kind, folder in FOLDERS.items():
        if PurePosixPath(folder) in named.parents and any(fnmatch(named.name, one) for one in NAMES[kind]):
            return kind
    raise UsageError(f"{path!r} is no guardrail: rules are {FOLDERS['lint']}/*.yml, tests {FOLDERS['test']}/test_*.py.")


def found(tree: Path, kind: Kind) -> list[str]:
    """Those of a tree, by path, in order."""
    some = {path for name in NAMES[kind] for path in (tree / FOLDERS[kind]).rglob(name) if path.is_file()}
    return sorted(path.relative_to(tree).as_posix() for path in some)
