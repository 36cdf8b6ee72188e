"""Folders of code, compared."""

import filecmp
from pathlib import Path


def differ(one: Path, other: Path) -> bool:
    """Do they hold other files, bytecode left out?"""
    compared = filecmp.dircmp(one, other, ignore=["__pycache__"])
    if compared.left_only or compared.right_only or compared.funny_files:
        return True
    _, unequal, broken = filecmp.cmpfiles(one, other, compared.common_files, shallow=False)
    return bool(unequal or broken) or any(differ(one / name, other / name) for name in compared.common_dirs)
