"""What a team hands in: a gzipped tar of the editable services, and of its guardrails, tests and spec."""

from pathlib import Path

from lab.errors import UsageError
from lab.releases import EDITABLE
from lab.runner.tree import unpack as unpack_tree

LARGEST_FILE = 512 * 1024  # bytes
BESIDES = ("guardrails", "tests", "team-spec.md")


def unpack(packed: bytes, into: Path) -> None:
    """Writes the files below `into`, which is empty. UsageError for what is no bundle, or leads out of it: nothing of
    it is trusted, since whoever has the team's token can send anything."""
    unpack_tree(packed, into)
    for path in into.iterdir():
        if path.name not in (*EDITABLE, *BESIDES) or (path.name in EDITABLE and not path.is_dir()):
            raise UsageError(f"{path.name[:80]!r} does not belong to a release; {', '.join(EDITABLE)} do.")
    for path in into.rglob("*"):
        if path.is_file() and path.stat().st_size > LARGEST_FILE:
            raise UsageError(f"{path.relative_to(into)} has more than {LARGEST_FILE // 1024} kB; a release is code.")
    missing = [name for name in EDITABLE if not (into / name / "app.py").is_file()]
    if missing:
        raise UsageError(f"The release lacks {missing[0]}/app.py; all of {', '.join(EDITABLE)} belong to one.")
