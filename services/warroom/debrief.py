"""What a scenario's private folder holds for people: hints while it goes on, everything else when it is over."""

from pathlib import Path
from typing import Any

import yaml

from lab.errors import LabError


class Debrief:
    """`folder` is that of all scenarios. Raises LabError where a file is missing or of another form."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def hints(self, scenario: str) -> list[str]:
        """Questions, from wide to narrow."""
        found = self._list(scenario, "hints.yaml")
        if not all(isinstance(one, str) for one in found):
            raise LabError(f"hints.yaml of {scenario} is no list of questions; correct it.")
        return found

    def chain(self, scenario: str) -> list[dict[str, Any]]:
        """The causal chain, link by link: `{link, first_shown_by}`."""
        found = self._list(scenario, "chain.yaml")
        if not all(isinstance(one, dict) and isinstance(one.get("link"), str) for one in found):
            raise LabError(f"chain.yaml of {scenario} is no list of links; correct it.")
        return found

    def text(self, scenario: str) -> str:
        """Markdown."""
        return self._read(scenario, "debrief.md")

    def _list(self, scenario: str, name: str) -> list[Any]:
        try:
            found = yaml.safe_load(self._read(scenario, name))
        except yaml.YAMLError as error:
            raise LabError(f"{name} of {scenario} cannot be read: {' '.join(str(error).split())}.") from error
        if not isinstance(found, list):
            raise LabError(f"{name} of {scenario} is no list; correct it.")
        return found

    def _read(self, scenario: str, name: str) -> str:
        try:
            return (self._folder / scenario / "private" / name).read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise LabError(f"{name} of {scenario} cannot be read ({type(error).__name__}).") from error
