"""A lab's checkout as far as a workspace is made of it, for tests that change it."""

import shutil
from pathlib import Path

from lab import workspace


def checkout(root: Path) -> Path:
    """Writes into `root` what `workspace.files` looks for there, and gives it."""
    for name in workspace.EDITABLE:
        shutil.copytree(workspace.ROOT / "services" / name, root / "services" / name)
    shutil.copytree(workspace.ROOT / "workspace", root / "workspace")
    (root / "docs").mkdir()
    shutil.copy(workspace.ROOT / "docs" / "team-spec.md", root / "docs")
    return root
