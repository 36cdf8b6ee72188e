"""Git as the lab calls it: with no setting, hook or identity but its own, and its refusals as one sentence."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from lab.errors import LabError

IDENTITY = {"name": "3 A.M. Lab", "email": "lab@lab.invalid"}
# What a repository's own settings could make a command run, or leave out.
SETTINGS = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.excludesFile": os.devnull,
    "core.attributesFile": os.devnull,
    "core.autocrlf": "false",
    "commit.gpgSign": "false",
    "gc.auto": "0",
}
LIMIT_S = 60


class Git:
    """Commands in the repository at `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *arguments: str, env: Mapping[str, str] | None = None, stdin: str = "") -> str:
        """What the command wrote, without the last line's end. Raises LabError."""
        settings = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
        try:
            done = subprocess.run(
                [program(), *settings, *arguments],
                cwd=self.folder,
                env=_environment() | dict(env or {}),
                input=stdin,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=LIMIT_S,
            )
        except subprocess.TimeoutExpired as error:
            raise LabError(f"git {arguments[0]} in {self.folder} took more than {LIMIT_S} s; try again.") from error
        if done.returncode:
            said = " ".join((done.stderr.strip() or f"exit code {done.returncode}").split())
            raise LabError(f"git {arguments[0]} in {self.folder} did not work ({said}); mend that and try again.")
        return done.stdout.removesuffix("\n")

    def has(self, name: str) -> bool:
        """Is there such a reference?"""
        return bool(self.run("for-each-ref", "--count=1", "--format=%(refname)", name))


def program() -> str:
    """Git's path. Raises LabError where there is none."""
    found = shutil.which("git")
    if found is None:
        raise LabError("The workspace is a git repository, and git is not on PATH; install it (apt-get install git).")
    return found


def _environment() -> dict[str, str]:
    """Ours without what would send git elsewhere, as in a hook; messages in English, nobody asked for a password."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    who = {f"GIT_{role}_{key.upper()}": value for role in ("AUTHOR", "COMMITTER") for key, value in IDENTITY.items()}
    return (
        kept
        | who
        | {
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_OPTIONAL_LOCKS": "0",
            "LC_ALL": "C",
        }
    )
